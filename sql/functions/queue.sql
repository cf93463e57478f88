-- The queue. At any time at most one queued and one running job per (kind, what), held by two
-- partial unique indexes. Writers that end or move a job lock its row `for update` in a statement
-- of its own first: that waits for a delivery that is just joining it (`for key share`), and what
-- the next statement sees includes it. Who locks `for key share` looks at the row again, in a
-- statement of its own: that lock does not mind updates which leave the key alone, also committed
-- ones, so the statement that takes it may return what the row was before them. The revision
-- 'queue' is one row for all: who raised it holds it until the commit, and must wait for no job's
-- row after that. So it is raised once in a transaction, as the last thing, by the functions that
-- are called from outside; queue_join, queue_end and what they call leave it to them.
--
-- A clock that was ahead and is set back leaves times in the future behind: what no function here
-- could have written by the present clock does not make anything wait for it.

create function revision_raise(p_scope text) returns void language sql as $$
  insert into revisions as r (scope, n) values (p_scope, 1)
  on conflict (scope) do update set n = r.n + 1, raised = clock_timestamp()
$$;
comment on function revision_raise(text) is 'Raises one counter; call it last in the transaction: its row stays locked until the commit';

create function queue_waiting(p_kind text, p_what text, p_but bigint default null)
returns jobs language plpgsql as $$
declare
  v_id bigint;
  j jobs;
begin
  loop
    select id into v_id from jobs
     where kind = p_kind and what = p_what and state = 'queued' and id is distinct from p_but
       for key share;
    exit when not found;
    -- Waiting when that statement began, and held from now on against all who would end or move
    -- it. Claimed in between: the run that has it began after our caller came, and ends after it.
    -- Ended or folded in between: look for the one that took over.
    select * into j from jobs where id = v_id and state in ('queued', 'running') and not cancelling;
    exit when found;
  end loop;
  return j;
end
$$;
comment on function queue_waiting(text, text, bigint) is
  'The job of (kind, what) that waits, or was taken by a worker in this moment; it cannot end before this transaction does. All null: none. But: not this one';

