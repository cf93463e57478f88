-- What upstream released: from temporary tables (COPY) to rows, only where they differ.

create or replace function deb_status.candidates_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('candidates_incoming');
  create temp table candidates_incoming (series int, project int, rank int, rule text, name text)
    on commit drop;
end $$;
comment on function deb_status.candidates_begin is 'Makes the temporary table that candidates are copied to';

create or replace function deb_status.candidates_merge(p_series int[]) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  analyze candidates_incoming;
  delete from candidates c
   where c.series = any (p_series)
     and not exists (select from candidates_incoming i
                      where i.series = c.series and i.project = c.project and i.rank = c.rank);
  insert into candidates as c (series, project, rank, rule, name)
  select series, project, rank, rule, name from candidates_incoming
  on conflict (series, project, rank) do update set rule = excluded.rule, name = excluded.name
   where (c.rule, c.name) is distinct from (excluded.rule, excluded.name);
end $$;
comment on function deb_status.candidates_merge is 'Makes the candidates of some series what candidates_incoming says';

create or replace function deb_status.upstream_row(p_name text, p_kind text, p_location text, p_branch text)
returns int
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  insert into upstreams (name, kind, location, branch)
  select p_name, p_kind, p_location, p_branch
   where not exists (select from upstreams where name = p_name);
  update upstreams set location = p_location, head = null
   where name = p_name and location <> p_location;
  select id from upstreams where name = p_name
$$;
comment on function deb_status.upstream_row is 'The upstream of that name, made where it is new, to be read anew where its location is another one; its id';

create or replace function deb_status.upstream_series(p_series text[], p_kinds text[], p_upstreams text[], p_main text)
returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- an upstream that gets a series is looked at as a whole, whatever it was read for before
  with given as (
    insert into series as s (name, kind, upstream)
    select n.name, n.kind, u.id
      from unnest(p_series, p_kinds, p_upstreams) as n (name, kind, upstream)
      join upstreams u on u.name = n.upstream
    on conflict (name) do update set kind = excluded.kind, upstream = excluded.upstream
     where (s.kind, s.upstream) is distinct from (excluded.kind, excluded.upstream)
    returning s.upstream
  )
  update upstreams u set head = null, dated_to = null from given g where u.id = g.upstream;
  -- the main repository moved: what only hung on the old one is read from the new one
  with given as (
    update series s set upstream = m.id
      from upstreams m, upstreams o
     where m.name = p_main and o.id = s.upstream and o.id <> m.id
       and o.kind = 'openstack-releases' and s.name <> all (p_series)
    returning s.upstream
  )
  update upstreams u set head = null, dated_to = null from given g where u.id = g.upstream;
  with gone as (
    delete from upstreams u
     where u.name <> all (p_upstreams) and u.name is distinct from p_main
       and not exists (select from series s where s.upstream = u.id)
    returning u.name
  )
  delete from set_aside_files f using gone g where f.source = g.name;
end $$;
comment on function deb_status.upstream_series is 'Which upstream each configured series is read from; the main one takes what no file names. Upstreams without series go';

create or replace function deb_status.upstream_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('up_series', 'up_files', 'up_repos', 'up_versions', 'up_bad');
  create temp table up_series (
    name text, release text, status text, kind text, position int, initial_release date,
    eol_date date) on commit drop;
  -- oid null: the file is gone; name null: it never was a deliverable
  create temp table up_files (
    series text, name text, file text, oid text, team text, type text, model text) on commit drop;
  create temp table up_repos (series text, name text, repo text, artifact text) on commit drop;
  create temp table up_versions (
    series text, name text, repo text, version text, kind text, debian text, key bytea, hash text,
    artifact text, released timestamptz) on commit drop;
  create temp table up_bad (file text, line int, reason text, oid text) on commit drop;
end $$;
comment on function deb_status.upstream_begin is 'Makes the temporary tables that what was read of an upstream is copied to';

