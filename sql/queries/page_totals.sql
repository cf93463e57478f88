-- rows: one
-- How many projects a series page has, how many it hides until asked, and how many each of its
-- presets would show. $1 series, $2 target or null, $3 time or null, $4 start of today.
with unread as materialized ( -- as target_checked() says it
  select distinct t.name from targets t join series se on se.id = t.series
    left join target_suites ts on ts.target = t.id left join suites su on su.id = ts.suite
   where se.name = $1 and su.checked is null
), rows as materialized (
  select *, not masked and target not in (select name from unread) as shown
    from status_rows($1, $2, $3::timestamptz)
)
select count(*) as total, nullif(count(*) filter (where hidden), 0) as hidden,
       count(*) filter (where outdated) as outdated, count(*) filter (where missing) as missing,
       count(*) filter (where prerelease) as prerelease, count(*) filter (where series) as a_series,
       count(*) filter (where today) as today, count(*) filter (where awaited) as awaited
  from (select project, bool_and(masked or state = 'unreleased') as hidden,
               bool_or(shown and state = 'outdated') as outdated, bool_or(shown and state = 'missing') as missing,
               bool_or(shown and behind = 'prerelease') as prerelease, bool_or(shown and behind = 'series') as series,
               bool_or(shown and since_known and since >= $4::timestamptz and state <> 'unreleased') as today,
               bool_or(shown and state = 'unreleased' and awaited) as awaited
          from rows r
         group by project) p
