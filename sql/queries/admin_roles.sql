-- rows: many
-- Our roles, with how many connections each may have (-1: no limit).
select r.rolname as role, r.rolconnlimit as connections
  from pg_roles r where r.rolname in ('deb_status_owner', 'deb_status_worker', 'deb_status_hook', 'deb_status_pages')
