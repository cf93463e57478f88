-- What the job configure makes of the files, and what it leaves of what was there before.
begin;
set local check_function_bodies = off; -- they read temporary tables
select plan(45);

insert into upstreams (name, kind, location, checked, head) values ('u', 'openstack-releases', 'u', now(), 'h') returning id as u \gset
insert into series (upstream, name, release, status) values (:u, 'epoxy', '2025.1', 'maintained'), (:u, 'typo', null, null);
insert into projects (repo) values ('openstack/nova');
insert into deliverables (series, name, oid) select id, 'nova', '' from series where name = 'epoxy';
insert into series_projects select d.series, p.id, d.id, 'nova' from deliverables d, projects p;

-- ---- whether anything is to be done
select configure_due('h1', 'a') as job \gset
select is((select id from jobs where kind = 'configure'), :job::bigint, 'another hash queues a job');
select is((select host from jobs where kind = 'configure'), 'a', 'for the host that has the files');
select is(configure_due('h1', 'b'), :job::bigint, 'no second one');
select is((select host from jobs where kind = 'configure'), 'b', 'who saw the change last has the files');
delete from jobs;

-- ---- a first configuration: two series, two mirrors
create function pg_temp.lines(p_series text, p_target text, p_lines text[]) returns void language sql as $$
  insert into cfg_lines (series, target, position, uri, suite, components, options, line)
  select p_series, p_target, n, split_part(l, ' ', 1), split_part(l, ' ', 2), '{main}', split_part(l, ' ', 3), 'deb ' || l
    from unnest(p_lines) with ordinality as g (l, n)
$$;
create function pg_temp.add_mirrors(p_host text, p_settings text) returns void language sql as $$
  insert into cfg_mirrors values ('m', p_host, 'active', '{m-backports}', p_settings),
                                 ('cold', null, 'frozen', '{old}', 's');
  select pg_temp.lines(null, null, array['http://own/a m-backports', 'http://own/a old']);
$$;
create function pg_temp.merge() returns void language sql as $$
  select configure_series(), configure_mirrors(), configure_suites('http://own/a'), configure_targets(),
         configure_teams(), configure_masks(), configure_senders()
$$;

select configure_begin();
insert into cfg_series values ('epoxy'), ('typo');
insert into cfg_targets values ('epoxy', 'trixie', 0), ('epoxy', 'osbpo', 1), ('typo', 'sid', 0);
select pg_temp.lines('epoxy', 'trixie', array['http://d/debian trixie', 'http://s/security trixie', 'http://d/debian trixie-updates']);
select pg_temp.lines('epoxy', 'osbpo', array['http://own/a m-backports', 'http://own/a nobody']);
select pg_temp.lines('typo', 'sid', array['http://d/debian sid', 'http://d/ports sid']);
select pg_temp.add_mirrors('h', 's');
insert into cfg_masks (series, pattern, field, regex, reason, file, line) values
  (null, 'x', 'deliverable', '^x$', null, 'f', 1), ('epoxy', 'y', 'repo', '^y$', 'why', 'g', 2);
insert into cfg_teams values ('epoxy', 'team@', null, null), ('typo', 'team@', null, null), ('typo', null, null, 'other');
insert into cfg_senders values ('m', '{m}', false, 'standard', '{}'), ('salsa', '{}', true, 'hmac', '{t/*}');
select pg_temp.merge();

select results_eq('select name from series where configured order by name', $$values ('epoxy'), ('typo')$$, 'series are configured');
select results_eq('select uri, suite, name from suites order by uri collate "C", suite collate "C"', $$values
  ('http://d/debian', 'sid', 'd/debian/sid'), ('http://d/debian', 'trixie', 'd/trixie'),
  ('http://d/debian', 'trixie-updates', 'trixie-updates'), ('http://d/ports', 'sid', 'd/ports/sid'),
  ('http://own/a', 'm-backports', 'm-backports'), ('http://own/a', 'nobody', 'nobody'),
  ('http://own/a', 'old', 'old'), ('http://s/security', 'trixie', 's/trixie')$$,
  'a suite is called by its name; where two clash with the host, then with the path in front');
select results_eq('select suite, mirror, error from suites where own order by suite', $$values
  ('m-backports', 'm', null), ('nobody', null, 'no configured mirror publishes this suite'), ('old', 'cold', null)$$,
  'own suites belong to the mirror that publishes them, named by a target or not');
select results_eq('select suite from suites where not own order by uri, suite',
                  $$values ('sid'), ('trixie'), ('trixie-updates'), ('sid'), ('trixie')$$, 'the others are fetched');
select results_eq($$select t.name, su.name from target_suites ts join targets t on t.id = ts.target
                      join suites su on su.id = ts.suite where t.name = 'trixie' order by ts.position$$,
  $$values ('trixie', 'd/trixie'), ('trixie', 's/trixie'), ('trixie', 'trixie-updates')$$, 'in the order of the lines');
select results_eq('select s.name, m.pattern, m.reason from masks m left join series s on s.id = m.series order by m.id',
  $$values (null, 'x', null), ('epoxy', 'y', 'why')$$, 'masks');
select is((select count(*) from teams), 2::bigint, 'each pattern once');
select is((select count(*) from series_teams), 3::bigint, 'for each series');
select results_eq('select name, releases, profile from senders order by name',
                  $$values ('m', false, 'standard'), ('salsa', true, 'hmac')$$, 'senders');
select results_eq('select configure_finish()', 'select id from series order by id', 'all that is configured is compared');
select lives_ok($$select configure_causes(7, 'h1')$$, 'the end');
select is((select config_hash from instance), 'h1', 'the hash is the database''s');
select is(configure_due('h1', 'a'), null, 'nothing to do');
select results_eq('select kind, what, host, cause from jobs order by kind', $$values
  ('archives', '', null, 'job 7'), ('mirror', 'm', 'h', 'job 7')$$,
  'what was never looked at is due: not the frozen mirror, not the upstream that was read');
