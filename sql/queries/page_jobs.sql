-- rows: many
-- Running and waiting jobs that concern a series; null: all.
select j.id, j.kind, j.what, j.state, j.step, j.progress_done, nullif(j.progress_total, 0) as progress_total,
       concat_ws(', ', j.progress_unit, j.progress_note) as progress_unit
  from jobs j
 where j.state in ('queued', 'running')
   and ($1::text is null or j.kind <> 'mirror'
        or exists (select from series s join targets t on t.series = s.id
                     join target_suites ts on ts.target = t.id join suites su on su.id = ts.suite
                    where s.name = $1 and su.mirror = j.what))
 order by j.state = 'queued', j.started, j.run_at, j.id limit 12
