-- rows: one
-- What can be reported on: for the error where it was named wrongly.
select coalesce(string_agg(s.name || '/' || t.name, ', ' order by s.kind <> 'cycle', s.position desc, s.name, t.position), '') as names
  from series s join targets t on t.series = s.id where s.configured