create or replace function deb_status.upstream_merge_series(p_upstream int, p_main bool, p_listed bool) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  reordered bool;
begin
  -- nearly always nothing is to be done, and finding that out is cheaper than doing it
  if not exists (
    select from up_series n
      full join (select * from series where upstream = p_upstream) s on s.name = n.name
     where s.id is null and p_main
        or s.folder is distinct from n.name or s.kind <> n.kind
        or n.name is null and not s.configured
        or p_listed and n.name is not null
           and (s.release, s.status, s.position, s.initial_release, s.eol_date) is distinct from
               (n.release, n.status, n.position, n.initial_release, n.eol_date)) then
    return;
  end if;
  with changed as (
    update series s
       set release = n.release, status = n.status, kind = n.kind, position = n.position,
           initial_release = n.initial_release, eol_date = n.eol_date, folder = n.name
      from up_series n
     where s.name = n.name and s.upstream = p_upstream and p_listed
       and (s.release, s.status, s.kind, s.position, s.initial_release, s.eol_date, s.folder)
           is distinct from
           (n.release, n.status, n.kind, n.position, n.initial_release, n.eol_date, n.name)
    returning s.id
  )
  insert into up_changed (series) select id from changed;
  reordered := found;
  -- the folder is gone: a series with pages keeps them, without projects
  with gone as (
    delete from series s
     where s.upstream = p_upstream and not s.configured
       and s.name not in (select name from up_series)
    returning s.id
  )
  select reordered or exists (select from gone) into reordered;
  update series s set folder = n.name
    from series o left join up_series n on n.name = o.name
   where o.id = s.id and s.upstream = p_upstream and s.folder is distinct from n.name;
  if p_main then
    with came as (
      insert into series (upstream, name, release, status, kind, position, initial_release,
                          eol_date, folder)
      select p_upstream, name, release, status, kind, position, initial_release, eol_date, name
        from up_series
      on conflict (name) do nothing
      returning id
    )
    insert into up_changed (series) select id from came;
  end if;
  if reordered then
    -- which series a package carries, and where a project has moved: it may differ anywhere
    insert into up_changed (series) select id from series on conflict do nothing;
  end if;
end $$;
comment on function deb_status.upstream_merge_series is 'Makes the series of an upstream what up_series says; the main one takes series that no upstream has';

