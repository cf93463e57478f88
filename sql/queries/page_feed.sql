-- rows: many
-- Entries of a feed, newest first: what one job changed on one day in one series is one entry. $1 series,
-- $2 project, each or null. Of the newest 1,500 events; an entry that would be cut there is left out, so
-- that what a reader has fetched once never shrinks.
with last as (
  select e.*, (e.at at time zone 'UTC')::date as day from events e
   where ($1::text is null or e.series = $1) and ($2::text is null or e.project = $2)
   order by e.id desc limit 1500
), cut as (
  select case when count(*) = 1500 then min(id) end as id from last
), numbered as (
  select *, min(id) over g as entry, row_number() over (g order by id) as n
    from last window g as (partition by day, series, job, case when job is null then id end)
), told as (
  select entry, string_agg(concat_ws(' ', coalesce(source, project, kind), target,
             case when from_state <> to_state then concat_ws(' → ', from_state, to_state) else to_state end,
             concat_ws(' → ', from_version, to_version), text), E'\n' order by project, target) as lines
    from numbered where n <= 300 group by entry
), entry as (
  select day, series, job, min(id) as id, max(at) as at, count(*) as n, count(*) over () as entries
    from last group by day, series, job, case when job is null then id end
   order by max(at) desc limit 100
)
select to_char(x.day, 'YYYYMMDD') || '/' || coalesce('job-' || x.job, 'event-' || x.id) || coalesce('/' || x.series, '') as key,
       iso(x.at) as updated, x.series, x.job, x.n,
       coalesce(case when x.n = 1 then (select concat_ws(' ', coalesce(l.source, l.project), l.to_version, l.target, l.to_state, l.text) from last l where l.id = x.id)
                     else case when x.id = cut.id then 'more than ' else '' end || x.n || ' changes' end, '')
         || coalesce(' in ' || x.series, '') as title,
       t.lines || case when x.n > 300 then E'\nand ' || x.n - 300 || ' more' else '' end as lines
  from entry x join told t on t.entry = x.id cross join cut
 where cut.id is null or x.id <> cut.id or x.entries = 1
 order by x.at desc, x.id desc
