-- What each of the four roles may and may not do; security definer functions under a hostile caller.
begin;
create function pg_temp.denied(p_role text, p_sql text, p_what text default null) returns text
language plpgsql as $$
declare
  v_state text := 'done';
begin
  begin
    execute format('set local role %I', p_role);
    execute p_sql;
  exception when others then
    v_state := sqlstate;
  end;
  reset role;
  return is(v_state, '42501', format('%s may not: %s', p_role, coalesce(p_what, p_sql)));
end
$$;
create function pg_temp.allowed(p_role text, p_sql text) returns text language plpgsql as $$
declare
  v_state text := '';
begin
  begin
    execute format('set local role %I', p_role);
    execute p_sql;
  exception when others then
    v_state := sqlstate || ' ' || sqlerrm;
  end;
  reset role;
  return is(v_state, '', format('%s may: %s', p_role, left(p_sql, 70)));
end
$$;
select no_plan();
insert into mirrors (name) values ('m');
insert into senders (name, mirrors) values ('m', '{m}');

-- None is more than a role that logs in; none may become another.
select is(array_agg(rolname::text order by rolname), '{deb_status_hook,deb_status_owner,deb_status_pages,deb_status_worker}', 'four roles, which log in and nothing more')
  from pg_roles where rolname like 'deb\_status\_%' and rolcanlogin and not (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls);
select is_empty($$select from pg_auth_members m join pg_roles r on r.oid in (m.roleid, m.member) where r.rolname like 'deb\_status\_%'$$, 'no role is a member of another');
select cmp_ok(rolconnlimit, '>', 0, rolname || ' has a limit of connections') from pg_roles where rolname like 'deb\_status\_%';
select is(count(*), 0::bigint, 'nothing is PUBLIC''s in this database') from pg_database d, aclexplode(d.datacl) a
 where d.datname = current_database() and a.grantee = 0;
select is(count(*), 0::bigint, 'nor any function of the schema')
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where p.pronamespace = 'deb_status'::regnamespace and a.grantee = 0;
select is(count(*), 0::bigint, 'nor any table, view or sequence')
  from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'deb_status'::regnamespace and a.grantee = 0;
select ok(not has_schema_privilege(r, 'public', 'create'), r || ' makes nothing in schema public')
  from unnest('{deb_status_owner,deb_status_worker,deb_status_hook,deb_status_pages}'::text[]) r;
select ok(not has_schema_privilege(r, 'deb_status', 'create'), r || ' makes nothing in schema deb_status')
  from unnest('{deb_status_worker,deb_status_hook,deb_status_pages}'::text[]) r;
select is(string_agg(r, ' '), 'deb_status_owner deb_status_worker', 'only these make temporary tables')
  from unnest('{deb_status_owner,deb_status_worker,deb_status_hook,deb_status_pages}'::text[]) r where has_database_privilege(r, current_database(), 'temporary');

-- What PostgreSQL lets everybody write, and block others with.
select pg_temp.denied(r, sql) from unnest('{deb_status_hook,deb_status_pages}'::text[]) r, unnest(array[
  'select lo_from_bytea(0, ''x'')', 'select lo_create(0)', 'select lo_creat(-1)', 'select pg_advisory_lock(1)',
  'select pg_try_advisory_xact_lock_shared(1, 2)', 'select pg_advisory_xact_lock(hashtext(''deb_status.compare''))',
  'select pg_logical_emit_message(false, ''x'', ''x'')', 'select pg_logical_emit_message(true, ''x'', ''x''::bytea)']) sql;
select pg_temp.allowed(r, 'select pg_advisory_xact_lock(1)') from unnest('{deb_status_owner,deb_status_worker}'::text[]) r;

-- hook: two functions and nothing else.
select is(array_agg(p.proname::text order by p.proname), '{accept,note_refusals}', 'hook may execute two functions')
  from pg_proc p where p.pronamespace = 'deb_status'::regnamespace and has_function_privilege('deb_status_hook', p.oid, 'execute');
