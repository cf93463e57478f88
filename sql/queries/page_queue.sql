-- rows: many
-- The queue's page: what runs, waits, failed, and ended last, in this order.
select part, j.id, j.kind, j.what, j.state, case when j.state = 'running' then j.step end as step,
       case when j.state = 'running' then j.progress_done end as progress_done,
       case when j.state = 'running' then nullif(j.progress_total, 0) end as progress_total,
       j.progress_unit, j.attempts, j.max_attempts, j.cause, j.error,
       iso(coalesce(j.ended, j.started, j.queued)) as moment,
       case when j.state = 'queued' and j.attempts > 0 then iso(j.run_at) end as next
  from (
    (select 1 as part, x.* from jobs x where state = 'running' order by started)
    union all (select 2, x.* from jobs x where state = 'queued' order by run_at, id limit 200)
    union all (select 3, x.* from jobs x where state = 'failed' order by ended desc limit 50)
    union all (select 4, x.* from jobs x where state in ('done', 'cancelled', 'superseded')
                order by ended desc limit 50)) j
 order by part, case when part = 1 then j.started when part = 2 then j.run_at end, j.ended desc, j.id
