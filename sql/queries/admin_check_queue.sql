-- rows: many
select level, finding, mend from check_queue($1::double precision, $2) order by o, finding
