-- rows: many
select id, name, uri, suite, array_to_string(components, ' ') as components, options, fingerprint,
       extract(epoch from release_date)::bigint as release_date
  from deb_status.suites
 where mirror is null and not own and configured
 order by id
