-- rows: many
-- One row per series and target for the overview, in the order in which packages travel.
-- The column of a target: the team's own where a suite is published here, else by its last suite's
-- name. `forky` is testing until its release (distro-info knows no suites, only dates).
with kinds as (
  select ts.target, bool_or(su.mirror is not null) as own,
         bool_or(su.suite ~ '^(experimental|rc-buggy)$') as experimental,
         bool_or(su.suite ~ '^(sid|unstable)$') as unstable,
         bool_or(su.suite ~ '^(testing|forky)(-|$)') as testing
    from target_suites ts join suites su on su.id = ts.suite group by ts.target
), c as (
  select i.*, case when k.own then 5 when k.experimental then 1 when k.unstable then 2
                   when k.testing then 3 else 4 end as kind
    from target_info(null, null) i
    join series s on s.name = i.series
    join targets t on t.series = s.id and t.name = i.target
    left join kinds k on k.target = t.id
)
select s.name, s.release, s.status,
       coalesce(s.status, '') in ('end of life', 'unmaintained') as ended,
       (select count(*) from series_projects p where p.series = s.id) as projects,
       (select count(distinct p.project) from series_projects p
         join releases r on r.project = p.project and r.kind <> 'end'
         join deliverables d on d.id = r.deliverable and d.series = s.id
        where p.series = s.id) as released,
       c.target as target_name, c.kind, c.carries, iso(c.checked) as checked,
       s.kind = 'cycle' and c.carries <> s.name as else,
       c.ok as n_ok, c.outdated as n_outdated, c.missing as n_missing, c.ahead as n_ahead,
       c.unreleased as n_unreleased,
       round(100.0 * c.ok / n.total, 2) as w_ok,
       round(100.0 * c.ok / n.total, 2) as x_outdated,
       round(100.0 * c.outdated / n.total, 2) as w_outdated,
       round(100.0 * (c.ok + c.outdated) / n.total, 2) as x_missing,
       round(100.0 * c.missing / n.total, 2) as w_missing,
       round(100.0 * (c.ok + c.outdated + c.missing) / n.total, 2) as x_ahead,
       round(100.0 * c.ahead / n.total, 2) as w_ahead
  from series s
  left join c on c.series = s.name
  left join lateral (select greatest(1, c.ok + c.outdated + c.missing + c.ahead) as total) n on true
 where s.configured
 order by ended, s.kind <> 'cycle', s.position desc, s.name, c.kind, c.position, c.target