select is((select count(*) from schedule), 2::bigint, 'and not by schedule once more');

-- ---- work was done; the same configuration again changes nothing
delete from jobs;
update suites set tried = now(), fingerprint = 'f', release_date = '2026-01-01' where not own or mirror is not null;
update mirrors set tried = now();
select compare_all();
insert into sources (suite, name, version, key, upstream, upstream_key, maintainer)
select id, 'nova', '1', '\x01', '1', '\x01', 'Team <team@x>' from suites where name = 'd/trixie';
create temp table before as
select (select array_agg(id order by id) from suites) as suites, (select array_agg(id order by id) from target_rows) as targets,
       (select array_agg(id order by id) from masks) as masks, (select array_agg(id order by id) from teams) as teams;
select isnt((select complete_since from targets where name = 'trixie'), null, 'the target is complete');

create function pg_temp.again(p_trixie text[], p_host text, p_settings text) returns void language plpgsql as $$
begin
  perform configure_begin();
  insert into cfg_series values ('epoxy');
  insert into cfg_targets values ('epoxy', 'trixie', 0), ('epoxy', 'osbpo', 1);
  perform pg_temp.lines('epoxy', 'trixie', p_trixie);
  perform pg_temp.lines('epoxy', 'osbpo', array['http://own/a m-backports', 'http://own/a nobody']);
  perform pg_temp.add_mirrors(p_host, p_settings);
  insert into cfg_masks (series, pattern, field, regex, reason, file, line) values
    (null, 'x', 'deliverable', '^x$', null, 'f', 1), ('epoxy', 'y', 'repo', '^y$', 'why', 'g', 2);
  insert into cfg_teams values ('epoxy', 'team@', null, null);
  insert into cfg_senders values ('m', '{m}', false, 'standard', '{}');
  perform pg_temp.merge();
end $$;
select pg_temp.again(array['http://d/debian trixie', 'http://s/security trixie', 'http://d/debian trixie-updates'], 'h', 's');
select results_eq('select masks from before', 'select array_agg(id order by id) from masks', 'masks that are the same stay');
select is((select tried is not null from mirrors where name = 'm'), true, 'a mirror that is the same is not looked at');
select is((select count(*) from senders), 1::bigint, 'a sender that is gone has no rights');
select is((select count(*) from teams), 1::bigint, 'a pattern that nobody uses goes');
-- the series that is configured no more
select is((select configured from series where name = 'typo'), false, 'a series without file is not configured');
select is((select count(*) from targets where name = 'sid'), 0::bigint, 'its targets are not shown');
select results_eq('select targets from before', 'select array_agg(id order by id) from target_rows', 'but kept');
select results_eq('select configure_finish()', $$select id from series where name = 'epoxy'$$,
                  'a name that nobody upstream has goes');
select is((select count(*) from series where name = 'typo'), 0::bigint, 'with its series');
select is((select count(*) from suites where configured and suite = 'sid'), 0::bigint, 'its suites are not fetched');
select ok((select bool_and(name like 'removed-%') from suites where not configured), 'and give their names free');
select lives_ok($$select configure_causes(8, 'h2')$$, 'the end');
select is((select count(*) from jobs), 0::bigint, 'no job');

-- ---- another server of a suite, a suite that is new
select pg_temp.again(array['https://new/debian trixie', 'http://s/security trixie', 'http://d/debian trixie-updates'], 'h', 's');
select is((select name from suites where uri = 'https://new/debian'), 'new/trixie', 'the suite of another server');
select is((select count(*) from sources so join suites su on su.id = so.suite where su.uri = 'https://new/debian'), 1::bigint,
          'keeps what is known of it');
select is((select fingerprint || release_date from suites where uri = 'https://new/debian'), null, 'until it is read');
select isnt((select complete_since from targets where name = 'trixie'), null, 'its target goes on');
select pg_temp.again(array['https://new/debian trixie', 'http://d/debian experimental'], 'h', 's');
select is((select complete_since from targets where name = 'trixie'), null,
          'a suite that nobody has seen yet: what its first reading changes is no event');
select configure_causes(9, 'h3');
select results_eq('select kind from jobs', $$values ('archives')$$, 'it is looked at');

-- ---- a suite that comes back
delete from jobs;
update suites set tried = now(), fingerprint = 'f' where not own;
select pg_temp.again(array['https://new/debian trixie', 'http://s/security trixie'], 'h', 's');
select configure_causes(9, 'h5');
select results_eq('select kind from jobs', $$values ('archives')$$, 'what it had when it went may be old: it is looked at at once');
select results_eq('select uri from suites where configured and not own and fingerprint is null',
                  $$values ('http://s/security')$$, 'and it alone is read anew');
delete from jobs;

-- ---- a mirror that changes
insert into jobs (kind, what, host) values ('mirror', 'm', 'h');
select pg_temp.again(array['https://new/debian trixie'], 'other', 's');
select is((select host from jobs where what = 'm'), 'other', 'a waiting job goes where the disk is');
delete from jobs;
select pg_temp.again(array['https://new/debian trixie'], 'other', 's2');
select configure_causes(10, 'h4');
select ok(exists (select from jobs where kind = 'mirror' and what = 'm' and host = 'other'), 'another setting: its job is due');
select configure_begin();
select pg_temp.merge();
select results_eq('select name, configured from mirrors order by name', $$values ('cold', false), ('m', false)$$,
                  'mirrors that are gone are kept, with what they published');
select is((select count(*) from targets), 0::bigint, 'nothing is configured');

select * from finish();
rollback;
