-- rows: many
-- What an upstream's files have of some repos, and all that some files have.
with wanted as (
  select r.deliverable, r.project, r.version, r.released
    from unnest($2::text[]) as n (repo)
    join deb_status.projects p on p.repo = n.repo
    join deb_status.releases r on r.project = p.id
  union
  select r.deliverable, r.project, r.version, r.released
    from unnest($3::text[]) as n (path)
    join deb_status.series s on s.name = split_part(n.path, '/', 2)
    join deb_status.deliverables d
      on d.series = s.id and d.name = left(split_part(n.path, '/', 3), -5)
    join deb_status.releases r on r.deliverable = d.id
)
select 'deliverables/' || s.name || '/' || d.name || '.yaml' as path, p.repo, w.version,
       extract(epoch from w.released)::bigint as released
  from wanted w
  join deb_status.deliverables d on d.id = w.deliverable
  join deb_status.series s on s.id = d.series and s.upstream = $1::int
  join deb_status.projects p on p.id = w.project
