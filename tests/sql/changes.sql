-- A series against the one before it; masks; how a match is explained.
begin;
select plan(23);
\ir lib/status.sql
create function pg_temp.changes(s text) returns table (c text) language sql as $$
  select concat_ws(' ', part, coalesce(project, name), text) from series_changes(s) $$;

-- cc: what there was; dd: what there is.
select pg_temp.project('cc', d, 'openstack/' || d, '{1.0.0=1.0.0}', array['name:' || d, 'prefix:python-' || d])
  from unnest('{stays,goes,to-indep,single,old-name,retired}'::text[]) d;
select pg_temp.project('cc', 'roles', 'openstack/role-' || r, '{1.0.0=1.0.0}', array['name:role-' || r]) from unnest('{a,b}'::text[]) r;
select pg_temp.project('cc', 'moves-house', 'x/moves-house', '{1.0.0=1.0.0}', '{name:moves-house}');
select pg_temp.project('bb', 'ancient', 'openstack/ancient', '{1.0.0=1.0.0}', '{name:ancient}');
select pg_temp.project('bb', 'comes-back', 'openstack/comes-back', '{1.0.0=1.0.0}', '{name:comes-back}');
select pg_temp.project('dd', d, 'openstack/' || d, '{2.0.0=2.0.0}', array['name:' || d])
  from unnest('{stays,fresh,from-indep,comes-back,moves-house}'::text[]) d;
select pg_temp.project('dd', 'single', 'openstack/single-ng', '{2.0.0=2.0.0}', '{name:single-ng}');
select pg_temp.project('dd', 'renamed', 'openstack/renamed', '{2.0.0=2.0.0}', '{name:renamed}', p_artifact => 'old-name');
select pg_temp.project('dd', 'roles', 'openstack/role-' || r, '{2.0.0=2.0.0}', array['name:role-' || r]) from unnest('{a,c}'::text[]) r;
select pg_temp.project('_independent', d, 'openstack/' || d, '{1.0.0=1.0.0}', array['name:' || d])
  from unnest('{to-indep,from-indep}'::text[]) d;
select pg_temp.sources('stable', 'stays 2.0.0-1 2.0.0 team', 'goes 1.0.0-1 1.0.0 team', 'ancient 1.0.0-1 1.0.0 team',
  'retired 1.0.0-1 1.0.0', 'comes-back 1.0.0-1 1.0.0 team', 'to-indep 1.0.0-1 1.0.0 team', 'never-a-project 1-1 1 team',
  'fresh 2.0.0-1 2.0.0 team');
select pg_temp.sources('unstable', 'python-goes 1.0.0-2 1.0.0 team');
select compare_all();
select results_eq($$select pg_temp.changes('dd')$$, array[
  '1 openstack/comes-back 2.0.0, package comes-back',
  '1 openstack/fresh 2.0.0, package fresh',
  '1 openstack/role-c 2.0.0',
  '2 openstack/from-indep from _independent, 2.0.0',
  '2 openstack/to-indep to _independent, 1.0.0, package to-indep',
  '3 openstack/moves-house was x/moves-house',
  '3 openstack/renamed was openstack/old-name',
  '3 openstack/single-ng was openstack/single',
  '4 openstack/goes 1.0.0, package goes',
  '4 openstack/retired 1.0.0',
  '4 openstack/role-b 1.0.0',
  '5 ancient last in bb openstack/ancient; stable 1.0.0-1',
  '5 goes last in cc openstack/goes; stable 1.0.0-1',
  '5 python-goes last in cc openstack/goes; unstable 1.0.0-2'],
  'new, moved, renamed and gone projects; the team''s packages that only older series name');
select is((select distinct before from series_changes('dd')), 'cc', 'against the cycle before it');
select is_empty($$select * from pg_temp.changes('bb') where c !~ '^5'$$, 'the first series has none before it');
select is_empty($$select pg_temp.changes('_independent')$$, 'what follows no cycle has no order');

-- Masks: each field, globs, one series and all.
create function pg_temp.mask(s text, p text, f text, r text, why text default null) returns void language sql as $$
  insert into masks (series, pattern, field, regex, reason, file, line)
  select (select id from series where name = s), p, f, r, why, 'masks.yaml', coalesce(max(line), 0) + 1 from masks $$;
create function pg_temp.masked(s text default 'dd') returns text language sql as $$
  select string_agg(regexp_replace(project, '^openstack/', '') || coalesce(' (' || mask_reason || ')', ''), ', ' order by project)
    from status_rows(s, 'stable') where masked $$;
select pg_temp.project('dd', 'kolla', 'openstack/kolla' || x, '{2.0.0=2.0.0}', array['name:kolla' || x], 'trailing', 'untagged')
  from unnest(array['', '-ansible']) x;
select pg_temp.mask('dd', 'stays', 'deliverable', '^stays$', 'on purpose');
select compare_all();
select is(pg_temp.masked(), 'stays (on purpose)', 'a deliverable, with its reason');
select results_eq($$select ok, outdated, missing, ahead, unreleased, masked from target_info('dd', 'stable')$$,
                  $$values (1::bigint, 1::bigint, 8::bigint, 0::bigint, 0::bigint, 1::bigint)$$, 'it counts under masked alone');
