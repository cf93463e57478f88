-- History: events, since, the rows of a past time, days from a release to the target.
begin;
select plan(66);
\ir lib/status.sql
select pg_temp.project('dd', d, 'openstack/' || d, v, array['name:' || d])
  from (values ('nova', '{3.0.0=3.0.0}'::text[]), ('glance', '{3.0.0=3.0.0}'), ('heat', '{}'), ('cinder', '{3.0.0=3.0.0}')) x (d, v);
create function pg_temp.now_of(p text, at timestamptz default null) returns text language sql as $$
  select concat_ws(' ', state, debian, upstream, case when since_known then 'since ' || date_part('day', now() - since) end)
    from status_rows('dd', 'stable', at) where project = 'openstack/' || p $$;
create function pg_temp.new_events() returns table (e text) language plpgsql as $$
begin
  return query
  with n as (update events set text = 'seen' where text is null returning *)
  select concat_ws(' ', kind, series || '/' || target, project, coalesce(from_state, '-') || '>' || coalesce(to_state, '-'),
                   coalesce(from_version, '-') || '>' || coalesce(to_version, '-'), 'job ' || job) from n order by id;
end $$;

-- The first look is no news: what was there is of unknown date.
select pg_temp.sources('stable', 'nova 2.0.0-1 2.0.0 team', 'cinder 3.0.0-1 3.0.0 team');
select compare_all(1);
select is_empty('select pg_temp.new_events()', 'a first look is no event');
select is(pg_temp.now_of('nova'), 'outdated 2.0.0-1 3.0.0', 'and since when is not known');
select is((select count(*) from status_rows('dd', 'stable') where since_known), 0::bigint, 'of no row');
select is_empty('select * from status_history', 'nor is there history');
select isnt((select t.complete_since from targets t join series s on s.id = t.series and s.name = 'dd' where t.name = 'stable'), null, 'from here on changes are news');
select pg_temp.time_passes('10 days');

-- A new version in the target.
select pg_temp.sources('stable', 'nova 3.0.0-1 3.0.0 team', 'cinder 3.0.0-1 3.0.0 team');
select is(pg_temp.compare_suite('stable', 2), 2::bigint, 'its row changes, and where the one of unstable is found');
select results_eq('select pg_temp.new_events()', array['state dd/stable openstack/nova outdated>ok 2.0.0-1>3.0.0-1 job 2'],
                  'a change of state is an event, with versions and job');
select is(pg_temp.now_of('nova'), 'ok 3.0.0-1 3.0.0 since 0', 'its state began now');
select is((select job from status_rows('dd', 'stable') where project = 'openstack/nova'), 2::bigint, 'by that job');
select is(pg_temp.now_of('nova', now() - interval '1 day'), 'outdated 2.0.0-1 3.0.0', 'a day ago it was another');
select is(pg_temp.now_of('cinder', now() - interval '1 day'), 'ok 3.0.0-1 3.0.0', 'what has not changed is the same then');
-- (f(x)).* would call f for each of the 34 columns: 2.4 s for a target of 1,500 rows.
create function pg_temp.calls() returns bigint language plpgsql as $$
declare
  plan json;
begin
  execute 'explain (verbose, format json) select * from status_at(1, now())' into plan;
  return regexp_count(plan::text, 'jsonb_populate_record\(');
end $$;
select is(pg_temp.calls(), 1::bigint, 'a row of history is taken apart once');
select is(pg_temp.now_of('nova', now() - interval '11 days'), null, 'before the first look nothing is known');
select results_eq($$select checked, checked is null from target_info('dd', 'stable', now() - interval '11 days')$$, $$values (null::timestamptz, true)$$, 'nor was anything checked then');
select is((select checked from target_info('dd', 'stable', now() - interval '1 day')), (select checked from suites where name = 'stable'), 'the last look of all was before a day ago');
select is((status_json('dd', 'stable', now() - interval '11 days')::json ->> 'checked'), null, 'and the API says the same');
select pg_temp.time_passes('5 days');