create or replace function deb_status.upstream_merge_files(p_upstream int, p_date_new bool, p_many bool) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  if p_many then
    analyze up_files; analyze up_repos; analyze up_versions;
  end if;
  create temp table up_touched (series int, deliverable int) on commit drop;

  with gone as (
    delete from deliverables d using up_files f, series s
     where f.oid is null and s.name = f.series and s.upstream = p_upstream
       and d.series = s.id and d.name = f.name
    returning d.series
  )
  insert into up_changed (series, projects_changed) select distinct series, true from gone
  on conflict (series) do update set projects_changed = true;

  insert into up_touched
  select s.id, d.id
    from up_files f
    join series s on s.name = f.series and s.upstream = p_upstream
    join deliverables d on d.series = s.id and d.name = f.name
   where f.oid is not null
     and (d.team, d.type, d.model) is distinct from (f.team, f.type, f.model);
  insert into deliverables as d (series, name, team, type, model, oid)
  select s.id, f.name, f.team, f.type, f.model, f.oid
    from up_files f join series s on s.name = f.series and s.upstream = p_upstream
   where f.oid is not null
  on conflict (series, name) do update
     set team = excluded.team, type = excluded.type, model = excluded.model, oid = excluded.oid
   where (d.team, d.type, d.model, d.oid)
         is distinct from (excluded.team, excluded.type, excluded.model, excluded.oid);
  insert into projects (repo)
  select distinct r.repo from up_repos r
   where not exists (select from projects p where p.repo = r.repo)
  on conflict (repo) do nothing;

  create temp table up_ids on commit drop as
  select d.id as deliverable, d.series, f.series as series_name, f.name
    from up_files f
    join series s on s.name = f.series and s.upstream = p_upstream
    join deliverables d on d.series = s.id and d.name = f.name
   where f.oid is not null;
  create temp table up_named on commit drop as
  select i.deliverable, i.series, p.id as project, r.artifact
    from up_repos r
    join up_ids i on i.series_name = r.series and i.name = r.name
    join projects p on p.repo = r.repo;
  create temp table up_released on commit drop as
  select i.deliverable, i.series, p.id as project, v.version, v.kind, v.debian, v.key, v.hash,
         v.artifact,
         coalesce(v.released, case when p_date_new and v.key > (
             select o.key from releases o
              where o.deliverable = i.deliverable and o.project = p.id and o.kind <> 'end'
              order by o.key desc limit 1) then now() end) as released
    from up_versions v
    join up_ids i on i.series_name = v.series and i.name = v.name
    join projects p on p.repo = v.repo;
  if p_many then
    analyze up_ids; analyze up_named; analyze up_released;
  end if;

  with gone as (
    delete from deliverable_projects o using up_ids i
     where o.deliverable = i.deliverable
       and not exists (select from up_named n
                        where n.deliverable = o.deliverable and n.project = o.project)
    returning i.series, i.deliverable
  ), new as (
    insert into deliverable_projects as o (deliverable, project, artifact)
    select deliverable, project, artifact from up_named
    on conflict (deliverable, project) do update set artifact = excluded.artifact
     where o.artifact is distinct from excluded.artifact
    returning o.deliverable
  )
  insert into up_touched
  select series, deliverable from gone
  union select i.series, i.deliverable from new join up_ids i on i.deliverable = new.deliverable;

  with gone as (
    delete from releases o using up_ids i
     where o.deliverable = i.deliverable
       and not exists (select from up_released n
                        where n.deliverable = o.deliverable and n.project = o.project
                          and n.version = o.version)
    returning i.series, i.deliverable
  ), new as (
    insert into releases as o (deliverable, project, version, kind, debian, key, hash, artifact,
                               released)
    select deliverable, project, version, kind, debian, key, hash, artifact, released
      from up_released
    on conflict (deliverable, project, version) do update
       set kind = excluded.kind, debian = excluded.debian, key = excluded.key,
           hash = excluded.hash, artifact = excluded.artifact,
           -- a history that was rewritten may know less than the one before
           released = coalesce(excluded.released, o.released)
     where (o.kind, o.debian, o.key, o.hash, o.artifact, o.released) is distinct from
           (excluded.kind, excluded.debian, excluded.key, excluded.hash, excluded.artifact,
            coalesce(excluded.released, o.released))
    returning o.deliverable
  )
  insert into up_touched
  select series, deliverable from gone
  union select i.series, i.deliverable from new join up_ids i on i.deliverable = new.deliverable;

  insert into up_changed (series) select distinct series from up_touched on conflict do nothing;
end $$;
comment on function deb_status.upstream_merge_files is 'Makes deliverables, deliverable_projects and releases what up_files, up_repos and up_versions say';

create or replace function deb_status.upstream_merge_projects() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  -- an array: the planner believes that a temporary table is large
  changed int[] := array(select series from up_changed);
