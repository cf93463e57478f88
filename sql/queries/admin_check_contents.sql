-- rows: many
select level, finding, mend from check_contents() order by o, finding
