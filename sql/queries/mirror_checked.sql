-- rows: none
update deb_status.mirrors set tried = now(), checked = now(), error = null where name = $1
