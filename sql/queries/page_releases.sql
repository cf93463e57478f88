-- rows: many
-- What upstream released of a project, newest series first and its newest release, each with the
-- release before it in its series. Not by version alone: 2015.1.4 is eleven years older than 33.0.2.
select * from (
  select s.name as series, r.version, iso(r.released) as released, r.hash, r.key, s.kind, s.position,
         lag(r.version) over w as before, lag(r.hash) over w as before_hash, p.repo as project,
         u.kind = 'openstack-releases' as opendev, r.released is null as undated
    from projects p join releases r on r.project = p.id and r.kind <> 'end'
    join deliverables d on d.id = r.deliverable join series s on s.id = d.series
    join upstreams u on u.id = s.upstream
   where p.repo = $1
  window w as (partition by s.id order by r.key)) x
 order by kind <> 'cycle', position desc, series desc, key desc limit 60
