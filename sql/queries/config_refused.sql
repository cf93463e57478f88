-- rows: one
select config_refused($1) as changed
