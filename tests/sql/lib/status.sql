-- Small self-made data for the tests of comparing. Included after begin and plan.
-- pg_temp.key() is Debian's order a second time, from its description (Policy 5.6.12 as bytes).
create function pg_temp.key_part(p text) returns bytea language plpgsql immutable as $$
declare
  k bytea := ''; c text; n text;
begin
  loop
    while p ~ '^[^0-9]' loop
      c := left(p, 1);
      k := k || set_byte('\x00', 0, case when c = '~' then 1
             when c between 'A' and 'Z' then ascii(c) - 62 when c between 'a' and 'z' then ascii(c) - 68
             else 54 + strpos('+-.:', c) end);
      p := substr(p, 2);
    end loop;
    n := ltrim(substring(p from '^[0-9]*'), '0');
    k := k || '\x02' || set_byte('\x00', 0, length(n)) || n::bytea;
    p := regexp_replace(p, '^[0-9]*', '');
    exit when p = '';
  end loop;
  return k || '\x02';
end $$;
create function pg_temp.key(v text) returns bytea language sql immutable as $$
  select set_byte('\x00', 0, length(e)) || e::bytea || pg_temp.key_part(u) || pg_temp.key_part(r)
    from (select ltrim(coalesce(substring(v from '^(\d+):'), ''), '0') as e,
                 regexp_replace(regexp_replace(v, '^\d+:', ''), '-[^-]*$', '') as u,
                 coalesce(substring(v from '-([^-]*)$'), '') as r) x
$$;

-- pg_temp.project(series, deliverable, repo, versions 'tag=debian form', candidates 'rule:name')
create function pg_temp.project(p_series text, p_deliverable text, p_repo text, versions text[], names text[],
                                p_type text default 'service', p_model text default 'cycle-with-rc',
                                p_artifact text default null, p_released timestamptz default null)
returns void language plpgsql as $$
declare
  s int := (select id from series where name = p_series); d int; p int; v text;
begin
  insert into projects (repo) values (p_repo) on conflict do nothing;
  select id into p from projects where repo = p_repo;
  insert into deliverables (series, name, team, type, model, oid)
  values (s, p_deliverable, 'team of ' || p_deliverable, p_type, p_model, '')
  on conflict (series, name) do nothing;
  select id into d from deliverables where series = s and name = p_deliverable;
  insert into deliverable_projects values (d, p, coalesce(p_artifact, split_part(p_repo, '/', 2))) on conflict do nothing;
  insert into series_projects values (s, p, d, coalesce(p_artifact, split_part(p_repo, '/', 2))) on conflict do nothing;
  foreach v in array versions loop
    insert into releases (deliverable, project, version, kind, debian, key, hash, released)
    values (d, p, split_part(v, '=', 1),
            case when v like '%=%~%' then 'prerelease' when v like '%=%' then 'final' else 'end' end,
            nullif(split_part(v, '=', 2), ''),
            case when v like '%=%' then pg_temp.key(split_part(v, '=', 2)) end, md5(v), p_released);
  end loop;
  insert into candidates
  select s, p, n, split_part(c, ':', 1), split_part(c, ':', 2)
    from unnest(names) with ordinality as u (c, n)
  on conflict do nothing;
end $$;

-- A suite's sources are what pg_temp.sources() is called with: 'name version part [team] [homepage]'
create function pg_temp.sources(p_suite text, variadic lines text[]) returns bigint language plpgsql as $$
declare
  l text; f text[];
begin
  perform index_begin();
  foreach l in array lines loop
    f := string_to_array(l, ' ');
    insert into pg_temp.index_incoming
    values ('main', f[1], f[2], pg_temp.key(f[2]), f[3], pg_temp.key(f[3]), f[2] ~ '\+deb\d+u\d',
            case when 'team' = any (f) then 'OpenStack <team+openstack@tracker.debian.org>' else 'Somebody <x@example.org>' end,
            '', '', '', coalesce((select 'https://' || h from unnest(f) h where h like '%/%'), ''),
            (select substring(h from '/(.*)$') from unnest(f) h where h like '%/%'),
            (select substring(h from '([^/]*)$') from unnest(f) h where h like '%/%'), '', '');
  end loop;
  return index_merge((select id from suites where name = p_suite));
end $$;
create function pg_temp.compare_suite(p_suite text, p_job bigint default null) returns bigint language sql as $$
  select compare(null, array(select id from suites where name = p_suite), p_job)
$$;
create function pg_temp.compare_series(p_series text, p_job bigint default null) returns bigint language sql as $$
  select compare(array(select id from series where name = p_series), null, p_job)
$$;

-- One transaction has one now(): time passes when everything that was written becomes older.
create function pg_temp.time_passes(p interval) returns void language sql as $$
  update status set changed = changed - p, since = since - p, debian_since = debian_since - p,
         released = released - p;
  update status_history set valid_from = valid_from - p, valid_to = valid_to - p, since = since - p,
         changed = changed - p, debian_since = debian_since - p, released = released - p;
  update events set at = at - p;
  update suites set checked = checked - p, tried = tried - p, indexed = indexed - p;
  update releases set released = released - p;
  update series_versions set released = released - p
$$;

-- bb is over, cc and dd are maintained, ee is being developed; stable and unstable are suites.
insert into upstreams (name, kind, location) values ('u', 'openstack-releases', '/nowhere');
insert into series (upstream, name, release, status, kind, position, configured)
select u.id, s.* from upstreams u, (values
  ('bb', '2024.1', 'end of life', 'cycle', 1, true), ('cc', '2024.2', 'maintained', 'cycle', 2, true),
  ('dd', '2025.1', 'maintained', 'cycle', 3, true), ('ee', '2025.2', 'development', 'cycle', 4, true),
  ('_independent', null, null, 'independent', 0, true)) s;
insert into suites (name, uri, suite, components, line, checked, tried)
select n, 'http://example.org/debian', n, '{main}', 'deb http://example.org/debian ' || n || ' main', now(), now()
  from unnest('{stable,updates,unstable}'::text[]) n;
insert into target_rows (series, name, position)
select s.id, t, p from series s, (values ('stable', 0), ('unstable', 1)) x (t, p) where s.name <> 'bb';
insert into target_suites (target, suite) select t.id, s.id from target_rows t join suites s on s.name = t.name;
insert into teams (maintainer) values ('team+openstack@tracker.debian.org');
insert into series_teams select s.id, t.id from series s, teams t;
