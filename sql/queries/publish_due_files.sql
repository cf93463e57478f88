-- rows: many
-- Files of a mirror ($1) that have been unnamed for the grace time ($2 seconds): at most $5 percent
-- of its files in one go, but no fewer than $3 and no more than $4. others: another mirror on the
-- same disk has brought the same path.
select f.path,
       exists (select from deb_status.pool_files o
                 join deb_status.mirrors m on m.name = o.mirror
                 join deb_status.mirrors me on me.name = f.mirror
                where o.path = f.path and o.mirror <> f.mirror
                  and m.host is not distinct from me.host) as others
  from deb_status.pool_files f
 where f.mirror = $1 and f.unnamed < clock_timestamp() - make_interval(secs => $2::float8)
 order by f.unnamed, f.path
 limit (select greatest($3::bigint, least($4::bigint, count(*) * $5::bigint / 100))
          from deb_status.pool_files where mirror = $1)
