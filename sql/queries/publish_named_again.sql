-- rows: none
update deb_status.pool_files set unnamed = null where mirror = $1 and path = $2
