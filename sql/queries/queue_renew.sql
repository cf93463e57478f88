-- rows: maybe
select cancelling from queue_renew($1::bigint, $2::bigint, $3::int)
