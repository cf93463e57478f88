-- What was read of an upstream, from temporary tables to rows.
begin;
select plan(35);
select upstream_begin();

create function pg_temp.file(p_series text, p_name text, p_versions text[], p_repo text default null,
                             p_team text default 'nova') returns void
language plpgsql as $$
declare
  v text;
begin
  insert into up_files values (p_series, p_name, 'deliverables/' || p_series || '/' || p_name || '.yaml',
                               md5(p_versions::text || p_team), p_team, 'service', 'cycle-with-rc');
  insert into up_repos values (p_series, p_name, coalesce(p_repo, 'openstack/' || p_name), p_name);
  foreach v in array p_versions loop
    insert into up_versions values (p_series, p_name, coalesce(p_repo, 'openstack/' || p_name), v, 'final', v,
                                    convert_to(v, 'UTF8'), null, p_name, null);
  end loop;
end $$;
-- the whole list of series, oldest first: name or name=status
create function pg_temp.folders(variadic p_names text[]) returns void language sql as $$
  insert into up_series
  select split_part(n, '=', 1), null, nullif(split_part(n, '=', 2), ''),
         case when n = '_independent' then 'independent' else 'cycle' end, i, null, null
    from unnest(p_names) with ordinality u (n, i)
$$;
create function pg_temp.merge(p_upstream text default 'main', p_listed bool default true) returns text[]
language plpgsql as $$
begin
  create temp table merged on commit drop as
  select * from deb_status.upstream_merge((select id from upstreams where name = p_upstream), p_upstream = 'main',
                                          p_listed, false, null);
  return (select coalesce(array_agg(s.name || case when m.projects_changed then '+' else '' end order by s.name), '{}')
            from merged m join series s on s.id = m.series);
end $$;
create function pg_temp.again() returns void language sql as $$
  select upstream_begin();
  drop table if exists merged;
$$;
create function pg_temp.rows_of(p_series text) returns text[] language sql as $$
  select array_agg(p.repo || ':' || d.name order by p.repo)
    from series_projects sp join series s on s.id = sp.series join projects p on p.id = sp.project
    join deliverables d on d.id = sp.deliverable where s.name = p_series
$$;

-- upstreams
select upstream_row('main', 'openstack-releases', '/a', 'master');
select upstream_series('{aa}', '{cycle}', '{main}', 'main');
select is((select head from upstreams), null, 'a new upstream was never read');
select pg_temp.again();
select pg_temp.folders('aa', 'bb=maintained', '_independent');
select pg_temp.file('aa', 'nova', '{1.0,1.1}');
select pg_temp.file('bb', 'nova', '{2.0}');
select pg_temp.file('_independent', 'pbr', '{}', 'openstack/pbr', 'oslo');
select is(pg_temp.merge(), '{_independent+,aa+,bb+}', 'all is new');
select is((select array_agg(name || position order by name) from series), '{_independent3,aa1,bb2}', 'series with their order');
select is((select status from series where name = 'bb'), 'maintained', 'and status');
select is((select count(*) from releases), 3::bigint, 'versions');
select is((select count(*) from series_projects), 3::bigint, 'a row per repo');
select is((select count(*) from events), 0::bigint, 'the first reading is no news');

-- the same again writes nothing
select pg_temp.again();
select pg_temp.folders('aa', 'bb=maintained', '_independent');
select pg_temp.file('aa', 'nova', '{1.0,1.1}');
select is(pg_temp.merge(), '{}', 'nothing differs');

-- one version more, one series
update series set configured = true where name = 'aa';
insert into series_versions (series, project, first_key, version, key)
select s.id, p.id, '1.0', '1.1', '1.1' from series s, projects p where s.name = 'aa' and p.repo = 'openstack/nova';
select pg_temp.again();
select pg_temp.folders('aa', 'bb=maintained', '_independent');
select pg_temp.file('aa', 'nova', '{1.0,1.1,1.2}');
select is(pg_temp.merge(), '{aa}', 'one series, its projects are the same');
select is((select array_agg(concat_ws(' ', series, project, from_version, to_version)) from events), '{aa openstack/nova 1.1 1.2}', 'that is news');

-- a date that was known stays where the reading knows none
update releases set released = '2026-01-01' where version = '1.2';
select pg_temp.again();
select pg_temp.file('aa', 'nova', '{1.0,1.2}');
select is(pg_temp.merge(), '{aa}', 'a version went');
select is((select released::date from releases where version = '1.2'), '2026-01-01', 'the date stays');
select is((select count(*) from releases where version = '1.1'), 0::bigint, 'what was taken back is gone');
select pg_temp.again();
select pg_temp.file('aa', 'nova', '{1.0,1.2}');
update up_versions set released = '2026-02-02' where version = '1.0';
select pg_temp.merge();
select is((select released::date from releases where version = '1.0'), '2026-02-02', 'a date that became known');

