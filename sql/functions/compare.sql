-- Comparing: project x target -> state, set-based, over what C has read and normalised.
-- compare() is the entrance; the functions before it are its steps and share temporary tables
-- cmp_*, which live until the transaction ends.

create or replace function deb_status.behind_of(debian text, upstream text) returns text
language plpgsql immutable strict set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  -- numbers as text without leading zeros: versions such as 20230919 or longer need no type
  d text[] := string_to_array(split_part(debian, '~', 1), '.');
  u text[] := string_to_array(split_part(upstream, '~', 1), '.');
begin
  for i in 1 .. greatest(cardinality(d), cardinality(u)) loop
    if regexp_replace(coalesce(d[i], ''), '^0+(?=\d)', '')
       is distinct from regexp_replace(coalesce(u[i], ''), '^0+(?=\d)', '') then
      return case when i >= 3 then 'patch' else 'minor' end;
    end if;
  end loop;
  return 'prerelease';
end $$;
comment on function deb_status.behind_of is 'How far an older upstream part is behind a newer one: prerelease, patch (third number or later) or minor';

create or replace function deb_status.temp_drop(variadic names text[]) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  name text;
begin
  foreach name in array names loop
    if to_regclass('pg_temp.' || name) is not null then
      execute format('drop table pg_temp.%I', name);
    end if;
  end loop;
end $$;
comment on function deb_status.temp_drop is 'Drops temporary tables of this session, silently where there are none';

create or replace function deb_status.analyze_grown(variadic names text[]) returns void
language plpgsql security definer set search_path = pg_catalog, deb_status, pg_temp
set default_statistics_target = 20 as $$
declare
  grown text;
begin
  for grown in
    select c.relname from pg_class c
     where c.relnamespace = 'deb_status'::regnamespace and c.relkind = 'r' and c.relname = any (names)
       and (pg_relation_size(c.oid) / 8192 > greatest(c.relpages, 0) * 1.5 + 4
            -- another transaction may have counted before our rows were committed: none
            or c.reltuples = 0 and c.relpages > 4)
  loop
    execute format('analyze deb_status.%I', grown);
  end loop;
end $$;
comment on function deb_status.analyze_grown is 'Analyzes tables that grew by half since the last time: what follows in the same transaction cannot wait for autovacuum. Runs as the owner, who alone may';

create or replace function deb_status.compare_versions(p_series int[]) returns int[]
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  changed int[];
begin
  perform temp_drop('cmp_versions');
  create temp table cmp_versions on commit drop as
  with named as (
    select sp.series, sp.project, r.version, r.kind, r.debian, r.key, r.hash, r.released
      from series_projects sp
      join releases r on r.deliverable = sp.deliverable and r.project = sp.project
     where sp.series = any (p_series)
  ), first as ( -- of all deliverables that name it: the row's own may have come after another's
    select distinct on (d.series, r.project) d.series, r.project, r.key
      from deliverables d join releases r on r.deliverable = d.id
     where d.series = any (p_series) and r.kind <> 'end' order by d.series, r.project, r.key
  ), newest as (
    select distinct on (series, project) * from named
     where kind <> 'end' order by series, project, key desc, kind, version
  ), ended as (
    select distinct on (series, project) series, project, version from named
     where kind = 'end'
     order by series, project, array_position(array['eol', 'eom', 'last', 'em'], regexp_replace(version, '^.*-', '')),
              released desc nulls last, version desc
  )
  select sp.series, sp.project, f.key as first_key, n.version, n.debian, n.key, n.hash, n.released,
         e.version as ended
    from series_projects sp
    left join first f on f.series = sp.series and f.project = sp.project
    left join newest n on n.series = sp.series and n.project = sp.project
    left join ended e on e.series = sp.series and e.project = sp.project
   where sp.series = any (p_series);
  analyze cmp_versions;

  -- a project's first version decides what other series' packages carry, and a release in a
  -- cycle moves a row of _independent: these projects are looked at everywhere
  select coalesce(array_agg(distinct coalesce(n.project, o.project)), '{}') into changed
    from cmp_versions n
    full join (select * from series_versions where series = any (p_series)) o
      on o.series = n.series and o.project = n.project
   where o.first_key is distinct from n.first_key;

  delete from series_versions o
   where o.series = any (p_series)
     and not exists (select from cmp_versions n where n.series = o.series and n.project = o.project);
  insert into series_versions as o
  select * from cmp_versions
  on conflict (series, project) do update
     set first_key = excluded.first_key, version = excluded.version, debian = excluded.debian,
         key = excluded.key, hash = excluded.hash, released = excluded.released,
         ended = excluded.ended
   where (o.first_key, o.version, o.debian, o.key, o.hash, o.released, o.ended) is distinct from
         (excluded.first_key, excluded.version, excluded.debian, excluded.key, excluded.hash,
          excluded.released, excluded.ended);
  perform analyze_grown('series_versions');
  return changed;
