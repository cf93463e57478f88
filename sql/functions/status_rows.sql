-- Rows of a series and target as the API shows them: for pages, `deb-status report` and psql.
-- Filters and sorting happen here, with parameters; the caller renders. Functions that return rows
-- set no search_path and name the schema instead, so that the planner can look into them.

create or replace function deb_status.iso(t timestamptz) returns text
language sql stable parallel safe as $$
  select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
comment on function deb_status.iso is 'A time as shown everywhere: UTC, ISO 8601';

create or replace function deb_status.at_end(p_at timestamptz) returns timestamptz
language sql stable parallel safe as $$
  select p_at + case when p_at = date_trunc('second', p_at) then interval '1 s' else interval '1 us' end
$$;
comment on function deb_status.at_end is 'The moment before which something has to have happened to count at a time: a whole second counts to its end, as times are shown in seconds';

create or replace function deb_status.status_at(p_target int, p_at timestamptz default null)
returns setof deb_status.status
language sql stable as $$
  select s.* from deb_status.status s
   where s.target = p_target and (p_at is null or s.changed < deb_status.at_end(p_at))
  union all
  select r.*
    from deb_status.status_history h
         -- as a table: (f(h)).* would call f for each column
   cross join lateral jsonb_populate_record(null::deb_status.status, to_jsonb(h)) r
   where p_at is not null and h.target = p_target
     and h.valid_from < deb_status.at_end(p_at) and deb_status.at_end(p_at) <= h.valid_to
$$;
comment on function deb_status.status_at is 'A target''s rows as they were at a time; null: as they are';

create or replace function deb_status.target_checked(p_target int, p_at timestamptz default null) returns timestamptz
language sql stable as $$
  select case when coalesce(k.checked <= p_at, true) then k.checked
              when exists (select from deb_status.status_at(p_target, p_at)) then p_at end
    from (select case when not bool_or(s.checked is null) then min(s.checked) end as checked
            from deb_status.target_suites ts join deb_status.suites s on s.id = ts.suite
           where ts.target = p_target) k
$$;
comment on function deb_status.target_checked is 'Last successful look at the oldest of a target''s suites, at a past time that time itself; null where one was never seen, or where nothing is known of that time';

drop function if exists deb_status.status_rows(text, text, timestamptz) cascade;
create function deb_status.status_rows(p_series text, p_target text, p_at timestamptz default null)
returns table (
  project text, deliverable text, artifact text, team text, type text, source text, upstream text,
  debian text, state text, behind text, carries text, patched bool, awaited bool, ended text,
  elsewhere jsonb, masked bool, since timestamptz, since_known bool, rule text, moved text,
  mask_reason text, released timestamptz, days_behind int,
  series text, target text, model text, suite text, upstream_key bytea, debian_key bytea,
  upstream_hash text, days_to_target int, job bigint
)
language sql stable as $$
  select p.repo, s.deliverable, s.artifact, s.team, s.type, s.source, s.upstream, s.debian, s.state,
         s.behind, s.carries, s.patched, s.awaited, s.ended, s.elsewhere, s.masked, s.since,
         s.since_known, s.rule, s.moved, s.mask_reason, s.released,
         -- greatest() passes over a null: without a date there are no days
         case when s.state in ('outdated', 'missing') and c.checked - s.released is not null
              then greatest(0, floor(extract(epoch from c.checked - s.released) / 86400))::int end,
         se.name, t.name, s.model, su.name, s.upstream_key, s.debian_key, s.upstream_hash,
         s.days_to_target, s.job
    from deb_status.series se
    join deb_status.targets t on t.series = se.id
   cross join lateral deb_status.target_checked(t.id, p_at) as c (checked)
   cross join lateral deb_status.status_at(t.id, p_at) as s
    join deb_status.projects p on p.id = s.project
    left join deb_status.suites su on su.id = s.suite
   where (p_series is null or se.name = p_series) and (p_target is null or t.name = p_target)
