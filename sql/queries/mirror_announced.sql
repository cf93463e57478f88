-- rows: many
-- What the job's deliveries announced and what is not there yet.
select id, source, version, url from deb_status.deliveries
 where job = $1::bigint and fulfilled is null and source is not null order by id
