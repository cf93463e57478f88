-- rows: one
update deb_status.upstreams
   set head = $2, dated_to = $3, reader = $4, checked = now(), tried = now(), error = null
 where id = $1::int
returning id
