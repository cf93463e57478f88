-- Who this database is.

create function instance_renew() returns boolean language plpgsql as $$
declare
  v_here text;
  v_before text;
begin
  select concat_ws('/', (select c.system_identifier from pg_control_system() c), d.oid,
                   'deb_status.instance'::regclass::oid)
    into v_here from pg_database d where d.datname = current_database();
  select origin into v_before from instance;
  if v_before is not distinct from v_here then
    return false;
  end if;
  update instance set origin = v_here, instance = replace(gen_random_uuid()::text, '-', '');
  -- what the disk has may be older, newer or nothing: each source is looked at now, not in its turn
  if v_before is not null then
    perform enqueue('releases');
    perform enqueue('archives');
    perform enqueue('mirror', name) from mirrors where configured and state = 'active';
  end if;
  return true;
end
$$;
comment on function instance_renew() is
  'A database that came out of a dump gets a new name, since pages and caches may hold what is later than that dump, and has every source looked at; called by migrate';

create or replace function deb_status.standby_alone() returns bool
language sql stable as $$
  select pg_is_in_recovery() and not exists (select from pg_stat_wal_receiver)
$$;
comment on function deb_status.standby_alone is 'Whether this is a standby that nothing brings up to date: its primary is away, or not reached';
