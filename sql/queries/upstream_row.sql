-- rows: one
select deb_status.upstream_row($1, $2, $3, $4) as id
