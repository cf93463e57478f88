-- rows: none
select queue_progress($1::bigint, $2::bigint, $3, $4::bigint, $5::bigint, $6)
