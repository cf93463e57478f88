-- rows: many
-- The table of a series page: one row per project and target, projects in the asked order. A
-- project is shown with all its targets where one of them fits. $1 series, $2 target or null,
-- $3 time or null, $4 state, $5 behind, $6 carries, $7 team, $8 type, $9 masked rows too ('1'),
-- $10 unreleased rows too, $11 text, $12 field to sort by, $13 in which target, $14 'down',
-- $15 group, $16 changed since, $17 only awaited ones. A target that was never read has no state yet.
with unread as materialized ( -- as target_checked() says it
  select distinct t.name from targets t join series se on se.id = t.series
    left join target_suites ts on ts.target = t.id left join suites su on su.id = ts.suite
   where se.name = $1 and su.checked is null
), r as (
  select r.*, t.position, se.kind = 'cycle' as cycle, u.kind = 'openstack-releases' as opendev,
         case $12::text
           when 'upstream' then encode(r.upstream_key, 'hex')
           when 'debian' then encode(r.debian_key, 'hex')
           when 'released' then iso(r.released)
           when 'since' then iso(r.since)
           when 'days_behind' then lpad(r.days_behind::text, 8, '0')
           when 'state' then array_position('{missing,outdated,ahead,unreleased,ok}'::text[], r.state)
             || ' ' || coalesce(array_position('{series,prerelease,minor,patch}'::text[], r.behind), 9)
             || ' ' || coalesce(iso(r.released), '')
           when 'behind' then array_position('{series,prerelease,minor,patch}'::text[], r.behind)::text
           when 'carries' then r.carries when 'team' then r.team when 'type' then r.type
           when 'rule' then r.rule when 'project' then r.project when 'deliverable' then r.deliverable
         end as k,
         (not r.masked or $9::text = '1')
         and (coalesce($4::text, $5::text, $16::text, $17::text) is null or r.target not in (select name from unread))
         and (r.state <> 'unreleased' or $10::text = '1' or $17::text is not null
              or 'unreleased' = any (string_to_array($4::text, ',')))
         and ($4::text is null or r.state = any (string_to_array($4::text, ',')))
         and ($5::text is null or r.behind = any (string_to_array($5::text, ',')))
         and ($6::text is null or r.carries = any (string_to_array($6::text, ',')))
         and ($7::text is null or r.team = $7::text)
         and ($8::text is null or r.type = $8::text)
         and ($16::text is null or (r.since_known and r.since >= $16::timestamptz))
         and ($17::text is null or (r.state = 'unreleased' and r.awaited))
         and ($11::text is null
              or strpos(lower(concat_ws(' ', r.project, r.deliverable, r.artifact, r.source)), lower($11::text)) > 0) as fits
    from status_rows($1, $2, $3::timestamptz) r
    join series se on se.name = r.series join upstreams u on u.id = se.upstream
    join targets t on t.series = se.id and t.name = r.target
), named as (
  select r.*,
         bool_or(fits) over p as shown,
         coalesce(min(source) over p, regexp_replace(project, '^.*/', '')) as name,
         max(k collate "C") filter (where $13::text is null or target = $13::text) over p as key,
         target in (select name from unread) as unread
    from r window p as (partition by project)
), kept as (
  select n.*, case $15::text when 'team' then team when 'type' then type end as group_name,
         cycle and carries <> series as other_series
    from named n where shown
)
select k.project, k.name, k.name <> regexp_replace(k.project, '^.*/', '') as other_name,
       k.artifact, k.source, k.upstream, iso(k.released) as released, k.ended, k.team, k.type,
       k.target as target_name, k.debian, case when not k.unread then k.state end as state, k.behind, k.unread,
       case when k.other_series then k.carries end as carries,
       k.other_series and k.state = 'ahead' as else, k.patched,
       k.awaited is false as not_awaited,
       -- shown beside one target alone
       case when $2::text is not null then (select string_agg(x.key || ' ' || x.value, ', ' order by x.key) filter (where x.n <= 3)
               || case when count(*) > 3 then ' and ' || count(*) - 3 || ' more' else '' end
          from (select e.key, e.value, row_number() over (order by e.key) as n from jsonb_each_text(k.elsewhere) e) x) end as elsewhere,
       k.masked as masked_row, k.mask_reason, k.moved, iso(k.since) as since,
       not k.since_known as since_unknown, k.group_name,
       case when $3 is null and not k.unread and k.state in ('outdated', 'missing') then iso(k.released) end as late_since,
       k.days_behind, case when $3 is not null and not k.unread then k.days_behind end as days_then,
       so.vcs_browser, old.version as from, old.hash as from_hash, k.upstream as to,
       k.upstream_hash as to_hash, b.url as build_url, iso(b.published) as built, b.job as build_job, k.opendev
  from kept k
  left join suites su on su.name = k.suite
  left join sources so on so.suite = su.id and so.name = k.source
  left join projects p on p.repo = k.project and k.state = 'outdated' and k.upstream_hash is not null
  left join lateral (
    select r.version, r.hash from releases r
     where r.project = p.id and r.key = so.upstream_key and r.hash is not null limit 1) old on true
  left join lateral (
    select g.url, g.published, g.job from generation_sources gs
      join generations g on g.id = gs.generation and g.suite = su.suite and g.mirror = su.mirror
     where gs.source = k.source and gs.to_version is not null
     order by gs.generation desc limit 1) b on su.mirror is not null
 order by k.group_name nulls last,
          case when $14::text is null then k.key end collate "C" nulls last,
          case when $14::text is not null then k.key end collate "C" desc nulls last,
          case when $12::text in ('source', 'name') and $14::text is not null then lower(k.name) end collate "C" desc,
          lower(k.name) collate "C", k.project collate "C", k.position, k.target
