-- rows: one
-- What the ETag of a job's page is made of.
select i.instance, md5(concat_ws('|', i.config_hash, i.code_hash,
         (select concat_ws(' ', j.id, j.state, j.step, j.progress_done, j.progress_total, j.attempts, j.run_at,
                           j.started, j.ended, j.error, j.superseded_by, j.worker) from jobs j where j.id = $1::bigint),
         (select max(n) from job_lines where job = $1::bigint),
         (select string_agg(concat_ws(' ', id, fulfilled), ',' order by id) from deliveries where job = $1::bigint),
         (select string_agg(id::text, ',' order by id) from generations where job = $1::bigint),
         (select coalesce(sum(n), 0) from revisions where scope = 'config'),
         (now() at time zone 'UTC')::date)) as tag, null::text as jobs,
       (select coalesce(sum(n), 0)::bigint from revisions) as revision,
       null::text as series, null::text as target,
       coalesce((select state in ('queued', 'running') from jobs where id = $1::bigint), false) as busy
  from instance i
