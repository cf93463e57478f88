-- rows: many
-- What somebody should look at, worst first. href starts below the pages' base. Of a kind of job
-- and what it is for only the last one that ended counts.
with last as (
  select distinct on (kind, what) id, kind, what, state, error, ended from jobs
   where state in ('done', 'failed') and ended > (now() at time zone 'UTC')::date - 30
   order by kind, what, ended desc
), list (o, key, level, what, href, text, t) as (
  select 1, 'config', 'error', 'The configuration was not taken', null::text, config_error, null::timestamptz
    from instance where config_error is not null
  union all
  select 2, 'workers', 'error', 'No worker is alive', null, 'nothing is published or refreshed', max(seen)
    from workers having coalesce(max(seen), '-infinity') < now() - interval '2 minutes'
  union all
  select 2, 'standby', 'error', 'This is a copy whose original is away', null,
         case when pg_last_xact_replay_timestamp() is null then 'nothing new has come in since it started'
              else 'nothing new comes in; its last change' end, pg_last_xact_replay_timestamp()
   where standby_alone()
  union all
  select 3, concat_ws(' ', 'job', kind, what), 'error', concat_ws(' ', kind, nullif(what, ''), 'failed'), '/jobs/' || id, error, ended
    from last where state = 'failed'
  union all
  select 4, 'wait ' || j.id, 'warn', concat_ws(' ', j.kind, nullif(j.what, ''), 'waits for its next try'), '/jobs/' || j.id, j.error, j.run_at
    from jobs j where j.state = 'queued' and j.error is not null
  union all
  select 5, 'mirror ' || m.name, 'warn', 'mirror ' || m.name, '/queue#mirrors', m.error, m.checked
    from mirrors m where m.configured and m.error is not null
     and not exists (select from last l where l.state = 'failed' and l.kind = 'mirror' and l.what = m.name)
  union all
  select 5, 'suite ' || s.name, 'warn', 'suite ' || s.name || ' could not be read', '/#data', s.error, s.checked
    from suites s where s.configured and s.error is not null
  union all
  select 5, 'upstream ' || u.name, 'warn', 'upstream could not be read', '/#data', u.error, u.checked
    from upstreams u where u.error is not null
  union all
  select 6, 'stale ' || x.name, 'warn', x.name || ' was not read for more than a day', '/#data', null, x.checked
    from (select 'suite ' || name as name, checked from suites where configured and error is null
          union all select 'upstream', checked from upstreams u where error is null
             and exists (select from series s where s.upstream = u.id and s.configured)) x
   where x.checked < (now() at time zone 'UTC')::date - 1
  union all
  select 7, 'key ' || m.name, case when m.key_expires < now() then 'error' else 'warn' end,
         'the key of mirror ' || m.name || case when m.key_expires < now() then ' has expired' else ' expires' end,
         '/queue#mirrors', null, m.key_expires
    from mirrors m where m.configured and m.key_expires < (now() at time zone 'UTC')::date + 30
  union all
  select 8, 'aside', 'warn', count(*) || case when count(*) = 1 then ' file' else ' files' end || ' set aside', '/#data',
         min(file) || case when count(*) > 1 then ' and others could not be read' else ' could not be read' end, min(since)
    from set_aside_files having count(*) > 0
  union all
  select 9, 'rc ' || se.name || '/' || t.name, 'note',
         count(*) || case when count(*) = 1 then ' pre-release' else ' pre-releases' end || ' in ' || t.name
           || ' where the final of ' || se.name || ' is out',
         '/' || se.name || '/' || t.name || '?behind=prerelease', (array_to_string((array_agg(st.source order by st.source))[:6], ', ') || case when count(*) > 6 then ' and others' else '' end), null
    from status st join targets t on t.id = st.target join series se on se.id = t.series
   where st.behind = 'prerelease' and not st.masked and st.moved is null and se.configured
     and coalesce(se.status, '') not in ('end of life', 'unmaintained')
   group by se.name, t.name
  union all
  select 10, 'new ' || x.series, 'note',
         count(*) || case when count(*) = 1 then ' release of ' else ' releases of ' end || x.series || ' since yesterday',
         '/' || x.series || '?sort=-released', array_to_string((array_agg(x.name || ' ' || x.upstream order by x.released desc, x.name))[:6], ', ') || case when count(*) > 6 then ' and others' else '' end, max(x.released)
    from (select distinct se.name as series, regexp_replace(p.repo, '^.*/', '') as name, st.upstream, st.released
            from status st join targets t on t.id = st.target join series se on se.id = t.series
            join projects p on p.id = st.project
           where st.released >= (now() at time zone 'UTC')::date - 1 and st.moved is null and not st.masked and se.configured
             and coalesce(se.status, '') not in ('end of life', 'unmaintained')) x
   group by x.series
)
select key, level, what, href, href is null as no_href, text, iso(t) as at
  from list order by o, t desc nulls last, key limit 40
