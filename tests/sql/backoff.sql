-- How long a job waits until it is tried again: twice as long each time, up to ten minutes.
begin;
select plan(4);

select is(count(*), 0::bigint, 'the wait doubles, a quarter more or less')
  from generate_series(1, 7) as n, queue_backoff(n, 5) as wait
 where wait not between make_interval(secs => 0.75 * 5 * 2 ^ (n - 1)) and make_interval(secs => 1.25 * 5 * 2 ^ (n - 1));
select is(count(*), 0::bigint, 'ten minutes are the most, whatever the number')
  from unnest('{8,21,1000,2147483647}'::int[]) as n, queue_backoff(n, 5) as wait
 where wait not between interval '450 s' and interval '750 s';
select is(count(*), 0::bigint, 'a job that was never tried waits as after the first time')
  from queue_backoff(0, 5) as wait where wait not between interval '3.75 s' and interval '6.25 s';
select cmp_ok(count(distinct wait), '>', 1::bigint, 'jobs that failed together are not tried together')
  from generate_series(1, 50) as n, queue_backoff(1 + 0 * n, 5) as wait;

select * from finish();
rollback;
