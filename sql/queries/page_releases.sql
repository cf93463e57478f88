-- rows: many
-- What upstream released of a project, newest first, each with the release before it in its series.
select * from (
  select s.name as series, r.version, iso(r.released) as released, r.hash, r.key,
         lag(r.version) over w as before, lag(r.hash) over w as before_hash, p.repo as project,
         u.kind = 'openstack-releases' as opendev, r.released is null as undated
    from projects p join releases r on r.project = p.id and r.kind <> 'end'
    join deliverables d on d.id = r.deliverable join series s on s.id = d.series
    join upstreams u on u.id = s.upstream
   where p.repo = $1
  window w as (partition by s.id order by r.key)) x
 order by key desc, series desc limit 60