end $$;
comment on function deb_status.compare_versions is 'Refreshes series_versions of some series; returns the projects whose first version changed';

create or replace function deb_status.match_settle() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- Each project asks for its best hit that is left; of those who ask for the same source the
  -- best rule wins, and the others ask for their next, until nobody loses.
  loop
    delete from cmp_hits h
     using (select *, row_number() over (partition by scope, name
                                         order by rule_order, exact desc, rank, repo) as n
              from (select distinct on (scope, project) * from cmp_hits
                     order by scope, project, rank) as asked) as w
     where w.n > 1 and h.scope = w.scope and h.project = w.project and h.rank = w.rank;
    exit when not found;
  end loop;
  insert into cmp_found
  select distinct on (scope, project) scope, project, name, suite, rule from cmp_hits
   order by scope, project, rank;
end $$;
comment on function deb_status.match_settle is 'One source to one project: settles cmp_hits into cmp_found';

create or replace function deb_status.match_scopes() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('cmp_names', 'cmp_pool', 'cmp_hits', 'cmp_found');
  -- Names of sources that can match at all: the team's, those whose Homepage ends in a project,
  -- those of the configuration.
  create temp table cmp_names on commit drop as
  with own as materialized (
    select k.series, ts.suite, ts.team, ts.name
      from team_sources ts join candidates k on k.name = ts.name
     where ts.suite in (select suite from cmp_scopes) and k.series in (select series from cmp_scopes)
  ), home as materialized (
    select p.id as project, s.suite, s.name
      from projects p join sources s on s.homepage_last = p.last
     where s.suite in (select suite from cmp_scopes)
  )
  select c.scope, o.name
    from own o
    join cmp_scopes c on c.series = o.series and c.suite = o.suite
   where exists (select from series_teams st where st.series = o.series and st.team = o.team)
  union
  select c.scope, h.name
    from home h
    join series_projects sp on sp.project = h.project
    join cmp_scopes c on c.series = sp.series and c.suite = h.suite
  union
  select c.scope, k.name
    from cmp_scopes c join candidates k on k.series = c.series and k.rule = 'config';
  analyze cmp_names;

  -- of each the highest version across the suites of the scope: only that one is judged
  create temp table cmp_pool on commit drop as
  select distinct on (n.scope, n.name) n.scope, c.series, n.name, s.suite, s.homepage_repo,
         s.homepage_last,
         exists (select from team_sources ts
                  where ts.suite = s.suite and ts.name = s.name
                    and ts.team = any (array(select st.team from series_teams st
                                              where st.series = c.series))) as team
    from cmp_names n
    join cmp_scopes c on c.scope = n.scope
    join sources s on s.suite = c.suite and s.name = n.name
   order by n.scope, n.name, s.key desc, c.position;
  analyze cmp_pool;

  create temp table cmp_found (scope int, project int, source text, suite int, rule text)
    on commit drop;
  create temp table cmp_hits on commit drop as
  select o.scope, k.project, p.repo, k.rank, k.rule,
         array_position(array['config', 'name', 'artifact', 'prefix'], k.rule) as rule_order,
         coalesce(o.homepage_repo = p.exact, false) as exact, o.name, o.suite
    from cmp_pool o
    join candidates k on k.series = o.series and k.name = o.name
    join projects p on p.id = k.project
    join series_projects sp on sp.series = k.series and sp.project = k.project
   where k.rule = 'config' or o.team or o.homepage_repo = p.exact;
  analyze cmp_hits;
  perform match_settle();

  -- Homepage last, as it can lie: only for what nobody found by name
  truncate cmp_hits;
  insert into cmp_hits
  select o.scope, sp.project, p.repo,
         row_number() over (partition by o.scope, sp.project
                            order by o.homepage_repo is distinct from p.exact, not o.team, o.name),
         'homepage', 5, o.homepage_repo = p.exact, o.name, o.suite
    from cmp_pool o
    join series_projects sp on sp.series = o.series
    join projects p on p.id = sp.project and p.last = o.homepage_last
   where (o.team or o.homepage_repo = p.exact)
     and not exists (select from cmp_found f where f.scope = o.scope and f.source = o.name)
     and not exists (select from cmp_found f where f.scope = o.scope and f.project = sp.project);
  perform match_settle();
  analyze cmp_found;