-- A new revision of the package; upstream's next release; two together; a package that goes.
select pg_temp.sources('stable', 'nova 3.0.0-2 3.0.0 team', 'cinder 3.0.0-1 3.0.0 team');
select pg_temp.compare_suite('stable', 3);
select results_eq('select pg_temp.new_events()', array['version dd/stable openstack/nova ok>ok 3.0.0-1>3.0.0-2 job 3'], 'a new revision is an event of its own kind');
select is(pg_temp.now_of('nova'), 'ok 3.0.0-2 3.0.0 since 5', 'the state goes on');
select pg_temp.time_passes('5 days');
select pg_temp.project('dd', 'nova', 'openstack/nova', '{3.0.1=3.0.1}', '{}', p_released => now() - interval '2 days');
select pg_temp.compare_series('dd', 4);
select results_eq('select pg_temp.new_events()',
                  array['state dd/stable openstack/nova ok>outdated 3.0.0-2>3.0.0-2 job 4'],
                  'a release makes it outdated; where it is missing still, nothing happened');
select is(pg_temp.now_of('nova'), 'outdated 3.0.0-2 3.0.1 since 0', 'from now on');
update suites set checked = now() where name = 'stable';
select is((select days_behind from status_rows('dd', 'stable') where project = 'openstack/nova'), 2, 'two days behind');
select is((select days_behind from status_rows('dd', 'unstable') where project = 'openstack/glance'), null, 'without a date there are no days');
select pg_temp.time_passes('3 days');
update suites set checked = now() where name = 'stable';
select is((select days_behind from status_rows('dd', 'stable') where project = 'openstack/nova'), 5, 'each day one more');
select is((select days_behind from status_rows('dd', 'stable', now() - interval '1 day') where project = 'openstack/nova'), 4, 'a day ago one less');

-- Days to the target, and their median.
select pg_temp.sources('stable', 'nova 3.0.1-1 3.0.1 team', 'cinder 3.0.0-1 3.0.0 team');
select pg_temp.compare_suite('stable', 5);
select results_eq('select pg_temp.new_events()', array['state dd/stable openstack/nova outdated>ok 3.0.0-2>3.0.1-1 job 5'], 'and ok again');
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/nova'), 5, 'five days after the release');
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/cinder'), null, 'what was there at the first look came at no known day');
select is((select days_behind from status_rows('dd', 'stable') where project = 'openstack/nova'), null, 'what is not outdated is not behind');
select is((select days_to_target from target_info('dd', 'stable')), 5::float8, 'the median knows of one');
select pg_temp.time_passes('3 days');
select pg_temp.sources('stable', 'nova 3.0.1-2 3.0.1 team', 'cinder 3.0.0-1 3.0.0 team');
select pg_temp.compare_suite('stable', 6);
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/nova'), 5, 'a later revision does not make it later');
select pg_temp.project('dd', 'cinder', 'openstack/cinder', '{3.0.1=3.0.1}', '{}', p_released => now() - interval '8 days');
select pg_temp.compare_series('dd', 7);
select pg_temp.sources('stable', 'nova 3.0.1-2 3.0.1 team', 'cinder 3.0.1-1 3.0.1 team');
select pg_temp.compare_suite('stable', 7);
select is((select days_to_target from target_info('dd', 'stable')), 6.5::float8, 'the median of two');
select is((select days_to_target from target_info('dd', 'stable', now() - interval '1 day')), 5::float8, 'of a day ago, too');
select count(*) from pg_temp.new_events() \g /dev/null
select pg_temp.time_passes('1 day');

-- Gone and come back; a project that leaves the series.
select pg_temp.sources('stable', 'cinder 3.0.1-1 3.0.1 team');
select pg_temp.compare_suite('stable', 8);
select results_eq('select pg_temp.new_events()', array['state dd/stable openstack/nova ok>missing 3.0.1-2>- job 8'], 'a package that goes');
select pg_temp.time_passes('1 day');
select pg_temp.sources('stable', 'nova 3.0.1-2 3.0.1 team', 'cinder 3.0.1-1 3.0.1 team');
select pg_temp.compare_suite('stable', 9);
select results_eq('select pg_temp.new_events()', array['state dd/stable openstack/nova missing>ok ->3.0.1-2 job 9'], 'and comes back');
select pg_temp.time_passes('1 day');
delete from series_projects where project = (select id from projects where repo = 'openstack/nova');
select pg_temp.compare_series('dd', 10);
select results_eq('select pg_temp.new_events()',
                  array['state dd/stable openstack/nova ok>- 3.0.1-2>- job 10', 'state dd/unstable openstack/nova missing>- ->- job 10'],
                  'a project that leaves the series is an event');
