-- rows: one
select deb_status.touch_suites($1::int[])
