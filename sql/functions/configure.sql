-- The configuration in the database: what the job configure writes. C puts the files' contents into
-- temporary tables cfg_*; each function here makes one topic equal to them and writes only where
-- it differs. What is no longer configured but has a history (targets, suites, mirrors) stays,
-- marked: a file that was moved away and back loses nothing.

create view targets as
select id, series, name, position, carries, complete_since from target_rows where configured;
comment on view targets is 'The configured targets: named lists of suites that users of a series install from together';

create function configure_due(p_hash text, p_host text) returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  if exists (select from instance where config_hash = p_hash) then
    return null;
  end if;
  select q.id into v_id from queue_join('configure', '', p_host, 'configuration', null) q;
  -- Whoever saw the change last has the files: also where the job waits for a host that is gone.
  update jobs set host = p_host where id = v_id and state = 'queued' and host is distinct from p_host;
  perform revision_raise('queue');
  return v_id;
end
$$;
comment on function configure_due(text, text) is
  'Queues a job configure for this host where the database has another configuration than the files; null where it has not';

create function configure_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('cfg_series', 'cfg_targets', 'cfg_lines', 'cfg_suites',
                    'cfg_masks', 'cfg_teams', 'cfg_mirrors', 'cfg_senders', 'cfg_touched');
  create temp table cfg_series (name text) on commit drop;
  create temp table cfg_targets (series text, name text, position int) on commit drop;
  -- one per apt line; series null: a mirror's suite that may stand in no target
  create temp table cfg_lines (n serial, series text, target text, position int, uri text, suite text,
                               components text[], options text, line text) on commit drop;
  create temp table cfg_masks (n serial, series text, pattern text, field text, regex text,
                               reason text, file text, line int) on commit drop;
  create temp table cfg_teams (series text, maintainer text, vcs text, word text) on commit drop;
  create temp table cfg_mirrors (name text, host text, state text, suites text[], settings text)
    on commit drop;
  create temp table cfg_senders (name text, mirrors text[], releases bool, profile text,
                                 projects text[]) on commit drop;
  create temp table cfg_touched (series int primary key) on commit drop;
end $$;
comment on function configure_begin() is 'Makes the temporary tables cfg_* that the configuration is copied to';

create function configure_series() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  insert into cfg_touched select id from series where configured;
  -- their rows are there: upstreams_write() made them, with where each is read from
  update series s set configured = not s.configured
   where s.configured <> exists (select from cfg_series c where c.name = s.name);
  insert into cfg_touched select id from series where configured on conflict do nothing;
end $$;
comment on function configure_series() is 'Which series have a file in releases.d';

create function configure_suite_names() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- The suite; where two clash, the host in front; the whole address; at last a number.
  perform temp_drop('cfg_names');
  create temp table cfg_names on commit drop as
  with named as (
    select id, suite, regexp_replace(uri, '^[a-z]+:/*([^/:]*).*$', '\1') as host,
           regexp_replace(uri, '^[a-z]+:/*', '') as address
      from suites where configured
  ), told as (
    select id, case when count(*) over (partition by suite) = 1 then suite
                    when count(*) over (partition by host, suite) = 1 then host || '/' || suite
                    else address || '/' || suite end as name
      from named
  )
  select id, case when n = 1 then name else name || '#' || n end as name
    from (select id, name, row_number() over (partition by name order by id) as n from told) t
  union all
  select id, 'removed-' || id || '/' || suite from suites where not configured;
  update set_aside_files f set source = n.name
    from suites s join cfg_names n on n.id = s.id
   where f.source = s.name and s.name <> n.name and s.configured;
  -- in two steps: names may change places
  update suites s set name = '~' || s.id from cfg_names n where n.id = s.id and n.name <> s.name;
  update suites s set name = n.name from cfg_names n where n.id = s.id and n.name <> s.name;
end $$;
comment on function configure_suite_names() is 'What `elsewhere` calls each suite';

