-- rows: many
select queue_reap($1::double precision) as id
