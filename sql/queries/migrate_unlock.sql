-- rows: none
select pg_advisory_unlock(hashtext('deb_status.migrate'))
