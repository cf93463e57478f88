-- rows: one
update deb_status.upstreams set tried = now(), error = $2 where id = $1::int returning id
