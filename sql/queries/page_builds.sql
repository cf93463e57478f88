-- rows: many
-- The packages that came last, each with the job that published it.
select g.id || '-' || gs.source as id, gs.source, gs.to_version, g.suite, iso(g.published) as published, g.job
  from generations g join generation_sources gs on gs.generation = g.id
 where gs.to_version is not null
   and g.id in (select id from generations order by published desc limit 20)
 order by g.published desc, gs.source limit 8
