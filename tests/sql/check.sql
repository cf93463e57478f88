-- What check_*() find: each thing that is wrong, and nothing where all is well.
begin;
select plan(29);

insert into upstreams (name, kind, location, checked) values ('u', 'openstack-releases', 'u', now()) returning id as u \gset
insert into series (upstream, name, release, status, position, configured)
values (:u, 'epoxy', '2025.1', 'maintained', 30, true) returning id as s \gset
insert into deliverables (series, name, team, type, model, oid) values (:s, 'nova', 'nova', 'service', 'cycle', 'o'),
  (:s, 'devstack', 'QA', 'other', 'untagged', 'o');
insert into projects (repo) values ('openstack/nova'), ('openstack/devstack');
insert into series_projects select :s, p.id, d.id, d.name from deliverables d join projects p on p.repo = 'openstack/' || d.name;
insert into candidates select :s, id, 1, 'name', 'nova' from projects where repo = 'openstack/nova';
insert into suites (name, uri, suite, components, line, checked) values ('sid', 'http://d', 'sid', '{main}', 'l', now()) returning id as sid \gset
insert into target_rows (series, name) values (:s, 'sid') returning id as t \gset
insert into target_suites values (:t, :sid, 0);
insert into teams (maintainer) values ('team@') returning id as team \gset
insert into series_teams values (:s, :team);
insert into sources (suite, name, version, key, upstream, upstream_key, maintainer) values (:sid, 'nova', '1', '1', '1', '1', 'T <team@x>');
insert into releases (deliverable, project, version, kind, debian, key)
select deliverable, project, '1', 'final', '1', '1' from series_projects where artifact = 'nova';
select index_team(:team);
select compare_all();
insert into workers (name, host, version) values ('w', 'here', '1');

create function pg_temp.found() returns setof text language sql as $$
  select level || ' ' || finding from (select * from check_sources(1800) union all
    select * from check_queue(1800, '1') union all select * from check_contents()) x
   order by o, finding
$$;
select is_empty('select pg_temp.found()', 'all is well');

-- Sources.
update suites set checked = null;
select results_eq('select pg_temp.found()', array['note suite sid was not read yet'], 'never read');
update suites set checked = now() - interval '2 hours';
select matches((select pg_temp.found()), '^note suite sid was last read 2', 'late');
update suites set checked = now() - interval '2 days';
select matches((select pg_temp.found()), '^error suite sid was last read', 'too late');
update suites set checked = now(), error = 'no route';
select matches((select pg_temp.found()), '^error suite sid: no route, last read well', 'failing');
update suites set error = null;
insert into mirrors (name, host, state, suites, checked) values ('m', 'here', 'active', '{m}', now()), ('cold', 'there', 'frozen', '{cold}', null);
select is_empty('select pg_temp.found()', 'a frozen mirror is neither alarmed about, nor its host');
update mirrors set error = 'refused' where name = 'm';
select matches((select pg_temp.found()), '^error mirror m: refused', 'a mirror');
update mirrors set error = null, host = 'gone' where name = 'm';
select results_eq('select pg_temp.found()', array['error mirror m is of host gone, where no worker runs'], 'its host');
update mirrors set host = null;
insert into workers (name, host, version) values ('v', 'there', '1');
select results_eq('select pg_temp.found()', array['note mirrors without host: (m) are published by whichever of the hosts here, there takes the job'], 'whose disk it is, where two hosts could publish');
update mirrors set host = 'here' where name = 'm';
select is_empty('select pg_temp.found()', 'said, it is clear');
update mirrors set host = null;
delete from workers where name = 'v';

