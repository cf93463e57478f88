-- rows: many
-- States over time of a series (all targets) or a target: at most sixty points over at most 400
-- days, from history. In a drawing of 600 by 100: x, and each band's y and height; how many rows
-- there were at most is the full height. Each row of history comes with a state and goes with it,
-- so that one pass over what changed gives all points.
with t as (
  select t.id, t.complete_since from targets t join series s on s.id = t.series
   where s.name = $1 and ($2::text is null or t.name = $2::text)
), span as (
  select greatest(date_trunc('day', min(complete_since)), date_trunc('day', now() - interval '400 days')) as first,
         date_trunc('day', now()) + interval '1 day' as last
    from t
), steps as (
  select s.first, s.last, (s.last - s.first) / n.n as step, n.n
    from span s cross join lateral (
      select greatest(1, least(60, ceil(extract(epoch from s.last - s.first) / 86400)))::int as n) n
   where s.first is not null
), moves as (
  select st.state, st.changed as at, 1 as n from t join status st on st.target = t.id
   where not st.masked and st.moved is null
  union all
  select h.state, x.at, x.n from t join status_history h on h.target = t.id
   cross join lateral (values (h.valid_from, 1), (h.valid_to, -1)) x (at, n)
   where not h.masked and h.moved is null
), sums as (
  select greatest(1, ceil(extract(epoch from m.at - s.first) / extract(epoch from s.step)))::int as point, m.state, sum(m.n) as n
    from moves m cross join steps s group by 1, 2
), counted as (
  select p.point, s.first + s.step * p.point - interval '1 second' as at, s.n as points,
         sum(coalesce(sum(u.n) filter (where u.state = 'ok'), 0)) over w as ok,
         sum(coalesce(sum(u.n) filter (where u.state = 'outdated'), 0)) over w as outdated,
         sum(coalesce(sum(u.n) filter (where u.state = 'missing'), 0)) over w as missing,
         sum(coalesce(sum(u.n) filter (where u.state = 'ahead'), 0)) over w as ahead
    from steps s cross join lateral generate_series(1, s.n) p (point)
    left join sums u on u.point = p.point
   group by p.point, s.first, s.step, s.n
  window w as (order by p.point)
), scaled as (
  select *, greatest(1, max(ok + outdated + missing + ahead) over ()) as top from counted
)
select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day,
       round((point - 1) * 600.0 / points, 2) as x, round(600.0 / points + 0.2, 2) as w, ok, outdated, missing, ahead,
       round(100.0 * missing / top, 2) as h_missing, round(100 - 100.0 * missing / top, 2) as y_missing,
       round(100.0 * outdated / top, 2) as h_outdated, round(100 - 100.0 * (missing + outdated) / top, 2) as y_outdated,
       round(100.0 * ok / top, 2) as h_ok, round(100 - 100.0 * (missing + outdated + ok) / top, 2) as y_ok,
       round(100.0 * ahead / top, 2) as h_ahead, round(100 - 100.0 * (missing + outdated + ok + ahead) / top, 2) as y_ahead
  from scaled order by point
