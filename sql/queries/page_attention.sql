-- rows: many
-- What somebody should look at, worst first. href starts below the pages' base.
select key, level, what, href, href is null as no_href, text, at from (
  select 1 as o, 'config' as key, 'error' as level, 'The configuration was not taken' as what,
         null as href, config_error as text, null as at, null::timestamptz as t
    from instance where config_error is not null
  union all
  select * from (select distinct on (j.kind, j.what) 2, 'job ' || j.kind || ' ' || j.what, 'error', j.kind || ' ' || j.what || ' failed',
         '/jobs/' || j.id, j.error, iso(j.ended), j.ended
    from jobs j where j.state in ('done', 'failed') and j.ended > (now() at time zone 'UTC')::date - 30
    order by j.kind, j.what, j.ended desc) x
   where exists (select from jobs f where '/jobs/' || f.id = x.href and f.state = 'failed')
  union all
  select 3, 'wait ' || j.id, 'warn', j.kind || ' ' || j.what || ' waits for its next try',
         '/jobs/' || j.id, j.error, iso(j.run_at), j.run_at
    from jobs j where j.state = 'queued' and j.error is not null
  union all
  select 4, 'suite ' || s.name, 'warn', 'suite ' || s.name || ' could not be read', '/queue',
         s.error, iso(s.checked), s.checked
    from suites s where s.configured and s.error is not null
  union all
  select 4, 'upstream ' || u.name, 'warn', 'upstream could not be read', null, u.error,
         iso(u.checked), u.checked
    from upstreams u where u.error is not null
  union all
  select 4, 'mirror ' || m.name, 'warn', 'mirror ' || m.name, '/queue', m.error, iso(m.checked), m.checked
    from mirrors m where m.configured and m.error is not null
  union all
  select 5, 'aside', 'warn', count(*) || ' files of upstream could not be read', null,
         min(file) || case when count(*) > 1 then ' and others' else '' end, iso(min(since)), min(since)
    from set_aside_files having count(*) > 0
  union all
  select 6, 'rc ' || r.series || '/' || r.target, 'note',
         count(*) || ' pre-releases in ' || r.target || ' where the final of ' || r.series || ' is out',
         '/' || r.series || '/' || r.target || '?behind=prerelease',
         string_agg(r.source, ', ' order by r.source), null, null
    from status_rows(null, null) r
   where r.behind = 'prerelease' and not r.masked and r.moved is null
     and (r.carries is null or r.carries = r.series)
   group by r.series, r.target
  union all
  select 7, 'new ' || e.series, 'note',
         count(distinct e.project) || ' releases of ' || e.series || ' upstream since yesterday',
         '/' || e.series || '/changes',
         string_agg(distinct split_part(e.project, '/', 2) || ' ' || coalesce(e.upstream, e.to_version), ', '),
         iso(max(e.at)), max(e.at)
    from events e
   where e.kind = 'upstream' and e.at > (now() at time zone 'UTC')::date - 1
   group by e.series
) a order by o, t desc nulls last, key limit 40
