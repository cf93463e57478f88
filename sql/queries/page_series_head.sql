-- rows: one
-- Of a series: id, status, and what is wrong with its upstream.
select s.name, s.release, s.status,
       case when u.error is not null then 'Upstream could not be read: ' || u.error end as stale
  from series s join upstreams u on u.id = s.upstream where s.name = $1
