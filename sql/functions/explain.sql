-- How a project's source package was found, for `deb-status report --explain` and psql.

create or replace function deb_status.explain_names(p_series text, p_target text, p_project text)
returns table (
  n bigint, rule text, name text, suite text, version text, maintainer text, homepage text,
  team bool, taken bool, why text
)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  with asked as (
    select t.id as target, t.series, p.id as project, p.repo, p.exact, p.last
      from series se
      join targets t on t.series = se.id
      join series_projects sp on sp.series = se.id
      join projects p on p.id = sp.project
     where se.name = p_series and t.name = p_target and p.repo = p_project
  ), carried as (
    -- each name's highest version across the target's suites, as comparing takes it
    select distinct on (so.name) so.*, su.name as suite_name,
           exists (select from series_teams st join team_sources ts on ts.team = st.team
                    where st.series = a.series and ts.suite = so.suite and ts.name = so.name) as team
      from asked a
      join target_suites x on x.target = a.target
      join suites su on su.id = x.suite
      join sources so on so.suite = x.suite
     where so.homepage_last = a.last
        or so.name in (select c.name from candidates c where c.series = a.series and c.project = a.project)
     order by so.name, so.key desc, x.position
  ), named as (
    select c.rank, c.rule, c.name from asked a
      join candidates c on c.series = a.series and c.project = a.project
    union all
    select 1000, 'homepage', k.name from asked a join carried k on k.homepage_last = a.last
     where not exists (select from candidates c
                        where c.series = a.series and c.project = a.project and c.name = k.name)
  ), judged as (
    select n.*, a.repo, a.exact, k.suite_name, k.version, k.maintainer, k.homepage, k.homepage_repo,
           coalesce(k.team, false) as team, k.name is not null as there,
           own.source as found, own.rule as found_by,
           coalesce(own.source = n.name, false) as taken, other.repo as owner, other.rule as owner_by
      from named n
     cross join asked a
      left join carried k on k.name = n.name
      left join status own on own.target = a.target and own.project = a.project
      left join lateral (
        select p.repo, s.rule from status s join projects p on p.id = s.project
         where s.target = a.target and s.source = n.name and s.project <> a.project) other on true
  )
  select row_number() over (order by rank, homepage_repo is distinct from exact, not team, name),
         case when taken then found_by else rule end, name, suite_name, version, maintainer, homepage,
         team, taken,
         case when not there then 'no suite of the target has a source package of this name'
              when taken and found_by = 'config' then 'taken: the configuration names it'
              when taken and team and found_by <> 'homepage' then 'taken: it is the team''s'
              when taken and homepage_repo = exact then 'taken: its Homepage names ' || repo
              when taken then 'taken: it is the team''s, and its Homepage ends in ' || homepage_repo
              when owner is not null then 'left: it is ' || owner || ', by the rule ' || owner_by
              when rule <> 'config' and not team and homepage_repo is distinct from exact then
                'left: it is not the team''s, and its Homepage names '
                || coalesce(nullif(homepage, ''), 'nothing')
              when found is not null then 'left: ' || found || ' was found before, by the rule ' || found_by
              else 'left: not compared yet' end
    from judged
   order by 1
$$;
comment on function deb_status.explain_names is
'Which source packages a project of a series may be in a target, in the order in which they are tried, and why each was taken or left; empty where there is no such row';