-- The queue.
update workers set version = '0.9';
select results_eq('select pg_temp.found()', array['note worker w is of version 0.9, this program of 1'], 'an old worker');
update workers set version = '1', seen = now() - interval '1 hour';
select results_eq('select pg_temp.found()', array['error no worker runs'], 'no worker, and nothing was ever done');
insert into jobs (kind, state, ended) values ('archives', 'done', now()) returning id as done \gset
select results_eq('select pg_temp.found()', array['note no worker runs'], 'somebody does the jobs');
insert into jobs (kind, run_at) values ('releases', now() - interval '5 minutes');
select matches((select pg_temp.found()), '^error no worker runs, 1 jobs wait since', 'nobody does');
update workers set seen = now();
select is_empty('select pg_temp.found()', 'a job may wait for some minutes');
update jobs set run_at = now() - interval '1 hour' where state = 'queued';
select matches((select pg_temp.found()), '^error 1 jobs wait since .* though workers run', 'not for long');
update jobs set state = 'failed', error = 'e', ended = now() where state = 'queued' returning id as failed \gset
select matches((select pg_temp.found()), '^error job \d+ \(releases\) failed .*: e', 'a job that failed');
insert into jobs (kind, state, ended) values ('releases', 'done', now() + interval '1 s');
select matches((select pg_temp.found()), '^note job \d+ \(releases\) failed', 'but a later one went well');
insert into jobs (kind, state, ended) select 'archives', 'failed', now() - interval '1 day' from generate_series(1, 12);
select is((select count(*)::int from pg_temp.found()), 11, 'ten of many, and how many');
delete from jobs where state = 'failed';

-- What is configured and what is there.
insert into series (upstream, name, configured) values (:u, '2025.1', true);
select matches((select string_agg(finding || mend, '') from check_contents()), 'upstream has no series 2025.1.*called epoxy there.*Known: epoxy', 'a series that upstream does not have');
delete from series where name = '2025.1';
insert into masks (series, pattern, field, regex, file, line) values
  (null, 'nothing', 'deliverable', '^nothing$', 'f', 1), (:s, 'nova', 'deliverable', '^nova$', 'g', 2), (:s, 'devstack', 'deliverable', '^devstack$', 'g', 3);
select results_eq('select pg_temp.found()', array['note f:1: mask "nothing" matches nothing',
  'note g:2: mask "nova" hides what a target carries: openstack/nova (nova on epoxy/sid)'], 'masks');
delete from masks;
insert into teams (vcs) values ('salsa.debian.org/nobody/') returning id as nobody \gset
insert into series_teams values (:s, :nobody);
select results_eq('select pg_temp.found()', array['note team pattern vcs: salsa.debian.org/nobody/ matches no source package'], 'a team of nobody');
delete from series_teams where team = :nobody;
insert into set_aside_files (source, file, line, reason) values ('u', 'a.yaml', 1, 'bad'), ('u', 'b.yaml', 1, 'bad');
select matches((select pg_temp.found()), '^note 2 input files could not be read, the first: u [ab].yaml: bad', 'input that is set aside');
delete from set_aside_files;
insert into generations (mirror, suite, generation, release_sha256, newest_sha256, published_sha256)
values ('m', 'm', 1, '', '', ''), ('was', 'old', 3, '', '', '');
select results_eq('select pg_temp.found()', array['note suite old is published, but no mirror has it any more'], 'a suite without mirror');
delete from generations;
insert into suite_holds (suite, reason) values ('m', 'rolled back');
select matches((select pg_temp.found()), '^note suite m is held since .*: rolled back', 'a suite that is held');
delete from suite_holds;
insert into senders (name) values ('h');
insert into refusals (sender, reason, refused) values ('h', 'signature', 3), ('', 'signature', 9);
select matches((select pg_temp.found()), '^note sender h was refused 3 times \(signature\)', 'a sender that is refused; strangers are none');
insert into deliveries (sender, delivery, hash, body, received) values ('h', '1', '', '', now() + interval '1 s');
select is_empty('select pg_temp.found()', 'until it is accepted');
update instance set config_error = 'f:1: no';
select results_eq('select pg_temp.found()', array['error the worker refused the configuration: f:1: no'], 'a configuration that was refused');

select results_eq($$values (check_name('epoxy', 'openstack/nova', 'nova')), (check_name(null, 'openstack/x', 'nova')),
  (check_name('epoxy', 'openstack/nova', 'x'))$$, array[null, 'no configured series has a project openstack/x', 'no suite has a source package x'], 'names');
select * from finish();
rollback;
