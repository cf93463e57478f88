-- Views and functions for people in psql: each line fits into 120 columns with names, versions and
-- times as they are. What is longer is folded within its column, and texts end in … where the rest is
-- elsewhere; who compares values in a script reads the tables.

create function deb_status.folded(p_text text, p_width int, p_lines int) returns text
language plpgsql immutable strict as $$
declare
  v_rest text := p_text;
  v_line text;
  v_lines text[] := '{}';
begin
  if length(p_text) <= p_width and position(E'\n' in p_text) = 0 then
    return p_text;
  end if;
  while v_rest <> '' loop
    if cardinality(v_lines) = p_lines then
      v_lines[p_lines] := left(v_lines[p_lines], p_width - 1) || '…';
      exit;
    end if;
    -- As much as fits, up to a space, behind - or /, behind a : that ends no epoch, or before ~ or +;
    -- else behind a dot; else as much as fits.
    v_line := case when v_rest like E'\n%' then '' else coalesce(
      substring(v_rest from format('^[^\n]{1,%s}(?:(?=[[:space:]~+])|$|(?<=[-/])|(?<=[^0-9]:))', p_width)),
      substring(v_rest from format('^[^\n]{1,%s}(?<=[.])', p_width)), left(v_rest, p_width)) end;
    v_lines := v_lines || v_line;
    v_rest := regexp_replace(substr(v_rest, length(v_line) + 1), '^ *\n?', '');
  end loop;
  return array_to_string(v_lines, E'\n');
end
$$;
comment on function deb_status.folded(text, int, int) is
  'A text in lines of that width, for a column of psql; what is more than so many lines ends in …';

-- Status, for people: the rows of the API and what happened last.
create view deb_status.statuses as
select r.* from deb_status.status_rows(null, null) r;
comment on view deb_status.statuses is 'Every project in every target as the API shows it, with series and target: too wide for a line. First `\x auto \pset format wrapped`, or name columns: select project, target, upstream, debian, state from statuses';
comment on column deb_status.statuses.upstream is 'As upstream writes it; null: no release in this series';
comment on column deb_status.statuses.debian is 'The highest full version of the target''s suites; null: no such source package there';
comment on column deb_status.statuses.state is 'ok, outdated (Debian older), ahead (Debian newer), unreleased (upstream has no release), missing (a release, and no source package)';
comment on column deb_status.statuses.behind is 'Of an outdated row: series, prerelease, patch or minor';
comment on column deb_status.statuses.carries is 'The series that the Debian version belongs to';
comment on column deb_status.statuses.patched is 'The Debian version has +debNuM: a fix of a stable release';
comment on column deb_status.statuses.awaited is 'Of an unreleased row: whether a release is to be expected';
comment on column deb_status.statuses.ended is 'The tag that ended the project''s branch';
comment on column deb_status.statuses.elsewhere is 'Other suites that carry it: suite -> full version';
comment on column deb_status.statuses.masked is 'Deliberately not packaged for this series: counts under masked alone';
comment on column deb_status.statuses.since is 'When the state began; since_known false: at the latest then';
comment on column deb_status.statuses.rule is 'How the source package was found: config, name, artifact, prefix, homepage';
comment on column deb_status.statuses.moved is 'Of an independent row: the cycle series that has the project now; the row counts nowhere';
comment on column deb_status.statuses.days_behind is 'Days from the upstream release to the last look, of outdated and missing rows';
comment on column deb_status.statuses.suite is 'The suite that has the version of column debian';

create view deb_status.recent as
select date_trunc('second', e.at) as at, e.kind, e.series, e.target,
       deb_status.folded(coalesce(e.project, e.source), 19, 4) as project,
       deb_status.folded(coalesce(case when e.kind = 'state' then e.from_state end, e.from_version), 10, 4) as "from",
       deb_status.folded(coalesce(case when e.kind = 'state' then e.to_state end, e.to_version), 10, 4) as "to",
       e.job
  from deb_status.events e
 order by e.at desc, e.id desc;