end $$;
comment on function deb_status.match_scopes is 'Finds each project''s source in each scope of cmp_scopes (scope, series, suite, position) and leaves them in cmp_found';

create or replace function deb_status.compare_suite_matches(p_series int[], p_suites int[]) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('cmp_scopes', 'cmp_pairs', 'cmp_elsewhere');
  create temp table cmp_pairs on commit drop as
  select row_number() over ()::int as scope, se.id as series, su.id as suite
    from series se cross join suites su
   where (se.id = any (p_series) or su.id = any (p_suites))
     and se.configured and su.configured
     and exists (select from sources so where so.suite = su.id);
  create temp table cmp_scopes on commit drop as
  select scope, series, suite, 0 as position from cmp_pairs;
  analyze cmp_scopes;
  perform match_scopes();

  -- what became different: missing rows of any target of the series show it under elsewhere
  create temp table cmp_elsewhere on commit drop as
  with old as (
    select m.* from suite_matches m
     where m.series = any (p_series) or m.suite = any (p_suites)
  ), new as (
    select p.series, p.suite, f.project, f.source, f.rule
      from cmp_found f join cmp_pairs p on p.scope = f.scope
  )
  select coalesce(n.series, o.series) as series, coalesce(n.suite, o.suite) as suite,
         coalesce(n.project, o.project) as project, n.source, n.rule, o.source as was
    from new n
    full join old o on o.series = n.series and o.suite = n.suite and o.project = n.project
   where (o.source, o.rule) is distinct from (n.source, n.rule);
  delete from suite_matches m using cmp_elsewhere c
   where c.source is null and m.series = c.series and m.suite = c.suite and m.project = c.project;
  insert into suite_matches
  select series, suite, project, source, rule from cmp_elsewhere where source is not null
  on conflict (series, suite, project) do update
     set source = excluded.source, rule = excluded.rule;
  perform analyze_grown('suite_matches');
end $$;
comment on function deb_status.compare_suite_matches is 'Refreshes suite_matches of all suites for some series and of some suites for all series';

