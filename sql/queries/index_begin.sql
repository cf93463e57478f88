-- rows: one
select deb_status.index_begin()
