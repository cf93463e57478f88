-- Comparing: every state, every rule of names, and what stands beside a state.
begin;
select plan(59);
\ir lib/status.sql
select is(encode(pg_temp.key('31.0.0~rc1'), 'hex'), '0002023331390200390200012e1f02013102020002', 'the key as it is described');

-- States, behind and carries. A project's first version of cc is 3.0.0~b1.
select pg_temp.project('cc', 'nova', 'openstack/nova', '{2.9.0=2.9.0}', '{name:nova}');
select pg_temp.project('cc', 'puppet-nova', 'openstack/puppet-nova', '{2.0.0=2.0.0}', '{name:puppet-nova,prefix:puppet-module-nova}');
select pg_temp.project('dd', d, 'openstack/' || d, v, array['name:' || d])
  from (values ('nova', '{3.0.0.0b1=3.0.0~b1,3.0.0.0rc1=3.0.0~rc1,3.0.0=3.0.0}'::text[]),
               ('glance', '{3.0.0.0b1=3.0.0~b1,3.0.0=3.0.0,3.1.0=3.1.0}'),
               ('cinder', '{3.0.0=3.0.0,3.0.2=3.0.2}'),
               ('swift', '{3.0.0=3.0.0,3.0.0.1=3.0.0.1}'),
               ('heat', '{3.0.0.0b1=3.0.0~b1,3.0.0=3.0.0}'),
               ('aodh', '{3.0.0=3.0.0,3.0.1=3.0.1,dd-eom,dd-eol}'),
               ('gone', '{3.0.0=3.0.0}'),
               ('zun', '{}'), ('manila', '{}'),
               ('native', '{1.0.4=1.0.4}')) x (d, v);
select pg_temp.project('dd', 'devstack', 'openstack/devstack', '{}', '{name:devstack}', 'other', 'untagged');
select pg_temp.project('dd', 'puppet-nova', 'openstack/puppet-nova', '{3.0.0.0rc1=3.0.0~rc1,3.0.0=3.0.0}',
                       '{name:puppet-nova,prefix:puppet-module-nova}', 'other');
select pg_temp.project('ee', 'nova', 'openstack/nova', '{4.0.0.0b1=4.0.0~b1}', '{name:nova}');
select pg_temp.project('ee', 'zun', 'openstack/zun', '{4.0.0=4.0.0}', '{name:zun}');
-- Names.
select pg_temp.project('dd', 'keystoneauth', 'openstack/keystoneauth', '{5.0.0=5.0.0}',
                       '{name:keystoneauth,artifact:keystoneauth1,prefix:python-keystoneauth1}', 'library', 'x', 'keystoneauth1');
select pg_temp.project('ee', 'keystoneauth', 'openstack/keystoneauth', '{6.0.0.0b1=6.0.0~b1}', '{name:keystoneauth}');
select pg_temp.project('dd', 'watcher', 'openstack/watcher', '{3.0.0=3.0.0}', '{name:watcher,artifact:python-watcher}',
                       p_artifact => 'python-watcher');
select pg_temp.project('dd', 'trove', 'openstack/trove', '{3.0.0=3.0.0}', '{name:trove,prefix:python-trove,prefix:openstack-trove}');
select pg_temp.project('dd', 'bifrost', 'openstack/bifrost', '{3.0.0=3.0.0}', '{name:bifrost,prefix:openstack-bifrost}');
select pg_temp.project('dd', 'example', 'openstack/example', '{3.0.0=3.0.0}', '{config:quite-another}');
select pg_temp.project('dd', 'tap-as-a-service', 'openstack/tap-as-a-service', '{3.0.0=3.0.0}', '{name:tap-as-a-service}');
select pg_temp.project('dd', 'lonely', 'openstack/lonely', '{3.0.0=3.0.0}', '{name:lonely}');
select pg_temp.project('dd', 'barbican', 'openstack/barbican', '{3.0.0=3.0.0}', '{name:barbican,prefix:python-barbican}');
select pg_temp.project('dd', 'python-barbicanclient', 'openstack/python-barbicanclient', '{3.0.0=3.0.0}', '{name:python-barbicanclient}');
select pg_temp.project('dd', 'foo', 'openstack/foo', '{3.0.0=3.0.0}', '{name:foo,prefix:python-foo,prefix:openstack-foo}');
select pg_temp.project('dd', 'python-foo', 'openstack/python-foo', '{3.0.0=3.0.0}', '{name:python-foo,prefix:foo}');
select pg_temp.project('_independent', 'oslo.log', 'openstack/oslo.log', '{1.0.0=1.0.0}', '{prefix:python-oslo.log}', 'library');
select pg_temp.project('_independent', 'pbr', 'openstack/pbr', '{5.0.0=5.0.0,7.0.0=7.0.0}', '{name:pbr}', 'library');
select pg_temp.project('_independent', 'old', 'openstack/old', '{1.0.0=1.0.0}', '{name:old}', 'library');
select pg_temp.project('dd', 'oslo.log', 'openstack/oslo.log', '{6.0.0=6.0.0}', '{prefix:python-oslo.log}', 'library');
select pg_temp.project('bb', 'old', 'openstack/old', '{2.0.0=2.0.0}', '{name:old}', 'library');

