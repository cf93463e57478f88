-- rows: many
select queue_schedule($1::double precision, $2::double precision) as name
