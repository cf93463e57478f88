-- rows: many
-- Rights that a role has beyond what it needs, or lacks.
with ours as (
  select c.oid, c.relname, c.relkind from pg_class c
   where c.relnamespace = 'deb_status'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
), functions as (
  select p.oid, p.proname from pg_proc p where p.pronamespace = 'deb_status'::regnamespace
), said as (
  select 1 as o, 'error' as level, 'role ' || r.rolname || ' has rights over the whole server (' ||
         concat_ws(', ', case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
                         case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
                         case when r.rolbypassrls then 'bypassrls' end) || ')' as finding, 'setup' as mend
    from pg_roles r where r.rolname like 'deb\_status\_%'
     and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls)
  union all
  select 2, 'error', 'role ' || m.rolname || ' is a member of ' || g.rolname, 'revoke'
    from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
   where m.rolname in ('deb_status_worker', 'deb_status_hook', 'deb_status_pages')
  union all
  select 3, 'error', 'role deb_status_hook may touch tables: ' || string_agg(relname, ', ' order by relname), 'rights'
    from ours where has_table_privilege('deb_status_hook', oid, 'select, insert, update, delete, truncate')
  having count(*) > 0
  union all
  select 4, 'error', 'role deb_status_hook may call ' || string_agg(distinct proname, ', '), 'rights'
    from functions where proname not in ('accept', 'note_refusals') and has_function_privilege('deb_status_hook', oid, 'execute')
  having count(*) > 0
  union all
  select 5, 'error', 'role deb_status_hook may not call ' || n, 'rights'
    from unnest('{accept,note_refusals}'::text[]) n
   where not exists (select from functions f where f.proname = n and has_function_privilege('deb_status_hook', f.oid, 'execute'))
  union all
  select 6, 'error', 'role deb_status_pages may write ' || string_agg(relname, ', ' order by relname), 'rights'
    from ours where has_table_privilege('deb_status_pages', oid, 'insert, update, delete, truncate')
  having count(*) > 0
  union all
  select 7, 'error', 'role deb_status_worker may not write ' || string_agg(relname, ', ' order by relname), 'rights'
    from ours where relkind = 'r' and relname not in ('migrations', 'instance')
     and not has_table_privilege('deb_status_worker', oid, 'insert')
  having count(*) > 0
  union all
  select 8, 'note', 'everyone who can log in to the server may use this database (' || string_agg(lower(a.privilege_type), ', ') || ')', 'setup'
    from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
   where d.datname = current_database() and a.grantee = 0 having count(*) > 0
  union all
  select 9, 'note', 'role ' || r || ' has no statement_timeout in this database', 'setup'
    from unnest('{deb_status_worker,deb_status_hook,deb_status_pages}'::text[]) r
   where not exists (select from pg_db_role_setting s join pg_roles o on o.oid = s.setrole
                      join pg_database d on d.oid = s.setdatabase
                     where o.rolname = r and d.datname = current_database()
                       and exists (select from unnest(s.setconfig) c where c like 'statement_timeout=%'))
)
select level, finding,
       case mend when 'setup' then '`deb-status setup-database` sets it as it should be.'
                 when 'rights' then '`deb-status migrate --again` makes functions, views and rights anew.'
                 else 'Revoke it: a program gets no more than its own role.' end as mend
  from said order by o, finding