select pg_temp.sources('stable',
  'nova 2:3.0.0-1 3.0.0 team', 'glance 3.0.0-2+deb13u1 3.0.0 team', 'cinder 3.0.1-1 3.0.1 team',
  'swift 3.0.0-1 3.0.0 team', 'heat 3.0.0~rc1-1 3.0.0~rc1 team', 'aodh 3.0.0-1 3.0.0 team',
  'puppet-module-nova 2.0.0-1 2.0.0 team', 'zun 2.0.0-1 2.0.0 team', 'native 1.0.4+deb13u1 1.0.4 team',
  'python-keystoneauth1 6.0.0~b1-1 6.0.0~b1 team', 'python-watcher 3.0.0-1 3.0.0 team',
  'trove 9.0-1 9.0', 'openstack-trove 3.0.0-1 3.0.0 team', 'bifrost 9.0-1 9.0 github.com/pmelsted/bifrost',
  'quite-another 3.0.0-1 3.0.0', 'neutron-taas 3.0.0-1 3.0.0 team opendev.org/x/tap-as-a-service',
  'lonely-pkg 3.0.0-1 3.0.0 opendev.org/openstack/lonely', 'not-lonely 3.0.0-1 3.0.0 github.com/x/lonely',
  'python-barbicanclient 3.0.0-1 3.0.0 team opendev.org/openstack/barbican', 'python-foo 3.0.0-1 3.0.0 team',
  'python-oslo.log 6.0.0-1 6.0.0 team', 'pbr 6.0.0-1 6.0.0 team');
select pg_temp.sources('unstable', 'gone 3.0.0-1 3.0.0 team', 'openstack-bifrost 2:3.0.0-4 3.0.0 team', 'kolla 1-1 1 team');
select compare_all();

create function pg_temp.row_of(p text, s text default 'dd', t text default 'stable') returns table (r text) language sql as $$
  select concat_ws(' ', source, state, behind, carries, case when patched then 'patched' end, 'by=' || rule, awaited::text, ended, moved)
    from status_rows(s, t) where project = 'openstack/' || p $$;
