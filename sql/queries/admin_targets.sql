-- rows: many
-- Targets of a series, named by its name or its release id (2025.1); $2: that one alone.
select s.name as series, t.name as target
  from series s join targets t on t.series = s.id
 where $1 in (s.name, s.release) and s.configured and ($2::text is null or t.name = $2)
 order by t.position, t.name
