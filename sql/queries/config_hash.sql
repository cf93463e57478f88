-- rows: one
select coalesce(config_hash, '') as hash from instance
