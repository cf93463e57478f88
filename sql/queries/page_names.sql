-- rows: many
-- Every name that an address may hold, for near ones on the page that says 'not found'.
select name, '/' || name as href from series where configured
union all
select s.name || '/' || t.name, '/' || s.name || '/' || t.name from series s join targets t on t.series = s.id where s.configured
union all
select p.repo, '/project/' || p.repo from projects p where exists (select from status st where st.project = p.id)
union all
select distinct st.source, '/project/' || p.repo from status st join projects p on p.id = st.project
 where st.source is not null and st.source <> regexp_replace(p.repo, '^.*/', '')
union all values ('queue', '/queue'), ('api', '/api/'), ('health', '/health'), ('metrics', '/metrics')
