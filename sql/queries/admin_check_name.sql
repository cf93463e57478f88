-- rows: one
select check_name($1, $2, $3) as wrong
