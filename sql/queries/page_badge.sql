-- rows: one
-- What a badge says and how it looks: good, fair, poor; none where there is nothing to judge.
select case b.about when 'never read' then 'not yet read' when 'moved on' then 'carries ' || b.carries
                    else format('%s of %s', b.ok, b.total) end as value,
       case when b.about <> 'counts' or b.total = 0 then 'none'
            when b.outdated + b.missing = 0 then 'good' when b.missing = 0 then 'fair' else 'poor' end as level
  from (select i.*, i.ok + i.outdated + i.missing + i.ahead as total,
               case when i.checked is null then 'never read'
                    when s.kind = 'cycle' and i.carries <> i.series then 'moved on' else 'counts' end as about
          from target_info($1, $2) i join series s on s.name = i.series) b
