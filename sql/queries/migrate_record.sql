-- rows: none
insert into deb_status.migrations (number, name, hash) values ($1::int, $2, $3)
