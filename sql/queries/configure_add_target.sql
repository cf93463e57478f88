-- rows: none
insert into cfg_targets (series, name, position) values ($1, $2, $3::int)
