-- A clock that was an hour ahead and is right again: nothing waits until it has caught up. And a job
-- whose mirror has moved to another host meanwhile is the new one's.
begin;
select plan(14);

insert into mirrors (name, host) values ('m', 'old');
update instance set config_hash = 'x';

-- Claim.
select queue_enqueue('mirror', 'm', 'admin') as m \gset
update jobs set run_at = clock_timestamp() + interval '10 minutes';
select is_empty($$select from queue_claim('old', 'w', 30, 5, false)$$, 'a backoff of ten minutes is waited for');
update jobs set run_at = clock_timestamp() + interval '1 hour', queued = clock_timestamp() + interval '1 hour';
select is(id, :m::bigint, 'a time that no backoff reaches is not') from queue_claim('old', 'w', 30, 5, false);

-- A build's look upstream.
insert into jobs (kind, state, started, ended) values ('releases', 'done', now(), clock_timestamp() + interval '1 hour');
select ok(inserted, 'a look upstream that ended in the future does not stand for a new one') from queue_releases_due('delivery', null);
update jobs set state = 'done', ended = clock_timestamp() - interval '30 s' where kind = 'releases' and state = 'queued';
select ok(not inserted, 'one of half a minute ago does') from queue_releases_due('delivery', null);

-- The schedule.
select set_eq('select queue_schedule(900, 1800)', $$values ('releases'), ('archives'), ('mirror m')$$, 'all is due at first');
select is_empty('select queue_schedule(900, 1800)', 'and then for a time nothing');
update schedule set last = clock_timestamp() + interval '1 hour';
select set_eq('select queue_schedule(900, 1800)', $$values ('releases'), ('archives'), ('mirror m')$$, 'a last time in the future is none');
select is_empty('select queue_schedule(900, 1800)', 'once');

-- Hosts.
update jobs set state = 'done', ended = now() where state = 'queued';
select id as held, token from jobs where kind = 'mirror' and state = 'running' \gset
update mirrors set host = 'new';
select is(queue_finish(:held, :token, 'retry', 'e', null, 0), 'queued', 'the run fails');
select is(host, 'new', 'and its job waits for the mirror''s host of now') from jobs where id = :held;
select id as again, token as token2 from queue_claim('new', 'w', 30, 1, true, 'mirror') \gset
select is(queue_finish(:held, :token2, 'failed', 'e', null, 0), 'failed', 'it fails for good');
update mirrors set host = null;
select is(retry(:held), :held::bigint, 'somebody tries it again');
select is(host, null, 'and any host may, where the mirror has none') from jobs where id = :held;
select is(id, :held::bigint, 'one does') from queue_claim('any', 'w', 30, 5, false, 'mirror');
select * from finish();
rollback;
