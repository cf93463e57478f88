-- What upstream released: series, deliverables, projects (repos), releases.
create table upstreams (
  id int generated always as identity primary key,
  name text not null unique,
  kind text not null check (kind in ('openstack-releases', 'git-tags', 'file')),
  location text not null,
  branch text not null default '',
  head text,
  dated_to text,
  reader text,
  checked timestamptz,
  tried timestamptz,
  error text
);
comment on table upstreams is 'Where releases are read from: one row per repository, tag list or file';
comment on column upstreams.name is 'The freshness view''s source: kind and location, without passwords';
comment on column upstreams.head is 'Commit that was read last';
comment on column upstreams.reader is 'Version of the rules that read it: after another one all files are read again';
comment on column upstreams.dated_to is 'Commit up to which the first-parent history gave releases their dates';

create table series (
  id int generated always as identity primary key,
  upstream int not null references upstreams on delete cascade,
  name text not null unique,
  release text,
  status text,
  kind text not null default 'cycle' check (kind in ('cycle', 'independent', 'list')),
  position int not null default 0,
  initial_release date,
  eol_date date,
  configured bool not null default false,
  folder text
);
comment on table series is 'A release series (epoxy), _independent, or a configured list';
comment on column series.release is 'Release id (2025.1), null where it has none';
comment on column series.position is 'Order of time: higher is newer; 0 for what follows no cycle';
comment on column series.configured is 'Has a file in releases.d: has targets and pages';

create table projects (
  id int generated always as identity primary key,
  repo text not null unique,
  exact text generated always as (lower(repo)) stored,
  last text generated always as (lower(regexp_replace(repo, '^.*/', ''))) stored
);
comment on table projects is 'Repositories upstream, as openstack/nova';
comment on column projects.exact is 'As a Homepage names it: lower case';
comment on column projects.last is 'The last part of that';

create table deliverables (
  id int generated always as identity primary key,
  series int not null references series on delete cascade,
  name text not null,
  team text, type text, model text,
  oid text not null,
  unique (series, name)
);
comment on table deliverables is 'One file upstream: a unit of release with one or more projects';
comment on column deliverables.oid is 'Blob that was read; an unchanged blob is not read again';

create table series_projects (
  series int not null references series on delete cascade,
  project int not null references projects,
  deliverable int not null references deliverables on delete cascade,
  artifact text not null,
  primary key (series, project)
);
create index on series_projects (deliverable);
comment on table series_projects is 'The rows of a series: one per repo that its deliverables name';
comment on column series_projects.deliverable is 'The one with the newest release of the repo where several name it';
comment on column series_projects.artifact is 'Name of the tarball (tarball-base), else the repo''s last part';

create table deliverable_projects (
  deliverable int not null references deliverables on delete cascade,
  project int not null references projects,
  artifact text not null,
  primary key (deliverable, project)
);
comment on table deliverable_projects is 'Every repo that a deliverable names, in releases or in repository-settings';

create table releases (
  deliverable int not null references deliverables on delete cascade,
  project int not null references projects,
  version text not null,
  kind text not null check (kind in ('final', 'prerelease', 'end')),
  debian text,
  key bytea,
  hash text,
  artifact text,
  released timestamptz,
  primary key (deliverable, project, version),
  check ((kind = 'end') = (key is null))
);
comment on table releases is 'Versions that upstream tagged';
comment on column releases.kind is 'final, prerelease, or end: a tag that only ends a branch and is never a version';
comment on column releases.debian is 'The version in Debian''s form: 31.0.0~rc1';
comment on column releases.key is 'Sort key of that form: bytea order is Debian''s order';
comment on column releases.released is 'Date of the commit that added it; null: unknown (held by the first commit)';
create index on releases (project, key);

create table candidates (
  series int not null references series on delete cascade,
  project int not null references projects on delete cascade,
  rank int not null,
  rule text not null check (rule in ('config', 'name', 'artifact', 'prefix', 'homepage')),
  name text not null,
  primary key (series, project, rank)
);
comment on table candidates is 'Source package names that the rules give for a project, best first (no homepage rows: those are found in SQL)';
create index on candidates (series, name);

create table set_aside_files (
  source text not null,
  file text not null,
  line int,
  reason text not null,
  oid text,
  since timestamptz not null default now(),
  primary key (source, file)
);
comment on table set_aside_files is 'Input that could not be read: its last good value stays, the others go on';
