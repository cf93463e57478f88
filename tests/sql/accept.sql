-- accept(): deliveries whose signature hook.fcgi has checked.
begin;
select plan(110);
insert into mirrors (name, host, state) values ('m', 'disk', 'active'), ('n', null, 'active'), ('cold', null, 'frozen');
insert into mirrors (name, configured) values ('gone', false);
insert into senders (name, mirrors, releases, profile, projects) values
  ('m', '{m,gone,never}', false, 'standard', '{}'), ('n', '{n,cold}', true, 'standard', '{}'),
  ('lab', '{}', false, 'standard', '{openstack-team/*}'), ('hub', '{}', true, 'github', '{}');

create function pg_temp.post(p_sender text, p_id text, p_body text, p_event text default null)
returns table (status int, reason text, job bigint, answer text) language sql as $$
  select * from accept(p_sender, p_id, convert_to(p_body, 'UTF8'), p_event, 'secret', 'request-1',
                       'https://x.example/deb-status/')
$$;
create function pg_temp.refused(p_sender text, p_body text, p_status int, p_reason text) returns text
language plpgsql as $$
declare
  r record := accept(p_sender, 'refused', convert_to(p_body, 'UTF8'), null, 's', null, 'https://x');
  v_text text := format('%s %s', p_sender, left(p_body, 60));
begin
  return is(row(r.status, r.reason, r.job, r.answer)::text,
            row(p_status, p_reason, null::bigint, format('{"error": "%s"}', p_reason))::text, v_text);
end
$$;
create function pg_temp.built(p_mirror text) returns text language sql as
  $$select format('{"type": "package.built", "mirror": "%s"}', p_mirror)$$;

-- What is refused leaves nothing.
select pg_temp.refused('nobody', pg_temp.built('m'), 503, 'database'); -- not yet in the database
select pg_temp.refused('m', body, 400, 'body') from (values
  (''), ('   '), ('nonsense'), ('{'), ('[]'), ('"x"'), ('17'), ('null'), ('true'), ('[{"type": "package.built"}]'),
  ('{"type": "package.built", "mirror": "m"} x'), ('{"type": "package.built", "mirror": "m"'),
  ('{"type": "package.built\u0000", "mirror": "m"}'), ('{"\u0000": 1, "type": "package.built", "mirror": "m"}'),
  (repeat('[', 40000)), ('{"type": "package.built", "mirror": "m", "x": ' || repeat('[', 30000) || '}'),
  ('{"type": "package.built", "mirror": "m", "x": 1e999999}'), ('{"x": "\ud800"}'),
  ('{}'), ('{"mirror": "m"}'), ('{"type": null}'), ('{"type": 17}'), ('{"type": ["package.built"]}'),
  ('{"type": "package.built"}'), ('{"type": "package.built", "mirror": 7}'), ('{"type": "package.built", "mirror": null}'),
  ('{"type": "package.built", "mirror": 1e131071}')) t (body);
select pg_temp.refused('m', format('{"type": "package.built", "mirror": "m", %s}', field), 400, 'body') from (values
  ('"source": 7'), ('"source": ""'), ('"source": "Nova"'), ('"source": "nova; rm"'), ('"source": "a"'), ('"source": "nova\n"'),
  ('"source": "../nova"'), ('"source": "nova", "version": ""'), ('"source": "nova", "version": 31'),
  ('"source": "nova", "version": "a1"'), ('"source": "nova", "version": "1 2"'), ('"source": "nova", "version": "1\n"'),
  ('"version": "1.0"'), ('"source": "nova", "version": "' || repeat('1', 300) || '"'),
  ('"url": "javascript:alert(1)"'), ('"url": "ftp://x/"'), ('"url": "https://x/ y"'), ('"url": "https://"'), ('"url": {}')) t (field);
select is((accept('m', 'refused', '\xff'::bytea || convert_to(pg_temp.built('m'), 'UTF8'), null, 's', null, '')).status, 400, 'no UTF-8');
select is((accept('m', 'refused', convert_to(pg_temp.built('m'), 'UTF8') || '\x00'::bytea, null, 's', null, '')).status, 400, 'a NUL byte');
select pg_temp.refused('m', body, 403, 'not-allowed') from (values
  (pg_temp.built('n')), (pg_temp.built('never')), (pg_temp.built('gone')), (pg_temp.built('')), (pg_temp.built('M')),
  ('{"type": "releases.changed"}'), ('{"type": "package.built", "mirror": "n", "source": 7}')) t (body);
select is_empty('select from deliveries union all select from jobs', 'nothing of it is kept');
select is_empty('select from secrets_used', 'nor counted as a use of the secret');

