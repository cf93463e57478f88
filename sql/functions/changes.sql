-- What a series has that the one before it had not, and the other way round.

create or replace function deb_status.series_changes(p_series text)
returns table (part int, project text, name text, team text, type text, text text, before text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
with s as (
  select * from series where name = p_series and kind = 'cycle'
), p as (
  select * from series where kind = 'cycle' and position < (select position from s)
     and exists (select from series_projects x where x.series = series.id)
   order by position desc limit 1
), independent as (
  select sp.project from series_projects sp join series i on i.id = sp.series where i.kind = 'independent'
), named as (
  select sp.series, sp.project, pr.repo, sp.artifact, d.name as deliverable, d.team, d.type,
         regexp_replace(lower(pr.repo), '^.*/', '') as last, sp.project in (select project from independent) as independent,
        count(*) over (partition by sp.series, d.name) as of_deliverable
    from series_projects sp join projects pr on pr.id = sp.project join deliverables d on d.id = sp.deliverable
   where sp.series in (select id from s union all select id from p)
), new as ( -- `not in`, for a table of hashes: the planner knows nothing of how much `named` holds
  select n.* from named n where n.series = (select id from s) and exists (select from p)
     and n.project not in (select o.project from named o where o.series = (select id from p))
), gone as (
  select o.* from named o where o.series = (select id from p)
     and o.project not in (select n.project from named n where n.series = (select id from s))
), packaged as materialized (
  select m.project, min(m.source) as source from suite_matches m
   where m.project in (select project from gone) group by m.project
), renamed as (
  select distinct on (n.project) n.project as new, g.project as old, g.repo as old_repo
    from new n
    join gone g on g.last = n.last or g.artifact = n.artifact
                or g.deliverable = n.deliverable and g.of_deliverable = 1 and n.of_deliverable = 1
   order by n.project, g.last = n.last desc, g.artifact = n.artifact desc, g.repo
), suite_of as (
  select distinct ts.suite from targets t join target_suites ts on ts.target = t.id where t.series = (select id from s)
), old_sources as (
  select t.name, string_agg(distinct su.name || ' ' || so.version, ', ') as versions,
         (select se.name || ' ' || pr.repo from candidates k join series se on se.id = k.series join projects pr on pr.id = k.project
           where k.name = t.name and se.kind = 'cycle' order by se.position desc, k.rank limit 1) as last
    from team_sources t join suites su on su.id = t.suite join sources so on so.suite = t.suite and so.name = t.name
   where t.suite in (select suite from suite_of)
     and t.team in (select team from series_teams where series = (select id from s))
     and exists (select from candidates k join series se on se.id = k.series
                  where k.name = t.name and se.kind = 'cycle' and se.position < (select position from s))
     and not exists (select from candidates k join series se on se.id = k.series
                      where k.name = t.name and (se.kind <> 'cycle' or se.position >= (select position from s)))
     and not exists (select from suite_matches m join series se on se.id = m.series
                      where m.source = t.name and (se.kind <> 'cycle' or se.position >= (select position from s)))
   group by t.name
)
select part, project, name, team, type, text, (select name from p) as before from (
  select case when n.independent then 2 else 1 end as part, n.repo as project, n.last as name, n.team, n.type,
         concat_ws(', ', case when n.independent then 'from _independent' end, v.version,
                   (select 'package ' || min(m.source) from suite_matches m where m.series = n.series and m.project = n.project)) as text
    from new n left join series_versions v on v.series = n.series and v.project = n.project
   where n.project not in (select new from renamed)
  union all
  select 3, n.repo, n.last, n.team, n.type, 'was ' || r.old_repo from renamed r join new n on n.project = r.new
  union all
  select case when g.independent then 2 else 4 end, g.repo, g.last, g.team, g.type,
         concat_ws(', ', case when g.independent then 'to _independent' end, v.version,
                   (select 'package ' || k.source from packaged k where k.project = g.project))
    from gone g left join series_versions v on v.series = g.series and v.project = g.project
   where g.project not in (select old from renamed)
  union all
  select 5, null, o.name, null, null, concat_ws('; ', 'last in ' || o.last, o.versions) from old_sources o) x
 order by part, lower(name), project
$$;
comment on function deb_status.series_changes is
'A series against the cycle before it: part 1 new, 2 moved (from or to what follows no cycle), 3 renamed (another repo with the same last part or artifact, or as the only one of its deliverable), 4 gone projects, and 5 the team''s source packages in the series'' suites that only older series name';