comment on view deb_status.recent is 'Events, newest first, names and versions folded; in one piece, with source, text and address: table events';
comment on column deb_status.recent.kind is 'state, version, upstream, published, packaging';
comment on column deb_status.recent.project is 'The source package, where that is all that is known';
comment on column deb_status.recent."from" is 'Of a change of state the state, else the version; so is "to"';

-- The queue, for people.
create view deb_status.queue as
select j.id, j.kind, j.what,
       case when j.cancelling then 'cancelling'
            when j.state = 'queued' and j.run_at > now() then 'backoff' else j.state end as state,
       j.attempts,
       -- hours also beyond a day: '26:03:04' is narrower than '1 day 02:03:04'
       case when j.state = 'queued' then make_interval(secs => floor(extract(epoch from now() - j.queued))) end as waiting,
       case when j.state = 'running' then make_interval(secs => floor(extract(epoch from now() - j.started))) end as running_for,
       deb_status.folded(j.worker, 7, 4) as worker,
       deb_status.folded(nullif(concat_ws(' ', j.step, case when j.progress_done is not null
                                                            then concat(j.progress_done, '/' || j.progress_total) end,
                                          j.progress_unit, '(' || j.progress_note || ')'), ''), 9, 5) as progress,
       deb_status.folded(j.error, 10, 5) as error
  from deb_status.jobs j
 where j.state in ('queued', 'running')
 order by j.state desc, j.run_at, j.id;
comment on view deb_status.queue is 'Jobs that run or wait; state also backoff (waits for its next try) and cancelling. Texts are folded and cut: `deb-status job ID` has them whole, and table jobs';
comment on column deb_status.queue.waiting is 'Since it was queued';
comment on column deb_status.queue.worker is 'HOST:PROCESS of the supervisor that runs it';
comment on column deb_status.queue.error is 'Why the last try failed, its beginning; whole in jobs.error';

create view deb_status.failed as
select j.id, j.kind, j.what, j.attempts, date_trunc('second', j.ended) as ended,
       deb_status.folded(j.error, 40, 4) as error
  from deb_status.jobs j
 where j.state = 'failed'
 order by j.ended desc;
comment on view deb_status.failed is 'Jobs that failed for good: they stay until retry(id) or cancel(id). The raw words of rsync, apt and git: `deb-status job ID`, or jobs.detail';
comment on column deb_status.failed.error is 'Folded; in one piece in jobs.error';

create view deb_status.job_log as
select l.job, l.attempt, date_trunc('second', l.at) as at, l.level, l.step,
       deb_status.folded(l.text, 55, 12) as text
  from deb_status.job_lines l
 order by l.job, l.n;
comment on view deb_status.job_log is 'What jobs said, in order: select * from job_log where job = 17';
comment on column deb_status.job_log.level is 'info, warn, error; raw: words of other programs, for admins alone';
comment on column deb_status.job_log.text is 'Folded, and cut after twelve lines; whole in job_lines.text, and by `deb-status job ID`';

create view deb_status.freshness as
select deb_status.folded(f.source, 32, 2) as source, date_trunc('second', f.checked) as checked,
       date_trunc('second', now() - f.checked) as age, deb_status.folded(f.error, 38, 4) as error
  from (select 'upstream ' || u.name as source, u.checked, u.error from deb_status.upstreams u
        union all
        select 'suite ' || s.name, s.checked, s.error from deb_status.suites s where s.configured
        union all
        select 'mirror ' || m.name, m.checked, m.error from deb_status.mirrors m
         where m.configured and m.state = 'active') f
 order by f.checked nulls first, f.source;
comment on view deb_status.freshness is 'When each source was last seen well, the oldest first, and what is wrong with it (both folded; whole in upstreams, suites, mirrors)';

create view deb_status.set_aside as
select s.source, deb_status.folded(s.file, 28, 4) as file, s.line, deb_status.folded(s.reason, 26, 6) as reason,
       date_trunc('second', s.since) as since
  from deb_status.set_aside_files s
 order by s.source, s.file;
comment on view deb_status.set_aside is 'Input that could not be read: its last good value stays. Names and reasons are folded; whole in set_aside_files';
