-- rows: many
-- The dates of a series that fall between two days, as marks in a drawing of 600: $1 series, $2
-- first day, $3 last day.
select x.label, to_char(x.day, 'YYYY-MM-DD') as day, round(600.0 * (x.day - $2::date) / greatest(1, $3::date - $2::date), 1) as x,
       case when x.day - $2::date > ($3::date - $2::date) / 2 then 'end' else 'start' end as anchor,
       case when x.day - $2::date > ($3::date - $2::date) / 2 then -3 else 3 end as dx
  from series s
 cross join lateral (values ('release', s.initial_release), ('end of life', s.eol_date)) x (label, day)
 where s.name = $1 and x.day between $2::date and $3::date order by x.day
