-- rows: many
-- A series' targets with their counts. $1: series, $2: time or null, $3: the page's own target.
select i.target as target_name, i.target = $3::text as current, i.carries,
       s.kind = 'cycle' and i.carries <> i.series as else, s.kind = 'cycle' and i.carries = i.series as same,
       case when i.checked is not null then nullif(i.missing, 0) end as n_missing, nullif(i.outdated, 0) as n_outdated, nullif(i.ok, 0) as n_ok,
       nullif(i.ahead, 0) as n_ahead, nullif(i.unreleased, 0) as n_unreleased, nullif(i.masked, 0) as n_masked,
       iso(i.checked) as checked, i.checked is null as never,
       case when $2 is null then i.error end as error,
       round(i.days_to_target::numeric, 1) as median
  from target_info($1, null, $2::timestamptz) i join series s on s.name = i.series
