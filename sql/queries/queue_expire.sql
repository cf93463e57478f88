-- rows: one
select queue_expire($1::double precision, $2::double precision) as rows
