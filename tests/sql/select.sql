-- Rows filtered, sorted and as documents.
begin;
select plan(41);
\ir lib/status.sql
select pg_temp.project('dd', d, 'openstack/' || d, v, array['name:' || d], p_type => t, p_released => r::timestamptz)
  from (values ('nova', '{10.0.0=10.0.0}'::text[], 'service', '2026-05-01 10:00Z'), ('glance', '{9.0.0=9.0.0}', 'service', null),
               ('heat', '{10.0.0.0rc1=10.0.0~rc1}', 'library', '2026-06-01Z'), ('zun', '{}', 'service', null),
               ('kolla', '{1.0.0=1.0.0}', 'other', '2026-07-01Z')) x (d, v, t, r);
insert into masks (series, pattern, field, regex, reason, file, line)
select id, 'kolla', 'deliverable', '^kolla$', E'not, "packaged"', 'f', 1 from series where name = 'dd';
select pg_temp.sources('stable', 'nova 9.0.0-1 9.0.0 team', 'glance 9.0.0-1+deb13u1 9.0.0 team');
select pg_temp.sources('unstable', 'heat 1:10.0.0~rc1-1 10.0.0~rc1 team');
select compare_all();
update suites set checked = '2026-07-20 12:43:25Z';
update status set since = '2026-07-01 08:00:00Z';
create function pg_temp.names(at timestamptz default null, state text default null, behind text default null, carries text default null,
                              team text default null, type text default null, masked bool default null, q text default null, sort text default null)
returns text language sql as $$
  select string_agg(replace(project, 'openstack/', ''), ' ' order by n) from status_select('dd', 'stable', at, state, behind, carries, team, type, masked, q, sort) $$;

select is(pg_temp.names(), 'glance heat kolla nova zun', 'by project without a wish');
select is(pg_temp.names(state => 'missing'), 'heat kolla', 'one state');
select is(pg_temp.names(state => 'ok,outdated'), 'glance nova', 'several');
select is(pg_temp.names(state => 'nonsense'), null, 'none such');
select is(pg_temp.names(behind => 'series'), 'nova', 'behind');
select is(pg_temp.names(carries => 'dd'), 'glance', 'carries');
select is(pg_temp.names(team => 'team of heat'), 'heat', 'team');
select is(pg_temp.names(type => 'library'), 'heat', 'type');
select is(pg_temp.names(masked => true), 'kolla', 'masked alone');
select is(pg_temp.names(masked => false), 'glance heat nova zun', 'without the masked');
select is(pg_temp.names(q => 'OV'), 'nova', 'a part of a name, in any case');
select is(pg_temp.names(q => '%'), null, 'no pattern');
select is(pg_temp.names(type => 'service', state => 'outdated'), 'nova', 'filters add up');
select is(pg_temp.names(sort => 'upstream'), 'kolla glance heat nova zun', 'versions in Debian''s order, nothing last');
select is(pg_temp.names(sort => '-upstream'), 'nova heat glance kolla zun', 'downwards, nothing last again');
select is(pg_temp.names(sort => 'debian'), 'nova glance heat kolla zun', 'Debian''s versions');
select is(pg_temp.names(sort => '-project'), 'zun nova kolla heat glance', 'names');
select is(pg_temp.names(sort => 'state'), 'heat kolla glance nova zun', 'equal ones by project');
select is(pg_temp.names(sort => 'days_behind'), 'kolla heat nova glance zun', 'numbers as numbers: 19, 49, 80');
select is(pg_temp.names(sort => '-days_behind'), 'nova heat kolla glance zun', 'and downwards');
select is(pg_temp.names(sort => 'released'), 'nova heat kolla glance zun', 'times');
select is(pg_temp.names(sort => 'nonsense'), 'glance heat kolla nova zun', 'no such field');

-- As the contract has it.
select is(j -> 'counts', '{"ok": 1, "outdated": 1, "missing": 1, "ahead": 0, "unreleased": 1, "masked": 1}', 'counts')
  from (select status_json('dd', 'stable')::jsonb as j) x;
