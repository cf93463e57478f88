-- rows: many
-- What the filters of a series page offer: select's name and value.
select x.name, x.value
  from (select distinct team, type, carries from status_rows($1, $2, null)) r
 cross join lateral (values ('team', r.team), ('type', r.type), ('carries', r.carries)) x (name, value)
 where x.value is not null group by 1, 2 order by 1, lower(x.value), 2
