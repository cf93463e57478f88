-- A suite's sources: written only where they differ; what cannot be read keeps its last good row.
begin;
select plan(21);
\ir lib/status.sql
insert into teams (vcs) values ('salsa.debian.org/openstack-team/');
insert into teams (word) values ('openstack');
create function pg_temp.now_in(s text default 'stable') returns text language sql as $$
  select string_agg(so.name || ' ' || so.version, ', ' order by so.name) from sources so join suites su on su.id = so.suite where su.name = s $$;
create function pg_temp.teams_of(n text) returns text language sql as $$
  select string_agg(coalesce(t.maintainer, t.vcs, t.word), ' ' order by t.id) from team_sources ts join teams t on t.id = ts.team where ts.name = n $$;

select is(pg_temp.sources('stable', 'a-a 1.0-1 1.0', 'b-b 1.0-1 1.0 team', 'c-c 1.0-1 1.0'), 3::bigint, 'all are new');
select is(pg_temp.sources('stable', 'a-a 1.0-1 1.0', 'b-b 1.0-1 1.0 team', 'c-c 1.0-1 1.0'), 0::bigint, 'the same again writes nothing');
select is(pg_temp.sources('stable', 'a-a 1.0-2 1.0', 'b-b 1.0-1 1.0 team', 'd-d 1-1 1'), 3::bigint, 'one other, one gone, one new');
select is(pg_temp.now_in(), 'a-a 1.0-2, b-b 1.0-1, d-d 1-1', 'and so it is');
select pg_temp.sources('stable', 'a-a 1.0-10 1.0', 'a-a 1.0-9 1.0', 'a-a 1:0.1-1 0.1', 'a-a 1.0~rc1-1 1.0~rc1');
select is(pg_temp.now_in(), 'a-a 1:0.1-1', 'of several versions the highest');
select is(pg_temp.sources('stable', 'a-a 1:0.1-1 0.1 team'), 1::bigint, 'another Maintainer is a change, too');
select is(pg_temp.sources('updates', variadic '{}'::text[]), 0::bigint, 'an empty suite');
select is(pg_temp.now_in('updates'), null, 'stays empty');

-- Whose they are.
select is(pg_temp.teams_of('a-a'), 'team+openstack@tracker.debian.org openstack', 'by Maintainer, and by a word in it');
create function pg_temp.one(maintainer text, uploaders text default '', vcs text default '', homepage text default '') returns void language plpgsql as $$
begin
  perform index_begin();
  insert into pg_temp.index_incoming values ('main', 'x-x', '1-1', pg_temp.key('1-1'), '1', pg_temp.key('1'), false,
    maintainer, uploaders, '', vcs, homepage, null, null, '', '');
  perform index_merge((select id from suites where name = 'stable'));
end $$;
select pg_temp.one('X <x@example.org>', 'Y <y@example.org>, OpenStack <Team+OpenStack@tracker.debian.org>');
select is(pg_temp.teams_of('x-x'), 'team+openstack@tracker.debian.org openstack', 'by Uploaders, in any case of letters');
select pg_temp.one('X <x@example.org>', vcs => 'https://salsa.debian.org/openstack-team/libs/x.git');
select is(pg_temp.teams_of('x-x'), 'salsa.debian.org/openstack-team/ openstack', 'by Vcs-*');
select pg_temp.one('X <x@example.org>', vcs => 'https://salsa.debian.org/ruby-team/ruby-openstack.git');
select is(pg_temp.teams_of('x-x'), 'openstack', 'a bare word says more than one may want');
select pg_temp.one('X <x@example.org>', homepage => 'https://opendev.org/openstack/x');
select is(pg_temp.teams_of('x-x'), null, 'a Homepage makes nothing the team''s');
select pg_temp.one('team+openstack@tracker.debian.org.example.org');
select is(pg_temp.teams_of('x-x'), 'team+openstack@tracker.debian.org openstack', 'patterns are parts of fields');
insert into teams (word) values ('example') returning id as t \gset
select index_team(:t);
select is(pg_temp.teams_of('x-x'), 'team+openstack@tracker.debian.org openstack example', 'a new pattern is looked for in all suites');
select pg_temp.sources('stable', 'a-a 1:0.1-1 0.1');
select is(pg_temp.teams_of('x-x'), null, 'what is gone is nobody''s');

-- What could not be read.
create function pg_temp.bad(variadic files text[]) returns bigint language plpgsql as $$
declare f text;
begin
  perform index_begin();
  insert into pg_temp.index_incoming values ('main', 'a-a', '2-1', pg_temp.key('2-1'), '2', pg_temp.key('2'), false, '', '', '', '', '', null, null, '', '');
  foreach f in array files loop
    insert into pg_temp.index_bad values ('main/source/Sources: ' || f, f, 7, 'no field Version');
  end loop;
  return index_merge((select id from suites where name = 'stable'));
end $$;
select pg_temp.sources('stable', 'a-a 1-1 1', 'b-b 1-1 1', 'c-c 1-1 1');
select pg_temp.bad('b-b', 'e-e');
select is(pg_temp.now_in(), 'a-a 2-1, b-b 1-1', 'a paragraph that is bad keeps the last good row, one that is gone does not');
select results_eq('select source, file, line, reason from set_aside',
  $$values ('stable', 'main/source/Sources: b-b', 7, 'no field Version'), ('stable', 'main/source/Sources: e-e', 7, 'no field Version')$$, 'both are named');
update set_aside_files set since = '2026-01-01Z';
select pg_temp.bad('b-b');
select results_eq('select file, since from set_aside', $$values ('main/source/Sources: b-b', '2026-01-01Z'::timestamptz)$$, 'since when stays; what is mended is named no more');
select pg_temp.sources('updates', 'z-z 1-1 1');
select is((select count(*) from set_aside), 1::bigint, 'another suite does not mend it');
select pg_temp.sources('stable', 'a-a 2-1 2', 'b-b 2-1 2');
select is_empty('select * from set_aside', 'nothing is set aside any more');
select * from finish();
rollback;
