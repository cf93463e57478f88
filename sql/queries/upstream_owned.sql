-- rows: many
-- Which upstream gives which series.
select name, upstream = $1::int as own from deb_status.series
