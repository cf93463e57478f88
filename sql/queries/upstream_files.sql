-- rows: many
-- What the database has of an upstream's files, and which were set aside. By file: binary order.
select s.name as series, d.name, null as file, d.oid
  from deb_status.deliverables d join deb_status.series s on s.id = d.series
 where s.upstream = $1::int
union all
select null, null, f.file, f.oid
  from deb_status.set_aside_files f join deb_status.upstreams u on u.name = f.source
 where u.id = $1::int
