-- rows: one
select deb_status.index_merge($1::int) as changed