select is(pg_temp.now_of('nova'), null, 'its row is gone');
select is(pg_temp.now_of('nova', now() - interval '1 hour'), 'ok 3.0.1-2 3.0.1 since 1', 'its past is not');
select is(pg_temp.now_of('nova', now() - interval '36 hours'), 'missing 3.0.1 since 2', 'nor its state before');
select is((select count(*) from status_rows('dd', 'stable', now() - interval '36 hours')), 4::bigint, 'each past time has each row once');
select is((select missing from status_counts('dd', 'stable', now() - interval '36 hours')), 2::bigint, 'counts are of that time');
select is((select missing from target_info('dd', 'stable', now() - interval '36 hours')), 2::bigint, 'everywhere');
select is((select carries from target_info('dd', 'stable', now() - interval '36 hours')), 'dd', 'what it carried, too');

-- A second counts to its end, as times are shown in seconds; a day to its last.
select pg_temp.project('dd', 'glance', 'openstack/glance', '{3.0.1=3.0.1}', '{}');
select pg_temp.compare_series('dd', 11);
select count(*) from pg_temp.new_events() \g /dev/null
update status set changed = '2026-05-01 23:59:59.7Z' where target = (select t.id from targets t join series s on s.id = t.series and s.name = 'dd' where t.name = 'stable')
   and project = (select id from projects where repo = 'openstack/glance');
update status_history set valid_from = '-infinity', valid_to = '2026-05-01 23:59:59.7Z'
 where target = (select t.id from targets t join series s on s.id = t.series and s.name = 'dd' where t.name = 'stable')
   and project = (select id from projects where repo = 'openstack/glance');
select is(pg_temp.now_of('glance', '2026-05-01 23:59:58Z'), 'missing 3.0.0', 'before it');
select is(pg_temp.now_of('glance', '2026-05-01 23:59:59Z'), 'missing 3.0.1', 'in its second');
select is(pg_temp.now_of('glance', '2026-05-01 23:59:59.699Z'), 'missing 3.0.0', 'with a fraction');
select is((at_end('2026-05-01 23:59:59Z')), '2026-05-02 00:00:00Z', 'the end of a day is the next one''s begin');
select is((at_end('2026-05-01 10:00:00.3Z')), '2026-05-01 10:00:00.300001Z', 'a time with a fraction is meant as it stands');

-- Masks are no events, their past is known; a changed target_suites is.
insert into masks (series, pattern, field, regex, file, line) select id, 'glance', 'deliverable', '^glance$', 'f', 1 from series where name = 'dd';
select pg_temp.compare_series('dd', 11);
select is_empty('select pg_temp.new_events()', 'a mask is no event');
select is((select masked from status_rows('dd', 'stable') where project = 'openstack/glance'), true, 'it hides the row');
select is((select masked from status_rows('dd', 'stable', now() - interval '1 hour') where project = 'openstack/glance'), false, 'from now on');
select is((select state from status_rows('dd', 'stable') where project = 'openstack/glance'), 'missing', 'its state is kept');

-- A suite that could not be read at first: what its first reading changes is of unknown date.
select pg_temp.time_passes('1 day');
insert into target_suites select t.id, s.id, 1 from target_rows t, suites s, series e
 where e.id = t.series and e.name = 'dd' and t.name = 'stable' and s.name = 'updates';
select pg_temp.compare_series('dd', 11);
select is_empty('select pg_temp.new_events()', 'a suite that has been tried and never been read changes nothing');
select pg_temp.project('dd', 'late', 'openstack/late', '{3.0.0=3.0.0}', '{name:late}', p_released => now() - interval '90 days');
select pg_temp.compare_series('dd', 11);
select count(*) from pg_temp.new_events() \g /dev/null
select pg_temp.time_passes('1 day');
select pg_temp.sources('updates', 'late 3.0.0-1 3.0.0 team');
select pg_temp.compare_suite('updates', 11);
select is_empty('select pg_temp.new_events()', 'its first reading is no event');
select is(pg_temp.now_of('late'), 'ok 3.0.0-1 3.0.0', 'since when is not known');
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/late'), null, 'nor after how many days');
select is(pg_temp.now_of('late', now() - interval '1 hour'), 'missing 3.0.0 since 1', 'what was shown before stays known');
select pg_temp.time_passes('1 day');
select pg_temp.sources('updates', 'late 3.0.0-2 3.0.0 team');
select pg_temp.compare_suite('updates', 11);
select results_eq('select pg_temp.new_events()', array['version dd/stable openstack/late ok>ok 3.0.0-1>3.0.0-2 job 11'], 'the second is');

