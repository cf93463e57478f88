-- rows: many
-- Entries of a feed, newest first: what one job changed on one day in one series is one entry. $1 series,
-- $2 project, each or null.
with last as (
  select e.*, (e.at at time zone 'UTC')::date as day from events e
   where ($1::text is null or e.series = $1) and ($2::text is null or e.project = $2)
   order by e.id desc limit 1500
), entry as (
  select day, series, job, case when job is null then min(id) end as alone, min(id) as id, max(at) as at, count(*) as n
    from last group by day, series, job, case when job is null then id end
   order by max(at) desc limit 100
)
select to_char(x.day, 'YYYYMMDD') || '/' || coalesce('job-' || x.job, 'event-' || x.id) || coalesce('/' || x.series, '') as key,
       iso(x.at) as updated, x.series, x.job, x.n,
       coalesce(case when x.n = 1 then (select concat_ws(' ', coalesce(l.source, l.project), l.to_version, l.target, l.to_state, l.text) from last l where l.id = x.id)
                     else x.n || ' changes' end, '') || coalesce(' in ' || x.series, '') as title,
       (select string_agg(concat_ws(' ', coalesce(l.source, l.project, l.kind), l.target,
                 case when l.from_state <> l.to_state then concat_ws(' → ', l.from_state, l.to_state) else l.to_state end,
                 concat_ws(' → ', l.from_version, l.to_version), l.text), E'\n' order by l.project, l.target)
          from (select * from last l
                 where l.day = x.day and l.series is not distinct from x.series and l.job is not distinct from x.job
                   and (x.alone is null or l.id = x.alone) order by l.id limit 300) l) as lines
  from entry x order by x.at desc, x.id desc