begin
  create temp table up_rows on commit drop as
  select distinct on (d.series, dp.project) d.series, dp.project, dp.deliverable, dp.artifact
    from deliverables d
    join deliverable_projects dp on dp.deliverable = d.id
    join projects p on p.id = dp.project
    left join lateral (select r.key from releases r
                        where r.deliverable = d.id and r.project = dp.project and r.kind <> 'end'
                        order by r.key desc limit 1) as newest on true
   where d.series = any (changed)
   order by d.series, dp.project, newest.key desc nulls last, lower(d.name) = p.last desc, d.name collate "C";
  if cardinality(changed) > 3 then
    analyze up_rows;
  end if;
  with gone as (
    delete from series_projects o
     where o.series = any (changed)
       and not exists (select from up_rows n where n.series = o.series and n.project = o.project)
    returning o.series
  ), new as (
    insert into series_projects as o (series, project, deliverable, artifact)
    select series, project, deliverable, artifact from up_rows
    on conflict (series, project) do update
       set deliverable = excluded.deliverable, artifact = excluded.artifact
     where (o.deliverable, o.artifact) is distinct from (excluded.deliverable, excluded.artifact)
    returning o.series
  )
  update up_changed c set projects_changed = true
   where c.series in (select series from gone union all select series from new);
end $$;
comment on function deb_status.upstream_merge_projects is 'The rows of the series in up_changed, one per repo: the deliverable with the newest release of it, of equals the one that is called like the repo';

create or replace function deb_status.upstream_merge_bad(p_upstream int) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  delete from set_aside_files s using upstreams u, up_files f
   where u.id = p_upstream and s.source = u.name and s.file = f.file
     and not exists (select from up_bad b where b.file = f.file);
  insert into set_aside_files as s (source, file, line, reason, oid)
  -- names are shown without odd characters, so that two files may be called the same
  select distinct on (b.file) u.name, b.file, b.line, b.reason, b.oid
    from up_bad b, upstreams u where u.id = p_upstream
   order by b.file, b.line, b.reason
  on conflict (source, file) do update
     set line = excluded.line, reason = excluded.reason, oid = excluded.oid;
$$;
comment on function deb_status.upstream_merge_bad is 'Files that could not be read stay listed since they could not; those that were read or are gone leave';

create or replace function deb_status.upstream_news(p_job bigint) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  -- series_versions still has what the last comparison saw; without any row there the series is
  -- read for the first time, and nothing in it is news
  insert into events (kind, series, project, from_version, to_version, upstream, job)
  select 'upstream', se.name, p.repo, v.version, n.version, n.version, p_job
    -- all of a series that changed: a file that went leaves a project to another one, unchanged itself
    from (select distinct on (sp.series, sp.project) sp.series, sp.project, r.version, r.key
            from up_changed c
            join series_projects sp on sp.series = c.series
            join releases r on r.deliverable = sp.deliverable and r.project = sp.project
           where r.kind <> 'end'
           order by sp.series, sp.project, r.key desc) n
    join series se on se.id = n.series
    join projects p on p.id = n.project
    left join series_versions v on v.series = n.series and v.project = n.project
   where se.configured and v.key is distinct from n.key
     and exists (select from series_versions k where k.series = n.series)
   order by se.name, p.repo
$$;
comment on function deb_status.upstream_news is 'An event for each project of a series with pages whose newest version is another one than at the last comparison; states and Debian''s versions are the comparison''s own events';

create or replace function deb_status.upstream_merge(p_upstream int, p_main bool, p_listed bool, p_date_new bool,
                                                     p_job bigint)
returns table (series int, projects_changed bool)
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('up_changed', 'up_touched', 'up_ids', 'up_named', 'up_released', 'up_rows');
  create temp table up_changed (series int primary key, projects_changed bool not null default false)
    on commit drop;
  if exists (select from up_series) then
    perform upstream_merge_series(p_upstream, p_main, p_listed);
  end if;
  -- statistics pay only where there is much to join
  perform upstream_merge_files(p_upstream, p_date_new, (select count(*) > 50 from up_files));
  perform upstream_merge_projects();
  perform upstream_merge_bad(p_upstream);
  perform upstream_news(p_job);
  return query select c.series, c.projects_changed from up_changed c order by 1;
end $$;
comment on function deb_status.upstream_merge is 'Makes the tables of an upstream what the temporary tables say; returns the series whose rows changed. The comparison of these follows in the same transaction';
