-- rows: many
-- What the filters of a series page offer: select's name and value.
select distinct x.name, x.value
  from status_rows($1, $2, null) r
 cross join lateral (values ('team', r.team), ('type', r.type), ('carries', r.carries)) x (name, value)
 where x.value is not null order by 1, 2
