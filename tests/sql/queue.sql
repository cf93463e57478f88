-- The queue's functions and views.
begin;
select plan(56);
insert into mirrors (name, host, state) values ('m', 'disk', 'active'), ('cold', null, 'frozen');

select is(enqueue('archives'), enqueue('archives'), 'a second enqueue joins the job that waits');
select throws_ok($$select enqueue('mirror', 'nope')$$, '22023', 'no such mirror: nope');
select throws_ok($$select enqueue('mirror')$$, '22023', 'no such mirror: ');
select throws_ok($$select enqueue('mirror', 'cold')$$, '22023', 'mirror cold is frozen');
select throws_ok($$select enqueue('releases', 'x')$$, '22023', 'a job releases takes no name');
select throws_ok($$select enqueue('nonsense')$$, '22023', 'no such kind of job: nonsense');
select enqueue('mirror', 'm') as m \gset
select is(host, 'disk', 'a mirror''s job carries its host') from jobs where id = :m;
select is(cause, 'admin', 'and who asked') from jobs where id = :m;

-- Claim.
select is(kind, 'archives', 'a worker of another host gets what any may take')
  from queue_claim('other', 'w', 30, 5, false);
select is_empty($$select * from queue_claim('other', 'w', 30, 5, false)$$, 'and not the mirror''s');
select id as claimed, token as t1 from queue_claim('disk', 'w', 30, 5, false) \gset
select is(:claimed::bigint, :m::bigint, 'the host''s worker does');
select is(attempts, 1, 'the attempt is counted when claimed') from jobs where id = :m;
select enqueue('mirror', 'm') as m2 \gset
select isnt(:m2::bigint, :m::bigint, 'what comes during a run makes a new job');
select is_empty($$select * from queue_claim('disk', 'w', 30, 5, false)$$, 'which waits for the run''s end');
select ok(queue_begin(:m, :t1), 'the run begins');
select ok(job_fence(:m, :t1), 'the run holds its job');
select ok(not job_fence(:m, :t1 + 1), 'another token does not');
select is((select cancelling from queue_renew(:m, :t1, 30)), false, 'the lease is renewed');
select is_empty(format('select * from queue_renew(%s, %s, 30)', :m, :t1 + 1), 'not with another token');
select queue_progress(:m, :t1, 'pool', 3, 12, 'files');
select is(progress, 'pool 3/12 files', 'the view shows step and progress') from queue where id = :m;
select queue_progress(:m, :t1, null, 4, 12, 'files|3.1 of 9.0 MB');
select is(progress, 'pool 4/12 files (3.1 of 9.0 MB)', 'and what else there is to say of it') from queue where id = :m;

-- A retry folds into the one that waits.
insert into deliveries (sender, delivery, hash, body, job) values ('s', '1', '', '', :m);
select is(queue_finish(:m, :t1 + 1, 'done', null, null, 5), '', 'finish with another token does nothing');
select is(queue_finish(:m, :t1, 'retry', 'e', 'd', 5), 'superseded', 'a retry folds into the waiting job');
select is(superseded_by, :m2::bigint, 'and says into which') from jobs where id = :m;
select is(job, :m2::bigint, 'the delivery has moved') from deliveries where delivery = '1';
select is(job_followed(:m), :m2::bigint, 'and can be followed');

-- Backoff, attempts, failure for good.
select id as c2, token as t2 from queue_claim('disk', 'w', 30, 2, false) \gset
select is(queue_finish(:c2, :t2, 'retry', 'e', 'd', 5), 'queued', 'a retry alone waits');
select cmp_ok(run_at, '>', clock_timestamp() + interval '3 s', 'for its backoff') from jobs where id = :m2;
select is(state, 'backoff', 'which the view shows') from queue where id = :m2;
select is_empty($$select * from queue_claim('disk', 'w', 30, 2, false)$$, 'it is not due');
select is(enqueue('mirror', 'm'), :m2::bigint, 'another request joins it');
select queue_join('mirror', 'm', 'disk', 'delivery', r) from unnest(array['r1', 'r2']) r;
select results_eq(format('select request_id from jobs where id = %s', :m2), array['r1'], 'and the first that has an id gives it');
select cmp_ok(run_at, '<=', clock_timestamp(), 'and makes it due') from jobs where id = :m2;
select id as c3, token as t3 from queue_claim('disk', 'w', 30, 2, false) \gset
select is(queue_finish(:c3, :t3, 'retry', 'still', 'raw', 5), 'failed', 'the last attempt fails for good');
select results_eq($$select f.id::bigint, f.error, j.detail from failed f join jobs j on j.id = f.id$$,
                  format('values (%s::bigint, ''still'', ''raw'')', :m2), 'it stays visible');
