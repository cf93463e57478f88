-- rows: one
select deb_status.candidates_begin()
