-- rows: one
select job_fence($1::bigint, $2::bigint) as held
