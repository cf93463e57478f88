-- rows: many
select sp.series, s.name, sp.project, p.repo, sp.artifact
  from deb_status.series_projects sp
  join deb_status.series s on s.id = sp.series
  join deb_status.projects p on p.id = sp.project
 where sp.series = any ($1::int[])