create function configure_suites(p_publish_url text) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  create temp table cfg_suites on commit drop as
  select distinct on (l.uri, l.suite, l.components, l.options)
         l.uri, l.suite, l.components, l.options, l.line, l.uri is not distinct from p_publish_url as own,
         case when l.uri = p_publish_url then
           (select m.name from cfg_mirrors m where l.suite = any (m.suites) order by m.name limit 1)
         end as mirror
    from cfg_lines l
    -- a mirror's suite that a target names, too, has the target's components
   where l.series is not null or not exists (
           select from cfg_lines t where t.series is not null and t.uri = l.uri and t.suite = l.suite)
   order by l.uri, l.suite, l.components, l.options, l.series is null, l.n;
  -- Another server, key or component list of the same suite: the row stays, and with it what is
  -- known until the next look.
  update suites s
     set uri = c.uri, components = c.components, options = c.options, line = c.line,
         mirror = c.mirror, fingerprint = null, release_date = case when s.uri = c.uri then s.release_date end
    from (select c.*, (select o.id from suites o
                        where o.suite = c.suite and o.configured and o.own = c.own
                          and not exists (select from cfg_suites k where (k.uri, k.suite, k.components, k.options)
                                                                       = (o.uri, o.suite, o.components, o.options))
                        order by o.uri <> c.uri, o.id limit 1) as old,
                 count(*) over (partition by c.suite) as of_name
            from cfg_suites c
           where not exists (select from suites k where (k.uri, k.suite, k.components, k.options)
                                                      = (c.uri, c.suite, c.components, c.options))) c
   where s.id = c.old and c.of_name = 1;
  insert into suites as s (name, uri, suite, components, options, line, own, mirror)
  select '~' || md5(c::text), c.uri, c.suite, c.components, c.options, c.line, c.own, c.mirror
    from cfg_suites c
  -- one that comes back has what it had when it went: it is looked at at once
  on conflict (uri, suite, components, options) do update
     set line = excluded.line, own = excluded.own, mirror = excluded.mirror, configured = true,
         fingerprint = case when s.configured then s.fingerprint end
   where (s.line, s.own, s.mirror, s.configured)
         is distinct from (excluded.line, excluded.own, excluded.mirror, true);
  update suites s set configured = false
   where s.configured
     and not exists (select from cfg_suites c where (c.uri, c.suite, c.components, c.options)
                                                  = (s.uri, s.suite, s.components, s.options));
  -- Nobody would ever look at it.
  update suites set error = 'no configured mirror publishes this suite'
   where configured and own and mirror is null
     and error is distinct from 'no configured mirror publishes this suite';
  update suites set error = null
   where (mirror is not null or not own) and error = 'no configured mirror publishes this suite';
  perform configure_suite_names();
end $$;
comment on function configure_suites(text) is 'One row per apt line; a line of our own archive belongs to the mirror that publishes it, and is not fetched';

create function configure_targets() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  insert into target_rows as t (series, name, position)
  select s.id, c.name, c.position from cfg_targets c join series s on s.name = c.series
  on conflict (series, name) do update set position = excluded.position, configured = true
   where (t.position, t.configured) is distinct from (excluded.position, true);
  update target_rows t set configured = false
   where t.configured
     and not exists (select from cfg_targets c join series s on s.name = c.series
                      where s.id = t.series and c.name = t.name);

  perform temp_drop('cfg_target_suites');
  create temp table cfg_target_suites on commit drop as
  select distinct on (t.id, su.id) t.id as target, su.id as suite, l.position
    from cfg_lines l
    join series s on s.name = l.series
    join target_rows t on t.series = s.id and t.name = l.target
    join suites su on (su.uri, su.suite, su.components, su.options)
                    = (l.uri, l.suite, l.components, l.options)
   order by t.id, su.id, l.position;
  -- A suite that nobody has looked at yet: what it changes at its first reading is no event.
  update target_rows t set complete_since = null
   where t.complete_since is not null and exists (
     select from cfg_target_suites c join suites su on su.id = c.suite
      where c.target = t.id and not su.own and su.tried is null
        and not exists (select from target_suites o where o.target = c.target and o.suite = c.suite));
  delete from target_suites o using target_rows t
   where t.id = o.target and t.configured
     and not exists (select from cfg_target_suites c where c.target = o.target and c.suite = o.suite);
  insert into target_suites as o (target, suite, position)
  select target, suite, position from cfg_target_suites
  on conflict (target, suite) do update set position = excluded.position
   where o.position <> excluded.position;
end $$;
comment on function configure_targets() is 'Targets and their suites, in the order of the files';

create function configure_masks() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  v_old text;
  v_new text;
begin
  -- Their order counts (the first that matches gives the reason), so that they change as a whole.
  select string_agg(row(s.name, m.pattern, m.field, m.regex, m.reason, m.file, m.line)::text, E'\n' order by m.id)
    into v_old from masks m left join series s on s.id = m.series;
  select string_agg(row(series, pattern, field, regex, reason, file, line)::text, E'\n' order by n)
    into v_new from cfg_masks;
  if v_old is distinct from v_new then
    delete from masks;
    insert into masks (series, pattern, field, regex, reason, file, line)
    select s.id, m.pattern, m.field, m.regex, m.reason, m.file, m.line
      from cfg_masks m left join series s on s.name = m.series order by m.n;
  end if;
