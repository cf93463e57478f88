-- rows: one
select deb_status.upstream_series($1::text[], $2::text[], $3::text[], $4)
