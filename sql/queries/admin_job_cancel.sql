-- rows: one
select cancel($1::bigint) as state