select is((select pg_temp.row_of('nova')), 'nova ok dd by=name', 'the same upstream version is ok, whatever epoch and revision');
select is((select pg_temp.row_of('glance')), 'glance outdated minor dd patched by=name', 'the second number differs: minor; a fix of stable: patched');
select is((select pg_temp.row_of('cinder')), 'cinder outdated patch dd by=name', 'the third: patch');
select is((select pg_temp.row_of('swift')), 'swift outdated patch dd by=name', 'a fourth is later than the third: patch');
select is((select pg_temp.row_of('heat')), 'heat outdated prerelease dd by=name', 'only the pre-release: prerelease; it belongs to the series already');
select is((select pg_temp.row_of('puppet-nova')), 'puppet-module-nova outdated series cc by=prefix', 'older than the first version of the series: series, and which it carries');
select is((select pg_temp.row_of('keystoneauth')), 'python-keystoneauth1 ahead ee by=prefix', 'newer: ahead, and the series it is of, pre-releases included');
select is((select pg_temp.row_of('aodh')), 'aodh outdated patch dd by=name dd-eol', 'tags that end the branch are no version; the last of them is shown');
select is((select upstream from status_rows('dd', 'stable') where project = 'openstack/aodh'), '3.0.1', 'its last real version stays the newest');
select is((select pg_temp.row_of('native')), 'native ok dd patched by=name', 'a native package has its suffix in the upstream part');
select is((select pg_temp.row_of('zun')), 'zun unreleased by=name true', 'no release in the series: unreleased, whatever the target has, and awaited');
select is((select debian from status_rows('dd', 'stable') where project = 'openstack/zun'), '2.0.0-1', 'what the target has is said');
select is((select pg_temp.row_of('manila')), 'unreleased true', 'also without a package');
select is((select pg_temp.row_of('devstack')), 'unreleased false', 'upstream never tags it: not awaited');
select is((select pg_temp.row_of('gone')), 'missing', 'a release and no package: missing');
select is((select elsewhere from status_rows('dd', 'stable') where project = 'openstack/gone'), '{"unstable": "3.0.0-1"}', 'and where else it is');
select is((select pg_temp.row_of('gone', 'dd', 'unstable')), 'gone ok dd by=name', 'there it is ok');
select is((select elsewhere from status_rows('dd', 'unstable') where project = 'openstack/gone'), '{}', 'and not elsewhere');
select is((select pg_temp.row_of('nova', 'ee')), 'nova outdated series dd by=name', 'each series compares for itself');
select is((select carries from target_info('dd', 'stable')), 'dd', 'most rows of the target carry the page''s series');

select is((select pg_temp.row_of('watcher')), 'python-watcher ok dd by=artifact', 'by the artifact''s name');
select is((select pg_temp.row_of('trove')), 'openstack-trove ok dd by=prefix', 'others'' software of the same name is passed over');
select is((select pg_temp.row_of('bifrost')), 'missing', 'and alone is no match');
select is((select elsewhere from status_rows('dd', 'stable') where project = 'openstack/bifrost'), '{"unstable": "2:3.0.0-4"}', 'the team''s own elsewhere is, with its full version');
select is((select pg_temp.row_of('example')), 'quite-another ok dd by=config', 'what the configuration names need not be the team''s');
select is((select pg_temp.row_of('tap-as-a-service')), 'neutron-taas ok dd by=homepage', 'the team''s by the Homepage''s last part, whatever its namespace');
select is((select pg_temp.row_of('lonely')), 'lonely-pkg ok dd by=homepage', 'others'' by the exact repo alone');
select is((select pg_temp.row_of('barbican')), 'missing', 'a Homepage that lies finds nothing: its package has been found by name');
select is((select pg_temp.row_of('python-barbicanclient')), 'python-barbicanclient ok dd by=name', 'by this one');
select is((select pg_temp.row_of('python-foo')), 'python-foo ok dd by=name', 'one source to one project: the better rule has it');
select is((select pg_temp.row_of('foo')), 'missing', 'the other does without');
select is_empty($$select source, target from status where source is not null group by 1, 2 having count(*) > 1$$, 'no source twice in a target');

