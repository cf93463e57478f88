-- What hook.fcgi calls. Both functions run as their owner: the hook's role may execute them and
-- nothing more, so pg_temp stands last in their search_path and what they are given is text to
-- judge. Rights come from table senders, never from the body.

create function deb_status.answer_error(p_reason text) returns text language sql immutable as $$
  select format('{"error": %s}', to_json(p_reason))
$$;
comment on function deb_status.answer_error(text) is 'The JSON of a refusal';

create function deb_status.glob_match(p_text text, p_globs text[]) returns boolean
language sql immutable as $$
  select exists (
    select from unnest(p_globs) g
     where p_text like replace(replace(replace(replace(replace(g, '\', '\\'), '%', '\%'), '_', '\_'),
                                       '*', '%'), '?', '_'))
$$;
comment on function deb_status.glob_match(text, text[]) is 'True where one of the globs (*, ?) matches all of the text; * takes slashes too';

create function deb_status.accept_field(p_body jsonb, p_key text, p_pattern text, p_max int)
returns text language plpgsql immutable as $$
declare
  v text := p_body ->> p_key;
begin
  if v is null then
    return null; -- absent or null
  elsif jsonb_typeof(p_body -> p_key) <> 'string' or length(v) > p_max or v !~ p_pattern then
    raise exception 'field % of a delivery', p_key using errcode = 'data_exception';
  end if;
  return v;
end
$$;
comment on function deb_status.accept_field(jsonb, text, text, int) is
  'A field of the body that may be left out; data_exception where it is no string, too long, or does not match';

create function deb_status.job_answer(p_job bigint, p_site text) returns table (state text, answer text)
language sql stable as $$
  select j.state, format('{"job": %s, "state": %s, "url": %s}', j.id, to_json(j.state),
                         to_json(rtrim(p_site, '/') || '/jobs/' || j.id))
    from jobs j where j.id = job_followed(p_job)
$$;
comment on function deb_status.job_answer(bigint, text) is
  'The JSON for an accepted delivery: the job that carries it now, followed through superseded_by';

create function deb_status.packaging_source(p_project text) returns text language sql stable as $$
  -- As the team's packages say in Vcs-Git or Vcs-Browser, else by the repository's last part.
  select coalesce(
    (select s.name from team_sources t join sources s on s.suite = t.suite and s.name = t.name
                   cross join lateral (values (s.vcs_git), (s.vcs_browser)) v (url)
      where right(regexp_replace(split_part(v.url, ' ', 1), '(\.git)?/?$', ''), length(p_project) + 1)
            = '/' || p_project
      limit 1),
    lower(regexp_replace(p_project, '^.*/', '')))
$$;
comment on function deb_status.packaging_source(text) is
  'The source package whose packaging a repository (path with namespace) holds';

create function deb_status.packaging_event(p_body jsonb, p_project text) returns void
language plpgsql as $$
declare
  v_source text := packaging_source(p_project);
  v_ref text := nullif(regexp_replace(left(p_body ->> 'ref', 200), '^refs/(heads|tags)/', ''), '');
  v_url text := p_body #>> '{project,web_url}';
  v_scopes text[];
begin
  insert into events (kind, source, project, text, url)
  values ('packaging', v_source,
          (select p.repo from status s join projects p on p.id = s.project
            where s.source = v_source order by s.target desc limit 1),
          concat('packaging changed: ', v_ref || case when p_body ->> 'after' ~ '^0+$' then ' removed' else '' end
                                              || ' in ', p_project),
          case when v_url ~ '^https?://[^[:space:][:cntrl:]]+$' and length(v_url) <= 500 then v_url end);
  v_scopes := array(
    select distinct s.name || '/' || t.name
      from status st join targets t on t.id = st.target join series s on s.id = t.series
     where st.source = v_source);
  perform raise_revisions(case when v_scopes = '{}' then '{packaging}' else v_scopes end); -- last
end
$$;
comment on function deb_status.packaging_event(jsonb, text) is
  'A push or a tag in a packaging repository becomes an event of its source package';

create function deb_status.accept_type(p_body jsonb, p_sender deb_status.senders, p_event text,
                                       out type text, out mirror text, out ignored text,
                                       out reason text)
language plpgsql as $$
declare
  v_frozen boolean;
begin
  if not p_body ? 'type' and (p_event is not null or p_sender.profile = 'github'
                              or p_body ? 'object_kind' or p_body ? 'event_name') then
    type := left(coalesce(p_body ->> 'object_kind', p_body ->> 'event_name', p_event, ''), 64);
    ignored := 'event';
    return;
  end if;
  type := p_body ->> 'type';
  if jsonb_typeof(p_body -> 'type') is distinct from 'string' then
    reason := 'body';
  elsif type = 'package.built' then
    mirror := p_body ->> 'mirror';
    if jsonb_typeof(p_body -> 'mirror') is distinct from 'string' then
      reason := 'body';
      return;
    end if;
    select state = 'frozen' into v_frozen from mirrors m where m.name = mirror and m.configured;
    if not found or mirror <> all (p_sender.mirrors) then
      reason := 'not-allowed';
    elsif v_frozen then
      ignored := 'frozen';
    end if;
  elsif type = 'releases.changed' then
    reason := case when not p_sender.releases then 'not-allowed' end;
  else
    type := left(type, 64);
    ignored := 'type';
  end if;
end
$$;
comment on function deb_status.accept_type(jsonb, deb_status.senders, text) is
  'What a delivery asks for and whether its sender may: reason (refused), ignored, or neither';

create function deb_status.accept(p_sender text, p_delivery text, p_body bytea, p_event text,
                                  p_secret text, p_request_id text, p_site text,
                                  out status int, out reason text, out job bigint, out answer text)
language plpgsql security definer set search_path = pg_catalog, deb_status, pg_temp as $$
declare
  v_body jsonb;
  v_sender senders;
  v_hash bytea := sha256(p_body);
  v_what record;
  v_source text; v_version text; v_url text; v_project text;
  v_id bigint;
  v_old deliveries;
  v_job record;
  v_inserted boolean := false;
begin
  select * into v_sender from senders s where s.name = p_sender;
  if not found then -- in the files, not yet in the database: the job configure is on its way
    status := 503; reason := 'database'; answer := answer_error(reason);
    return;
  end if;
  begin
    v_body := convert_from(p_body, 'UTF8')::jsonb;
    if jsonb_typeof(v_body) <> 'object' then
      raise data_exception;
    end if;
    v_what := accept_type(v_body, v_sender, p_event);
    if v_what.reason is null and v_what.type = 'package.built' then
      v_source := accept_field(v_body, 'source', '^[a-z0-9][a-z0-9+.-]+$', 128);
      v_version := accept_field(v_body, 'version', '^([0-9]{1,9}:)?[0-9][A-Za-z0-9.+~:-]*$', 256);
      v_url := accept_field(v_body, 'url', '^https?://[^[:space:][:cntrl:]]+$', 2048);
      if v_version is not null and v_source is null then
        raise data_exception; -- a version of what?
      end if;
    end if;
  exception when data_exception or program_limit_exceeded then
    -- Not UTF-8, \u0000, no JSON, nested too deeply, a number beyond numeric, a wrong field
    status := 400; reason := 'body'; answer := answer_error(reason);
    return;
  end;
  if v_what.reason is not null then
    reason := v_what.reason; answer := answer_error(reason);
    status := case reason when 'body' then 400 else 403 end;
    return;
  end if;
  if v_what.ignored = 'event' and v_what.type in ('push', 'tag_push') then
    v_project := v_body #>> '{project,path_with_namespace}';
    if glob_match(v_project, v_sender.projects) and length(v_project) <= 256 then
      v_what.ignored := 'packaging';
    end if;
  end if;

  loop
    insert into deliveries (sender, delivery, hash, type, mirror, source, version, url, body, ignored,
                            fulfilled, request_id)
    values (p_sender, p_delivery, v_hash, v_what.type, v_what.mirror, v_source, v_version, v_url,
            p_body, v_what.ignored, case when v_what.ignored is not null then clock_timestamp() end,
            p_request_id)
    on conflict (sender, delivery) do nothing returning id into v_id;
    exit when found;
    select * into v_old from deliveries d where d.sender = p_sender and d.delivery = p_delivery;
    continue when not found; -- forgotten in this moment
    if v_old.hash <> v_hash then
      status := 409; reason := 'id-reused'; answer := answer_error(reason);
    elsif v_old.ignored is not null then
      status := 200; answer := format('{"ignored": %s}', to_json(v_old.ignored));
    else
      status := 200; job := job_followed(v_old.job);
      answer := (select a.answer from job_answer(job, p_site) a);
    end if;
    return;
  end loop;

  perform secret_used(p_sender, p_secret);
  if v_what.ignored is not null then
    if v_what.ignored = 'packaging' then
      perform packaging_event(v_body, v_project);
    end if;
    status := 200; answer := format('{"ignored": %s}', to_json(v_what.ignored));
    return;
  end if;
  if v_what.type = 'package.built' then
    v_job := queue_join('mirror', v_what.mirror, (select m.host from mirrors m where m.name = v_what.mirror),
                        'delivery', p_request_id);
    v_inserted := (queue_releases_due('delivery', p_request_id)).inserted;
  else
    v_job := queue_join('releases', '', null, 'delivery', p_request_id);
  end if;
  job := v_job.id;
  update deliveries d set job = accept.job where d.id = v_id;
  status := 202;
  answer := (select a.answer from job_answer(job, p_site) a);
  if v_job.inserted or v_inserted then
    perform revision_raise('queue'); -- last: see queue.sql
  end if;
end
$$;
comment on function deb_status.accept(text, text, bytea, text, text, text, text) is
  'Records a delivery whose signature hook.fcgi has checked, and the job it asks for: HTTP status, reason of a refusal, job, JSON answer';

create function deb_status.secret_used(p_sender text, p_secret text) returns void language sql as $$
  insert into secrets_used as u (sender, secret)
  select p_sender, p_secret where p_secret is not null
     and not exists (select from secrets_used x where x.sender = p_sender and x.secret = p_secret
                        and x.last > clock_timestamp() - interval '1 hour')
  on conflict (sender, secret) do update set last = clock_timestamp()
$$;
comment on function deb_status.secret_used(text, text) is
  'Notes which of a sender''s secrets signed; written once an hour at most, or it would be a hot row';

create function deb_status.note_refusals(p_senders text[], p_reasons text[], p_counts bigint[])
returns void language sql security definer set search_path = pg_catalog, deb_status, pg_temp as $$
  insert into refusals as r (sender, reason, refused, last)
  select coalesce(s.name, ''), n.reason, sum(n.refused), clock_timestamp()
    from unnest(p_senders, p_reasons, p_counts) as n (sender, reason, refused)
    left join senders s on s.name = n.sender
   where n.refused > 0
     and n.reason in ('method', 'length', 'size', 'type', 'signature', 'body', 'not-allowed',
                      'id-reused', 'database')
   group by 1, 2 order by 1, 2
  on conflict (sender, reason) do update set refused = r.refused + excluded.refused, last = excluded.last
$$;
comment on function deb_status.note_refusals(text[], text[], bigint[]) is
  'Adds up refused requests, by configured sender (all others under the empty name) and reason';

create view deb_status.senders_seen as
with accepted as (
  select sender, count(*) as accepted, max(received) as last from deliveries group by sender
), refused as (
  select sender, sum(refused)::bigint as refused, max(last) as last,
         (array_agg(reason order by last desc))[1] as reason
    from refusals group by sender
)
select sender, coalesce(a.accepted, 0) as accepted, coalesce(r.refused, 0) as refused, r.reason,
       date_trunc('second', greatest(a.last, r.last)) as last
  from (select name as sender from senders) s
  full join accepted a using (sender)
  full join refused r using (sender)
 order by sender;
comment on view deb_status.senders_seen is
  'Who sends: deliveries accepted (of those still remembered) and requests refused, the last refusal''s reason, the last time. The empty name: unknown senders';
comment on column deb_status.senders_seen.reason is 'Of the last refusal: the word that was answered (signature, body, not-allowed ...)';
