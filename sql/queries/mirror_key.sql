-- rows: none
-- Until when a mirror's key can sign; 0: for ever.
update deb_status.mirrors set key_expires = to_timestamp(nullif($2::bigint, 0))
 where name = $1 and key_expires is distinct from to_timestamp(nullif($2::bigint, 0))
