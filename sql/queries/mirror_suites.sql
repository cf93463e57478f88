-- rows: many
-- The apt lines that show a published suite.
select id, array_to_string(components, ' ') as components, fingerprint
  from deb_status.suites where mirror = $1 and suite = $2 and configured order by id