create or replace function deb_status.compare_work(p_series int[], p_suites int[], p_projects int[], p_moved int[])
returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('cmp_targets', 'cmp_scopes', 'cmp_work');
  create temp table cmp_targets on commit drop as
  select t.id as target, t.series, t.name,
         (select count(*) from target_suites ts where ts.target = t.id) as suites
    from targets t
   where t.series = any (p_series)
      or exists (select from target_suites ts where ts.target = t.id and ts.suite = any (p_suites));

  create temp table cmp_scopes on commit drop as
  select c.target as scope, c.series, ts.suite, ts.position
    from cmp_targets c join target_suites ts on ts.target = c.target
   where c.suites > 1;
  analyze cmp_scopes;
  perform match_scopes();

  create temp table cmp_work (target int, project int, source text, suite int, rule text)
    on commit drop;
  insert into cmp_work
  select c.target, sp.project, coalesce(f.source, m.source), coalesce(f.suite, m.suite),
         coalesce(f.rule, m.rule)
    from cmp_targets c
    join series_projects sp on sp.series = c.series
    left join cmp_found f on f.scope = c.target and f.project = sp.project
    left join target_suites ts on ts.target = c.target and c.suites = 1
    left join suite_matches m on m.series = c.series and m.suite = ts.suite
                             and m.project = sp.project;
  -- rows of other targets that hang on a changed first version, on a cycle that releases what
  -- _independent has, or on another suite's package
  insert into cmp_work
  select s.target, s.project, s.source, s.suite, s.rule
    from status s join targets t on t.id = s.target
   where s.target not in (select target from cmp_targets)
     and (s.target, s.project) in (
       select o.target, o.project from status o where o.project = any (p_projects)
       union all
       select o.target, o.project from series i
         join targets n on n.series = i.id
         join status o on o.target = n.id and o.project = any (p_moved)
        where i.kind = 'independent'
       union all
       select o.target, c.project from cmp_elsewhere c
         join targets n on n.series = c.series
         join status o on o.target = n.id and o.project = c.project
        where o.state = 'missing'
       union all
       select o.target, m.project from suite_matches m
         join targets n on n.series = m.series
         join status o on o.target = n.id and o.project = m.project
        where m.suite = any (p_suites) and o.state = 'missing');
  analyze cmp_work;
end $$;
comment on function deb_status.compare_work is 'Which rows are to be compared, with the source that matches each: cmp_work';

create or replace function deb_status.compare_rows() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('cmp_rows', 'cmp_masked', 'cmp_carries', 'cmp_missing');
  create temp table cmp_masked on commit drop as
  select distinct on (sp.series, sp.project) sp.series, sp.project, m.reason
    from masks m
    join series_projects sp on m.series is null or m.series = sp.series
    join deliverables d on d.id = sp.deliverable
    join projects p on p.id = sp.project
   where sp.series in (select t.series from cmp_work w join targets t on t.id = w.target)
     and case m.field when 'deliverable' then d.name when 'repo' then p.repo
                      when 'type' then d.type when 'team' then d.team
                      when 'model' then d.model end ~ m.regex
   order by sp.series, sp.project, m.series nulls last, m.reason is null, m.id;
  analyze cmp_masked;

  -- a version stands in the rows of many series: what it carries is looked up once
  create temp table cmp_carries on commit drop as
  select distinct on (v.project, v.upstream_key) v.project, v.upstream_key, cs.name as carries
    from (select distinct w.project, so.upstream_key
            from cmp_work w join sources so on so.suite = w.suite and so.name = w.source) v
    join series_versions cv on cv.project = v.project and cv.first_key <= v.upstream_key
    join series cs on cs.id = cv.series and cs.kind = 'cycle'
   order by v.project, v.upstream_key, cs.position desc;
  analyze cmp_carries;

  create temp table cmp_missing on commit drop as
  select w.target, w.project, jsonb_object_agg(su.name, es.version) as elsewhere
    from cmp_work w
    join targets t on t.id = w.target
    join suite_matches m on m.series = t.series and m.project = w.project
    join suites su on su.id = m.suite and su.configured
    join sources es on es.suite = m.suite and es.name = m.source
   where w.source is null
     and not exists (select from target_suites ts where ts.target = w.target and ts.suite = m.suite)
   group by w.target, w.project;
  analyze cmp_missing;

  create temp table cmp_rows on commit drop as
  select w.target, w.project, d.name as deliverable, sp.artifact, d.team, d.type, d.model,
         w.source, w.rule,
         v.version as upstream, v.key as upstream_key, v.hash as upstream_hash, v.released,
         so.version as debian, so.key as debian_key, so.upstream as debian_upstream,
         so.upstream_key as debian_upstream_key, so.suite,
         x.state,
         case when x.state <> 'outdated' then null
              when so.upstream_key < v.first_key then 'series'
              else behind_of(so.upstream, v.debian) end as behind,
         ca.carries,
         coalesce(so.patched, false) as patched,
         case when x.state = 'unreleased' then
              d.model is distinct from 'untagged'
              and coalesce(se.status in ('development', 'future', 'maintained'), false)
         end as awaited,
         v.ended,
         coalesce(case when x.state = 'missing' then mi.elsewhere end, '{}') as elsewhere,
         k.project is not null as masked, k.reason as mask_reason,
         case when se.kind = 'independent' then
           (select cs.name from series_versions cv join series cs on cs.id = cv.series
             where cv.project = w.project and cs.kind = 'cycle' and cv.version is not null
               and cs.status in ('development', 'future', 'maintained')
             order by cs.position desc limit 1) end as moved
    from cmp_work w
    join targets t on t.id = w.target
    join series se on se.id = t.series
    join series_projects sp on sp.series = t.series and sp.project = w.project
    join deliverables d on d.id = sp.deliverable
    join series_versions v on v.series = t.series and v.project = w.project
    left join sources so on so.suite = w.suite and so.name = w.source
    left join cmp_carries ca on ca.project = w.project and ca.upstream_key = so.upstream_key
    left join cmp_missing mi on mi.target = w.target and mi.project = w.project
    left join cmp_masked k on k.series = t.series and k.project = w.project
   cross join lateral (
     select case when v.version is null then 'unreleased'
                 when so.name is null then 'missing'
                 when so.upstream_key < v.key then 'outdated'
                 when so.upstream_key > v.key then 'ahead'
                 else 'ok' end as state) as x;
