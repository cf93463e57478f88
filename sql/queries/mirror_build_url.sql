-- rows: maybe
-- The build page that the newest of the job's deliveries named.
select url from deb_status.deliveries where job = $1::bigint and url is not null
 order by id desc limit 1