end $$;
comment on function configure_masks() is 'What is deliberately not packaged';

create function configure_teams() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  v_team int;
begin
  for v_team in
    insert into teams (maintainer, vcs, word)
    select distinct maintainer, vcs, word from cfg_teams
    on conflict (maintainer, vcs, word) do nothing
    returning id
  loop
    perform index_team(v_team);
  end loop;
  delete from teams t
   where not exists (select from cfg_teams c where (c.maintainer, c.vcs, c.word)
                                            is not distinct from (t.maintainer, t.vcs, t.word));
  create temp table cfg_series_teams on commit drop as
  select distinct s.id as series, t.id as team
    from cfg_teams c join series s on s.name = c.series
    join teams t on (t.maintainer, t.vcs, t.word) is not distinct from (c.maintainer, c.vcs, c.word);
  delete from series_teams o
   where not exists (select from cfg_series_teams c where c.series = o.series and c.team = o.team);
  insert into series_teams select series, team from cfg_series_teams on conflict do nothing;
  drop table cfg_series_teams;
end $$;
comment on function configure_teams() is 'Whose packages count as matches, for each series';

create function configure_mirrors() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- tried is what says that a look is due (configure_causes)
  insert into mirrors as m (name, host, state, suites, settings)
  select name, host, state, suites, settings from cfg_mirrors
  on conflict (name) do update
     set host = excluded.host, state = excluded.state, suites = excluded.suites,
         settings = excluded.settings, configured = true, tried = null
   where (m.host, m.state, m.suites, m.settings, m.configured)
         is distinct from (excluded.host, excluded.state, excluded.suites, excluded.settings, true);
  update mirrors m set configured = false, error = null
   where m.configured and not exists (select from cfg_mirrors c where c.name = m.name);
  update jobs j set host = m.host from mirrors m
   where j.kind = 'mirror' and j.state = 'queued' and m.name = j.what and m.configured
     and j.host is distinct from m.host;
end $$;
comment on function configure_mirrors() is 'Build hosts; a job that waits goes to the host that has the disk now';

create function configure_senders() returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  insert into senders as s (name, mirrors, releases, profile, projects)
  select name, mirrors, releases, profile, projects from cfg_senders
  on conflict (name) do update
     set mirrors = excluded.mirrors, releases = excluded.releases, profile = excluded.profile,
         projects = excluded.projects
   where (s.mirrors, s.releases, s.profile, s.projects)
         is distinct from (excluded.mirrors, excluded.releases, excluded.profile, excluded.projects);
  delete from senders s where not exists (select from cfg_senders c where c.name = s.name);
$$;
comment on function configure_senders() is 'Who may POST, and what';

create function configure_finish() returns setof int
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- A name that was configured once and that nobody upstream has.
  delete from series s
   where not s.configured and s.release is null and s.status is null
     and not exists (select from deliverables d where d.series = s.id)
     and s.id in (select series from cfg_touched)
     and not exists (select from status st join target_rows t on t.id = st.target where t.series = s.id);
  return query select s.id from series s join cfg_touched t on t.series = s.id order by s.id;
end $$;
comment on function configure_finish() is 'Removes what nothing uses any more; returns the series that are or were configured: to be compared';

create function configure_causes(p_job bigint, p_hash text) returns setof bigint
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  d record;
begin
  update instance set config_hash = p_hash, config_read = now(), config_error = null;
  perform revision_raise('config');
  -- What was never looked at, or failed and may have been mended, is looked at now, and not at the
  -- next turn of the schedule.
  for d in
    select 'archives' as kind, '' as what
     where exists (select from suites where configured and not own and (tried is null or error is not null
                                                                       or fingerprint is null))
    union all
    select 'mirror', m.name from mirrors m
     where m.configured and m.state = 'active'
       and (m.tried is null or m.error is not null
            or exists (select from suites s where s.mirror = m.name and s.configured and s.tried is null))
    union all
    select 'releases', '' where exists (select from upstreams where checked is null or error is not null or head is null)
     order by 1, 2
  loop
    insert into schedule as l (kind, what) values (d.kind, d.what)
    on conflict (kind, what) do update set last = clock_timestamp();
    return next queue_enqueue(d.kind, d.what, 'job ' || p_job);
  end loop;
end $$;
comment on function configure_causes(bigint, text) is
  'Last in the job configure: the configuration''s hash, and the jobs that new or failing sources make due';
