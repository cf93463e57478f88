-- What the mirror job records of a published generation.

create or replace function deb_status.publish_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('publish_files', 'publish_sources');
  create temp table publish_files (path text, size bigint, sha256 text, named bool) on commit drop;
  create temp table publish_sources (source text, from_version text, to_version text)
    on commit drop;
end $$;
comment on function deb_status.publish_begin is
  'Makes the temporary tables that a generation''s changes are copied to: pool files that came or went, source versions';

create or replace function deb_status.publish_files(p_mirror text) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  insert into pool_files as f (mirror, path, size, sha256, unnamed)
  select p_mirror, path, size, sha256, case when not named then clock_timestamp() end
    from pg_temp.publish_files
  on conflict (mirror, path) do update
     set size = excluded.size, sha256 = excluded.sha256,
         unnamed = case when excluded.unnamed is not null then coalesce(f.unnamed, excluded.unnamed) end
   where (f.size, f.sha256, f.unnamed is null)
         is distinct from (excluded.size, excluded.sha256, excluded.unnamed is null);
end $$;
comment on function deb_status.publish_files is 'Pool files that came (named) or went, from publish_files';

create or replace function deb_status.publish_events(p_generation bigint) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  insert into events (kind, series, target, source, from_version, to_version, text, url, job)
  select 'published', w.series, w.target, c.source, c.from_version, c.to_version,
         format('%s generation %s%s', g.suite, g.generation,
                case when g.rolled_back_to is not null then ' (back to ' || g.rolled_back_to || ')'
                     when c.n > 1 then format(': %s sources', c.n) else '' end),
         g.url, g.job
    from generations g
   cross join lateral (
     select count(*) as n,
            case when count(*) = 1 then min(source) end as source,
            case when count(*) = 1 then min(from_version) end as from_version,
            case when count(*) = 1 then min(to_version) end as to_version
       from generation_sources gs where gs.generation = g.id) c
    left join lateral (
      select se.name as series, min(t.name) as target
        from suites su
        join target_suites ts on ts.suite = su.id
        join targets t on t.id = ts.target
        join series se on se.id = t.series
       where su.mirror = g.mirror and su.suite = g.suite group by se.name) w on true
   where g.id = p_generation
$$;
comment on function deb_status.publish_events is 'An event for a generation, in each series that has the suite in a target';

create or replace function deb_status.publish_record(
  p_mirror text, p_suite text, p_generation int, p_published timestamptz,
  p_release_date timestamptz, p_release_sha256 text, p_newest_date timestamptz,
  p_newest_sha256 text, p_published_sha256 text, p_job bigint, p_bytes bigint, p_seconds float8, p_url text,
  p_rolled_back_to int, p_own bool)
returns bigint
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  v_id bigint;
begin
  update generations set current = false where suite = p_suite and current;
  insert into generations (mirror, suite, generation, published, release_date, release_sha256,
                           newest_date, newest_sha256, published_sha256, job, bytes, seconds, url,
                           rolled_back_to, own_signature)
  values (p_mirror, p_suite, p_generation, p_published, p_release_date, p_release_sha256,
          p_newest_date, p_newest_sha256, p_published_sha256, p_job, p_bytes, p_seconds, p_url,
          p_rolled_back_to, p_own)
  on conflict (suite, generation) do update
     set current = true, mirror = excluded.mirror, published_sha256 = excluded.published_sha256,
         release_sha256 = excluded.release_sha256, release_date = excluded.release_date,
         newest_date = excluded.newest_date, newest_sha256 = excluded.newest_sha256
  returning id into v_id;
  delete from generation_sources where generation = v_id;
  insert into generation_sources (generation, source, from_version, to_version)
  select v_id, source, from_version, to_version from pg_temp.publish_sources;
  perform publish_files(p_mirror);
  perform publish_events(v_id);
  return v_id;
end $$;
comment on function deb_status.publish_record is
  'Records a generation as the current one of its suite, with what was copied after publish_begin(); returns its id';

create or replace function deb_status.publish_reconcile(p_mirror text) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  delete from pg_temp.publish_files n
   where not n.named and exists (select from pool_files f where f.path = n.path);
  update pool_files f set unnamed = clock_timestamp()
   where f.mirror = p_mirror and f.unnamed is null
     and not exists (select from pg_temp.publish_files n where n.path = f.path and n.named);
  perform publish_files(p_mirror);
end $$;
comment on function deb_status.publish_reconcile is
  'Makes a mirror''s pool_files what publish_files has: all that its suites name, and strays of the disk';
