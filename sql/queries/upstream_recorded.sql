-- rows: one
select head, dated_to, reader from deb_status.upstreams where id = $1::int
