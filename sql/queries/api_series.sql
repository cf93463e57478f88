-- rows: one
-- /api/v1/series: the configured ones, newest first.
select '[' || coalesce(string_agg(json_build_object('series', s.name, 'release', s.release, 'status', s.status,
         'targets', (select coalesce(json_agg(t.name order by t.position, t.name), '[]')
                       from targets t where t.series = s.id))::text, E',\n '
         order by s.kind <> 'cycle', s.position desc, s.name), '') || E']\n'
  from series s where s.configured
