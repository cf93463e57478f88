-- rows: many
-- Supervisors that are alive.
select name, host, version, iso(started) as started from workers order by name
