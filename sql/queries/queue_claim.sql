-- rows: maybe
select id, token, kind, what, attempts, max_attempts, coalesce(request_id, '') as request_id
  from queue_claim($1, $2, $3::int, $4::int, $5::boolean, $6)
