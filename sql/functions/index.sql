-- Sources of a suite: from index_incoming (COPY) to rows, only where they differ.

create or replace function deb_status.index_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('index_incoming', 'index_bad');
  create temp table index_incoming (
    component text, name text, version text, key bytea, upstream text, upstream_key bytea,
    patched bool, maintainer text, uploaders text, vcs_browser text, vcs_git text, homepage text,
    homepage_repo text, homepage_last text, binaries text, build_depends text) on commit drop;
  create temp table index_bad (file text, name text, line int, reason text) on commit drop;
end $$;
comment on function deb_status.index_begin is 'Makes the temporary tables that a suite''s Sources are copied to';

-- No search_path of its own, so that the planner can look into it: one call for each source and pattern.
create or replace function deb_status.is_team_source(t deb_status.teams, s deb_status.sources)
returns bool
language sql immutable as $$
  select coalesce(strpos(lower(s.maintainer || ' ' || s.uploaders), lower(t.maintainer)) > 0, false)
      or coalesce(strpos(lower(s.vcs_browser || ' ' || s.vcs_git), lower(t.vcs)) > 0, false)
      or coalesce(strpos(lower(s.maintainer || ' ' || s.uploaders || ' ' || s.vcs_browser || ' ' || s.vcs_git),
                         lower(t.word)) > 0, false)
$$;
comment on function deb_status.is_team_source is 'Whether a pattern says that a source is the team''s: maintainer in Maintainer or Uploaders, vcs in Vcs-*, word in all';

create or replace function deb_status.index_team(p_team int) returns void
language sql set search_path = pg_catalog, deb_status, pg_temp as $$
  delete from team_sources where team = p_team;
  insert into team_sources
  select t.id, s.suite, s.name from teams t join sources s on is_team_source(t, s) where t.id = p_team
$$;
comment on function deb_status.index_team is 'Fills team_sources for a team, over all suites: for a new pattern';

create or replace function deb_status.index_merge(p_suite int) returns bigint
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  changed bigint;
begin
  perform temp_drop('index_new', 'index_changed');
  analyze index_incoming;
  create temp table index_new on commit drop as
  select distinct on (name) p_suite as suite, name, version, key, upstream, upstream_key, patched,
         maintainer, uploaders, vcs_browser, vcs_git, homepage, homepage_repo, homepage_last,
         binaries, build_depends, component
    from index_incoming order by name, key desc, component;
  analyze index_new;

  create temp table index_changed on commit drop as
  select coalesce(n.name, o.name) as name, n.name is null as gone
    from index_new n
    full join (select * from sources where suite = p_suite) o on o.name = n.name
   where (n.version, n.upstream, n.patched, n.maintainer, n.uploaders, n.vcs_browser, n.vcs_git,
          n.homepage, n.homepage_repo, n.homepage_last, n.binaries, n.build_depends, n.component,
          n.key, n.upstream_key)
         is distinct from
         (o.version, o.upstream, o.patched, o.maintainer, o.uploaders, o.vcs_browser, o.vcs_git,
          o.homepage, o.homepage_repo, o.homepage_last, o.binaries, o.build_depends, o.component,
          o.key, o.upstream_key);
  -- what could not be read this time keeps its last good row
  delete from index_changed c using index_bad b where c.gone and b.name = c.name;
  analyze index_changed;

  delete from sources s using index_changed c where c.gone and s.suite = p_suite and s.name = c.name;
  insert into sources
  select n.* from index_new n join index_changed c on c.name = n.name
  on conflict (suite, name) do update
     set version = excluded.version, key = excluded.key, upstream = excluded.upstream,
         upstream_key = excluded.upstream_key, patched = excluded.patched,
         maintainer = excluded.maintainer, uploaders = excluded.uploaders,
         vcs_browser = excluded.vcs_browser, vcs_git = excluded.vcs_git,
         homepage = excluded.homepage, homepage_repo = excluded.homepage_repo,
         homepage_last = excluded.homepage_last, binaries = excluded.binaries,
         build_depends = excluded.build_depends, component = excluded.component;

  delete from team_sources ts using index_changed c where ts.suite = p_suite and ts.name = c.name;
  insert into team_sources
  select t.id, s.suite, s.name
    from index_changed c
    join sources s on s.suite = p_suite and s.name = c.name
    join teams t on is_team_source(t, s);

  delete from set_aside_files f using suites su
   where su.id = p_suite and f.source = su.name
     and not exists (select from index_bad b where b.file = f.file);
  insert into set_aside_files as f (source, file, line, reason)
  select distinct on (b.file) su.name, b.file, b.line, b.reason
    from index_bad b join suites su on su.id = p_suite order by b.file, b.line
  on conflict (source, file) do update set line = excluded.line, reason = excluded.reason
   where (f.line, f.reason) is distinct from (excluded.line, excluded.reason);

  update suites set indexed = now() where id = p_suite and indexed is null;
  select count(*) into changed from index_changed;
  return changed;
end $$;
comment on function deb_status.index_merge is 'Makes a suite''s sources what index_incoming says; returns how many rows came, went or changed';