$$;
comment on function deb_status.status_rows is
'Rows of a series and target (null: all) now or at a time: the API''s fields in the API''s order, then series, target, model, suite (whose version debian is), sort keys, upstream_hash, days_to_target, job. days_behind: whole days from released to the target''s checked, for outdated and missing rows; null where one of the two is not known';

drop function if exists deb_status.status_select(text, text, timestamptz, text, text, text, text, text, bool, text, text) cascade;
create function deb_status.status_select(
  p_series text, p_target text, p_at timestamptz default null, p_state text default null,
  p_behind text default null, p_carries text default null, p_team text default null,
  p_type text default null, p_masked bool default null, p_q text default null,
  p_sort text default null)
returns table (
  n bigint,
  project text, deliverable text, artifact text, team text, type text, source text, upstream text,
  debian text, state text, behind text, carries text, patched bool, awaited bool, ended text,
  elsewhere jsonb, masked bool, since timestamptz, since_known bool, rule text, moved text,
  mask_reason text, released timestamptz, days_behind int,
  series text, target text, model text, suite text, upstream_key bytea, debian_key bytea,
  upstream_hash text, days_to_target int, job bigint
)
language sql stable as $$
  with wanted as (
    select ltrim(coalesce(p_sort, 'project'), '-') as field, left(p_sort, 1) = '-' as down
  ), keyed as (
    select r.*,
           case w.field when 'upstream' then r.upstream_key when 'debian' then r.debian_key end as by_key,
           case w.field when 'days_behind' then r.days_behind::numeric
                        when 'days_to_target' then r.days_to_target::numeric
                        when 'since' then extract(epoch from r.since)
                        when 'released' then extract(epoch from r.released)
                        when 'masked' then r.masked::int::numeric
                        when 'patched' then r.patched::int::numeric
                        when 'awaited' then r.awaited::int::numeric
                        when 'since_known' then r.since_known::int::numeric end as by_number,
           case w.field when 'deliverable' then r.deliverable when 'artifact' then r.artifact
                        when 'team' then r.team when 'type' then r.type when 'source' then r.source
                        when 'state' then r.state when 'behind' then r.behind
                        when 'carries' then r.carries when 'ended' then r.ended
                        when 'rule' then r.rule when 'moved' then r.moved
                        when 'mask_reason' then r.mask_reason when 'model' then r.model
                        when 'elsewhere' then nullif(r.elsewhere::text, '{}')
                        when 'project' then r.project end collate "C" as by_text,
           w.down
      from deb_status.status_rows(p_series, p_target, p_at) r cross join wanted w
     where (p_state is null or r.state = any (string_to_array(p_state, ',')))
       and (p_behind is null or r.behind = any (string_to_array(p_behind, ',')))
       and (p_carries is null or r.carries = any (string_to_array(p_carries, ',')))
       and (p_team is null or r.team = p_team)
       and (p_type is null or r.type = p_type)
       and (p_masked is null or r.masked = p_masked)
       and (p_q is null or strpos(lower(concat_ws(' ', r.project, r.deliverable, r.artifact, r.source)),
                                  lower(p_q)) > 0)
  ), numbered as (
    select k.*, row_number() over (
             order by case when not k.down then k.by_key end,
                      case when k.down then k.by_key end desc nulls last,
                      case when not k.down then k.by_number end,
                      case when k.down then k.by_number end desc nulls last,
                      case when not k.down then k.by_text end,
                      case when k.down then k.by_text end desc nulls last,
                      k.project collate "C", k.series, k.target) as n
      from keyed k
  )
  select n, project, deliverable, artifact, team, type, source, upstream, debian, state, behind,
         carries, patched, awaited, ended, elsewhere, masked, since, since_known, rule, moved,
         mask_reason, released, days_behind, series, target, model, suite, upstream_key, debian_key,
         upstream_hash, days_to_target, job
    from numbered order by n
$$;
comment on function deb_status.status_select is
'status_rows() filtered and sorted, numbered from 1 in order. state, behind, carries: one or several, comma between; team, type: exact; masked: true only masked, false none, null all; q: part of project, deliverable, artifact or source; sort: a field, -field downwards, nulls last, versions in Debian''s order';