end $$;
comment on function deb_status.compare_rows is 'The rows of cmp_work as they are now: cmp_rows';

create or replace function deb_status.compare_write(p_job bigint) returns bigint
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  changed bigint;
  moment timestamptz;
  -- the first publish of an own suite brings what was there before: its day is not known
  first_published int[] := array(
    select su.id from suites su
     where su.mirror is not null
       and (select count(*) from generations g where g.suite = su.suite) < 2);
begin
  perform temp_drop('cmp_changed');
  create temp table cmp_changed on commit drop as
  select coalesce(n.target, o.target) as target, coalesce(n.project, o.project) as project,
         n.target is null as gone, o.target is null as came, o.state as old_state,
         o.debian as old_debian, o.upstream as old_upstream, o.source as old_source,
         n.state, n.debian, n.upstream, n.source,
         t.complete_since is not null as known,
         -- an own suite's first publish is news; a fetched suite's first reading is not
         t.complete_since is not null
         and not exists (select from target_suites ts join suites su on su.id = ts.suite
                          where ts.target = t.id and not su.own and su.indexed = now()) as complete,
         n.suite is null or n.suite <> all (first_published) as dated
    from cmp_rows n
    full join (select s.* from cmp_targets c join status s on s.target = c.target
               union all
               select s.* from cmp_work w join status s on s.target = w.target and s.project = w.project
                where w.target not in (select target from cmp_targets)) o
      on o.target = n.target and o.project = n.project
    join targets t on t.id = coalesce(n.target, o.target)
   where (n.deliverable, n.artifact, n.team, n.type, n.model, n.source, n.rule, n.upstream,
          n.upstream_key, n.upstream_hash, n.released, n.debian, n.debian_key, n.debian_upstream,
          n.suite, n.state, n.behind, n.carries, n.patched, n.awaited, n.ended, n.elsewhere,
          n.masked, n.mask_reason, n.moved)
         is distinct from
         (o.deliverable, o.artifact, o.team, o.type, o.model, o.source, o.rule, o.upstream,
          o.upstream_key, o.upstream_hash, o.released, o.debian, o.debian_key, o.debian_upstream,
          o.suite, o.state, o.behind, o.carries, o.patched, o.awaited, o.ended, o.elsewhere,
          o.masked, o.mask_reason, o.moved);
  get diagnostics changed = row_count;
  if changed = 0 then
    return 0;
  end if;
  analyze cmp_changed;

  -- The transaction that began first may come last here, and a clock may go back: what is written
  -- now still follows what a row had before, or its past would overlap, and that content be lost.
  select greatest(now(), max(o.changed) + interval '1 us') into moment
    from cmp_changed c
   cross join lateral (
     select s.changed from status s
      where s.target = c.target and s.project = c.project and s.changed > now()
     union all
     select h.valid_to from status_history h
      where h.target = c.target and h.project = c.project and h.valid_to > now()) o;

  -- a row that this very transaction wrote was never seen by anyone
  insert into status_history
  select o.*, o.changed, moment
    from status o join cmp_changed c on c.target = o.target and c.project = o.project
   where c.known and o.changed < moment;

  insert into events (at, kind, series, target, project, source, from_state, to_state, from_version,
                      to_version, upstream, job)
  select moment, k.kind, se.name, t.name, p.repo, coalesce(c.source, c.old_source), c.old_state, c.state,
         c.old_debian, c.debian, coalesce(c.upstream, c.old_upstream), p_job
    from cmp_changed c
    join targets t on t.id = c.target
    join series se on se.id = t.series
    join projects p on p.id = c.project
   cross join lateral (
     select case when c.state is distinct from c.old_state then 'state'
                 when c.debian is distinct from c.old_debian then 'version' end as kind) as k
   where c.complete and k.kind is not null
   order by se.name, t.name, p.repo;

  delete from status o using cmp_changed c
   where c.gone and o.target = c.target and o.project = c.project;

  insert into status as o (target, project, deliverable, artifact, team, type, model, source, rule,
      upstream, upstream_key, upstream_hash, released, debian, debian_key, debian_upstream,
      debian_upstream_key, debian_since, suite, state, behind, carries, patched, awaited, ended,
      elsewhere, masked, mask_reason, moved, since, since_known, days_to_target, job, changed)
  select n.target, n.project, n.deliverable, n.artifact, n.team, n.type, n.model, n.source, n.rule,
         n.upstream, n.upstream_key, n.upstream_hash, n.released, n.debian, n.debian_key,
         n.debian_upstream, n.debian_upstream_key, a.debian_since, n.suite, n.state, n.behind,
         n.carries, n.patched, n.awaited, n.ended, n.elsewhere, n.masked, n.mask_reason, n.moved,
         case when s.state is not distinct from n.state then s.since else moment end,
         case when s.state is not distinct from n.state then s.since_known else c.complete end,
         case when n.state not in ('ok', 'ahead') then null
              when s.state in ('ok', 'ahead') and s.upstream = n.upstream
               and s.released is not distinct from n.released then s.days_to_target
              -- a target that has moved on to another series never had that version
              when n.state = 'ahead' and se.kind = 'cycle' and n.carries <> se.name then null
              when a.debian_since - n.released is not null
              then greatest(0, floor(extract(epoch from a.debian_since - n.released) / 86400))
         end,
         p_job, moment
    from cmp_rows n
    join cmp_changed c on c.target = n.target and c.project = n.project
    join targets t on t.id = n.target
    join series se on se.id = t.series
    left join status s on s.target = n.target and s.project = n.project
   cross join lateral (
     select case when s.target is not null and s.debian is not distinct from n.debian
                 then s.debian_since
                 when n.debian is not null and c.complete and c.dated then moment
            end as debian_since) as a
  on conflict (target, project) do update
     set deliverable = excluded.deliverable, artifact = excluded.artifact, team = excluded.team,
         type = excluded.type, model = excluded.model, source = excluded.source,
         rule = excluded.rule, upstream = excluded.upstream, upstream_key = excluded.upstream_key,
         upstream_hash = excluded.upstream_hash, released = excluded.released,
         debian = excluded.debian, debian_key = excluded.debian_key,
         debian_upstream = excluded.debian_upstream,
         debian_upstream_key = excluded.debian_upstream_key,
         debian_since = excluded.debian_since, suite = excluded.suite, state = excluded.state,
         behind = excluded.behind, carries = excluded.carries, patched = excluded.patched,
         awaited = excluded.awaited, ended = excluded.ended, elsewhere = excluded.elsewhere,
         masked = excluded.masked, mask_reason = excluded.mask_reason, moved = excluded.moved,
         since = excluded.since, since_known = excluded.since_known,
         days_to_target = excluded.days_to_target, job = excluded.job, changed = excluded.changed;
  return changed;
