-- Rights of the four roles; applied by every migrate, from nothing. The owner has all (migrations,
-- people in psql). search_path is the owner's.
revoke all on all tables in schema deb_status from public, deb_status_worker, deb_status_hook, deb_status_pages;
revoke all on all sequences in schema deb_status from public, deb_status_worker, deb_status_hook, deb_status_pages;
revoke all on all routines in schema deb_status from public, deb_status_worker, deb_status_hook, deb_status_pages;
grant usage on schema deb_status to deb_status_worker, deb_status_hook, deb_status_pages;

-- hook: two functions, which run as the owner. No table, not even to read.
do $$
declare
  o record;
begin
  for o in select p.oid::regprocedure as name from pg_proc p
            where p.pronamespace = 'deb_status'::regnamespace
              and p.proname in ('accept', 'note_refusals') loop
    execute format('grant execute on function %s to deb_status_hook', o.name);
  end loop;
end
$$;

-- worker: the tables' rows, not their definition; who this database is, and its schema, are not
-- its business. No right to what the hook alone does.
grant select, insert, update, delete on all tables in schema deb_status to deb_status_worker;
revoke insert, update, delete on migrations, instance from deb_status_worker;
grant update (config_hash, config_read, config_error) on instance to deb_status_worker;
grant usage on all sequences in schema deb_status to deb_status_worker;
grant execute on all routines in schema deb_status to deb_status_worker;
do $$
declare
  o record;
begin
  for o in select p.oid::regprocedure as name from pg_proc p
            where p.pronamespace = 'deb_status'::regnamespace
              and p.proname in ('accept', 'note_refusals') loop
    execute format('revoke execute on function %s from deb_status_worker', o.name);
  end loop;
end
$$;

-- pages: reads what is public. Not the bodies of deliveries, not the raw words of other programs
-- (they name hosts and paths), not the views that show those to admins.
grant select on all tables in schema deb_status to deb_status_pages;
revoke select on deliveries, jobs, failed, job_log from deb_status_pages;
grant select (id, sender, delivery, received, type, mirror, source, version, url, job, ignored,
              fulfilled, request_id) on deliveries to deb_status_pages;
grant select (id, kind, what, state, host, cause, attempts, max_attempts, run_at, queued, started,
              ended, lease, worker, cancelling, step, progress_done, progress_total, progress_unit, progress_note,
              error, superseded_by, request_id) on jobs to deb_status_pages;
alter table job_lines enable row level security;
drop policy if exists public_lines on job_lines;
create policy public_lines on job_lines for select to deb_status_pages using (level <> 'raw');
drop policy if exists all_lines on job_lines;
create policy all_lines on job_lines for all to deb_status_worker using (true) with check (true);
-- Functions that only read, for pages and the API.
do $$
declare
  o record;
begin
  for o in select p.oid::regprocedure as name from pg_proc p
            where p.pronamespace = 'deb_status'::regnamespace
              and p.provolatile in ('s', 'i') and not p.prosecdef
              and p.prorettype <> 'trigger'::regtype loop
    execute format('grant execute on function %s to deb_status_pages', o.name);
  end loop;
end
$$;