create or replace function deb_status.status_counts(p_series text, p_target text, p_at timestamptz default null)
returns table (ok bigint, outdated bigint, missing bigint, ahead bigint, unreleased bigint, masked bigint)
language sql stable as $$
  select count(*) filter (where not r.masked and r.state = 'ok'),
         count(*) filter (where not r.masked and r.state = 'outdated'),
         count(*) filter (where not r.masked and r.state = 'missing'),
         count(*) filter (where not r.masked and r.state = 'ahead'),
         count(*) filter (where not r.masked and r.state = 'unreleased'),
         count(*) filter (where r.masked)
    from deb_status.status_rows(p_series, p_target, p_at) r
   where r.moved is null
$$;
comment on function deb_status.status_counts is 'Rows by state; a masked row counts under masked alone, a moved one nowhere';

drop function if exists deb_status.target_info(text, text, timestamptz) cascade;
create function deb_status.target_info(p_series text, p_target text, p_at timestamptz default null)
returns table (
  series text, target text, release text, status text, revision bigint, checked timestamptz,
  carries text, ok bigint, outdated bigint, missing bigint, ahead bigint, unreleased bigint,
  masked bigint, days_to_target double precision, error text, "position" int
)
language sql stable as $$
  select se.name, t.name, se.release, se.status,
         (select coalesce(sum(r.n), 0)::bigint from deb_status.revisions r
           where r.scope in (se.name, se.name || '/' || t.name)),
         deb_status.target_checked(t.id, p_at),
         case when p_at is null then t.carries else
           (select r.carries from deb_status.status_rows(se.name, t.name, p_at) r
              left join deb_status.series cs on cs.name = r.carries
             where r.carries is not null
             group by r.carries, cs.position order by count(*) desc, cs.position desc limit 1) end,
         c.ok, c.outdated, c.missing, c.ahead, c.unreleased, c.masked,
         c.days_to_target,
         (select string_agg(su.name || ': ' || su.error, '; ' order by ts.position)
            from deb_status.target_suites ts join deb_status.suites su on su.id = ts.suite
           where ts.target = t.id and su.error is not null),
         t.position
    from deb_status.series se
    join deb_status.targets t on t.series = se.id
   cross join lateral ( -- as status_counts() and the median in one pass
     select count(*) filter (where not s.masked and s.state = 'ok') as ok,
            count(*) filter (where not s.masked and s.state = 'outdated') as outdated,
            count(*) filter (where not s.masked and s.state = 'missing') as missing,
            count(*) filter (where not s.masked and s.state = 'ahead') as ahead,
            count(*) filter (where not s.masked and s.state = 'unreleased') as unreleased,
            count(*) filter (where s.masked) as masked,
            percentile_cont(0.5) within group (order by s.days_to_target) filter (where not s.masked) as days_to_target
       from deb_status.status_at(t.id, p_at) s where s.moved is null) c
   where (p_series is null or se.name = p_series) and (p_target is null or t.name = p_target)
   order by se.position desc, se.name, t.position, t.name
$$;
comment on function deb_status.target_info is
'One row per target of a series (null: all): revision (its series'' and its own counter), checked, carries, counts, the median of days_to_target, errors of its suites; newest series first';

create or replace function deb_status.plain_text(t text) returns text
language sql immutable parallel safe as $$
  select case when t ~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]'
              then regexp_replace(t, '[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]',
                                  U&'\FFFD', 'g')
              else t end
$$;
comment on function deb_status.plain_text is 'Text for terminals and spreadsheets: control characters and the marks that turn the direction of text become U+FFFD';

