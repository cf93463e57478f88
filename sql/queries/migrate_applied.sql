-- rows: many
select number, name, hash, to_char(applied at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as applied
  from deb_status.migrations order by number
