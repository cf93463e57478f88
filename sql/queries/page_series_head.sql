-- rows: one
-- Of a series: id, status, and whether links to upstream's forge can be made.
select s.name, s.release, s.status, u.kind = 'openstack-releases' as opendev,
       case when u.error is not null then 'Upstream could not be read: ' || u.error end as stale
  from series s join upstreams u on u.id = s.upstream where s.name = $1