create or replace function deb_status.csv_field(t text) returns text
language sql immutable parallel safe as $$
  select case when t is null then ''
              when t !~ '^[-=+@\u0009\u000d]|[",\u0001-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]' then t
              else (select case when c ~ '[",\r\n]' then '"' || replace(c, '"', '""') || '"' else c end
                      from (select case when t ~ '^[-=+@\u0009\u000d]' then '''' else '' end || deb_status.plain_text(t) as c) x)
         end
$$;
comment on function deb_status.csv_field is 'RFC 4180, and no formula for a spreadsheet: what starts with = + - @ or a tab gets an apostrophe before it';

create or replace function deb_status.metric_label(t text) returns text
language sql immutable parallel safe as $$
  select replace(replace(replace(deb_status.plain_text(t), '\', '\\'), '"', '\"'), E'\n', '\n')
$$;
comment on function deb_status.metric_label is 'A label''s value in Prometheus'' text format 0.0.4';

create or replace function deb_status.key_values(o jsonb) returns text
language sql immutable as $$
  select coalesce(string_agg(key || '=' || value, ' ' order by key), '') from jsonb_each_text(o)
$$;
comment on function deb_status.key_values is 'An object as key=value joined by spaces';

create or replace function deb_status.status_json(
  p_series text, p_target text, p_at timestamptz default null, p_state text default null,
  p_behind text default null, p_carries text default null, p_team text default null,
  p_type text default null, p_masked bool default null, p_q text default null,
  p_sort text default null)
returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select '{"series": ' || to_json(i.series) || ', "target": ' || to_json(i.target)
         || ', "revision": ' || i.revision
         || ', "checked": ' || coalesce(to_json(iso(i.checked))::text, 'null')
         || ', "carries": ' || coalesce(to_json(i.carries)::text, 'null')
         || format(E',\n "counts": {"ok": %s, "outdated": %s, "missing": %s, "ahead": %s, "unreleased": %s, "masked": %s}',
                   i.ok, i.outdated, i.missing, i.ahead, i.unreleased, i.masked)
         || E',\n "projects": [' || coalesce((
           select string_agg(row_to_json(x)::text, E',\n' order by r.n)
             from status_select(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team,
                                p_type, p_masked, p_q, p_sort) r
            cross join lateral (
              select r.project, r.deliverable, r.artifact, r.team, r.type, r.source, r.upstream,
                     r.debian, r.state, r.behind, r.carries, r.patched, r.awaited, r.ended,
                     r.elsewhere, r.masked, iso(r.since) as since, r.since_known, r.rule, r.moved,
                     r.mask_reason, iso(r.released) as released, r.days_behind) as x), '')
         || E']}\n'
    from target_info(p_series, p_target, p_at) i
$$;
comment on function deb_status.status_json is 'The document of /api/v1/status/<series>/<target>; null where there is no such target. Parameters as status_select()';

create or replace function deb_status.status_csv(
  p_series text, p_target text, p_at timestamptz default null, p_state text default null,
  p_behind text default null, p_carries text default null, p_team text default null,
  p_type text default null, p_masked bool default null, p_q text default null,
  p_sort text default null)
returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select E'project,deliverable,artifact,team,type,source,upstream,debian,state,behind,carries,patched,awaited,ended,elsewhere,masked,since,since_known,rule,moved,mask_reason,released,days_behind\n'
         || coalesce((
           select string_agg(concat_ws(',',
                    csv_field(r.project), csv_field(r.deliverable), csv_field(r.artifact),
                    csv_field(r.team), csv_field(r.type), csv_field(r.source),
                    csv_field(r.upstream), csv_field(r.debian), r.state, coalesce(r.behind, ''),
                    csv_field(r.carries), r.patched::text, coalesce(r.awaited::text, ''),
                    csv_field(r.ended), csv_field(key_values(r.elsewhere)), r.masked::text,
                    iso(r.since), r.since_known::text, coalesce(r.rule, ''), csv_field(r.moved),
                    csv_field(r.mask_reason), coalesce(iso(r.released), ''),
                    coalesce(r.days_behind::text, '')) || E'\n', '' order by r.n)
             from status_select(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team,
                                p_type, p_masked, p_q, p_sort) r), '')
    from series se join targets t on t.series = se.id
   where se.name = p_series and t.name = p_target
$$;
comment on function deb_status.status_csv is 'The same rows as CSV (RFC 4180, lines ended by \n): the API''s fields in order, a header line, objects as key=value';

create or replace function deb_status.status_list(
  p_series text, p_target text, p_at timestamptz default null, p_state text default null,
  p_behind text default null, p_carries text default null, p_team text default null,
  p_type text default null, p_masked bool default null, p_q text default null,
  p_sort text default null)
returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select coalesce((select string_agg(plain_text(r.source) || E'\n', '' order by r.n)
                     from status_select(p_series, p_target, p_at, p_state, p_behind, p_carries,
                                        p_team, p_type, p_masked, p_q, p_sort) r), '')
    from series se join targets t on t.series = se.id
   where se.name = p_series and t.name = p_target
$$;
comment on function deb_status.status_list is 'The same rows as bare source names, one per line';

create or replace function deb_status.status_txt(
  p_series text, p_target text, p_at timestamptz default null, p_state text default null,
  p_behind text default null, p_carries text default null, p_team text default null,
  p_type text default null, p_masked bool default null, p_q text default null,
  p_sort text default null)
returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  with cells as (
    select r.n, plain_text(r.project) as a, coalesce(plain_text(r.source), '-') as b,
           coalesce(plain_text(r.upstream), '-') as c, coalesce(plain_text(r.debian), '-') as d, r.state as e,
           concat_ws(' ', case when r.masked then 'masked' end, case when r.moved is not null then 'moved=' || r.moved end,
                     'behind=' || r.behind, 'carries=' || nullif(r.carries, p_series),
                     case when r.patched then 'patched' end,
                     case when not r.awaited then 'not-awaited' end, 'ended=' || r.ended,
                     'elsewhere=' || nullif(replace(key_values(r.elsewhere), ' ', ','), '')) as f
      from status_select(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team, p_type,
                         p_masked, p_q, p_sort) r
  ), headed as (
    select 0 as n, 'PROJECT' as a, 'SOURCE' as b, 'UPSTREAM' as c, 'DEBIAN' as d, 'STATE' as e, 'NOTES' as f
    union all select * from cells
  ), widths as (
    select max(length(a)) as a, max(length(b)) as b, max(length(c)) as c, max(length(d)) as d,
           max(length(e)) as e from headed
  )
  select format(E'%s on %s: ok %s, outdated %s, missing %s, ahead %s, unreleased %s, masked %s; carries %s; checked %s\n',
                i.series, i.target, i.ok, i.outdated, i.missing, i.ahead, i.unreleased, i.masked,
                coalesce(i.carries, '-'), coalesce(iso(i.checked), 'never'))
         || (select string_agg(rtrim(rpad(h.a, w.a) || '  ' || rpad(h.b, w.b) || '  ' || rpad(h.c, w.c)
                                     || '  ' || rpad(h.d, w.d) || '  ' || rpad(h.e, w.e) || '  ' || h.f)
                               || E'\n', '' order by h.n)
               from headed h cross join widths w)
    from target_info(p_series, p_target, p_at) i
$$;
comment on function deb_status.status_txt is 'The same rows as a table for a terminal, counts on the first line';

create or replace function deb_status.status_document(
  p_format text, p_series text, p_target text, p_at timestamptz default null,
  p_state text default null, p_behind text default null, p_carries text default null,
  p_team text default null, p_type text default null, p_masked bool default null,
  p_q text default null, p_sort text default null)
returns text
language sql stable set search_path = pg_catalog, deb_status, pg_temp as $$
  select case p_format
    when 'json' then status_json(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team, p_type, p_masked, p_q, p_sort)
    when 'csv' then status_csv(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team, p_type, p_masked, p_q, p_sort)
    when 'txt' then status_txt(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team, p_type, p_masked, p_q, p_sort)
    when 'list' then status_list(p_series, p_target, p_at, p_state, p_behind, p_carries, p_team, p_type, p_masked, p_q, p_sort)
  end
$$;
comment on function deb_status.status_document is 'The rows in one of the formats json, csv, txt, list; null where there is no such target or format';
