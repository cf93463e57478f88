-- rows: none
update deb_status.mirrors
   set tried = now(), error = $2, checked = case when $3::bool then now() else checked end
 where name = $1
