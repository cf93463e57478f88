-- rows: none
-- Drops the schema's views, then its functions, so that the scripts make exactly what this version
-- has, whatever signature an older one gave them. Functions that something else needs (a trigger,
-- a default, an index) stay and are replaced in place.
do $$
declare
  o record;
begin
  perform set_config('check_function_bodies', 'off', true);
  for o in
    select c.oid::regclass as name from pg_class c
     where c.relnamespace = 'deb_status'::regnamespace and c.relkind = 'v'
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                          and d.objid = c.oid and d.deptype = 'e')
  loop
    execute format('drop view if exists %s cascade', o.name);
  end loop;
  for o in
    select p.oid::regprocedure as name from pg_proc p
     where p.pronamespace = 'deb_status'::regnamespace and p.prokind in ('f', 'p')
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass
                          and d.objid = p.oid and d.deptype = 'e')
       and not exists (select from pg_depend d where d.refclassid = 'pg_proc'::regclass
                          and d.refobjid = p.oid)
  loop
    execute format('drop routine if exists %s', o.name);
  end loop;
end
$$
