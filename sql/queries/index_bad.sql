-- rows: none
insert into pg_temp.index_bad (file, name, line, reason) values ($1, $2, $3::int, $4)
