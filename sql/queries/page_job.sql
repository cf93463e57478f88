-- rows: maybe
-- One job as its page shows it.
select j.id, j.kind, j.what, j.state, j.attempts, j.max_attempts, j.cause, substring(j.cause from '^job (\d+)$') as cause_job, j.error, j.superseded_by,
       case when j.state = 'running' then j.step end as step,
       case when j.state = 'running' then j.progress_done end as progress_done,
       case when j.state = 'running' then nullif(j.progress_total, 0) end as progress_total, concat_ws(', ', j.progress_unit, j.progress_note) as progress_unit,
       iso(j.queued) as queued, iso(j.started) as started, iso(j.ended) as ended, j.worker,
       case when j.state = 'queued' and j.attempts > 0 then iso(j.run_at) end as next,
       round(extract(epoch from j.ended - j.started)::numeric, 1) as took,
       j.state in ('queued', 'running') as open
  from jobs j where j.id = $1::bigint
