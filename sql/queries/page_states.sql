-- rows: many
-- States over time of a series (all targets) or target: a point per day on which something changed,
-- from history; at most 400 days back. x and the bands' heights run from 0 to 100.
with span as (
  select greatest(min(x.at), now() - interval '400 days') as first, date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '1 day' as last
    from (select min(valid_from) as at from status_history h join targets t on t.id = h.target join series s on s.id = t.series
           where s.name = $1 and ($2::text is null or t.name = $2)
          union all select min(st.changed) from status st join targets t on t.id = st.target join series s on s.id = t.series
           where s.name = $1 and ($2::text is null or t.name = $2)) x
), days as (
  select d, date_trunc('day', s.first) as first, s.last from span s
   cross join lateral generate_series(date_trunc('day', s.first) + interval '1 day', s.last,
                greatest(interval '1 day', (s.last - s.first) / 60)) d
), counted as (
  select d.d, d.first, d.last, c.ok, c.outdated, c.missing, c.ahead,
         greatest(1, c.ok + c.outdated + c.missing + c.ahead) as total
    from days d cross join lateral (
      select coalesce(sum(c.ok), 0) as ok, coalesce(sum(c.outdated), 0) as outdated,
             coalesce(sum(c.missing), 0) as missing, coalesce(sum(c.ahead), 0) as ahead
        from series s join targets t on t.series = s.id
       cross join lateral (
         select count(*) filter (where state = 'ok') as ok, count(*) filter (where state = 'outdated') as outdated,
                count(*) filter (where state = 'missing') as missing, count(*) filter (where state = 'ahead') as ahead
           from status_at(t.id, d.d) where not masked and moved is null) c
       where s.name = $1 and ($2::text is null or t.name = $2)) c
), n as (select count(*) as n from counted)
select to_char(d at time zone 'UTC', 'YYYY-MM-DD') as day,
       round((row_number() over (order by d) - 1) * 600.0 / n.n, 2) as x, round(600.0 / n.n + 0.3, 2) as w,
       ok, outdated, missing, ahead,
       round(100.0 * ok / total, 2) as h_ok, round(100 - 100.0 * ok / total, 2) as y_ok,
       round(100.0 * outdated / total, 2) as h_outdated, round(100 - 100.0 * (ok + outdated) / total, 2) as y_outdated,
       round(100.0 * missing / total, 2) as h_missing, round(100 - 100.0 * (ok + outdated + missing) / total, 2) as y_missing,
       round(100.0 * ahead / total, 2) as h_ahead, round(100 - 100.0 * (ok + outdated + missing + ahead) / total, 2) as y_ahead
  from counted cross join n order by d
