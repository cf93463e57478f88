-- rows: none
update deb_status.deliveries set fulfilled = clock_timestamp()
 where id = $1::bigint and fulfilled is null
