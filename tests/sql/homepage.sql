-- Which package is a project's when only their Homepage fields tell: the exact repository's, then the team's.
begin;
select plan(3);
\ir lib/status.sql
select pg_temp.project('dd', d, 'openstack/' || d, '{3.0.0=3.0.0}', array['name:' || d])
  from unnest('{far,near,twin}'::text[]) as d;
select pg_temp.sources('stable',
  'aa-far 3.0.0-1 3.0.0 team github.com/x/far', 'zz-far 3.0.0-1 3.0.0 opendev.org/openstack/far',
  'aa-near 3.0.0-1 3.0.0 opendev.org/openstack/near', 'zz-near 3.0.0-1 3.0.0 team opendev.org/openstack/near',
  'zz-twin 3.0.0-1 3.0.0 team opendev.org/openstack/twin', 'aa-twin 3.0.0-1 3.0.0 team opendev.org/openstack/twin');
select compare_all();

create function pg_temp.source_of(p text) returns text language sql as $$
  select source || ' by ' || rule from status_rows('dd', 'stable') where project = 'openstack/' || p $$;
select is(pg_temp.source_of('far'), 'zz-far by homepage', 'the exact repository, though the other is the team''s');
select is(pg_temp.source_of('near'), 'zz-near by homepage', 'of two with the exact repository the team''s');
select is(pg_temp.source_of('twin'), 'aa-twin by homepage', 'of two alike the first by name');
select * from finish();
rollback;