-- A delivery and its job.
\set nova '{"type": "package.built", "mirror": "m", "source": "nova", "version": "2:31.3.1-1~bpo12+1", "url": "https://ci.example/17", "more": [1]}'
select * from pg_temp.post('m', 'a1', :'nova') \gset a1_
select is(:a1_status, 202, 'accepted');
select is(:'a1_answer', format('{"job": %s, "state": "queued", "url": "https://x.example/deb-status/jobs/%s"}', :a1_job, :a1_job), 'with its job');
select results_eq('select sender, delivery, type, mirror, source, version, url, job, ignored, fulfilled, request_id from deliveries',
  format($$values ('m', 'a1', 'package.built', 'm', 'nova', '2:31.3.1-1~bpo12+1', 'https://ci.example/17', %s::bigint, null, null::timestamptz, 'request-1')$$, :a1_job),
  'what it says is kept, with the request''s id');
select is(body, convert_to(:'nova', 'UTF8'), 'and its raw bytes') from deliveries;
select is(hash, sha256(body), 'and their hash') from deliveries;
select results_eq('select kind, what, host, cause, state, request_id from jobs order by id',
  $$values ('mirror', 'm', 'disk', 'delivery', 'queued', 'request-1'), ('releases', '', null, 'delivery', 'queued', 'request-1')$$,
  'one job for the mirror, on its host, and a look upstream');
select results_eq('select sender, secret from secrets_used', $$values ('m', 'secret')$$, 'the secret was used');
select is(n, 1::bigint, 'the revision is raised once') from revisions where scope = 'queue';

-- Coalescing.
select is(x.status || ' ' || x.job, '202 ' || :a1_job, 'a second one joins the job that waits') from pg_temp.post('m', 'a2', pg_temp.built('m')) x;
select is(count(*), 2::bigint, 'no job more') from jobs;
select is(n, 1::bigint, 'and nothing to show') from revisions where scope = 'queue';
select isnt(x.job, :a1_job::bigint, 'another mirror has a job of its own') from pg_temp.post('n', 'b1', pg_temp.built('n')) x;
select is(x.job, (select id from jobs where kind = 'releases'), 'releases.changed joins the look upstream')
  from pg_temp.post('hub', 'c1', '{"type": "releases.changed", "action": "x"}', 'push') x;
select id as claimed, token as token from queue_claim('disk', 'w', 30, 5, false, 'mirror') \gset
select is(:claimed::bigint, :a1_job::bigint, 'a run begins');
select * from pg_temp.post('m', 'a3', pg_temp.built('m')) \gset a3_
select isnt(:a3_job::bigint, :a1_job::bigint, 'what comes during the run makes a new job');
select is(count(*), 1::bigint, 'of which there is one') from jobs where kind = 'mirror' and what = 'm' and state = 'queued';
update jobs set run_at = now() + interval '1 hour' where id = :a3_job;
select is(x.job, :a3_job::bigint, 'a delivery joins a job that waits for its backoff') from pg_temp.post('m', 'a4', pg_temp.built('m')) x;
select cmp_ok(run_at, '<=', clock_timestamp(), 'and makes it due') from jobs where id = :a3_job;

-- Replay.
select is(x.status || ' ' || x.answer, format('200 {"job": %s, "state": "running", "url": "https://x.example/deb-status/jobs/%s"}', :a1_job, :a1_job),
  'the same again: its job, in its present state') from pg_temp.post('m', 'a1', :'nova') x;
select is(queue_finish(:a1_job, :token, 'retry', 'e', null, 5), 'superseded', 'the run fails and folds into the one that waits');
select is(x.status || ' ' || x.answer, format('200 {"job": %s, "state": "queued", "url": "https://x.example/deb-status/jobs/%s"}', :a3_job, :a3_job),
  'the same again: followed to the job that carries it now') from pg_temp.post('m', 'a1', :'nova') x;
select is(x::text, '(409,id-reused,,"{""error"": ""id-reused""}")', 'the same id, another body') from pg_temp.post('m', 'a1', pg_temp.built('m')) x;
select is(x::text, '(409,id-reused,,"{""error"": ""id-reused""}")', 'also where it would be ignored') from pg_temp.post('m', 'a1', '{"type": "other"}') x;
select is(x.status, 403, 'rights come first') from pg_temp.post('m', 'a1', '{"type": "releases.changed"}') x;
select is(x.status, 202, 'another sender may use that id') from pg_temp.post('n', 'a1', pg_temp.built('n')) x;
select is(count(*), 1::bigint, 'one row for an id') from deliveries where sender = 'm' and delivery = 'a1';