select is(j - 'projects' - 'counts' - 'revision', '{"series": "dd", "target": "stable", "checked": "2026-07-20T12:43:25Z", "carries": "dd"}', 'head')
  from (select status_json('dd', 'stable')::jsonb as j) x;
select is(status_json('dd', 'stable', p_q => 'nova')::jsonb #> '{projects,0}',
  '{"project": "openstack/nova", "deliverable": "nova", "artifact": "nova", "team": "team of nova", "type": "service",
    "source": "nova", "upstream": "10.0.0", "debian": "9.0.0-1", "state": "outdated", "behind": "series", "carries": null,
    "patched": false, "awaited": null, "ended": null, "elsewhere": {}, "masked": false, "since": "2026-07-01T08:00:00Z",
    "since_known": false, "rule": "name", "moved": null, "mask_reason": null, "released": "2026-05-01T10:00:00Z", "days_behind": 80}', 'a row');
select is((select string_agg(k, ',') from json_object_keys(status_json('dd', 'stable')::json #> '{projects,0}') k),
  'project,deliverable,artifact,team,type,source,upstream,debian,state,behind,carries,patched,awaited,ended,elsewhere,masked,since,since_known,rule,moved,mask_reason,released,days_behind',
  'its fields in order');
select is(split_part(status_csv('dd', 'stable'), E'\n', 1),
  'project,deliverable,artifact,team,type,source,upstream,debian,state,behind,carries,patched,awaited,ended,elsewhere,masked,since,since_known,rule,moved,mask_reason,released,days_behind',
  'CSV''s header is the same');
select is(split_part(status_csv('dd', 'stable', p_q => 'heat'), E'\n', 2),
  'openstack/heat,heat,heat,team of heat,library,,10.0.0.0rc1,,missing,,,false,,,unstable=1:10.0.0~rc1-1,false,2026-07-01T08:00:00Z,false,,,,2026-06-01T00:00:00Z,49',
  'a line: objects as key=value');
select is(split_part(status_csv('dd', 'stable', p_q => 'kolla'), E'\n', 2),
  'openstack/kolla,kolla,kolla,team of kolla,other,,1.0.0,,missing,,,false,,,,true,2026-07-01T08:00:00Z,false,,,"not, ""packaged""",2026-07-01T00:00:00Z,19',
  'quoted where needed');
select is(status_list('dd', 'stable'), E'glance\nnova\n', 'bare source names');
select is(status_list('dd', 'stable', p_state => 'missing'), '', 'none of them');
select is(status_json('dd', 'nowhere'), null, 'no such target');
select is(status_document('html', 'dd', 'stable'), null, 'no such format');
select is((status_json('dd', 'stable', '2020-01-01Z')::jsonb) -> 'projects', '[]', 'a time before the first look has no rows');
select is((status_json('dd', 'stable', now() + interval '1 day')::jsonb) -> 'counts', (status_json('dd', 'stable')::jsonb) -> 'counts', 'the future is as now');

-- checked: of the oldest suite.
insert into target_suites select t.id, s.id, 1 from target_rows t, suites s, series e where e.id = t.series and e.name = 'dd' and t.name = 'stable' and s.name = 'updates';
update suites set checked = '2026-07-01Z', error = 'its signature is wrong' where name = 'updates';
select is(status_json('dd', 'stable')::jsonb ->> 'checked', '2026-07-01T00:00:00Z', 'the oldest of its suites');
select is((select error from target_info('dd', 'stable')), 'updates: its signature is wrong', 'and what is wrong with it');
update suites set checked = null where name = 'updates';
select is(status_json('dd', 'stable')::jsonb ->> 'checked', null, 'never, where one was never seen');
select is((select checked from target_info('dd', 'stable', now())), null, 'nor at a time');
select is((select days_behind from status_rows('dd', 'stable') where project = 'openstack/nova'), null, 'and no days are counted to it');
select is(array(select csv_field(t) from unnest(array['=1+1', '+1', '-1', '@SUM(1)', E'\t=1', '1=1', 'a-b', null]) with ordinality u(t, n) order by n),
  array['''=1+1', '''+1', '''-1', '''@SUM(1)', E'''\t=1', '1=1', 'a-b', ''], 'no cell is a formula');
select * from finish();
rollback;
