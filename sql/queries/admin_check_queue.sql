-- rows: many
select level, finding, mend from check_queue($1::double precision) order by o, finding
