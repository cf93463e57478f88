-- What /health and `deb-status check` read of a standby's state. The server here is none, so the
-- functions that tell its state are those of a schema in front of pg_catalog's.
begin;
select plan(12);

create schema standby;
create table standby.state (recovery bool, alone bool, received pg_lsn, replayed pg_lsn, at interval);
insert into standby.state values (true, false, '0/20', '0/10', '2 minutes');
create function standby.pg_is_in_recovery() returns bool language sql as 'select recovery from standby.state';
create function standby.standby_alone() returns bool language sql as 'select recovery and alone from standby.state';
create function standby.pg_last_wal_receive_lsn() returns pg_lsn language sql as 'select received from standby.state';
create function standby.pg_last_wal_replay_lsn() returns pg_lsn language sql as 'select replayed from standby.state';
create function standby.pg_last_xact_replay_timestamp() returns timestamptz language sql as 'select pg_catalog.now() - at from standby.state';
set local search_path = standby, deb_status, public, pg_catalog;

\set health `sed '1,2d' sql/queries/api_health.sql`
prepare health as :health;
\set server `sed '1,2d' sql/queries/admin_server.sql`
prepare server as :server;
create function pg_temp.standby_said() returns setof text language plpgsql as $$
declare
  answer text;
begin
  execute 'execute health(null)' into answer;
  return query select r from json_array_elements_text(answer::json -> 'reasons') r where r like '%standby%';
end $$;
create function pg_temp.lag() returns bigint language plpgsql as $$
declare
  s record;
begin
  execute 'execute server' into s;
  return s.lag_s;
end $$;

select results_eq('select pg_temp.standby_said()', $$
  select 'the standby that is read here lags, its last change is of ' || iso(now() - interval '2 minutes')$$,
  'health: WAL is there that was not replayed for more than a minute');
select cmp_ok(pg_temp.lag(), '>=', 120::bigint, 'check: so many seconds');
update standby.state set at = '59 seconds';
select is_empty('select pg_temp.standby_said()', 'not yet');
select cmp_ok(pg_temp.lag(), '<', 65::bigint, 'check: fewer');
update standby.state set at = '2 days', replayed = '0/20';
select is_empty('select pg_temp.standby_said()', 'nothing happened for two days, and all of it is replayed');
select is(pg_temp.lag(), 0::bigint, 'check: no lag');
update standby.state set at = null, replayed = '0/10';
select is_empty('select pg_temp.standby_said()', 'it has replayed no transaction since it started');
select is(pg_temp.lag(), null, 'check: not known');
update standby.state set at = '2 minutes', alone = true;
select results_eq('select pg_temp.standby_said()', $$
  select 'the standby that is read here is not brought up to date, its last change is of ' || iso(now() - interval '2 minutes')$$,
  'health: nothing brings it up to date, which is said alone');
update standby.state set recovery = false;
select is_empty('select pg_temp.standby_said()', 'a primary is none');
select is(pg_temp.lag(), 0::bigint, 'check: nor has it a lag');
set local search_path = deb_status, public, pg_catalog;
select ok(not standby_alone(), 'and this server is one');
select * from finish();
rollback;
