-- rows: many
-- How many projects of a target are how many days behind.
select b.label as label_text, b.o, count(r.project) as n, b.o * 60 - 55 as x,
       round(80.0 * count(r.project) / greatest(1, max(count(r.project)) over ()), 1) as h,
       round(100 - 80.0 * count(r.project) / greatest(1, max(count(r.project)) over ()), 1) as y, b.o * 60 - 30 as xm
  from (values (1, 'week', 0, 7), (2, 'month', 8, 31), (3, '3 months', 32, 92), (4, 'half a year', 93, 183),
               (5, 'year', 184, 366), (6, 'longer', 367, 1000000)) b (o, label, low, high)
  left join status_rows($1, $2) r on r.days_behind between b.low and b.high and not r.masked and r.moved is null
 group by b.o, b.label order by b.o
