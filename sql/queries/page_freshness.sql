-- rows: many
-- Every source of data: when it was last read well, and what is wrong with it. Of an upstream on this
-- machine the last part of its path alone.
select kind as source_kind, regexp_replace(name, ' /(.*/)?', ' ') as source_name, left(md5(name), 8) as source_key,
       iso(checked) as checked, checked is null as never, error,
       error is null and checked < (now() at time zone 'UTC')::date - 1 as stale
  from (select 1 as o, 'upstream' as kind, u.name, u.checked, u.error from upstreams u
         where exists (select from series s where s.upstream = u.id and s.configured)
        union all
        select 2, 'suite', s.name, s.checked, s.error from suites s where s.configured
        union all
        select 3, 'mirror', m.name, m.checked, m.error from mirrors m where m.configured) x
 order by o, name
