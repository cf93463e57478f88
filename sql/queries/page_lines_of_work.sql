-- rows: many
-- The small line of an overview's cell: how many projects of a target were outdated or missing at
-- the end of each second day, sixty days back, drawn in a box of 100 by 16. Counted backwards from
-- now over what history says, so that the cost follows the changes. It begins when the target had been read.
with work as (
  select target, changed as at, 1 as n from status
   where state in ('outdated', 'missing') and not masked and moved is null
     and changed > now() - interval '62 days'
  union all
  select target, valid_from, 1 from status_history
   where valid_to > now() - interval '62 days' and valid_from > now() - interval '62 days'
     and state in ('outdated', 'missing') and not masked and moved is null
  union all
  select target, valid_to, -1 from status_history
   where valid_to > now() - interval '62 days'
     and state in ('outdated', 'missing') and not masked and moved is null
), today as (
  select ((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' as ends
), steps as (
  select w.target, ceil(extract(epoch from t.ends - w.at) / 172800)::int as back, sum(w.n) as n
    from work w cross join today t group by 1, 2
), present as (
  select target, count(*) filter (where state in ('outdated', 'missing') and not masked and moved is null) as n
    from status group by target
), points as (
  select p.target, b.back,
         p.n - coalesce(sum(s.n) over (partition by p.target order by b.back), 0) + coalesce(s.n, 0) as n
    from present p
    join targets t on t.id = p.target and t.complete_since is not null
   cross join today d
   cross join lateral generate_series(1, least(31, ceil(extract(epoch from d.ends - t.complete_since) / 172800)::int)) as b (back)
    left join steps s on s.target = p.target and s.back = b.back
), scaled as (
  select target, back, n, greatest(1, max(n) over (partition by target)) as top from points
)
select s.target,
       string_agg(round(100 * (31 - back) / 30.0, 1) || ',' || round(15 - 14.0 * n / top, 1), ' ' order by back desc) as points,
       (array_agg(n order by back desc))[1] as n_first, (array_agg(n order by back))[1] as n_last
  from scaled s group by s.target having count(*) > 1
