-- rows: one
-- What a page's ETag is made of. $1: series or release id, null: all; $2: target or null. tag: its
-- text; jobs: the jobs that concern it, by step and progress, so that an open page sees them move.
with s as (
  select id, name from series
   where configured and (name = $1 or release = $1) order by name = $1 desc limit 1
), t as (
  select t.id, t.name from targets t join s on s.id = t.series where t.name = $2
), r as (
  select scope, n from revisions
   where $1::text is null or scope = 'config' or scope = (select name from s)
      or scope = (select name from s) || '/' || $2::text
      or ($2::text is null and starts_with(scope, (select name from s) || '/'))
), j as (
  select j.id, j.state, j.step, j.progress_done, j.progress_total, j.progress_note, j.attempts from jobs j
   where j.state in ('queued', 'running')
     and ($1::text is null or j.kind <> 'mirror'
          or exists (select from targets t join target_suites ts on ts.target = t.id
                       join suites su on su.id = ts.suite
                      where t.series = (select id from s) and su.mirror = j.what))
)
select i.instance, coalesce((select sum(n) from r), 0)::bigint as revision,
       (select name from s) as series, (select name from t) as target,
       exists (select from j where state = 'running') as busy,
       md5(concat_ws('|', i.config_hash, i.config_error, i.code_hash,
         (select string_agg(scope || n, ',' order by scope) from r),
         (select string_agg(concat_ws(' ', id, checked, error), ',' order by id) from upstreams),
         (select string_agg(concat_ws(' ', id, checked, error), ',' order by id) from suites),
         (select string_agg(concat_ws(' ', name, state, checked, key_expires, key_expires < now(), error), ',' order by name) from mirrors),
         case when $1::text is null then
           (select concat_ws(' ', max(started), max(seen) > now() - interval '2 minutes', nullif(standby_alone(), false)) from workers) end,
         (now() at time zone 'UTC')::date)) as tag,
       md5((select string_agg(concat_ws(' ', id, state, step, progress_done, progress_total, progress_note, attempts), ',' order by id) from j)) as jobs
  from instance i
