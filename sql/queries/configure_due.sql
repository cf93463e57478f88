-- rows: one
select configure_due($1, $2) as job
