-- rows: one
-- /metrics: Prometheus' text format 0.0.4.
with last as ( -- the last finished job of each kind, of each mirror
  select j.* from (select kind, '' as what from unnest('{configure,releases,archives}'::text[]) kind
                   union all select 'mirror', name from mirrors) k
   cross join lateral (select id, kind, what, attempts, started, ended from jobs
                        where jobs.kind = k.kind and jobs.what = k.what and state = 'done' and ended is not null and started is not null
                        order by ended desc limit 1) j
), m (o, family, type, help, labels, value) as (
  select 1, 'jobs', 'gauge', 'Jobs by state', format('{state="%s"}', s), coalesce(j.n, 0)::numeric
    from unnest('{queued,running,done,failed,cancelled,superseded}'::text[]) s
    left join (select state, count(*) as n from jobs group by state) j on j.state = s
  union all
  select 2, 'queue_oldest_seconds', 'gauge', 'Age of the oldest job that waits', '',
         coalesce((select round(extract(epoch from now() - min(queued)), 3) from jobs where state = 'queued'), 0)
  union all
  select 3, 'deliveries', 'gauge', 'Deliveries that are remembered, by result', format('{result="%s"}', v.r), v.n
    from (select count(*) filter (where fulfilled is not null) as fulfilled, count(*) filter (where ignored is not null) as ignored,
                 count(*) filter (where fulfilled is null and ignored is null) as waiting from deliveries) d
   cross join lateral (values ('fulfilled', fulfilled), ('ignored', ignored), ('waiting', waiting)) v (r, n)
  union all
  select 4, 'refused_total', 'counter', 'Requests refused, by sender and reason',
         format('{sender="%s",reason="%s"}', metric_label(r.sender), metric_label(r.reason)), r.refused
    from refusals r
  union all
  select 5, 'job_seconds', 'gauge', 'How long the last finished job of a kind took',
         format('{kind="%s",what="%s"}', kind, metric_label(what)), round(extract(epoch from ended - started), 3)
    from last
  union all
  select 6, 'job_step_seconds', 'gauge', 'How long the steps of the last finished job of a kind took',
         format('{kind="%s",what="%s",step="%s"}', metric_label(kind), metric_label(what), metric_label(step)),
         round(sum(extract(epoch from greatest(ends, at) - at)), 3) from (
    select j.kind, j.what, l.step, l.at, coalesce(lead(l.at) over (partition by j.id order by l.n), j.ended) as ends
      from last j join job_lines l on l.job = j.id and l.attempt = j.attempts and l.step is not null) s
   group by kind, what, step
  union all
  select 7, 'published_bytes_total', 'counter', 'Bytes transferred for what is published, by mirror',
         format('{mirror="%s"}', metric_label(mirror)), sum(bytes) from generations group by mirror
  union all
  select 8, 'data_age_seconds', 'gauge', 'Since the last good look at a source of data',
         format('{kind="%s",source="%s"}', k, metric_label(name)),
         round(extract(epoch from now() - checked), 0) from (
    select 'upstream' as k, name, checked from upstreams
    union all select 'suite', name, checked from suites where configured
    union all select 'mirror', name, checked from mirrors where configured) f where checked is not null
  union all
  select 9, 'key_expiry_seconds', 'gauge', 'Until the key that signed a mirror last stops being valid', format('{mirror="%s"}', metric_label(name)),
         round(extract(epoch from key_expires - now()), 0) from mirrors where configured and key_expires is not null
  union all
  select 10, 'projects', 'gauge', 'Projects by state', format('{series="%s",target="%s",state="%s"}', metric_label(i.series), metric_label(i.target), v.s), v.n
    from target_info(null, null) i
   cross join lateral (values ('ok', i.ok), ('outdated', i.outdated), ('missing', i.missing), ('ahead', i.ahead),
                              ('unreleased', i.unreleased), ('masked', i.masked)) v (s, n)
  union all
  select 11, 'set_aside_files', 'gauge', 'Input files that could not be read', '', (select count(*) from set_aside_files)
  union all
  select 12, 'workers', 'gauge', 'Workers seen within two minutes', '',
         (select count(*) from workers where seen > now() - interval '2 minutes')
)
select string_agg(case when first then format(E'# HELP deb_status_%s %s\n# TYPE deb_status_%s %s\n', family, help, family, type) else '' end
                  || 'deb_status_' || family || labels || ' ' || value || E'\n', '' order by o, labels)
  from (select m.*, row_number() over (partition by family order by labels) = 1 as first from m) x
