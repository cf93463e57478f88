-- psql's \d+ is the documentation: everything says what it is, and the views made to be read have
-- the columns that scripts and people know.
begin;
select plan(11);

select is_empty($$select relname from pg_class c
  where relnamespace = 'deb_status'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
    and obj_description(c.oid, 'pg_class') is null
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i' and c.relkind = 'S')$$,
  'each table, view and sequence of our own has a comment');
select is_empty($$select p.oid::regprocedure from pg_proc p
  where pronamespace = 'deb_status'::regnamespace and obj_description(p.oid, 'pg_proc') is null$$,
  'each function has a comment');
select isnt_empty($$select from pg_description d join pg_class c on c.oid = d.objoid
  where c.oid = 'deb_status.statuses'::regclass and d.objsubid > 0$$,
  'columns as well, where the name does not say it');

create function pg_temp.columns(p_view text) returns text language sql as $$
  select string_agg(attname, ' ' order by attnum) from pg_attribute
   where attrelid = p_view::regclass and attnum > 0 and not attisdropped
$$;
select is(pg_temp.columns('deb_status.' || v), columns, v) from (values
  ('queue', 'id kind what state attempts waiting running_for worker progress error'),
  ('failed', 'id kind what attempts ended error'),
  ('job_log', 'job attempt at level step text'),
  ('recent', 'at kind series target project from to job'),
  ('senders_seen', 'sender accepted refused reason last'),
  ('freshness', 'source checked age error'),
  ('set_aside', 'source file line reason since')) as v (v, columns);
insert into upstreams (name, kind, location) values ('u', 'file', 'u') returning id as u \gset
insert into series (upstream, name, configured) values (:u, 's', true) returning id as s \gset
insert into targets (series, name) values (:s, 't');
select split_part(status_csv('s', 't'), E'\n', 1) as header \gset
select alike(pg_temp.columns('deb_status.statuses'), (select string_agg(f, ' ' order by n)
    from regexp_split_to_table(:'header', ',') with ordinality x (f, n)) || ' series target %',
  'statuses: the API''s fields in their order, then series and target');

select * from finish();
rollback;
