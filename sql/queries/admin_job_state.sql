-- rows: maybe
-- The job that carries the work of $1 now, and its state.
select j.id, j.state from jobs j where j.id = job_followed($1::bigint)