select is(retry(:m), :m2::bigint, 'retry follows to the job that took over');
select results_eq(format('select state, attempts from jobs where id = %s', :m2), $$values ('queued', 0)$$,
                  'and queues it with all its attempts');

-- Done fulfils; a version that was announced too late for the run does not count as done.
select id as c4, token as t4 from queue_claim('disk', 'w', 30, 2, false) \gset
insert into deliveries (sender, delivery, hash, body, job, source, version) values ('s', '2', '', '', :m2, 'nova', '1-1');
select is(queue_finish(:c4, :t4, 'done', null, null, 0), 'queued', 'an announced version not judged: again');
select isnt(fulfilled, null, 'what names no version is fulfilled by the run') from deliveries where delivery = '1';
update deliveries set fulfilled = now() where delivery = '2';
select id as c5, token as t5 from queue_claim('disk', 'w', 30, 2, true) \gset
select is(queue_finish(:c5, :t5, 'done', null, null, 0), 'done', 'done');
select throws_ok(format('select retry(%s)', :m2), '55000', null, 'a job that is done cannot be tried again');
select throws_ok(format('select cancel(%s)', :m2), '55000', null, 'nor cancelled');

-- Cancel; lost workers.
select enqueue('mirror', 'm') as m3 \gset
select is(cancel(:m3), 'cancelled', 'a waiting job is cancelled at once');
select is(retry(:m3), :m3::bigint, 'and can be tried again');
select id as c6, token as t6 from queue_claim('disk', 'w', 30, 5, false) \gset
select is(cancel(:m3), 'cancelling', 'a running one is stopped by its worker');
select ok(not job_fence(:m3, :t6), 'and writes no more');
update jobs set lease = now() - interval '1 s' where id = :m3;
select results_eq($$select queue_reap(5)$$, format('values (%s::bigint)', :m3), 'a lease that is over is taken back');
select is(state, 'cancelled', 'and a cancelled job stays cancelled') from jobs where id = :m3;

-- What the program asked for by itself and what failed is no concern after a later run.
insert into jobs (kind, state, cause, ended) values ('releases', 'failed', 'schedule', now()) returning id as f1 \gset
insert into jobs (kind, state, cause, ended) values ('releases', 'failed', 'admin', now()) returning id as f2 \gset
insert into jobs (kind, state, cause, ended) values ('releases', 'failed', 'job 1', now()) returning id as f3 \gset
insert into deliveries (sender, delivery, hash, body, job) values ('s', '3', '', '', :f3);
select enqueue('releases') as r \gset
select id as c7, token as t7 from queue_claim('disk', 'w', 30, 5, false, 'releases') \gset
select is(queue_finish(:c7, :t7, 'done', null, null, 0), 'done', 'a later run is done');
select is(superseded_by, :r::bigint, 'the scheduled one that failed is superseded') from jobs where id = :f1;
select results_eq(format('select state from jobs where id in (%s, %s)', :f2, :f3), $$values ('failed'), ('failed')$$,
                  'one that somebody asked for, or that has a delivery, stays');

-- /metrics is anybody's to ask: the last jobs are found among many, and all are counted in one pass.
insert into jobs (kind, what, state, run_at, queued, started, ended)
  select 'mirror', 'm', 'done', t, t, t, t + n * interval '1 ms' from generate_series(1, 20000) n, now() t;
analyze jobs;
\set metrics `sed '/^--/d' sql/queries/api_metrics.sql`
create function pg_temp.explain(q text) returns text language plpgsql as $$
declare
  plan json;
begin
  execute 'explain (format json) ' || q into plan;
  return plan::text;
end $$;
select pg_temp.explain(:'metrics') as plan \gset
select matches(:'plan'::text, '"Index Name": "jobs_last"', 'the last job of a kind comes from an index');
select is(regexp_count(:'plan'::text, '"Node Type": "Seq Scan"[^{}]*"Relation Name": "jobs"')
          + regexp_count(:'plan'::text, '"Index Name": "jobs_ended"'), 1, 'jobs are looked through once');
select is(regexp_count(:'plan'::text, '"Relation Name": "deliveries"'), 1, 'and deliveries');
:metrics \gset metrics_
select matches(:'metrics_string_agg'::text, 'deb_status_job_seconds\{kind="mirror",what="m"\} 20.000', 'it is the last one');

-- Expiry.
update jobs set ended = ended - interval '2 days';
update deliveries set received = received - interval '2 days';
select cmp_ok(queue_expire(86400, 86400), '>', 0::bigint, 'old rows are forgotten');
select * from finish();
rollback;
