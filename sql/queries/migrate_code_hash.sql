-- rows: one
select coalesce(code_hash, '') as hash from deb_status.instance
