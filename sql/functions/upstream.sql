-- What upstream released: from temporary tables (COPY) to rows, only where they differ.

create or replace function deb_status.candidates_begin() returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  perform temp_drop('candidates_incoming');
  create temp table candidates_incoming (series int, project int, rank int, rule text, name text)
    on commit drop;
end $$;
comment on function deb_status.candidates_begin is 'Makes the temporary table that candidates are copied to';

create or replace function deb_status.candidates_merge(p_series int[]) returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  analyze candidates_incoming;
  delete from candidates c
   where c.series = any (p_series)
     and not exists (select from candidates_incoming i
                      where i.series = c.series and i.project = c.project and i.rank = c.rank);
  insert into candidates as c (series, project, rank, rule, name)
  select series, project, rank, rule, name from candidates_incoming
  on conflict (series, project, rank) do update set rule = excluded.rule, name = excluded.name
   where (c.rule, c.name) is distinct from (excluded.rule, excluded.name);
end $$;
comment on function deb_status.candidates_merge is 'Makes the candidates of some series what candidates_incoming says';

create or replace function deb_status.upstream_row(p_name text, p_kind text, p_location text, p_branch text)
returns int
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  v_id int;
begin
  select id into v_id from upstreams where name = p_name;
  if v_id is null then
    insert into upstreams (name, kind, location, branch)
    values (p_name, p_kind, p_location, p_branch) returning id into v_id;
  end if;
  return v_id;
end $$;
comment on function deb_status.upstream_row is 'The upstream of that name, made where it is new; its id';

create or replace function deb_status.upstream_series(p_series text[], p_kinds text[], p_upstreams text[], p_main text)
returns void
language plpgsql set search_path = pg_catalog, deb_status, pg_temp as $$
begin
  -- an upstream that gets a series is looked at as a whole, whatever it was read for before
  with given as (
    insert into series as s (name, kind, upstream)
    select n.name, n.kind, u.id
      from unnest(p_series, p_kinds, p_upstreams) as n (name, kind, upstream)
      join upstreams u on u.name = n.upstream
    on conflict (name) do update set kind = excluded.kind, upstream = excluded.upstream
     where (s.kind, s.upstream) is distinct from (excluded.kind, excluded.upstream)
    returning s.upstream
  )
  update upstreams u set head = null from given g where u.id = g.upstream;
  -- the main repository moved: what only hung on the old one is read from the new one
  with given as (
    update series s set upstream = m.id
      from upstreams m, upstreams o
     where m.name = p_main and o.id = s.upstream and o.id <> m.id
       and o.kind = 'openstack-releases' and s.name <> all (p_series)
    returning s.upstream
  )
  update upstreams u set head = null from given g where u.id = g.upstream;
  delete from upstreams u
   where u.name <> all (p_upstreams) and u.name is distinct from p_main
     and not exists (select from series s where s.upstream = u.id);
end $$;
comment on function deb_status.upstream_series is 'Which upstream each configured series is read from; the main one takes what no file names. Upstreams without series go';
