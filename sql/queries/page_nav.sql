-- rows: many
-- Series with pages that are alive, newest first.
select name, release, status, name = $1 as current from series
 where configured and coalesce(status, '') not in ('end of life', 'unmaintained')
 order by kind <> 'cycle', position desc, name
