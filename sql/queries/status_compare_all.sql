-- rows: one
select deb_status.compare_all($1::bigint) as changed
