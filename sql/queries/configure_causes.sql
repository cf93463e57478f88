-- rows: many
select configure_causes($1::bigint, $2) as job
