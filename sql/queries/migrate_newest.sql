-- rows: one
select coalesce(max(number), 0) as number from deb_status.migrations
