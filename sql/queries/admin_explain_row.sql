-- rows: maybe
-- The row of $3 in series $1 and target $2, as key and value lines.
select concat(r.project, ' in ', r.series, ' on ', r.target, ': ', r.state,
              case when r.masked then ', masked' || coalesce(' (' || r.mask_reason || ')', '') end,
              ', moved to ' || r.moved,
              E'\n  upstream     ', case when r.upstream is null then 'no release in this series'
                 else r.upstream || coalesce(', released ' || iso(r.released), ', released at a date that is not known') end,
              E'\n  ended by     ' || r.ended,
              E'\n  debian       ', case when r.debian is null then 'no package'
                 else concat(r.source, ' ', r.debian, ' in ', r.suite, ', found by rule ', r.rule) end,
              E'\n  behind       ' || r.behind, E'\n  carries      ' || r.carries,
              E'\n  elsewhere    ' || nullif(key_values(r.elsewhere), ''),
              E'\n  artifact     ', r.artifact, E'\n  deliverable  ', r.deliverable,
              E'\n  since        ', case when r.since_known then iso(r.since) else 'the first look, ' || iso(r.since) end,
              E'\n') as text
  from status_rows($1, $2) r where r.project = $3
