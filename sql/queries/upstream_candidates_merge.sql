-- rows: one
select deb_status.candidates_merge($1::int[])
