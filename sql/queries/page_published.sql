-- rows: many
-- What a job published: a row per source, ordered by generation.
select g.id, g.suite, g.generation, pg_size_pretty(g.bytes) as bytes, round(g.seconds::numeric, 2) as seconds,
       gs.source, gs.from_version, gs.to_version, gs.source is not null and gs.to_version is null as gone
  from generations g left join generation_sources gs on gs.generation = g.id
 where g.job = $1::bigint order by g.id, gs.source limit 2000
