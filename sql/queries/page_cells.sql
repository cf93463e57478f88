-- rows: many
-- The table of a series page: one row per project and target, projects in the asked order. A
-- project is shown with all its targets where one of them fits. $1 series, $2 target or null,
-- $3 time or null, $4 state, $5 behind, $6 carries, $7 team, $8 type, $9 masked rows too ('1'),
-- $10 unreleased rows too, $11 text, $12 field to sort by, $13 in which target, $14 'down',
-- $15 group, $16 changed since, $17 only awaited ones.
with r as (
  select r.*, t.id as target_id, t.position, su.id as suite_id
    from status_rows($1, $2, $3::timestamptz) r
    join series s on s.name = r.series
    join targets t on t.series = s.id and t.name = r.target
    left join suites su on su.name = r.suite
), judged as (
  select r.*,
         (not r.masked or $9 = '1')
         and (r.state <> 'unreleased' or $10 = '1' or 'unreleased' = any (string_to_array($4, ',')))
         and ($4::text is null or r.state = any (string_to_array($4, ',')))
         and ($5::text is null or r.behind = any (string_to_array($5, ',')))
         and ($6::text is null or r.carries = any (string_to_array($6, ',')))
         and ($7::text is null or r.team = $7)
         and ($8::text is null or r.type = $8)
         and ($16::text is null or (r.since_known and r.since >= $16::timestamptz))
         and ($17::text is null or (r.state = 'unreleased' and r.awaited))
         and ($11::text is null
              or strpos(lower(concat_ws(' ', r.project, r.deliverable, r.artifact, r.source)), lower($11)) > 0) as fits,
         case $12
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
         end as k
    from r
), named as (
  select j.*,
         bool_or(fits) over p as shown,
         coalesce(min(source) over p, regexp_replace(project, '^.*/', '')) as name,
         max(k collate "C") filter (where $13::text is null or target = $13) over p as key,
         min(position) over p as first
    from judged j window p as (partition by project)
), kept as (
  select n.*, case $15 when 'team' then team when 'type' then type end as group_name
    from named n where shown
)
select k.project, k.name, k.name <> k.project and k.name <> regexp_replace(k.project, '^.*/', '') as other_name,
       k.artifact, k.source, k.upstream, iso(k.released) as released, k.ended, k.team, k.type,
       k.target as target_name, k.debian, k.state, k.behind, k.carries, k.patched,
       k.carries <> k.series and k.state <> 'outdated' and se.kind = 'cycle' as else,
       k.awaited is false as not_awaited, nullif(key_values(k.elsewhere), '') as elsewhere,
       k.masked as masked_row, k.mask_reason, k.moved, iso(k.since) as since,
       not k.since_known as since_unknown, k.group_name,
       case when k.state in ('outdated', 'missing') then iso(k.released) end as late_since,
       so.vcs_browser, old.version as from, old.hash as from_hash, k.upstream as to,
       k.upstream_hash as to_hash, b.url as build_url, iso(b.published) as built,
       u.kind = 'openstack-releases' as opendev
  from kept k
  join series se on se.name = k.series join upstreams u on u.id = se.upstream
  left join sources so on so.suite = k.suite_id and so.name = k.source
  left join lateral (
    select r.version, r.hash from projects p join releases r on r.project = p.id
     where p.repo = k.project and r.key = so.upstream_key and r.hash is not null
       and k.state = 'outdated' and k.upstream_hash is not null limit 1) old on true
  left join lateral (
    select g.url, g.published from suites su
      join generations g on g.suite = su.suite and g.mirror = su.mirror
      join generation_sources gs on gs.generation = g.id
     where su.id = k.suite_id and su.mirror is not null and gs.source = k.source
       and gs.to_version is not null
     order by g.id desc limit 1) b on true
 order by k.group_name nulls last,
          case when $14 is null then k.key end collate "C" nulls last,
          case when $14 is not null then k.key end collate "C" desc nulls last,
          case when $12 in ('source', 'name') and $14 is not null then lower(k.name) end collate "C" desc,
          lower(k.name) collate "C", k.project collate "C", k.position, k.target
