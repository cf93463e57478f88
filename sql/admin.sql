-- Views and functions for people in psql. Values are whole, so that they can be searched and compared;
-- `\pset format wrapped` makes psql fold what is wider than the window.

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
select date_trunc('second', e.at) as at, case e.kind when 'packaging' then 'packaging changed' else e.kind end as kind,
       e.series, e.target, coalesce(e.project, e.source) as project,
       coalesce(case when e.kind = 'state' then e.from_state end, e.from_version) as "from",
       coalesce(case when e.kind = 'state' then e.to_state end, e.to_version) as "to",
       e.job
  from deb_status.events e
 order by e.at desc, e.id desc;
comment on view deb_status.recent is 'Events, newest first; with source, text and address: table events';
comment on column deb_status.recent.kind is 'state, version, upstream, published, packaging changed';
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
       j.worker,
       nullif(concat_ws(' ', j.step, case when j.progress_done is not null
                                          then concat(j.progress_done, '/' || j.progress_total) end,
                        j.progress_unit, '(' || j.progress_note || ')'), '') as progress,
       j.error
  from deb_status.jobs j
 where j.state in ('queued', 'running')
 order by j.state desc, j.run_at, j.id;
comment on view deb_status.queue is 'Jobs that run or wait; state also backoff (waits for its next try) and cancelling';
comment on column deb_status.queue.waiting is 'Since it was queued';
comment on column deb_status.queue.worker is 'HOST:PROCESS of the supervisor that runs it';
comment on column deb_status.queue.error is 'Why the last try failed';

create view deb_status.failed as
select j.id, j.kind, j.what, j.attempts, date_trunc('second', j.ended) as ended,
       j.error
  from deb_status.jobs j
 where j.state = 'failed'
 order by j.ended desc;
comment on view deb_status.failed is 'Jobs that failed for good: they stay until retry(id) or cancel(id). The raw words of rsync, apt and git: `deb-status job ID`, or jobs.detail';

create view deb_status.job_log as
select l.job, l.attempt, date_trunc('second', l.at) as at, l.level, l.step, l.text
  from deb_status.job_lines l
 order by l.job, l.n;
comment on view deb_status.job_log is 'What jobs said, in order: select * from job_log where job = 17';
comment on column deb_status.job_log.level is 'info, warn, error; raw: words of other programs, for admins alone';

create view deb_status.freshness as
select f.source, date_trunc('second', f.checked) as checked,
       date_trunc('second', now() - f.checked) as age, f.error
  from (select 'upstream ' || u.name as source, u.checked, u.error from deb_status.upstreams u
        union all
        select 'suite ' || s.name, s.checked, s.error from deb_status.suites s where s.configured
        union all
        select 'mirror ' || m.name, m.checked, m.error from deb_status.mirrors m
         where m.configured and m.state = 'active') f
 order by f.checked nulls first, f.source;
comment on view deb_status.freshness is 'When each source was last seen well, the oldest first, and what is wrong with it';

create view deb_status.set_aside as
select s.source, s.file, s.line, s.reason, date_trunc('second', s.since) as since
  from deb_status.set_aside_files s
 order by s.source, s.file;
comment on view deb_status.set_aside is 'Input that could not be read: its last good value stays';