select is_empty($$select c.relname from pg_class c where c.relnamespace = 'deb_status'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
   and (has_table_privilege('deb_status_hook', c.oid, 'select, insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege('deb_status_hook', c.oid, 'select, insert, update, references'))$$, 'hook may touch no table or view, not even to read');
select is_empty($$select from pg_class where relnamespace = 'deb_status'::regnamespace and case when relkind = 'S' then has_sequence_privilege('deb_status_hook', oid, 'usage, select, update') end$$, 'nor a sequence');
select pg_temp.allowed('deb_status_hook', $$select accept('m', '1', '{"type": "package.built", "mirror": "m"}', null, 's', null, '')$$);
select pg_temp.allowed('deb_status_hook', $$select note_refusals('{m}', '{body}', '{1}')$$);
select pg_temp.denied('deb_status_hook', sql) from unnest(array[
  'select * from deliveries', 'select * from senders', 'select enqueue(''releases'')', 'select cancel(1)', 'select retry(1)',
  'select queue_join(''releases'', '''', null, null, null)', 'delete from jobs', 'insert into senders (name) values (''x'')',
  'create temporary table x ()', 'create table deb_status.x ()',
  'select pg_read_file(''/etc/passwd'')', 'copy (select 1) to program ''true''']) sql;

-- A caller's temporary objects do not take the place of ours, were it ever allowed to make them.
grant temporary on database :"DBNAME" to deb_status_hook;
set local role deb_status_hook;
set local search_path = pg_temp, deb_status;
create temporary table senders (name text, mirrors text[], releases bool, profile text, projects text[]);
create temporary table mirrors (name text, host text, state text, configured bool);
create temporary table refusals (sender text, reason text, refused bigint, last timestamptz);
create temporary table jobs (like_ours text);
create temporary table deliveries (like_ours text);
insert into senders values ('evil', '{m,evil}', true, 'standard', '{*}'), ('m', '{evil}', true, 'standard', '{*}');
insert into mirrors values ('evil', null, 'active', true);
create function pg_temp.sha256(bytea) returns bytea language sql as $$select '\x00'::bytea$$;
create function pg_temp.queue_join(text, text, text, text, text, out id bigint, out inserted boolean) language sql as $$select 666, false$$;
select row_to_json(accept('evil', 'e1', '{"type": "releases.changed"}', null, 's', null, '')) as e1,
       row_to_json(accept('m', 'e2', '{"type": "releases.changed"}', null, 's', null, '')) as e2,
       row_to_json(accept('m', 'e3', '{"type": "package.built", "mirror": "m"}', null, 's', null, '')) as e3 \gset
select note_refusals('{m}', '{size}', '{1}');
reset role;
reset search_path;
drop table pg_temp.senders, pg_temp.mirrors, pg_temp.refusals, pg_temp.jobs, pg_temp.deliveries;
revoke temporary on database :"DBNAME" from deb_status_hook;
select is(:'e1'::json ->> 'status', '503', 'a sender in a caller''s temporary table is none');
select is(:'e2'::json ->> 'status', '403', 'nor does it give rights');
select is(:'e3'::json ->> 'status', '202', 'the real ones count');
select isnt(:'e3'::json ->> 'job', '666', 'by our own functions');
select is(octet_length(hash), 32, 'also those of pg_catalog') from deliveries where delivery = 'e3';
select is(refused, 1::bigint, 'refusals go to the real table') from refusals where reason = 'size';
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'deb_status'::regnamespace and p.prosecdef
   and not coalesce('search_path=pg_catalog, deb_status, pg_temp' = any (p.proconfig), false)$$, 'each security definer function has its search_path, pg_temp last');
select is(array_agg(p.proname::text order by p.proname), '{accept,analyze_grown,note_refusals}', 'and there are these three')
  from pg_proc p where p.pronamespace = 'deb_status'::regnamespace and p.prosecdef;

-- pages: reads what is public.
select is_empty($$select c.relname from pg_class c where c.relnamespace = 'deb_status'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
   and (has_table_privilege('deb_status_pages', c.oid, 'insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege('deb_status_pages', c.oid, 'insert, update, references'))$$, 'pages may write no table');
select is_empty($$select from pg_class where relnamespace = 'deb_status'::regnamespace and case when relkind = 'S' then has_sequence_privilege('deb_status_pages', oid, 'usage, update') end$$, 'nor a sequence');
select is_empty($$select p.proname from pg_proc p where p.pronamespace = 'deb_status'::regnamespace and p.provolatile = 'v'
   and has_function_privilege('deb_status_pages', p.oid, 'execute')$$, 'nor execute what could write');
select pg_temp.allowed('deb_status_pages', sql) from unnest(array['select * from status_rows(null, null)', 'select * from queue',
  'select id, sender, delivery, received from deliveries', 'select * from senders_seen', 'select id, state, error from jobs']) sql;
insert into job_lines (job, level, text) select id, l, l from jobs, unnest('{info,raw}'::text[]) l where kind = 'mirror';
set local role deb_status_pages;
select array_agg(level) as levels from job_lines \gset
reset role;
select is(:'levels'::text, '{info}', 'pages sees none of the raw words of other programs');
select pg_temp.denied('deb_status_pages', sql) from unnest(array[
  'select body from deliveries', 'select * from deliveries', 'select detail from jobs', 'select * from failed', 'select * from job_log',
  'select token from jobs', 'insert into jobs (kind) values (''releases'')', 'update jobs set state = ''done''', 'delete from deliveries',
  'insert into refusals values (''x'', ''y'')', 'select accept(''m'', ''1'', ''{}'', null, null, null, null)', 'select enqueue(''releases'')',
  'select cancel(1)', 'select retry(1)', 'select note_refusals(''{}'', ''{}'', ''{}'')', 'create temporary table x ()', 'truncate jobs']) sql;

-- worker: the tables' rows, not their definition, not the history of the schema, not the hook's part.
select pg_temp.allowed('deb_status_worker', sql) from unnest(array['select enqueue(''releases'')', 'select * from job_log', 'update jobs set step = ''x''',
  'insert into senders (name) values (''x'')', 'create temporary table x ()', 'update instance set config_error = null']) sql;
select pg_temp.denied('deb_status_worker', sql) from unnest(array[
  'select accept(''m'', ''1'', ''{}'', null, null, null, null)', 'select note_refusals(''{}'', ''{}'', ''{}'')',
  'update instance set instance = ''x''', 'delete from instance', 'delete from migrations', 'insert into migrations select * from migrations',
  'truncate jobs', 'create table deb_status.x ()',
  'copy (select 1) to program ''true''']) sql;
select pg_temp.denied('deb_status_worker', sql) from unnest(array['drop table jobs', 'alter table jobs add x int',
  'create or replace function accept(text, text, bytea, text, text, text, text, out status int, out reason text, out job bigint, out answer text) language sql as ''select 1, null, null::bigint, null''']) sql;

-- owner: all of the schema, nothing of the cluster.
select pg_temp.allowed('deb_status_owner', sql) from unnest(array['create table deb_status.x ()', 'select cancel(enqueue(''archives''))', 'select * from failed']) sql;
select pg_temp.denied('deb_status_owner', sql) from unnest(array['create role x', 'copy (select 1) to program ''true''',
  'select pg_read_file(''/etc/passwd'')', 'select pg_reload_conf()', 'create extension pageinspect']) sql;
select * from finish();
rollback;
