-- What `deb-status report --explain` and `mask --suggest` print, on five projects and two suites.
begin;
select plan(8);

insert into upstreams (name, kind, location) values ('u', 'openstack-releases', 'u') returning id as u \gset
insert into series (upstream, name, release, status, position, configured)
values (:u, 'epoxy', '2025.1', 'maintained', 30, true) returning id as s \gset
insert into teams (maintainer) values ('team+openstack@') returning id as team \gset
insert into series_teams values (:s, :team);

create temp table given (repo text, artifact text, type text, model text, version text);
insert into given values
  ('openstack/trove', 'trove', 'service', 'cycle', '23.0.0'),
  ('openstack/neutron-taas', 'neutron-taas', 'other', 'cycle', '15.0.0'),
  ('openstack/python-trove', 'trove', 'library', 'cycle', '8.0.0'),
  ('openstack/devstack', 'devstack', 'other', 'untagged', null),
  ('openstack/grenade', 'grenade', 'other', 'untagged', null);
insert into projects (repo) select repo from given;
insert into deliverables (series, name, team, type, model, oid)
select :s, regexp_replace(repo, '^.*/', ''), 'x', type, model, 'o' from given;
insert into series_projects
select :s, p.id, d.id, g.artifact from given g join projects p on p.repo = g.repo
  join deliverables d on d.name = regexp_replace(g.repo, '^.*/', '');
insert into releases (deliverable, project, version, kind, debian, key)
select sp.deliverable, sp.project, g.version, 'final', g.version, convert_to(g.version, 'UTF8')
  from given g join projects p on p.repo = g.repo join series_projects sp on sp.project = p.id
 where g.version is not null;
insert into candidates
select :s, p.id, x.rank, x.rule, x.name from projects p
  join (values ('openstack/trove', 1, 'name', 'trove'), ('openstack/trove', 2, 'prefix', 'python-trove'),
               ('openstack/trove', 3, 'prefix', 'openstack-trove'), ('openstack/trove', 4, 'prefix', 'puppet-module-trove'),
               ('openstack/neutron-taas', 1, 'name', 'neutron-taas'),
               ('openstack/python-trove', 1, 'name', 'python-trove'),
               ('openstack/devstack', 1, 'name', 'devstack')) x (repo, rank, rule, name) on x.repo = p.repo;

insert into suites (name, uri, suite, components, line) values
  ('trixie', 'http://d', 'trixie', '{main}', 'l'), ('sid', 'http://d', 'sid', '{main}', 'm');
select id as trixie from suites where name = 'trixie' \gset
select id as sid from suites where name = 'sid' \gset
insert into targets (series, name) values (:s, 'trixie') returning id as t \gset
insert into target_suites values (:t, :trixie, 0);
insert into sources (suite, name, version, key, upstream, upstream_key, maintainer, homepage, homepage_repo, homepage_last)
select su, n, v || '-1', convert_to(v, 'UTF8'), v, convert_to(v, 'UTF8'), m, coalesce('https://opendev.org/' || h, ''), h, regexp_replace(h, '^.*/', '')
  from (values (:trixie, 'trove', '3.0.0', 'Java <java@example.org>', null),
               (:trixie, 'python-trove', '8.0.0', 'T <team+openstack@x>', 'openstack/python-trove'),
               (:trixie, 'openstack-trove', '22.0.0', 'T <team+openstack@x>', null),
               (:trixie, 'neutron-tap', '15.0.0', 'T <team+openstack@x>', 'x/neutron-taas'),
               (:sid, 'puppet-module-trove', '1.0', 'T <team+openstack@x>', null)) as g (su, n, v, m, h);
select index_team(:team);
select compare_all();

prepare why as select rule, name, why from explain_names('epoxy', 'trixie', $1) order by n;
select results_eq('execute why(''openstack/trove'')', $$values
  ('name', 'trove', 'left: it is not the team''s, and its Homepage names nothing'),
  ('prefix', 'python-trove', 'left: it is openstack/python-trove, by the rule name'),
  ('prefix', 'openstack-trove', 'taken: it is the team''s'),
  ('prefix', 'puppet-module-trove', 'no suite of the target has a source package of this name')$$,
  'each candidate in order, and why');
select results_eq('execute why(''openstack/neutron-taas'')', $$values
  ('name', 'neutron-taas', 'no suite of the target has a source package of this name'),
  ('homepage', 'neutron-tap', 'taken: it is the team''s, and its Homepage ends in x/neutron-taas')$$, 'the homepage comes last');
select is_empty('execute why(''openstack/nova'')', 'nothing of a project that is not in the series');
select is_empty($$select r.project, r.source from status_rows('epoxy', 'trixie') r
  where (select array_agg(x.name) from explain_names('epoxy', 'trixie', r.project) x where x.taken)
        is distinct from case when r.source is not null then array[r.source] end$$,
  'taken is what status has');

\set line `sed -n '3,$p' sql/queries/admin_mask_suggest.sql`
prepare suggest as :line;
select results_eq('execute suggest(''2025.1'')', $$values
  ('  - devstack  # other, x, untagged'), ('  - grenade  # other, x, untagged')$$,
  'lines for the file, by release id too');
insert into masks (series, pattern, field, regex, file, line) values (:s, 'grenade', 'deliverable', '^grenade$', 'f', 1);
select results_eq('execute suggest(''epoxy'')', $$values ('  - devstack  # other, x, untagged')$$,
  'what is masked is not suggested');
insert into sources (suite, name, version, key, upstream, upstream_key, maintainer)
values (:sid, 'devstack', '1-1', '1', '1', '1', 'T <team+openstack@x>');
select index_team(:team);
select compare_all();
select is_empty('execute suggest(''epoxy'')', 'nor what a suite beside the targets carries');
select is_empty('execute suggest(''nope'')', 'nothing for a series that is not there');
select * from finish();
rollback;
