-- rows: none
insert into cfg_series (name) values ($1)
