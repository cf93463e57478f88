-- rows: one
select count(*) as alive from workers where seen > now() - interval '2 minutes'
