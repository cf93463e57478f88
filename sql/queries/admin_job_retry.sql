-- rows: one
select retry($1::bigint) as id