-- What follows no cycle.
select is((select pg_temp.row_of('oslo.log', '_independent')), 'python-oslo.log ahead dd by=prefix dd', 'a cycle releases it now: moved there, its state still given');
select is((select pg_temp.row_of('old', '_independent')), 'missing', 'a series that is over releases nothing now');
select is((select pg_temp.row_of('pbr', '_independent')), 'pbr outdated minor by=name', 'others are rows as all');
select results_eq($$select ok, outdated, missing, ahead, unreleased, masked from target_info('_independent', 'stable')$$,
                  $$values (0::bigint, 1::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'a moved row counts nowhere');
select is((select moved from status_rows('dd', 'stable') where project = 'openstack/oslo.log'), null, 'in the cycle it has not moved');
update series set status = 'end of life' where name = 'dd';
select compare_all();
select is((select pg_temp.row_of('oslo.log', '_independent')), 'python-oslo.log ahead dd by=prefix', 'when that series is over it has come back');
select is((select pg_temp.row_of('manila')), 'unreleased false', 'and an unreleased row of it is not awaited any more');
update series set status = 'maintained' where name = 'dd';
select compare_all();

-- The highest version across the suites of a target; of others' software, too.
insert into target_suites select t.id, s.id, 1 from target_rows t, suites s, series e
 where e.id = t.series and e.name = 'dd' and t.name = 'stable' and s.name = 'updates';
select pg_temp.sources('updates', 'glance 3.1.0-1~bpo13+1 3.1.0 team', 'nova 3.0.0-9 3.0.0 team', 'gone 3.0.0-1 3.0.0');
select pg_temp.compare_series('dd');
select is((select pg_temp.row_of('glance')), 'glance ok dd by=name', 'the highest of two suites counts');
select is((select suite from status_rows('dd', 'stable') where project = 'openstack/glance'), 'updates', 'whose it is, is known');
select is((select debian from status_rows('dd', 'stable') where project = 'openstack/nova'), '2:3.0.0-1', 'an epoch is higher than any version');
select is((select elsewhere from status_rows('dd', 'stable') where project = 'openstack/gone'), '{"unstable": "3.0.0-1"}', 'a suite of the target is not elsewhere');
select is((select elsewhere from status_rows('ee', 'stable') where project = 'openstack/gone'), null, 'no row of a series that does not have it');
select pg_temp.sources('updates', 'glance 9.0-1 9.0', 'nova 3.0.0-9 3.0.0 team');
select pg_temp.compare_suite('updates');
select is((select pg_temp.row_of('glance')), 'missing', 'where others'' software of the name is the highest, the name is theirs');
delete from target_suites ts using suites s where s.id = ts.suite and s.name = 'updates';
select pg_temp.compare_series('dd');
select is((select pg_temp.row_of('glance')), 'glance outdated minor dd patched by=name', 'without the suite all is as before');

-- An event touches what it must.
create temp table before as select scope, n from revisions;
create function pg_temp.raised() returns text language sql as $$
  select string_agg(r.scope, ' ' order by r.scope) from revisions r left join before b using (scope) where r.n is distinct from b.n $$;
select pg_temp.project('dd', 'nova', 'openstack/nova', '{3.0.1=3.0.1}', '{}');
select is(pg_temp.compare_series('dd'), 2::bigint, 'a new release changes its row in each target of its series');
select is(pg_temp.raised(), 'dd dd/stable dd/unstable', 'and raises its counters alone');
update before b set n = r.n from revisions r where r.scope = b.scope;
select pg_temp.sources('unstable', 'gone 3.0.0-2 3.0.0 team', 'openstack-bifrost 2:3.0.0-4 3.0.0 team', 'kolla 1-1 1 team');
select is(pg_temp.compare_suite('unstable'), 2::bigint, 'a new version in a suite changes its row there and what is said elsewhere');
select is((select elsewhere from status_rows('dd', 'stable') where project = 'openstack/gone'), '{"unstable": "3.0.0-2"}', 'the new version');
select is(pg_temp.raised(), 'dd dd/stable dd/unstable', 'no other series is touched');
update before b set n = r.n from revisions r where r.scope = b.scope;
select is(pg_temp.compare_suite('unstable'), 0::bigint, 'the same again changes nothing');
select is(compare_all(), 0::bigint, 'nor does all of it, from nothing');
select is(pg_temp.compare_suite('stable'), 0::bigint, 'nor another suite');
select pg_temp.project('ee', 'glance', 'openstack/glance', '{3.0.0.0b1=2.9.0~b1}', '{name:glance}');
select is(pg_temp.compare_series('ee') > 0, true, 'a series that gets a project');
select is((select carries from status_rows('dd', 'stable') where project = 'openstack/glance'), 'ee', 'changes what the rows of other series carry');
-- two deliverables of one series name a repo, as sahara-extra and sahara of ocata do
select pg_temp.project('dd', 'puppet-more', 'openstack/puppet-nova', '{2.0.0.0b1=2.0.0~b1}', '{}', 'other');
select is(pg_temp.compare_series('dd') > 0, true, 'an earlier version in a second deliverable');
select is((select pg_temp.row_of('puppet-nova')), 'puppet-module-nova outdated minor dd by=prefix', 'is the project''s first in the series');
select * from finish();
rollback;
