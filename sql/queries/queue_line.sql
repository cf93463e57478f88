-- rows: none
select queue_line($1::bigint, $2::bigint, $3::int, $4, $5, $6)
