-- rows: maybe
-- The newest series' first target: for examples.
select s.name as series, t.name as target from series s join targets t on t.series = s.id where s.configured
 order by s.kind <> 'cycle', s.position desc, s.name, t.position, t.name limit 1