end $$;
comment on function deb_status.compare_write is 'Writes the rows that differ, with history and events; returns how many';

create or replace function deb_status.carries_of(p_target int) returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select s.carries from status s left join series c on c.name = s.carries
   where s.target = p_target and s.carries is not null
   group by s.carries, c.position
   order by count(*) desc, c.position desc limit 1
$$;
comment on function deb_status.carries_of is 'The cycle series that most rows of a target carry; of equals the newer';

create or replace function deb_status.compare_finish(p_suites int[]) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  update targets t set complete_since = now()
   where t.complete_since is null
     and not exists (select from target_suites ts join suites su on su.id = ts.suite
                      where ts.target = t.id and su.mirror is null and not su.own
                        and su.tried is null)
     and exists (select from series_projects sp where sp.series = t.series)
     and (p_suites is null
          or exists (select from target_suites ts where ts.target = t.id and ts.suite = any (p_suites)))
$$;
comment on function deb_status.compare_finish is 'Marks targets whose series was read and whose fetched suites have all been tried: from here on a change is an event';

create or replace function deb_status.raise_revisions(p_scopes text[]) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  insert into revisions as r (scope, n)
  select distinct scope, 1 from unnest(p_scopes) as u (scope) where scope is not null order by scope
  on conflict (scope) do update set n = r.n + 1, raised = now()
