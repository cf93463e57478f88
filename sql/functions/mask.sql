-- Masks: what they match, what they hide, and what might be masked.

create or replace function deb_status.mask_matches(m deb_status.masks)
returns table (series int, project int)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select sp.series, sp.project
    from series_projects sp
    join series se on se.id = sp.series and se.configured
    join deliverables d on d.id = sp.deliverable
    join projects p on p.id = sp.project
   where (m.series is null or m.series = sp.series)
     and case m.field when 'deliverable' then d.name when 'repo' then p.repo
                      when 'type' then d.type when 'team' then d.team
                      when 'model' then d.model end ~ m.regex
$$;
comment on function deb_status.mask_matches is 'The rows of configured series that a mask matches';

create or replace function deb_status.mask_findings()
returns table (file text, line int, pattern text, finding text, hidden text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select m.file, m.line, m.pattern,
         case when x.matches = 0 then 'matches nothing' else 'hides what a target carries' end,
         x.hidden
    from masks m
   cross join lateral (
     select count(*) as matches,
            string_agg(distinct p.repo || ' (' || s.source || ' on ' || se.name || '/' || t.name || ')', ', ')
              filter (where s.source is not null) as hidden
       from mask_matches(m) k
       join projects p on p.id = k.project
       join series se on se.id = k.series
       left join targets t on t.series = k.series
       left join status s on s.target = t.id and s.project = k.project) x
   where x.matches = 0 or x.hidden is not null
   order by m.file, m.line, m.id
$$;
comment on function deb_status.mask_findings is 'Masks that match nothing, and masks that hide a project which a target carries: for `deb-status check`';

create or replace function deb_status.mask_suggest(p_series text)
returns table (mask text, project text, deliverable text, team text, type text, model text)
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  with never as (
    select sp.deliverable, p.repo
      from series se
      join series_projects sp on sp.series = se.id
      join projects p on p.id = sp.project
     where se.name = p_series
       and not exists (select from suite_matches m where m.project = p.id)
       and not exists (select from status s where s.project = p.id and s.source is not null)
       and not exists (select from status_history h where h.project = p.id and h.source is not null)
       and not exists (select from masks k, mask_matches(k) x where x.series = se.id and x.project = p.id)
  )
  select case when exists (select from series_projects o join projects q on q.id = o.project
                            where o.deliverable = n.deliverable
                              and not exists (select from never e where e.repo = q.repo))
              then n.repo else d.name end,
         n.repo, d.name, d.team, d.type, d.model
    from never n join deliverables d on d.id = n.deliverable
   order by d.type, d.team, n.repo
$$;
comment on function deb_status.mask_suggest is 'Projects of a series that no known suite carries or ever carried and that no mask hides yet; mask: what would hide it, the deliverable''s name where that hides nothing else. For `deb-status mask --suggest`';