create function queue_join(p_kind text, p_what text, p_host text, p_cause text, p_request_id text,
                           out id bigint, out inserted boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  v_waiting jobs;
begin
  loop
    v_waiting := queue_waiting(p_kind, p_what);
    queue_join.id := v_waiting.id;
    queue_join.inserted := false;
    if queue_join.id is not null then
      -- It waits for its backoff: something new has come, so it is due now. One that was queued
      -- by the schedule or after a change takes the id of the first request that joins it.
      if v_waiting.run_at > clock_timestamp()
         or (v_waiting.request_id is null and p_request_id is not null) then
        update jobs j set run_at = least(j.run_at, clock_timestamp()),
                          request_id = coalesce(j.request_id, p_request_id)
         where j.id = queue_join.id and j.state = 'queued';
        perform pg_notify('deb_status_jobs', '');
      end if;
      return;
    end if;
    insert into jobs as j (kind, what, host, cause, request_id)
    values (p_kind, p_what, p_host, p_cause, p_request_id)
    on conflict (kind, what) where state = 'queued' do nothing
    returning j.id, true into queue_join.id, queue_join.inserted;
    if found then
      perform pg_notify('deb_status_jobs', '');
      return;
    end if;
  end loop;
end
$$;
comment on function queue_join(text, text, text, text, text) is
  'Joins the queued job of (kind, what) or inserts one; its callers check first, and raise the revision last. Kind, what, host, cause, request id';

create function queue_ask(p_kind text, p_what text, p_cause text, out id bigint, out inserted boolean)
language plpgsql as $$
declare
  m mirrors;
begin
  if p_kind not in ('mirror', 'releases', 'archives', 'configure') then
    raise exception 'no such kind of job: %', p_kind using errcode = 'invalid_parameter_value',
      hint = 'mirror, releases, archives or configure';
  elsif p_kind <> 'mirror' then
    if p_what is distinct from '' then
      raise exception 'a job % takes no name', p_kind using errcode = 'invalid_parameter_value';
    end if;
    select * into id, inserted from queue_join(p_kind, '', null, p_cause, null);
    return;
  end if;
  select * into m from mirrors where name = p_what and configured;
  if not found then
    raise exception 'no such mirror: %', p_what using errcode = 'invalid_parameter_value';
  elsif m.state <> 'active' then
    raise exception 'mirror % is frozen', p_what using errcode = 'invalid_parameter_value';
  end if;
  select * into id, inserted from queue_join('mirror', m.name, m.host, p_cause, null);
end
$$;
comment on function queue_ask(text, text, text) is 'Checks kind and name, then queue_join; its callers raise the revision last';

create function queue_enqueue(p_kind text, p_what text, p_cause text) returns bigint
language plpgsql as $$
declare
  q record;
begin
  q := queue_ask(p_kind, p_what, p_cause);
  if q.inserted then
    perform revision_raise('queue');
  end if;
  return q.id;
end
$$;
comment on function queue_enqueue(text, text, text) is 'As enqueue(), with the cause: schedule, job N, admin';

create function enqueue(kind text, what text default '') returns bigint language sql as $$
  select queue_enqueue(kind, what, 'admin')
$$;
comment on function enqueue(text, text) is
  'Queues a job (mirror NAME, releases, archives, configure) unless one waits already; returns the id of the one that waits';

create function queue_releases_due(p_cause text, p_request_id text, out id bigint, out inserted boolean)
language plpgsql as $$
begin
  inserted := false;
  if not exists (select from jobs j where j.ended > clock_timestamp() - interval '1 minute'
                    and j.ended <= clock_timestamp() and j.kind = 'releases' and j.state = 'done') then
    select * into id, inserted from queue_join('releases', '', null, p_cause, p_request_id);
  end if;
end
$$;
comment on function queue_releases_due(text, text) is
  'A look upstream with each build: a releases job, unless one ended well within the last minute (then null)';

create function queue_claim(p_host text, p_worker text, p_lease_s int, p_max_attempts int,
                            p_any_time boolean, p_only text default null)
returns setof jobs language plpgsql as $$
declare
  j jobs;
begin
  -- MATERIALIZED, or the planner may run the subquery, and lock and claim, more than once.
  with due as materialized (
    select q.id from jobs q
     where q.state = 'queued'
       and (p_any_time or q.run_at <= clock_timestamp()
            or q.run_at > clock_timestamp() + interval '15 minutes') -- more than any backoff
       and (q.host is null or q.host = p_host) and (p_only is null or q.kind = p_only)
       and not exists (select from jobs r where r.kind = q.kind and r.what = q.what
                          and r.state = 'running')
     order by q.run_at, q.id
     for no key update of q skip locked limit 1)
  update jobs
     set state = 'running', attempts = attempts + 1, max_attempts = p_max_attempts,
         token = nextval('job_tokens'), worker = p_worker, started = clock_timestamp(),
         lease = clock_timestamp() + make_interval(secs => p_lease_s), cancelling = false,
         step = null, progress_done = null, progress_total = null, progress_unit = null,
         progress_note = null
    from due where jobs.id = due.id
  returning jobs.* into j;
  if not found then
    return;
  end if;
  perform revision_raise('queue');
  return next j;
exception when unique_violation then
  -- Another worker's claim of the same (kind, what) was committed in between: next time.
  return;
end
$$;
comment on function queue_claim(text, text, int, int, boolean, text) is
  'Takes the next due job for this host (of one kind only, where given) under a lease and a new token; no row: nothing to do';

create function queue_begin(p_id bigint, p_token bigint) returns boolean language plpgsql as $$
begin
  -- Anew, after the claim's commit: every delivery that could join before it has arrived by now.
  update jobs set started = clock_timestamp()
   where id = p_id and token = p_token and state = 'running';
  return found;
end
$$;
comment on function queue_begin(bigint, bigint) is 'The run''s own first word: when it began; false where the job is no longer this run''s';

create function queue_renew(p_id bigint, p_token bigint, p_lease_s int)
returns table (cancelling boolean) language sql as $$
  update jobs set lease = clock_timestamp() + make_interval(secs => p_lease_s)
   where id = p_id and token = p_token and state = 'running'
  returning jobs.cancelling
$$;
comment on function queue_renew(bigint, bigint, int) is 'Renews the lease; no row: the job is no longer this run''s';

create function queue_progress(p_id bigint, p_token bigint, p_step text, p_done bigint,
                               p_total bigint, p_unit text)
returns void language plpgsql as $$
begin
  update jobs set step = coalesce(p_step, step), progress_done = p_done, progress_total = p_total,
                  progress_unit = split_part(p_unit, '|', 1),
                  progress_note = nullif(split_part(p_unit, '|', 2), '')
   where id = p_id and token = p_token and state = 'running';
  if found then
    perform revision_raise('queue');
  end if;
end
$$;
comment on function queue_progress(bigint, bigint, text, bigint, bigint, text) is 'Step and progress of a run; the unit may have a note behind a bar: files|3.1 of 9.0 MB';

create function job_fence(p_id bigint, p_token bigint) returns boolean language plpgsql as $$
begin
  -- Holds the row against whoever would end or take over the job, until this transaction ends; what
  -- it is, only the next statement is sure to see.
  perform from jobs where id = p_id for key share;
  return exists (select from jobs where id = p_id and token = p_token and state = 'running'
                    and not cancelling);
end
$$;
comment on function job_fence(bigint, bigint) is
  'First in each transaction that writes a job''s results: false where this run no longer holds the job';

create function queue_fold(p_id bigint, p_into bigint) returns void language sql as $$
  update deliveries set job = p_into where job = p_id;
  update jobs set state = 'superseded', superseded_by = p_into, ended = clock_timestamp(),
                  lease = null, cancelling = false
   where id = p_id;
$$;
comment on function queue_fold(bigint, bigint) is 'Moves a job''s deliveries to a later job of the same (kind, what); the caller holds its row';

create function queue_requeue(p_id bigint, p_run_at timestamptz, p_error text, p_detail text)
returns text language plpgsql as $$
declare
  j jobs;
  v_other bigint;
  v_host text;
begin
  select * into strict j from jobs where id = p_id;
  -- Its disk may be on another host by now, and who waits for one that has left waits for ever.
  select m.host into v_host from mirrors m where j.kind = 'mirror' and m.name = j.what;
  loop
    v_other := (queue_waiting(j.kind, j.what, p_id)).id;
    if v_other is not null then
      update jobs set error = p_error, detail = p_detail where id = p_id;
      perform queue_fold(p_id, v_other);
      return 'superseded';
    end if;
    begin
      update jobs set state = 'queued', run_at = p_run_at, ended = null, lease = null, worker = null,
                      cancelling = false, error = p_error, detail = p_detail,
                      host = case when j.kind = 'mirror' then v_host else j.host end
       where id = p_id;
      return 'queued';
    exception when unique_violation then
      null; -- one was inserted since the look: fold into it
    end;
  end loop;
end
$$;
comment on function queue_requeue(bigint, timestamptz, text, text) is
  'Back into the queue, or folded into the one that waits already; the caller holds the row for update';

create function queue_backoff(p_attempts int, p_backoff_s double precision) returns interval
language sql volatile as $$
  select make_interval(secs => least(p_backoff_s * 2 ^ least(greatest(p_attempts - 1, 0), 20), 600)
                               * (0.75 + random() / 2))
$$;
comment on function queue_backoff(int, double precision) is 'Doubles with each attempt up to ten minutes, a quarter more or less so that jobs do not march in step';

create function queue_settle(p_id bigint, p_kind text, p_what text) returns void language sql as $$
  update jobs set state = 'superseded', superseded_by = p_id
   where kind = p_kind and what = p_what and state = 'failed' and id < p_id
     and (cause in ('schedule', 'configuration') or cause like 'job %')
     and not exists (select from deliveries d where d.job = jobs.id)
$$;
comment on function queue_settle(bigint, text, text) is
  'A job ended: earlier ones of the same kind that failed, and that nobody but the program asked for, are this one''s. An outage of a day leaves one failed job, and a mended one none';

create function queue_end(p_id bigint, p_token bigint, p_outcome text, p_error text, p_detail text,
                          p_backoff_s double precision)
returns text language plpgsql as $$
declare
  j jobs;
  v_state text;
  v_late text;
begin
  select * into j from jobs where id = p_id for update;
  if not found or j.state <> 'running' or j.token is distinct from p_token then
    return '';
  end if;
  if p_outcome = 'done' then
    update deliveries set fulfilled = clock_timestamp()
     where job = p_id and fulfilled is null and source is null;
    -- The run judged the versions that were announced when it looked; this one came in between.
    select source || ' ' || coalesce(version, '') into v_late
      from deliveries where job = p_id and fulfilled is null order by id limit 1;
    if found then
      p_outcome := 'retry';
      p_error := format('%s was announced during the run: looked for again', rtrim(v_late));
    end if;
  end if;
  if p_outcome in ('retry', 'released') and j.cancelling then
    p_outcome := 'cancelled';
  elsif p_outcome = 'retry' and j.attempts >= j.max_attempts then
    p_outcome := 'failed';
  end if;
  case p_outcome
  when 'retry' then
    v_state := queue_requeue(p_id, clock_timestamp() + queue_backoff(j.attempts, p_backoff_s),
                             p_error, p_detail);
  when 'released' then
    v_state := queue_requeue(p_id, clock_timestamp(), p_error, p_detail);
    update jobs set attempts = greatest(attempts - 1, 0) where id = p_id and state = 'queued';
    perform pg_notify('deb_status_jobs', '');
  else
    v_state := p_outcome;
    update jobs set state = p_outcome, ended = clock_timestamp(), lease = null, cancelling = false,
                    error = p_error, detail = p_detail
     where id = p_id;
    if v_state in ('done', 'failed') then
      perform queue_settle(p_id, j.kind, j.what);
    end if;
  end case;
  -- Another of the same kind may have waited for this one's end.
  if exists (select from jobs where kind = j.kind and what = j.what and state = 'queued'
                and run_at <= clock_timestamp()) then
    perform pg_notify('deb_status_jobs', '');
  end if;
  return v_state;
end
$$;
comment on function queue_end(bigint, bigint, text, text, text, double precision) is
  'As queue_finish, but for the revision, which its callers raise last';

create function queue_finish(p_id bigint, p_token bigint, p_outcome text, p_error text,
                             p_detail text, p_backoff_s double precision)
returns text language plpgsql as $$
declare
  v_state text := queue_end(p_id, p_token, p_outcome, p_error, p_detail, p_backoff_s);
begin
  if v_state <> '' then
    perform revision_raise('queue');
  end if;
  return v_state;
end
$$;
comment on function queue_finish(bigint, bigint, text, text, text, double precision) is
  'Ends a run: outcome done, retry, failed, cancelled or released; returns the state it led to, empty where the token is not the job''s';

create function queue_reap(p_backoff_s double precision) returns setof bigint language plpgsql as $$
declare
  j record;
  v_any boolean := false;
begin
  for j in select id, token, worker, cancelling from jobs
            where state = 'running' and lease < clock_timestamp() for update skip locked loop
    insert into job_lines (job, level, text)
    values (j.id, 'error', 'the worker was lost: its lease was not renewed');
    perform queue_end(j.id, j.token, 'retry', 'the worker was lost: its lease was not renewed',
                      null, p_backoff_s);
    v_any := true;
    return next j.id;
  end loop;
  if v_any then
    perform revision_raise('queue');
  end if;
end
$$;
comment on function queue_reap(double precision) is 'Takes jobs back whose lease ran out';

create function queue_line(p_id bigint, p_token bigint, p_attempt int, p_level text, p_step text,
                           p_text text)
returns void language sql as $$
  insert into job_lines (job, attempt, level, step, text)
  select id, p_attempt, p_level, p_step, left(p_text, 16384) from jobs
   where id = p_id and token = p_token
$$;
comment on function queue_line(bigint, bigint, int, text, text, text) is 'One line of a run''s log';

create function job_followed(p_id bigint) returns bigint language sql stable as $$
  with recursive f as (
    select id, superseded_by from jobs where id = p_id
    union all
    select j.id, j.superseded_by from f join jobs j on j.id = f.superseded_by)
  select id from f where superseded_by is null
$$;
comment on function job_followed(bigint) is 'The job that took over from a superseded one, however many steps away; itself otherwise; null: no such job';

create function job_held(p_id bigint) returns jobs language plpgsql as $$
declare
  j jobs;
begin
  loop
    select * into j from jobs where id = job_followed(p_id) for update;
    exit when not found or j.state <> 'superseded'; -- folded while we waited for its row: follow it
  end loop;
  return j;
end
$$;
comment on function job_held(bigint) is 'The job, followed over superseded_by, its row locked against all who end or move it; null: no such job';

create function retry(id bigint) returns bigint language plpgsql as $$
declare
  j jobs := job_held(id);
  v_id bigint := j.id;
begin
  if v_id is null then
    raise exception 'no such job: %', id using errcode = 'invalid_parameter_value';
  elsif j.state = 'queued' then
    update jobs set run_at = clock_timestamp() where jobs.id = v_id;
  elsif j.state in ('failed', 'cancelled') then
    update jobs set attempts = 0 where jobs.id = v_id;
    if queue_requeue(v_id, clock_timestamp(), null, null) = 'superseded' then
      v_id := job_followed(v_id);
      update jobs set run_at = clock_timestamp()
       where jobs.id = v_id and state = 'queued' and run_at > clock_timestamp();
    end if;
  else
    raise exception 'job % is %: only failed, cancelled and waiting jobs can be tried again', v_id, j.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  perform pg_notify('deb_status_jobs', '');
  perform revision_raise('queue');
  return v_id;
end
$$;
comment on function retry(bigint) is
  'Queues a failed or cancelled job again with all its attempts, makes a waiting one due; returns the id of the job that carries it now';

create function cancel(id bigint) returns text language plpgsql as $$
declare
  j jobs := job_held(id);
  v_id bigint := j.id;
  v_state text;
begin
  if v_id is null then
    raise exception 'no such job: %', id using errcode = 'invalid_parameter_value';
  elsif j.state = 'queued' then
    update jobs set state = 'cancelled', ended = clock_timestamp(), error = 'cancelled by an admin'
     where jobs.id = v_id;
    v_state := 'cancelled';
  elsif j.state = 'running' then
    update jobs set cancelling = true where jobs.id = v_id;
    v_state := 'cancelling';
  else
    raise exception 'job % is % already', v_id, j.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  perform pg_notify('deb_status_jobs', '');
  perform revision_raise('queue');
  return v_state;
end
$$;
comment on function cancel(bigint) is
  'Cancels a waiting job, or has its worker stop a running one within seconds; returns cancelled or cancelling';

create function queue_expire(p_keep_jobs_s double precision, p_keep_deliveries_s double precision)
returns bigint language plpgsql as $$
declare
  v_deliveries bigint;
  v_jobs bigint;
begin
  -- Some thousands at a time: no long transaction, and the next call goes on.
  delete from deliveries where id in (
    select d.id from deliveries d left join jobs j on j.id = d.job
     where d.received < clock_timestamp() - make_interval(secs => p_keep_deliveries_s)
       and (j.state is null or j.state not in ('queued', 'running'))
     order by d.received limit 5000);
  get diagnostics v_deliveries = row_count;
  delete from jobs where id in (
    select j.id from jobs j
     where j.ended < clock_timestamp() - make_interval(secs => p_keep_jobs_s)
       and j.state in ('done', 'cancelled', 'superseded')
       and not exists (select from deliveries d where d.job = j.id)
       and not exists (select from jobs f where f.superseded_by = j.id)
     order by j.ended limit 5000);
  get diagnostics v_jobs = row_count;
  delete from workers where seen < clock_timestamp() - interval '1 day';
  return v_deliveries + v_jobs;
end
$$;
comment on function queue_expire(double precision, double precision) is
  'Forgets old deliveries and ended jobs (failed ones stay); returns how many, 0 when nothing is left to forget';

create function queue_left(p_host text) returns boolean language sql stable as $$
  select exists (select from jobs q
                  where q.state = 'queued' and (q.host is null or q.host = p_host)
                    and not exists (select from jobs r where r.kind = q.kind and r.what = q.what
                                       and r.state = 'running'))
$$;
comment on function queue_left(text) is 'Whether a job waits that a worker of this host could take now, its backoff aside';

create function queue_schedule(p_releases_s double precision, p_archives_s double precision)
returns setof text language plpgsql as $$
declare
  s record;
  v_any boolean := false;
begin
  -- One row per scheduled job in `schedule`: of several workers only one finds it due.
  for s in
    select d.kind, d.what, d.every from
      (select 'releases' as kind, '' as what, p_releases_s as every
       union all select 'archives', '', p_archives_s
       union all select 'mirror', name, p_archives_s from mirrors
                  where configured and state = 'active') d
     where not exists (select from schedule l where l.kind = d.kind and l.what = d.what
                          and l.last > clock_timestamp() - make_interval(secs => d.every)
                         and l.last < clock_timestamp() + interval '1 minute')
       and exists (select from instance where config_hash is not null)
     order by d.kind, d.what
  loop
    insert into schedule as l (kind, what) values (s.kind, s.what)
    on conflict (kind, what) do update set last = clock_timestamp()
     where l.last <= clock_timestamp() - make_interval(secs => s.every)
        or l.last >= clock_timestamp() + interval '1 minute';
    if found then
      v_any := (queue_ask(s.kind, s.what, 'schedule')).inserted or v_any;
      return next rtrim(s.kind || ' ' || s.what);
    end if;
  end loop;
  if v_any then
    perform revision_raise('queue');
  end if;
end
$$;
comment on function queue_schedule(double precision, double precision) is
  'Queues what is due by schedule: releases, archives, and a look at each active mirror';

create function config_refused(p_error text) returns boolean language plpgsql as $$
begin
  update instance set config_error = p_error where config_error is distinct from p_error;
  if found then
    perform revision_raise('config');
  end if;
  return found;
end
$$;
comment on function config_refused(text) is 'Says why a changed configuration was not taken; null: it was';

create function worker_seen(p_name text, p_host text, p_version text) returns void language sql as $$
  insert into workers as w (name, host, version) values (p_name, p_host, p_version)
  on conflict (name) do update set seen = clock_timestamp(), version = p_version
$$;
comment on function worker_seen(text, text, text) is 'A supervisor is alive';