-- A target that carries a later series never had this one's versions.
select pg_temp.project('dd', 'zaqar', 'openstack/zaqar', '{3.0.0=3.0.0}', '{name:zaqar}', p_released => now() - interval '90 days');
select pg_temp.project('ee', 'zaqar', 'openstack/zaqar', '{4.0.0=4.0.0}', '{name:zaqar}', p_released => now() - interval '7 days');
select pg_temp.compare_series('ee', 11), pg_temp.compare_series('dd', 11);
select pg_temp.sources('updates', 'late 3.0.0-2 3.0.0 team', 'zaqar 4.0.0-1 4.0.0 team');
select pg_temp.compare_suite('updates', 11);
select is(pg_temp.now_of('zaqar'), 'ahead 4.0.0-1 3.0.0 since 0', 'moved on');
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/zaqar'), null, 'no day is its day');
select pg_temp.project('dd', 'zaqar', 'openstack/zaqar', '{3.0.1=3.0.1}', '{}', p_released => now());
select pg_temp.compare_series('dd', 11);
select is((select days_to_target from status_rows('dd', 'stable') where project = 'openstack/zaqar'), null, 'nor was it there at once');
select count(*) from pg_temp.new_events() \g /dev/null

-- A target is looked at for the first time when its series was read, too.
insert into series (upstream, name, kind, position, configured) select id, 'ff', 'cycle', 9, true from upstreams;
insert into target_rows (series, name) select id, 'stable' from series where name = 'ff';
insert into target_suites select t.id, s.id from target_rows t join series e on e.id = t.series and e.name = 'ff', suites s where s.name = 'stable';
select pg_temp.compare_series('ff', 12);
select pg_temp.project('ff', 'nova', 'openstack/nova', '{9.0.0=9.0.0}', '{name:nova}');
select pg_temp.compare_series('ff', 12);
select is_empty('select pg_temp.new_events()', 'suites before releases: the first import is no event either');
select is((select count(*) from status_rows('ff', 'stable') where since_known), 0::bigint, 'and of unknown date');

-- An own suite's first publish is news, but not the day on which its packages came.
insert into mirrors (name) values ('m');
insert into suites (name, uri, suite, components, line, mirror, own) values ('own', 'http://example.org/own', 'own', '{main}', 'l', 'm', true);
insert into target_rows (series, name) select id, 'own' from series where name = 'dd';
insert into target_suites select t.id, s.id from target_rows t, suites s where t.name = 'own' and s.name = 'own';
select pg_temp.compare_series('dd', 12);
select is_empty('select pg_temp.new_events()', 'a new target is a first look');
select pg_temp.time_passes('1 day');
insert into generations (mirror, suite, generation, release_sha256, newest_sha256, published_sha256) values ('m', 'own', 1, '', '', '');
select pg_temp.project('dd', 'heat', 'openstack/heat', '{3.0.0=3.0.0}', '{}', p_released => now() - interval '4 days');
select pg_temp.compare_series('dd', 13);
select count(*) from pg_temp.new_events() \g /dev/null
select pg_temp.sources('own', 'heat 3.0.0-1 3.0.0 team');
select pg_temp.compare_suite('own', 13);
select results_eq('select pg_temp.new_events()', array['state dd/own openstack/heat missing>ok ->3.0.0-1 job 13'], 'the first publish is an event');
select is((select days_to_target from status_rows('dd', 'own') where project = 'openstack/heat'), null, 'of unknown days');
update generations set current = false;
insert into generations (mirror, suite, generation, release_sha256, newest_sha256, published_sha256) values ('m', 'own', 2, '', '', '');
select pg_temp.time_passes('1 day');
select pg_temp.project('dd', 'heat', 'openstack/heat', '{3.0.1=3.0.1}', '{}', p_released => now() - interval '4 days');
select pg_temp.compare_series('dd', 13);
select pg_temp.sources('own', 'heat 3.0.1-1 3.0.1 team');
select pg_temp.compare_suite('own', 13);
select is((select days_to_target from status_rows('dd', 'own') where project = 'openstack/heat'), 4, 'later ones have their days');
select * from finish();
rollback;
