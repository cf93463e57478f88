-- rows: one
-- Of a series: id, status, what is wrong with its upstream, and whether it has days to draw. $2: target or null.
select s.name, s.release, s.status,
       case when u.error is not null then 'Upstream could not be read: ' || u.error end as stale,
       exists (select from targets t where t.series = s.id and ($2::text is null or t.name = $2::text)
                  and t.complete_since < date_trunc('day', now())) as drawn
  from series s join upstreams u on u.id = s.upstream where s.name = $1
