-- rows: maybe
-- /api/v1/projects/<repo>: its rows in all series and targets.
select '{"project": ' || to_json(p.repo) || E', "rows": [' || coalesce((
         select string_agg(row_to_json(x)::text, E',\n' order by o.kind <> 'cycle', o.position desc, x.series, t.position, x.target)
           from status_rows(null, null, $2::timestamptz) r
           join series o on o.name = r.series join targets t on t.series = o.id and t.name = r.target
          cross join lateral (
            select r.project, r.deliverable, r.artifact, r.team, r.type, r.source, r.upstream, r.debian,
                   r.state, r.behind, r.carries, r.patched, r.awaited, r.ended, r.elsewhere, r.masked,
                   iso(r.since) as since, r.since_known, r.rule, r.moved, r.mask_reason,
                   iso(r.released) as released, r.days_behind, r.series, r.target) x
          where r.project = p.repo and o.configured), '') || E']}\n'
  from projects p where p.repo = $1
