-- rows: one
-- What the API does not show of job $1: who asked, whose run it is, the raw words of other programs, the
-- log. Control characters of theirs never reach the terminal.
with said as (
  select 0 as o, 0::bigint as n, 'cause: ' || j.cause as line from jobs j where j.id = $1::bigint
  union all
  select 1, 0, 'worker: ' || j.worker from jobs j where j.id = $1::bigint
  union all
  select 2, 0, 'next try: ' || iso(j.run_at) from jobs j
   where j.id = $1::bigint and j.state = 'queued' and j.run_at > now()
  union all
  select 3, d.n, 'detail: ' || d.line from jobs j
   cross join lateral regexp_split_to_table(rtrim(j.detail, E'\n'), E'\n') with ordinality d (line, n)
   where j.id = $1::bigint
  union all
  select 4, l.n * 10000 + t.n,
         concat('log: ', iso(l.at), ' ', l.attempt, ' ', l.level, ' ', coalesce(nullif(l.step, ''), '-'), ' ', t.line)
    from job_lines l
   cross join lateral regexp_split_to_table(rtrim(l.text, E'\n'), E'\n') with ordinality t (line, n)
   where l.job = $1::bigint
)
select coalesce(string_agg(regexp_replace(line, '[\u0001-\u001f\u007f-\u009f]', ' ', 'g') || E'\n', '' order by o, n), '') as text
  from said where line is not null
