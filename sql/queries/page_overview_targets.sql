-- rows: many
-- One row per series and target for the overview, in the order in which packages travel: 1
-- experimental, 2 unstable, 3 testing, 4 stable, 5 the team's own, which are suites that are
-- published here or whose archive is not Debian's.
with kinds as (
  select ts.target, min(case
           when su.mirror is not null or su.origin !~* 'debian' then 5
           when su.suite ~ '^(experimental|rc-buggy)$' or su.archive = 'experimental' then 1
           when su.suite ~ '^(sid|unstable)$' or su.archive = 'unstable' then 2
           when su.suite ~ '^testing(-|$)' or su.archive ~ '^testing' then 3
           else 4 end) as first, bool_or(su.mirror is not null or su.origin !~* 'debian') as own
    from target_suites ts join suites su on su.id = ts.suite group by ts.target
), c as (
  select i.*, case when k.own then 5 else coalesce(k.first, 4) end as kind, t.id as target_id
    from target_info(null, null) i
    join series s on s.name = i.series
    join targets t on t.series = s.id and t.name = i.target
    left join kinds k on k.target = t.id
)
select s.name, s.release, s.status,
       coalesce(s.status, '') in ('end of life', 'unmaintained') as ended,
       p.projects, p.released, iso(u.checked) as upstream_checked,
       c.target as target_name, c.kind, c.carries, iso(c.checked) as checked, c.error,
       s.kind = 'cycle' and c.carries <> s.name as else,
       c.missing as n_missing, c.outdated as n_outdated, c.ok as n_ok, nullif(c.ahead, 0) as n_ahead,
       round(100.0 * c.missing / n.total, 2) as w_missing,
       round(100.0 * c.missing / n.total, 2) as x_outdated,
       round(100.0 * c.outdated / n.total, 2) as w_outdated,
       round(100.0 * (c.missing + c.outdated) / n.total, 2) as x_ok,
       round(100.0 * c.ok / n.total, 2) as w_ok,
       round(100.0 * (c.missing + c.outdated + c.ok) / n.total, 2) as x_ahead,
       round(100.0 * c.ahead / n.total, 2) as w_ahead, c.target_id
  from series s
  join upstreams u on u.id = s.upstream
  left join c on c.series = s.name
  left join lateral (select greatest(1, c.ok + c.outdated + c.missing + c.ahead) as total) n on true
 cross join lateral (
   select count(*) as projects, count(v.version) as released
     from series_projects p left join series_versions v on v.series = p.series and v.project = p.project
    where p.series = s.id) p
 where s.configured
 order by ended, s.kind <> 'cycle', s.position desc, s.name, c.kind, c.position, c.target
