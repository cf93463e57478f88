-- rows: many
-- Events, newest first: $1 series, $2 project, $3 job, $4 older than this id, each or null; $5 how many.
select e.id, iso(e.at) as at, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD') as date, e.kind, e.series, e.target, e.project,
       coalesce(e.source, regexp_replace(e.project, '^.*/', '')) as name, case when e.project is null then e.source end as name_only,
       case when e.from_state <> e.to_state then e.from_state end as from_state, e.to_state,
       concat_ws(' → ', e.from_version, e.to_version, case when e.to_version is null and e.from_version is null then e.upstream end) as versions,
       e.text, e.url, e.job
  from events e
 where ($1::text is null or e.series = $1) and ($2::text is null or e.project = $2)
   and ($3::bigint is null or e.job = $3) and ($4::bigint is null or e.id < $4)
 order by e.id desc limit $5::int
