-- rows: none
select worker_seen($1, $2, $3)
