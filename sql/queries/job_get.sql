-- rows: maybe
select kind, what, attempts, max_attempts, request_id from jobs where id = $1::bigint and token = $2::bigint and state = 'running'
