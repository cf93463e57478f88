-- rows: one
update deb_status.suites
   set tried = now(), checked = now(), error = null, fingerprint = $2,
       release_date = coalesce(to_timestamp(nullif($3::bigint, 0)), release_date),
       origin = nullif($4, ''), archive = nullif($5, '')
 where id = $1::int
returning id
