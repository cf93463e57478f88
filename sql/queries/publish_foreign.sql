-- rows: many
-- Sources that came with a generation and that Debian carries outside the team.
select gs.source, min(su.name) as suite
  from deb_status.generation_sources gs
  join deb_status.sources s on s.name = gs.source
  join deb_status.suites su on su.id = s.suite and su.mirror is null
 where gs.generation = $1::bigint and gs.to_version is not null and gs.from_version is null
   and not exists (select from deb_status.team_sources t where t.suite = s.suite and t.name = s.name)
   and exists (select from deb_status.teams)
 group by gs.source order by gs.source limit 50
