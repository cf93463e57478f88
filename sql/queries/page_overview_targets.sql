-- rows: many
-- One row per series and target for the overview, in the order in which packages travel: 1
-- experimental, 2 unstable, 3 testing, 4 stable, 5 the team's own, which are suites that are
-- published here or whose archive is not Debian's.
with kinds as (
  select ts.target, min(case
           when su.mirror is not null or su.origin !~* 'debian' then 5
           when su.suite ~ '^(experimental|rc-buggy)$' or su.archive = 'experimental' then 1
           when su.suite ~ '^(sid|unstable)$' or su.archive = 'unstable' then 2
           when su.suite ~ '^testing(-|$)' or su.archive ~ '^testing' then 3
           else 4 end) as first, bool_or(su.mirror is not null or su.origin !~* 'debian') as own,
         case when not bool_or(su.checked is null) then min(su.checked) end as checked -- target_checked()
    from target_suites ts join suites su on su.id = ts.suite group by ts.target
), counts as ( -- as target_info() has them, for all targets in one pass
  select target, count(*) filter (where state = 'ok') as ok, count(*) filter (where state = 'outdated') as outdated,
         count(*) filter (where state = 'missing') as missing, count(*) filter (where state = 'ahead') as ahead
    from status where moved is null and not masked group by target
), c as (
  select t.series, t.name as target, t.id as target_id, t.position, t.carries, k.checked,
         case when k.own then 5 else coalesce(k.first, 4) end as kind,
         coalesce(n.ok, 0) as ok, coalesce(n.outdated, 0) as outdated, coalesce(n.missing, 0) as missing, coalesce(n.ahead, 0) as ahead,
         (select string_agg(su.name || ': ' || su.error, '; ' order by ts.position)
            from target_suites ts join suites su on su.id = ts.suite
           where ts.target = t.id and su.error is not null) as error
    from targets t left join kinds k on k.target = t.id left join counts n on n.target = t.id
), p as (
  select p.series, count(*) as projects, count(v.version) as released
    from series_projects p left join series_versions v on v.series = p.series and v.project = p.project
   group by p.series
)
select s.name, s.release, s.status,
       coalesce(s.status, '') in ('end of life', 'unmaintained') as ended,
       coalesce(p.projects, 0) as projects, coalesce(p.released, 0) as released, iso(u.checked) as upstream_checked,
       c.target as target_name, c.kind, c.carries, iso(c.checked) as checked, c.error,
       s.kind = 'cycle' and c.carries <> s.name as else,
       c.missing as n_missing, c.outdated as n_outdated, c.ok as n_ok, nullif(c.ahead, 0) as n_ahead,
       round(100.0 * c.missing / n.total, 2) as w_missing,
       round(100.0 * c.missing / n.total, 2) as x_outdated,
       round(100.0 * c.outdated / n.total, 2) as w_outdated,
       round(100.0 * (c.missing + c.outdated) / n.total, 2) as x_ok,
       round(100.0 * c.ok / n.total, 2) as w_ok,
       round(100.0 * (c.missing + c.outdated + c.ok) / n.total, 2) as x_ahead,
       round(100.0 * c.ahead / n.total, 2) as w_ahead, c.target_id
  from series s
  join upstreams u on u.id = s.upstream
  left join c on c.series = s.id
  left join p on p.series = s.id
  left join lateral (select greatest(1, c.ok + c.outdated + c.missing + c.ahead) as total) n on true
 where s.configured
 order by ended, s.kind <> 'cycle', s.position desc, s.name, c.kind, c.position, c.target
