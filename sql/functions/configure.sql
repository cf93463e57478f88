-- The configuration in the database: what the job configure writes.

create function configure_due(p_hash text, p_host text) returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  if exists (select from instance where config_hash = p_hash) then
    return null;
  end if;
  v_id := queue_join('configure', '', p_host, 'configuration', null);
  -- Whoever saw the change last has the files: also where the job waits for a host that is gone.
  update jobs set host = p_host where id = v_id and state = 'queued' and host is distinct from p_host;
  return v_id;
end
$$;
comment on function configure_due(text, text) is
  'Queues a job configure for this host where the database has another configuration than the files; null where it has not';
