-- rows: one
select deb_status.upstream_begin()