-- Ignored: signed, and of no concern.
select is(x::text, format('(200,,,"{""ignored"": ""%s""}")', ignored), 'ignored: ' || left(body, 50) || coalesce(' ' || event, ''))
  from (values ('m', '{"type": "build.started"}', null, 'type'), ('m', '{"type": ""}', null, 'type'),
               ('hub', '{"zen": "x"}', 'ping', 'event'), ('hub', '{"ref": "refs/heads/main"}', null, 'event'),
               ('lab', '{"object_kind": "merge_request"}', 'Merge Request Hook', 'event'),
               ('lab', '{"event_name": "project_create"}', null, 'event'), ('m', '{"x": 1}', 'push', 'event'),
               ('lab', '{"object_kind": "push", "project": {"path_with_namespace": "evil/openstack-team/nova"}}', null, 'event'),
               ('lab', '{"object_kind": "push", "project": {"path_with_namespace": "openstack-team"}}', null, 'event'),
               ('lab', '{"object_kind": "push", "project": "openstack-team/nova"}', null, 'event'),
               ('lab', '{"object_kind": "push"}', null, 'event'), ('lab', '{"object_kind": 17}', null, 'event'),
               ('m', '{"object_kind": "push", "project": {"path_with_namespace": "openstack-team/nova"}}', null, 'event')) t (sender, body, event, ignored)
 cross join lateral pg_temp.post(sender, 'i' || md5(concat(body, event)), body, event) x;
select is(x::text, '(200,,,"{""ignored"": ""frozen""}")', 'a frozen mirror''s build') from pg_temp.post('n', 'f1', pg_temp.built('cold')) x;
select is(x::text, '(200,,,"{""ignored"": ""frozen""}")', 'and the same again') from pg_temp.post('n', 'f1', pg_temp.built('cold')) x;
select is(x.status, 409, 'with another body') from pg_temp.post('n', 'f1', pg_temp.built('cold') || ' ') x;
select is(x.status, 400, 'its fields are looked at all the same') from pg_temp.post('n', 'f2', '{"type": "package.built", "mirror": "cold", "source": "N"}') x;
select is(count(*), 3::bigint, 'no job of it') from jobs where kind = 'mirror';
select is_empty($$select from events$$, 'and no event');

-- Pushes and tags of allowed projects.
insert into suites (name, uri, suite, components, line) values ('s', 'u', 'sid', '{main}', 'deb u sid main');
insert into teams (word) values ('openstack');
insert into sources (suite, name, version, key, upstream, upstream_key, vcs_git)
  select id, 'neutron-taas', '1', '', '1', '', 'https://salsa.debian.org/openstack-team/services/tap-as-a-service.git -b debian/master' from suites;
insert into team_sources (team, suite, name) select t.id, s.id, 'neutron-taas' from teams t, suites s;
select is(x::text, '(200,,,"{""ignored"": ""packaging""}")', 'a push of an allowed project')
  from pg_temp.post('lab', 'p1', '{"object_kind": "push", "ref": "refs/heads/debian/epoxy", "after": "12ab", "project": {"path_with_namespace": "openstack-team/services/Nova", "web_url": "https://salsa.debian.org/openstack-team/services/nova"}}', 'Push Hook') x;
select is(x.status, 200, 'the same again') from pg_temp.post('lab', 'p1', '{"object_kind": "push", "ref": "refs/heads/debian/epoxy", "after": "12ab", "project": {"path_with_namespace": "openstack-team/services/Nova", "web_url": "https://salsa.debian.org/openstack-team/services/nova"}}', 'Push Hook') x;
select is(x.status, 200, 'a tag') from pg_temp.post('lab', 'p2', '{"object_kind": "tag_push", "ref": "refs/tags/debian/1-1", "after": "0000", "project": {"path_with_namespace": "openstack-team/services/tap-as-a-service", "web_url": "javascript:alert(1)"}}') x;
select results_eq('select kind, source, text, url from events order by id', $$values
  ('packaging', 'nova', 'packaging changed: debian/epoxy in openstack-team/services/Nova', 'https://salsa.debian.org/openstack-team/services/nova'),
  ('packaging', 'neutron-taas', 'packaging changed: debian/1-1 removed in openstack-team/services/tap-as-a-service', null)$$,
  'each is one event of its source package');
select is(count(*), 2::bigint, 'which recent shows') from recent where kind = 'packaging changed';

-- Refusals and what is seen of senders.
select note_refusals('{m,nobody,m,"",m}', '{signature,signature,body,signature,nonsense}', '{3,2,1,5,9}');
select note_refusals('{m}', '{signature}', '{4}');
select results_eq('select sender, reason, refused from refusals order by 1, 2',
  $$values ('', 'signature', 7::bigint), ('m', 'body', 1), ('m', 'signature', 7)$$, 'refusals add up, of unknown senders under no name');
select results_eq($$select sender, accepted, refused, reason is not null from senders_seen order by 1$$,
  $$values ('', 0::bigint, 7::bigint, true), ('hub', 3, 0, false), ('lab', 9, 0, false), ('m', 8, 8, true), ('n', 3, 0, false)$$,
  'senders_seen');
select * from finish();
rollback;
