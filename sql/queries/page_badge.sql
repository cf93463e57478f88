-- rows: one
-- What a badge says.
select i.ok, i.ok + i.outdated + i.missing + i.ahead as total,
       i.outdated, i.missing, case when i.outdated + i.missing = 0 then 'good' when i.missing = 0 then 'fair' else 'poor' end as level
  from target_info($1, $2) i