-- only an attribute
select pg_temp.again();
select pg_temp.file('aa', 'nova', '{1.0,1.2}', p_team => 'compute');
select is(pg_temp.merge(), '{aa}', 'another team is a change');

-- two files name a repo: the one with the newest release, of equals the one that is called like it
select pg_temp.again();
select pg_temp.file('aa', 'a-first', '{}', 'openstack/nova');
select is(pg_temp.merge(), '{aa}', 'a second file for the repo');
select is(pg_temp.rows_of('aa'), '{openstack/nova:nova}', 'without a release it is not the one');
select pg_temp.again();
select pg_temp.file('aa', 'a-first', '{1.2}', 'openstack/nova');
select pg_temp.merge();
select is(pg_temp.rows_of('aa'), '{openstack/nova:nova}', 'nor with the same one, first by name as it is');
select pg_temp.again();
select pg_temp.file('aa', 'a-first', '{1.3}', 'openstack/nova');
select is(pg_temp.merge(), '{aa+}', 'with a newer release the row changes');
select is(pg_temp.rows_of('aa'), '{openstack/nova:a-first}', 'to that file');
select pg_temp.again();
insert into up_files (series, name, file) values ('aa', 'a-first', 'deliverables/aa/a-first.yaml');
update series_versions set version = '1.3', key = '1.3';
delete from events;
select is(pg_temp.merge(), '{aa+}', 'a file that went');
select is(pg_temp.rows_of('aa'), '{openstack/nova:nova}', 'gives the row back');
select is((select array_agg(concat_ws(' ', series, project, from_version, to_version)) from events), '{aa openstack/nova 1.3 1.2}',
          'news of a file that itself is the same');

-- set aside
select pg_temp.again();
insert into up_bad values ('deliverables/aa/x.yaml', 3, 'line 3: why', 'o1'), ('deliverables/aa/x.yaml', 4, 'the same name', 'o2');
select is(pg_temp.merge(), '{}', 'a bad file changes no row');
update set_aside_files set since = '2026-01-01';
select pg_temp.again();
insert into up_bad values ('deliverables/aa/x.yaml', 5, 'line 5: why', 'o3');
insert into up_files (file) values ('deliverables/aa/x.yaml');
select pg_temp.merge();
select is((select array_agg(concat_ws(' ', source, file, line, since::date)) from set_aside_files),
          '{main deliverables/aa/x.yaml 5 2026-01-01}', 'it is bad since the first time');
select pg_temp.again();
select pg_temp.file('aa', 'x', '{}');
select pg_temp.merge();
select is((select count(*) from set_aside_files), 0::bigint, 'mended');

-- series: a status changes, one goes, one cannot be told
select pg_temp.again();
select pg_temp.folders('aa', 'bb=unmaintained', '_independent');
select is(pg_temp.merge(), '{_independent,aa,bb}', 'a status may matter anywhere');
select pg_temp.again();
select pg_temp.folders('aa', 'cc');
select is(pg_temp.merge(p_listed => false), '{aa,cc}', 'two went, one came');
select is((select array_agg(name order by name) from series), '{aa,cc}', 'what has no pages is gone');
select pg_temp.again();
select pg_temp.folders('cc');
insert into up_files (series, name, file) values ('aa', 'nova', 'f'), ('aa', 'x', 'f');
select pg_temp.merge();
select is((select folder from series where name = 'aa'), null, 'a series with pages stays, without a folder');

-- another upstream takes a series; the main one moves
update upstreams set head = 'h', dated_to = 'h';
select upstream_row('other', 'openstack-releases', '/b', 'master');
select upstream_series('{aa,cc}', '{cycle,cycle}', '{main,other}', 'main');
select is((select array_agg(s.name || ' ' || u.name order by s.name) from series s join upstreams u on u.id = s.upstream),
          '{aa main,cc other}', 'a series of its own upstream');
select is((select head from upstreams where name = 'main'), 'h', 'the other one need not be read again');
select pg_temp.again();
select pg_temp.folders('cc', 'dd');
select pg_temp.file('cc', 'heat', '{9.0}');
select is(pg_temp.merge('other'), '{cc+}', 'it gives no other series');
select upstream_row('moved', 'openstack-releases', '/c', 'master');
select upstream_series('{aa}', '{cycle}', '{moved}', 'moved');
select is((select array_agg(s.name || ' ' || u.name order by s.name) from series s join upstreams u on u.id = s.upstream),
          '{aa moved,cc moved}', 'the main one has what no file reads elsewhere');
select is((select array_agg(name) from upstreams), '{moved}', 'upstreams without series go');

select * from finish();
rollback;
