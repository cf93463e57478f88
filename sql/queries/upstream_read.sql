-- rows: one
update deb_status.upstreams
   set head = $2, dated_to = $3, reader = $4, tried = now(), error = null,
       checked = case when $5::bool then checked else now() end
 where id = $1::int
returning id
