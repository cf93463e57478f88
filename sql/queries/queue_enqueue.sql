-- rows: one
select queue_enqueue($1, $2, $3) as id
