-- rows: one
select queue_finish($1::bigint, $2::bigint, $3, $4, $5, $6::double precision) as state
