-- rows: none
insert into cfg_senders (name, mirrors, releases, profile, projects)
values ($1, $2::text[], $3::boolean, $4, $5::text[])
