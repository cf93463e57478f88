-- Jobs and deliveries.
create sequence job_tokens;
comment on sequence job_tokens is 'Fencing tokens: each claim takes the next';

create table jobs (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('mirror', 'releases', 'archives', 'configure')),
  what text not null default '',
  state text not null default 'queued'
    check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'superseded')),
  host text,
  cause text,
  attempts int not null default 0,
  max_attempts int not null default 5,
  run_at timestamptz not null default now(),
  queued timestamptz not null default now(),
  started timestamptz,
  ended timestamptz,
  token bigint,
  lease timestamptz,
  worker text,
  cancelling bool not null default false,
  step text,
  progress_done bigint,
  progress_total bigint,
  progress_unit text,
  progress_note text,
  error text,
  detail text,
  superseded_by bigint references jobs,
  request_id text
) with (fillfactor = 70);
comment on table jobs is 'The queue: one row per unit of work, kept after its end';
comment on column jobs.what is 'The mirror''s name; empty for all other kinds';
comment on column jobs.host is 'Only a worker of this host may take it; null: any';
comment on column jobs.cause is 'Who asked: delivery, schedule, admin, job N';
comment on column jobs.attempts is 'Counted when claimed';
comment on column jobs.token is 'Fencing token of the run; changes with each claim';
comment on column jobs.lease is 'Until when the claim holds without being renewed';
comment on column jobs.progress_note is 'What else there is to say of it: bytes, percent, rate';
comment on column jobs.error is 'Our own sentence';
comment on column jobs.detail is 'Raw words of rsync, apt, git: for admins';
create unique index jobs_one_queued on jobs (kind, what) where state = 'queued';
create unique index jobs_one_running on jobs (kind, what) where state = 'running';
create index jobs_due on jobs (run_at, id) where state = 'queued';
create index jobs_ended on jobs (ended) where ended is not null;
create index jobs_followed on jobs (superseded_by) where superseded_by is not null;
create index jobs_failed on jobs (ended) where state = 'failed';

create table deliveries (
  id bigint generated always as identity primary key,
  sender text not null,
  delivery text not null,
  hash bytea not null,
  received timestamptz not null default clock_timestamp(),
  type text,
  mirror text, source text, version text, version_key bytea, url text,
  body bytea not null,
  job bigint references jobs,
  ignored text,
  fulfilled timestamptz,
  request_id text,
  unique (sender, delivery)
);
comment on table deliveries is 'Accepted requests; sender and delivery (its id) are remembered for queue.keep-deliveries';
comment on column deliveries.hash is 'SHA-256 of the body: the same id with another hash is refused';
comment on column deliveries.version_key is 'Sort key of version, filled by the worker';
comment on column deliveries.body is 'The raw bytes';
comment on column deliveries.job is 'The job that carries it now (moved on when jobs fold)';
comment on column deliveries.fulfilled is 'When its effect was there; null: not yet';
create index on deliveries (job);
create index on deliveries (received);

create table job_lines (
  job bigint not null references jobs on delete cascade,
  n bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  attempt int not null default 0,
  level text not null default 'info' check (level in ('info', 'warn', 'error', 'raw')),
  step text,
  text text not null,
  primary key (job, n)
);
comment on table job_lines is 'What a job said; level raw: words of other programs, for admins alone';

create table refusals (
  sender text not null,
  reason text not null,
  refused bigint not null default 0,
  last timestamptz not null default now(),
  primary key (sender, reason)
);
comment on table refusals is 'Requests refused, by sender (empty: none that is known) and reason';

create table secrets_used (
  sender text not null,
  secret text not null,
  last timestamptz not null default clock_timestamp(),
  primary key (sender, secret)
);
comment on table secrets_used is 'Which of a sender''s secrets (its file''s name) signed an accepted delivery, to the hour';

create table workers (
  name text primary key,
  host text not null,
  version text not null,
  started timestamptz not null default now(),
  seen timestamptz not null default now()
);
comment on table workers is 'Supervisors that are alive';

create table schedule (
  kind text not null,
  what text not null default '',
  last timestamptz not null default clock_timestamp(),
  primary key (kind, what)
);
comment on table schedule is 'When each scheduled job was queued last, by whichever worker';
