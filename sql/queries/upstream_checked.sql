-- rows: one
update deb_status.upstreams set checked = now(), tried = now(), error = null where id = $1::int
returning id
