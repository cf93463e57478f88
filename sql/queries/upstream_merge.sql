-- rows: many
select series, projects_changed
  from deb_status.upstream_merge($1::int, $2::bool, $3::bool, $4::bool, $5::bigint)
