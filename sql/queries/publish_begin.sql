-- rows: one
select deb_status.publish_begin()
