-- rows: none
delete from deb_status.pool_files where mirror = $1 and path = $2
