-- rows: one
select deb_status.compare($1::int[], $2::int[], $3::bigint) as changed
