-- What `deb-status check` finds in the database: one row per finding, with its mend.

create or replace function deb_status.check_sources(p_refresh_s double precision)
returns table (o int, level text, finding text, mend text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  with age as (
    select greatest(make_interval(secs => 3 * p_refresh_s), interval '1 hour') as late
  ), seen as (
    select 1 as o, 'upstream ' || u.name as what, u.checked, u.tried, u.error, 'releases' as job
      from upstreams u
     where exists (select from series s where s.upstream = u.id and s.configured)
    union all
    select 2, 'suite ' || s.name, s.checked, s.tried, s.error, 'archives'
      from suites s where s.configured and s.mirror is null
    union all
    select 3, 'mirror ' || m.name, m.checked, m.tried, m.error, 'mirror ' || m.name
      from mirrors m where m.configured and m.state = 'active'
  )
  select s.o, 'error', s.what || ': ' || s.error || coalesce(', last read well ' || iso(s.checked), ', never read well'),
         'See `deb-status job $(deb-status enqueue ' || s.job || ')`.'
    from seen s where s.error is not null
  union all
  select s.o, 'note', s.what || ' was not read yet', 'A worker does it: `deb-status enqueue ' || s.job || '`.'
    from seen s where s.error is null and s.checked is null
  union all
  select s.o, case when s.checked < now() - interval '1 day' then 'error' else 'note' end,
         s.what || ' was last read ' || iso(s.checked),
         'See what its jobs say: `deb-status job $(deb-status enqueue ' || s.job || ')`.'
    from seen s cross join age where s.error is null and s.checked < now() - age.late
$$;
comment on function deb_status.check_sources is 'Sources of data that are old, failing or were never read';

create or replace function deb_status.check_queue(p_refresh_s double precision, p_version text)
returns table (o int, level text, finding text, mend text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  with alive as (
    select name, host, version from workers where seen > now() - interval '2 minutes'
  ), due as (
    select count(*) as n, min(j.run_at) as since from jobs j
     where j.state = 'queued' and j.run_at < now() - interval '2 minutes'
  ), start as (
    select '`systemctl start deb-status-worker@1` and `journalctl -u ''deb-status-worker@*''`.' as mend
  )
  -- a worker's --once from a timer is as good, as long as it comes
  select 10, case when due.n = 0 and exists (
                    select from jobs where ended > now() - make_interval(secs => greatest(2 * p_refresh_s, 3600)))
                  then 'note' else 'error' end,
         'no worker runs' || case when due.n > 0 then format(', %s jobs wait since %s', due.n, iso(due.since)) else '' end,
         start.mend
    from due cross join start where not exists (select from alive)
  union all
  select 11, 'error', 'mirror ' || m.name || ' is of host ' || m.host || ', where no worker runs',
         'Start one there (`deb-status-worker --host ' || m.host || '`), or change `host` of the mirror.'
    from mirrors m
   where m.configured and m.state = 'active' and m.host is not null and exists (select from alive)
     and not exists (select from alive a where a.host = m.host)
  union all
  select 11, 'note', format('mirrors without host: (%s) are published by whichever of the hosts %s takes the job',
                            (select string_agg(name, ', ' order by name) from mirrors
                              where configured and state = 'active' and host is null),
                            (select string_agg(distinct host, ', ' order by host) from alive)),
         'Nothing to do where publish.root is one disk that all of them have; else name the host that serves the archive as their `host`.'
   where (select count(distinct host) from alive) > 1
     and exists (select from mirrors where configured and state = 'active' and host is null)
  union all
  select 11, 'note', format('worker %s is of version %s, this program of %s', a.name, a.version, p_version),
         'Restart it on its host: `systemctl restart ''deb-status-worker@*''`.'
    from alive a where a.version <> p_version
  union all
  select 12, 'error', format('%s jobs wait since %s though workers run', due.n, iso(due.since)),
         'See `select * from queue` in psql; more workers or `worker.jobs` where there is simply too much.'
    from due where due.n > 0 and due.since < now() - interval '10 minutes' and exists (select from alive)
  union all
  select 13, case when f.is_last then 'error' else 'note' end,
         format('job %s (%s) failed %s: %s', f.id, rtrim(f.kind || ' ' || f.what), iso(f.ended), coalesce(f.error, 'no reason given')),
         case when f.is_last then format('See `deb-status job %s`, mend it, then `deb-status job %s --retry`.', f.id, f.id)
              else format('A later one went well: `deb-status job %s --cancel` or `--retry` takes it off.', f.id) end
    from (select j.*, not exists (select from jobs d where d.kind = j.kind and d.what = j.what
                                     and d.state = 'done' and d.ended > j.ended) as is_last,
                 row_number() over (order by j.ended desc) as n
            from jobs j where j.state = 'failed') f
   where f.n <= 10
  union all
  select 14, 'note', format('%s jobs failed, the last ten are named above', count(*)), 'See `select * from failed` in psql.'
    from jobs where state = 'failed' having count(*) > 10
$$;
comment on function deb_status.check_queue is 'Workers that are missing, jobs that wait or failed';

create or replace function deb_status.check_contents()
returns table (o int, level text, finding text, mend text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select 20, 'error', 'the worker refused the configuration: ' || i.config_error, 'Mend the file; the one before is still in force.'
    from instance i where i.config_error is not null
  union all
  select 21, 'error', 'upstream has no ' || case s.kind when 'list' then 'list ' else 'series ' end || s.name,
         coalesce((select 'It is called ' || k.name || ' there. ' from series k where k.release = s.name and k.id <> s.id limit 1), '')
         || 'Is the name right in releases.d? Known: ' || coalesce((
           select string_agg(k.name, ', ' order by k.position desc) from (
             select o.name, o.position from series o
              where o.upstream = s.upstream and o.kind = 'cycle'
                and exists (select from series_projects sp where sp.series = o.id)
              order by o.position desc limit 5) k), 'none') || '.'
    from series s join upstreams u on u.id = s.upstream
   where s.configured and u.checked is not null
     and not exists (select from series_projects sp where sp.series = s.id)
  union all
  select 22, 'note', format('%s: %s', m.file || ':' || m.line, format('mask "%s" %s', m.pattern, m.finding))
           || coalesce(': ' || left(m.hidden, 300), ''),
         case when m.hidden is null then 'Remove it, or is it misspelt?' else 'Remove the mask, or accept that the page hides it.' end
    from mask_findings() m
   where exists (select from series_projects)
  union all
  select 23, 'note', format('team pattern %s matches no source package', concat_ws(', ', 'maintainer: ' || t.maintainer, 'vcs: ' || t.vcs, 'word: ' || t.word)),
         'Compare it with a Maintainer or Vcs-Git of yours (`team` in deb-status.yaml or releases.d).'
    from teams t
   where exists (select from series_teams st where st.team = t.id) and exists (select from sources)
     and not exists (select from team_sources ts where ts.team = t.id)
  union all
  select 24, 'note', format('%s input files could not be read, the first: %s %s: %s', count(*),
                            (array_agg(f.source order by f.since))[1], (array_agg(f.file order by f.since))[1],
                            (array_agg(f.reason order by f.since))[1]),
         'Their last good value stays: `select * from set_aside` in psql, and tell who writes them.'
    from set_aside_files f having count(*) > 0
  union all
  select 25, 'note', format('suite %s is published, but no mirror has it any more', g.suite),
         'It is served as it is and never deleted: remove its folder by hand, or configure its mirror (state: frozen).'
    from generations g
   where g.current and not exists (select from mirrors m where m.configured and g.suite = any (m.suites))
  union all
  select 26, 'note', format('suite %s is held since %s%s', h.suite, iso(h.since), ': ' || h.reason),
         format('`deb-status publish --release %s` ends that; so does something new on its host.', h.suite)
    from suite_holds h where not h.accept_older
  union all
  select 27, 'note', format('sender %s was refused %s times (%s), last %s, after its last accepted delivery', r.sender, r.refused, r.reason, iso(r.last)),
         case r.reason when 'signature' then 'Has its host the same secret as secrets/, and the right time?'
                       when 'not-allowed' then 'May it announce that mirror (senders.' || r.sender || '.mirrors)?'
                       when 'id-reused' then 'Its program sends one id for different bodies.'
                       else 'See what it sends.' end
    from refusals r join senders s on s.name = r.sender
   where r.last > now() - interval '7 days'
     and not exists (select from deliveries d where d.sender = r.sender and d.received > r.last)
$$;
comment on function deb_status.check_contents is 'What the configuration names and the data does not have, and the other way round';

create or replace function deb_status.check_name(p_series text, p_repo text, p_source text) returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select case
    when not exists (select from series_projects) or not exists (select from sources) then null
    when not exists (select from series s join series_projects sp on sp.series = s.id join projects p on p.id = sp.project
                      where s.configured and (p_series is null or s.name = p_series) and p.repo = p_repo)
      then 'no ' || coalesce('project of ' || p_series, 'configured series has a project') || ' ' || p_repo
    when not exists (select from sources so join suites su on su.id = so.suite and su.configured where so.name = p_source)
      then 'no suite has a source package ' || p_source end
$$;
comment on function deb_status.check_name is 'What is wrong with a line of `names`; null: nothing, or nothing was read yet';
