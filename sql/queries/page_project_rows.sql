-- rows: many
-- A project in all series and targets, newest series first.
select se.name as series, t.name as target, st.upstream, iso(st.released) as released, st.ended, st.debian, st.state, st.behind,
       st.carries, st.carries <> se.name and st.state <> 'outdated' and se.kind = 'cycle' as else, st.masked, st.mask_reason,
       st.moved, iso(st.since) as since, not st.since_known as since_unknown, st.rule, st.source,
       nullif(key_values(st.elsewhere), '') as elsewhere,
       case when st.state in ('outdated', 'missing') then iso(st.released) end as late_since
  from projects p join status st on st.project = p.id
  join targets t on t.id = st.target join series se on se.id = t.series
 where p.repo = $1 and se.configured
 order by se.kind <> 'cycle', se.position desc, se.name, t.position, t.name
