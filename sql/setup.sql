-- Makes the database, the roles and the schema. Run by a superuser, as often as you like:
--   psql -X -v ON_ERROR_STOP=1 -v dbname=deb-status -d postgres -f setup.sql
-- Roles belong to the cluster: several databases of one cluster share them. Sets no passwords;
-- who may log in how is pg_hba.conf's.
\set QUIET on
set client_min_messages = warning;
select format('create role %I login noinherit', r)
  from unnest(array['deb_status_owner', 'deb_status_worker', 'deb_status_hook', 'deb_status_pages']) r
 where not exists (select from pg_roles where rolname = r) \gexec
-- Limits for two web hosts with the processes of apache/deb-status.conf (16 and 24 each) and two
-- workers; a program that is replaced under way has its old processes for a moment. More hosts: raise them.
alter role deb_status_owner login nosuperuser nocreatedb nocreaterole noreplication connection limit 12;
alter role deb_status_worker login nosuperuser nocreatedb nocreaterole noreplication connection limit 30;
alter role deb_status_hook login nosuperuser nocreatedb nocreaterole noreplication connection limit 40;
alter role deb_status_pages login nosuperuser nocreatedb nocreaterole noreplication connection limit 60;

select format('create database %I owner deb_status_owner encoding ''UTF8'' template template0', :'dbname')
 where not exists (select from pg_database where datname = :'dbname') \gexec
alter database :"dbname" owner to deb_status_owner;
revoke all on database :"dbname" from public;
grant connect, temporary on database :"dbname" to deb_status_owner, deb_status_worker;
grant connect on database :"dbname" to deb_status_owner, deb_status_worker, deb_status_hook, deb_status_pages;
-- Imports are staged in temporary tables.
grant temporary on database :"dbname" to deb_status_worker;
alter database :"dbname" set timezone = 'UTC';
-- Our queries take milliseconds; compiling one took 0.6 s where its estimate was high.
alter database :"dbname" set jit = off;
alter role deb_status_owner in database :"dbname" set search_path = deb_status, pg_catalog, pg_temp;
alter role deb_status_worker in database :"dbname" set search_path = deb_status, pg_catalog, pg_temp;
alter role deb_status_hook in database :"dbname" set search_path = deb_status, pg_catalog, pg_temp;
alter role deb_status_pages in database :"dbname" set search_path = deb_status, pg_catalog, pg_temp;

-- People and migrations: a session left open in psql must not hold back vacuum and the queue. After
-- `begin; select cancel(42);` nothing is accepted or claimed until its end: a sender tries for a minute.
alter role deb_status_owner in database :"dbname" set lock_timeout = '60s';
alter role deb_status_owner in database :"dbname" set idle_in_transaction_session_timeout = '1min';
-- A job's import or comparison takes seconds, the first one of all series on slow disks minutes.
alter role deb_status_worker in database :"dbname" set statement_timeout = '15min';
alter role deb_status_worker in database :"dbname" set lock_timeout = '2min';
alter role deb_status_worker in database :"dbname" set idle_in_transaction_session_timeout = '5min';
-- A request is answered within 3 s or not at all.
alter role deb_status_hook in database :"dbname" set statement_timeout = '2500ms';
alter role deb_status_hook in database :"dbname" set lock_timeout = '2s';
alter role deb_status_hook in database :"dbname" set idle_in_transaction_session_timeout = '5s';
alter role deb_status_pages in database :"dbname" set statement_timeout = '10s';
alter role deb_status_pages in database :"dbname" set lock_timeout = '2s';
alter role deb_status_pages in database :"dbname" set idle_in_transaction_session_timeout = '10s';
alter role deb_status_pages in database :"dbname" set default_transaction_read_only = on;

\connect :"dbname"
\set QUIET on
set client_min_messages = warning;
revoke all on schema public from public;
create schema if not exists deb_status authorization deb_status_owner;
alter schema deb_status owner to deb_status_owner;
-- Without IN SCHEMA: with it, the default of PUBLIC would stay.
alter default privileges for role deb_status_owner revoke execute on functions from public;

-- What PostgreSQL gives everybody in each database: large objects and messages to logical decoding,
-- with which a role without a table and a transaction that is read-only can fill the disk (the log's
-- where a standby or an archive keeps it), and advisory locks, of which one held by a program of the
-- web would stop migrations and comparisons.
do $$
declare
  f regprocedure;
begin
  for f in select p.oid from pg_proc p
            where p.pronamespace = 'pg_catalog'::regnamespace
              and (p.proname ~ '^lo(_|read$|write$)' or p.proname ~ '^pg_(try_)?advisory_' or
                   p.proname = 'pg_logical_emit_message') loop
    execute format('revoke execute on function %s from public', f);
    if f::text ~ 'advisory' then
      execute format('grant execute on function %s to deb_status_owner, deb_status_worker', f);
    end if;
  end loop;
end
$$;
