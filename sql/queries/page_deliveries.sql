-- rows: many
-- The deliveries that led to a job.
select id, sender, delivery, type, source, version, url, iso(received) as received,
       iso(fulfilled) as fulfilled, fulfilled is null as open
  from deliveries where job = $1::bigint order by id limit 200
