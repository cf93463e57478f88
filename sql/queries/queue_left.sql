-- rows: one
select queue_left($1) as more
