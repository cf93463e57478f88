-- What is compared: targets, status, history, events.
create table target_rows (
  id int generated always as identity primary key,
  series int not null references series on delete cascade,
  name text not null,
  position int not null default 0,
  configured bool not null default true,
  carries text,
  complete_since timestamptz,
  unique (series, name)
);
comment on table target_rows is 'Targets, also those that are configured no more: their history stays; targets has the others';
comment on column target_rows.configured is 'Stands in a file of releases.d';
comment on column target_rows.carries is 'The cycle series that most of its rows carry';
comment on column target_rows.complete_since is 'When each of its fetched suites had been tried once; until then a change is a first look, no event';

create table target_suites (
  target int not null references target_rows on delete cascade,
  suite int not null references suites on delete cascade,
  position int not null default 0,
  primary key (target, suite)
);
comment on table target_suites is 'The suites of a target: the highest version across them counts';
create index on target_suites (suite);

create table series_teams (
  series int not null references series on delete cascade,
  team int not null references teams on delete cascade,
  primary key (series, team)
);
comment on table series_teams is 'Whose packages count as matches for a series';

create table masks (
  id int generated always as identity primary key,
  series int references series on delete cascade,
  pattern text not null,
  field text not null check (field in ('deliverable', 'repo', 'type', 'team', 'model')),
  regex text not null,
  reason text,
  file text not null,
  line int not null
);
comment on table masks is 'What is deliberately not packaged; series null: for all';
comment on column masks.regex is 'The pattern as an anchored regular expression over field';

create table status (
  target int not null references target_rows on delete cascade,
  project int not null references projects on delete cascade,
  deliverable text not null,
  artifact text not null,
  team text, type text, model text,
  source text,
  rule text,
  upstream text,
  upstream_key bytea,
  upstream_hash text,
  released timestamptz,
  debian text,
  debian_key bytea,
  debian_upstream text,
  debian_upstream_key bytea,
  debian_since timestamptz,
  suite int,
  state text not null check (state in ('ok', 'outdated', 'ahead', 'unreleased', 'missing')),
  behind text check (behind in ('series', 'prerelease', 'patch', 'minor')),
  carries text,
  patched bool not null default false,
  awaited bool,
  ended text,
  elsewhere jsonb not null default '{}',
  masked bool not null default false,
  mask_reason text,
  moved text,
  since timestamptz not null default now(),
  since_known bool not null default false,
  days_to_target int,
  job bigint,
  changed timestamptz not null default now(),
  primary key (target, project)
) with (fillfactor = 70);
comment on table status is 'Each project in each target, as compared last; only rows that change are written';
comment on column status.upstream is 'Newest release of the series as upstream writes it; null: unreleased';
comment on column status.debian is 'Full Debian version; null: no package there';
comment on column status.debian_since is 'When that version came to the target; null: it was there at the first look';
comment on column status.suite is 'The suite of the target that has that version';
comment on column status.since is 'When the present state began';
comment on column status.since_known is 'False where the state was there at the first look';
comment on column status.days_to_target is 'Days from upstream''s release to the day the target had it; null: not known or not yet';
comment on column status.job is 'The job whose comparison wrote the row';

create index on status (project);

create table status_history (
  like status,
  valid_from timestamptz not null,
  valid_to timestamptz not null,
  primary key (target, project, valid_to)
);
create index on status_history (valid_to);
comment on table status_history is 'Earlier contents of status rows; valid from (inclusive) to (exclusive)';

create table events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  kind text not null,
  series text, target text, project text, source text,
  from_state text, to_state text,
  from_version text, to_version text,
  upstream text,
  text text, url text,
  job bigint
);
comment on table events is 'What happened: changes of state, of versions, publishes, packaging changes';
comment on column events.kind is 'state, version, upstream, published, packaging';
create index on events (at);
create index on events (project, at);
create index on events (series, target, at);