select is((select state from status_rows('dd', 'stable') where project = 'openstack/stays'), 'ok', 'and keeps its state');
select is(pg_temp.masked('cc'), null, 'the mask of a series is of that series');
truncate masks;
select pg_temp.mask(null, 'openstack/role-*', 'repo', '^openstack\/role\-.*$');
select compare_all();
select is(pg_temp.masked() || ' + ' || pg_temp.masked('cc'), 'role-a, role-c + role-a, role-b', 'a glob over repos, for all series');
truncate masks;
select pg_temp.mask('dd', 'type:trailing', 'type', '^trailing$');
select compare_all();
select is(pg_temp.masked(), 'kolla, kolla-ansible', 'a type');
truncate masks;
select pg_temp.mask('dd', 'model:untagged', 'model', '^untagged$', 'for all');
select pg_temp.mask(null, 'team:team of f*', 'team', '^team of f.*$');
select compare_all();
select is(pg_temp.masked(), 'fresh, from-indep, kolla (for all), kolla-ansible (for all)', 'a model, and a glob over teams');
select pg_temp.mask(null, 'kolla', 'deliverable', '^kolla$', 'for everyone');
select compare_all();
select is((select mask_reason from status_rows('dd', 'stable') where project = 'openstack/kolla'), 'for all', 'the reason of the series'' own mask wins');
select pg_temp.mask('dd', 'nothing-at-all', 'deliverable', '^nothing-at-all$');
select results_eq($$select line, pattern, finding, hidden from mask_findings()$$,
  $$values (2, 'team:team of f*', 'hides what a target carries', 'openstack/fresh (fresh on dd/stable)'),
           (4, 'nothing-at-all', 'matches nothing', null)$$, 'what is wrong with masks');
select results_eq($$select mask || ' ' || project from mask_suggest('dd')$$,
  array['moves-house openstack/moves-house', 'renamed openstack/renamed', 'roles openstack/role-a',
        'roles openstack/role-c', 'single openstack/single-ng'], 'what no suite ever carried and no mask hides');
truncate masks;
select pg_temp.sources('unstable', 'role-a 1-1 1 team');
select compare_all();
select results_eq($$select mask || ' ' || project from mask_suggest('dd') where project ~ 'role|kolla'$$,
  array['openstack/role-c openstack/role-c', 'kolla openstack/kolla', 'kolla openstack/kolla-ansible'],
  'where a part of a deliverable is carried, the rest is named by repo');
select pg_temp.sources('unstable', 'python-goes 1.0.0-2 1.0.0 team');
select compare_all();

-- How a match was found.
create function pg_temp.why(p text, t text default 'stable') returns table (w text) language sql as $$
  select concat_ws(' ', n, rule, name, version, '|', why) from explain_names('dd', t, 'openstack/' || p) $$;
select pg_temp.project('dd', 'trove', 'openstack/trove', '{3.0.0=3.0.0}', '{name:trove,prefix:python-trove,prefix:openstack-trove}');
select pg_temp.project('dd', 'foo', 'openstack/foo', '{3.0.0=3.0.0}', '{name:foo,prefix:python-foo}');
select pg_temp.project('dd', 'python-foo', 'openstack/python-foo', '{3.0.0=3.0.0}', '{name:python-foo}');
select pg_temp.project('dd', 'taas', 'openstack/tap-as-a-service', '{3.0.0=3.0.0}', '{name:tap-as-a-service}');
select pg_temp.project('dd', 'conf', 'openstack/conf', '{3.0.0=3.0.0}', '{config:strange}');
select pg_temp.project('dd', 'two', 'openstack/two', '{3.0.0=3.0.0}', '{name:two,prefix:python-two}');
select pg_temp.sources('stable', 'trove 9-1 9 github.com/x/trove', 'openstack-trove 3.0.0-1 3.0.0 team', 'python-foo 3.0.0-1 3.0.0 team',
  'neutron-taas 3.0.0-1 3.0.0 team opendev.org/x/tap-as-a-service', 'strange 3-1 3', 'two 1-1 1 team', 'python-two 3-1 3 team',
  'other-two 1-1 1 github.com/x/two', 'exact 3-1 3 opendev.org/openstack/fresh');
select compare_all();
select results_eq($$select pg_temp.why('trove')$$, array[
  '1 name trove 9-1 | left: it is not the team''s, and its Homepage names https://github.com/x/trove',
  '2 prefix python-trove | no suite of the target has a source package of this name',
  '3 prefix openstack-trove 3.0.0-1 | taken: it is the team''s'], 'others'' of the same name is left');
select results_eq($$select pg_temp.why('foo')$$, array['1 name foo | no suite of the target has a source package of this name',
  '2 prefix python-foo 3.0.0-1 | left: it is openstack/python-foo, by the rule name'], 'another project''s is left');
select results_eq($$select pg_temp.why('tap-as-a-service') offset 1$$,
  array['2 homepage neutron-taas 3.0.0-1 | taken: it is the team''s, and its Homepage ends in x/tap-as-a-service'], 'by Homepage');
select results_eq($$select pg_temp.why('fresh') offset 1$$, array['2 homepage exact 3-1 | taken: its Homepage names openstack/fresh'], 'by the exact one');
select results_eq($$select pg_temp.why('conf')$$, array['1 config strange 3-1 | taken: the configuration names it'], 'by the configuration');
select results_eq($$select pg_temp.why('two')$$, array['1 name two 1-1 | taken: it is the team''s',
  '2 prefix python-two 3-1 | left: two was found before, by the rule name',
  '3 homepage other-two 1-1 | left: it is not the team''s, and its Homepage names https://github.com/x/two'], 'the first hit wins');
select is_empty($$select pg_temp.why('nothing')$$, 'no such project');
select results_eq($$select pg_temp.why('two', 'unstable')$$, array['1 name two | no suite of the target has a source package of this name',
  '2 prefix python-two | no suite of the target has a source package of this name'], 'nothing there');
select * from finish();
rollback;
