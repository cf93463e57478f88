-- rows: many
-- A series' targets with their counts. $1: series, $2: time or null, $3: the page's own target.
select i.target as target_name, i.target = $3::text as current, i.carries,
       s.kind = 'cycle' and i.carries <> i.series as else,
       i.ok as n_ok, i.outdated as n_outdated, i.missing as n_missing,
       nullif(i.ahead, 0) as n_ahead, i.unreleased as n_unreleased, nullif(i.masked, 0) as n_masked,
       iso(i.checked) as checked, i.checked is null as never, i.error,
       round(i.days_to_target::numeric, 1) as median
  from target_info($1, null, $2::timestamptz) i join series s on s.name = i.series
