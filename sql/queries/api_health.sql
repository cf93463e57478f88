-- rows: one
-- /health: what is wrong, in words for a monitor. $1: why this program's own configuration was refused.
with reasons as (
  select 1 as o, 'configuration: ' || coalesce($1::text, i.config_error) as reason from instance i
   where coalesce($1::text, i.config_error) is not null
  union all
  select 2, 'no worker has been seen for two minutes'
   where not exists (select from workers where seen > now() - interval '2 minutes')
  union all
  select 2, 'the standby that is read here is not brought up to date, '
         || coalesce('its last change is of ' || iso(pg_last_xact_replay_timestamp()), 'no change came since it started')
   where standby_alone()
  union all
  select 2, 'the standby that is read here lags, its last change is of ' || iso(pg_last_xact_replay_timestamp())
   where pg_is_in_recovery() and not standby_alone() and pg_last_wal_replay_lsn() < pg_last_wal_receive_lsn()
     and pg_last_xact_replay_timestamp() < now() - interval '1 minute'
  union all
  select 3, 'upstream: ' || coalesce(error, 'last read ' || iso(checked)) from upstreams u
   where exists (select from series s where s.upstream = u.id and s.configured)
     and (error is not null or checked < now() - interval '1 day')
  union all
  select 4, 'suite ' || name || ': ' || coalesce(error, 'last read ' || iso(checked)) from suites
   where configured and (error is not null or checked < now() - interval '1 day')
  union all
  select 5, 'mirror ' || name || ': ' || error from mirrors where configured and error is not null
  union all
  select 6, count(*) || ' files of upstream could not be read' from set_aside_files having count(*) > 0
  union all
  select 8, 'sender ' || sender || ' used the id of a delivery again for another body, last ' || iso(last)
    from refusals where reason = 'id-reused' and last > now() - interval '1 day'
  union all
  select 7, 'a job waits since ' || iso(min(run_at)) from jobs
   where state = 'queued' having min(run_at) < now() - interval '10 minutes'
)
select json_build_object('status', case when exists (select from reasons) then 'degraded' else 'ok' end,
         'reasons', (select coalesce(json_agg(reason order by o, reason), '[]') from reasons))::text || E'\n'
