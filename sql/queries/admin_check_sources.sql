-- rows: many
select level, finding, mend from check_sources($1::double precision) order by o, finding
