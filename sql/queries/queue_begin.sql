-- rows: one
select queue_begin($1::bigint, $2::bigint) as held
