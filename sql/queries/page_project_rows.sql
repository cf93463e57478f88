-- rows: many
-- A project in all series and targets, newest series first. A target that was never read has no state yet.
select se.name as series, t.name as target, st.upstream, iso(st.released) as released, st.ended, st.debian, c.unread,
       case when not c.unread then st.state end as state, st.behind,
       case when se.kind = 'cycle' and st.carries <> se.name then st.carries end as carries,
       st.carries <> se.name and st.state = 'ahead' and se.kind = 'cycle' as else, st.masked, st.mask_reason,
       st.moved, st.patched, iso(st.since) as since, not st.since_known as since_unknown, st.rule, st.source as row_source,
       (select string_agg(x.key || ' ' || x.value, ', ' order by x.key) filter (where x.n <= 3)
               || case when count(*) > 3 then ' and ' || count(*) - 3 || ' more' else '' end
          from (select e.key, e.value, row_number() over (order by e.key) as n from jsonb_each_text(st.elsewhere) e) x) as elsewhere,
       case when not c.unread and st.state in ('outdated', 'missing') then iso(st.released) end as late_since
  from projects p join status st on st.project = p.id
  join targets t on t.id = st.target join series se on se.id = t.series
 cross join lateral (select target_checked(t.id) is null as unread) c
 where p.repo = $1 and se.configured
 order by se.kind <> 'cycle', se.position desc, se.name, t.position, t.name
