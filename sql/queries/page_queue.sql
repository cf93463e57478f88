-- rows: many
-- The queue's page: what runs, waits, failed, and ended last, in this order.
with j as (
  (select 1 as part, id from jobs where state = 'running')
  union all (select 2, id from jobs where state = 'queued' order by run_at, id limit 200)
  union all (select 3, id from jobs where state = 'failed' order by ended desc limit 50)
  union all (select 4, id from jobs where ended is not null and state in ('done', 'cancelled', 'superseded')
              order by ended desc limit 50)
)
select p.part, j.id, j.kind, nullif(j.what, '') as what, j.state, case when j.state = 'running' then j.step end as step,
       case when j.state = 'running' then j.progress_done end as progress_done,
       case when j.state = 'running' then nullif(j.progress_total, 0) end as progress_total,
       concat_ws(', ', j.progress_unit, j.progress_note) as progress_unit, j.attempts, j.max_attempts, j.cause,
       substring(j.cause from '^job (\d+)$') as cause_job, j.error,
       iso(coalesce(j.ended, j.started, j.queued)) as moment,
       round(extract(epoch from j.ended - j.started)::numeric, 1) as took,
       case when j.state = 'queued' and j.attempts > 0 then iso(j.run_at) end as next
  from j p join jobs j on j.id = p.id
 order by p.part, case when p.part = 1 then j.started when p.part = 2 then j.run_at end, j.ended desc, j.id
