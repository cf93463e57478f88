-- rows: maybe
-- A project: its source package, where its packaging is, whether links to the forge can be made,
-- its median days from release to target, and those that it is behind now (as of the last look).
select p.repo as project,
       (select st.source from status st where st.project = p.id and st.source is not null
         order by st.debian_key desc limit 1) as source,
       (select so.vcs_browser from status st join sources so on so.suite = st.suite and so.name = st.source
         where st.project = p.id and so.vcs_browser <> '' order by so.key desc limit 1) as vcs_browser,
       exists (select from series_projects sp join series s on s.id = sp.series join upstreams u on u.id = s.upstream
                where sp.project = p.id and u.kind = 'openstack-releases') as opendev,
       m.median, m.measured, l.late, nullif(l.late_rows, 0) as late_rows
  from projects p
 cross join lateral (
   select round(percentile_cont(0.5) within group (order by days_to_target)::numeric, 1) as median,
          count(days_to_target) as measured from status where project = p.id) m
 cross join lateral (
   select round(percentile_cont(0.5) within group (order by x.days)::numeric, 0) as late, count(x.days) as late_rows
     from (select greatest(0, extract(epoch from target_checked(st.target) - st.released) / 86400) as days
             from status st where st.project = p.id and st.state in ('outdated', 'missing') and not st.masked) x) l
 where p.repo = $1
   and exists (select from series_projects sp where sp.project = p.id)
