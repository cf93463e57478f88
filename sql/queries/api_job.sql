-- rows: maybe
-- /api/v1/jobs/<id>; $2 'txt': key: value lines, for sh.
select case when $2 = 'txt' then plain_text(concat(
    'job: ', j.id, E'\nkind: ', j.kind, E'\nwhat: ', j.what, E'\nstate: ', j.state, E'\nattempts: ', j.attempts,
    E'\nstep: ' || j.step, E'\nprogress: ' || j.progress_done || '/' || j.progress_total || ' ' || coalesce(j.progress_unit, '')
      || coalesce(' (' || j.progress_note || ')', ''),
    E'\nqueued: ', iso(j.queued), E'\nstarted: ' || iso(j.started), E'\nended: ' || iso(j.ended),
    E'\nerror: ' || regexp_replace(j.error, '\s+', ' ', 'g'), E'\nsuperseded_by: ' || j.superseded_by,
    E'\n', (select string_agg(concat('delivery: ', d.sender, ' ', d.delivery, ' ',
                                    case when d.fulfilled is null then 'waiting' else 'fulfilled' end, E'\n'), '' order by d.id)
              from deliveries d where d.job = j.id),
    (select string_agg(concat('published: ', g.suite, ' ', g.generation, ' ', gs.source, ' ', coalesce(gs.from_version, '-'), ' ',
                              coalesce(gs.to_version, '-'), E'\n'), '' order by g.id, gs.source)
       from generations g join generation_sources gs on gs.generation = g.id where g.job = j.id)))
  else json_build_object('job', j.id, 'kind', j.kind, 'what', j.what, 'state', j.state, 'attempts', j.attempts,
    'step', j.step,
    'progress', case when j.progress_total is not null then json_build_object(
       'done', j.progress_done, 'total', j.progress_total, 'unit', j.progress_unit) end,
    'queued', iso(j.queued), 'started', iso(j.started), 'ended', iso(j.ended), 'error', j.error,
    'deliveries', (select coalesce(json_agg(json_build_object('sender', d.sender, 'id', d.delivery,
       'received', iso(d.received), 'fulfilled', d.fulfilled is not null) order by d.id), '[]')
       from deliveries d where d.job = j.id),
    'superseded_by', j.superseded_by,
    'published', (select coalesce(json_agg(json_build_object('suite', g.suite, 'generation', g.generation,
       'sources', (select coalesce(json_agg(json_build_object('source', gs.source, 'from', gs.from_version,
          'to', gs.to_version) order by gs.source), '[]') from generation_sources gs where gs.generation = g.id),
       'bytes', g.bytes, 'seconds', round(g.seconds::numeric, 3), 'url', g.url) order by g.id), '[]')
       from generations g where g.job = j.id))::text || E'\n' end
  from jobs j where j.id = $1::bigint