$$;
comment on function deb_status.raise_revisions is 'Raises counters; always the last statement of a transaction, in order of name';

create or replace function deb_status.compare(p_series int[], p_suites int[], p_job bigint default null)
returns bigint
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  projects int[];
  moved int[];
  fresh int[];
  changed bigint;
begin
  -- One comparison at a time: the second one then sees what the first committed.
  perform pg_advisory_xact_lock(hashtext('deb_status.compare'));
  perform analyze_grown('projects', 'deliverables', 'series_projects', 'releases', 'candidates',
                        'sources', 'team_sources', 'status');
  select array_agg(s.id) into fresh from series s
   where s.id = any (p_series)
      or exists (select from series_projects sp where sp.series = s.id)
         and not exists (select from series_versions v where v.series = s.id);
  projects := compare_versions(fresh);
  -- a row of _independent has moved where a cycle releases it, whatever its first version
  select array_agg(sp.project) into moved from series_projects sp where sp.series = any (fresh);
  perform compare_suite_matches(p_series, p_suites);
  perform compare_work(p_series, p_suites, projects, moved);
  perform compare_rows();
  changed := compare_write(p_job);
  update targets t set carries = n.carries
    from (select target, carries_of(target) as carries
            from (select distinct target from cmp_changed) c) n
   where t.id = n.target and t.carries is distinct from n.carries;
  perform compare_finish(null);
  if changed > 0 or p_series is not null then
    perform raise_revisions(array(
      select s.name from series s
       where s.id = any (p_series)
          or s.id in (select t.series from targets t join cmp_changed c on c.target = t.id)
      union all
      select s.name || '/' || t.name from targets t join series s on s.id = t.series
       where t.id in (select target from cmp_changed)));
  end if;
  return changed;
end $$;
comment on function deb_status.compare is 'Compares what some series and some suites concern; returns the number of rows that changed. Series: their releases, candidates, masks, teams or targets changed; suites: their sources changed. Comes last in a transaction';

create or replace function deb_status.compare_all(p_job bigint default null) returns bigint
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  select compare(array(select id from series), array(select id from suites), p_job)
$$;
comment on function deb_status.compare_all is 'Compares everything';

create or replace function deb_status.touch_suites(p_suites int[]) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- Counters are raised in order of name, but a comparison may have raised some before this: two
  -- such transactions must not meet.
  perform pg_advisory_xact_lock(hashtext('deb_status.compare'));
  perform compare_finish(p_suites);
  perform raise_revisions(array(
    select s.name || '/' || t.name from targets t join series s on s.id = t.series
     where exists (select from target_suites ts where ts.target = t.id and ts.suite = any (p_suites))));
end $$;
comment on function deb_status.touch_suites is 'After a look at suites that changed no row: their age or error is shown';
