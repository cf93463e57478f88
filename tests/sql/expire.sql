-- What the queue forgets, and what something still points to.
begin;
select plan(4);
create temp view left_jobs as select string_agg(error, ' ' order by id) as names from jobs;

insert into jobs (kind, state, ended, error) values
  ('archives', 'done', now() - interval '2 days', 'done'),
  ('archives', 'failed', now() - interval '2 days', 'failed'),
  ('archives', 'done', now() - interval '2 days', 'announced'),
  ('archives', 'done', now() - interval '2 days', 'later'),
  ('archives', 'cancelled', now() - interval '1 hour', 'recent');
insert into jobs (kind, state, ended, error, superseded_by)
  select 'archives', 'superseded', now() - interval '1 hour', 'replaced', id from jobs where error = 'later';
insert into deliveries (sender, delivery, hash, body, received, job)
  select 's', 'old', ''::bytea, ''::bytea, now() - interval '2 days', id from jobs where error = 'done' union all
  select 's', 'new', ''::bytea, ''::bytea, now() - interval '1 hour', id from jobs where error = 'announced';

select is(queue_expire(86400, 86400), 2::bigint, 'an old delivery, and its job that nothing else names');
select is(names, 'failed announced later recent replaced',
          'what failed stays, what a delivery or a superseded job names, and what is recent') from left_jobs;
update jobs set ended = ended - interval '2 days';
update deliveries set received = received - interval '2 days';
select is(queue_expire(86400, 86400) + queue_expire(86400, 86400), 5::bigint, 'all of it goes when its time has come');
select is(names, 'failed', 'but for what failed') from left_jobs;

select * from finish();
rollback;
