-- rows: many
-- Mirrors with what they publish now.
select m.name, m.state, iso(m.checked) as checked, iso(m.key_expires) as key_expires, m.error,
       (select string_agg(g.suite || ' ' || g.generation, ', ' order by g.suite)
          from generations g where g.mirror = m.name and g.current) as published
  from mirrors m where m.configured order by m.name
