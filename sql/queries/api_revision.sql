-- rows: one
-- /api/v1/revision: the sum of all counters.
select json_build_object('revision', (select coalesce(sum(n), 0)::bigint from revisions), 'instance', instance)::text || E'\n'
  from instance
