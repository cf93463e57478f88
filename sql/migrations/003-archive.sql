-- What Debian's and the team's suites carry, and what we published.
create table mirrors (
  name text primary key,
  host text,
  state text not null default 'active' check (state in ('active', 'frozen')),
  suites text[] not null default '{}',
  settings text,
  configured bool not null default true,
  checked timestamptz,
  tried timestamptz,
  key_expires timestamptz,
  error text
);
comment on table mirrors is 'Build hosts whose suites we publish';
comment on column mirrors.host is 'Whose disk; null: any worker';
comment on column mirrors.key_expires is 'When the key that signed its suites last stops being valid; null: never, or not known';
comment on column mirrors.settings is 'Fingerprint of all its settings: a change makes its job due';
comment on column mirrors.checked is 'Last time its signed text was seen and verified';

create table suites (
  id int generated always as identity primary key,
  name text not null unique,
  uri text not null,
  suite text not null,
  components text[] not null,
  options text not null default '',
  line text not null,
  own bool not null default false,
  mirror text references mirrors on update cascade,
  configured bool not null default true,
  release_date timestamptz,
  origin text,
  archive text,
  indexed timestamptz,
  fingerprint text,
  checked timestamptz,
  tried timestamptz,
  error text,
  unique (uri, suite, components, options)
);
comment on table suites is 'One apt line each: remote ones by apt, ours (mirror not null) by the mirror job';
comment on column suites.own is 'Its address is publish.url: never fetched, the mirror that publishes it writes its rows';
comment on column suites.name is 'What `elsewhere` calls it: the suite, with the host in front where two would clash';
comment on column suites.origin is 'Origin of the Release that was read last: Debian, or another archive; null: none, or not read yet';
comment on column suites.archive is 'Suite of that Release: testing, whatever its code name';
comment on column suites.indexed is 'When its sources were first read: what that changed is of unknown date';
comment on column suites.fingerprint is 'What was indexed last; equal: nothing to do';
comment on column suites.checked is 'Last successful look';

create table sources (
  suite int not null references suites on delete cascade,
  name text not null,
  version text not null,
  key bytea not null,
  upstream text not null,
  upstream_key bytea not null,
  patched bool not null default false,
  maintainer text not null default '',
  uploaders text not null default '',
  vcs_browser text not null default '',
  vcs_git text not null default '',
  homepage text not null default '',
  homepage_repo text,
  homepage_last text,
  binaries text not null default '',
  build_depends text not null default '',
  component text not null default '',
  primary key (suite, name)
);
comment on table sources is 'Source packages of a suite: the highest version of each name, Extra-Source-Only left out';
comment on column sources.key is 'Sort key of the full version';
comment on column sources.upstream is 'Upstream part as compared: no epoch, revision, +dfsg, ~bpo; +really resolved';
comment on column sources.patched is 'The full version has +debNuM (in a native one, the upstream part)';
comment on column sources.homepage_repo is 'namespace/repo of the Homepage where it is a forge''s, lower case, .git off';
comment on column sources.homepage_last is 'The repo''s last part of it';
create index on sources (name);
create index on sources (homepage_last) where homepage_last is not null;

create table team_sources (
  team int not null references teams on delete cascade,
  suite int not null,
  name text not null,
  primary key (team, suite, name),
  foreign key (suite, name) references sources on delete cascade
);
create index on team_sources (suite, name);
comment on table team_sources is 'Which sources a team''s pattern matches; kept by index_team()';

create table generations (
  id bigint generated always as identity primary key,
  mirror text not null,
  suite text not null,
  generation int not null,
  published timestamptz not null default now(),
  release_date timestamptz,
  release_sha256 text not null,
  newest_date timestamptz,
  newest_sha256 text not null,
  published_sha256 text not null,
  job bigint,
  bytes bigint not null default 0,
  seconds double precision not null default 0,
  url text,
  rolled_back_to int,
  own_signature bool not null default false,
  current bool not null default true,
  unique (suite, generation)
);
comment on table generations is 'What was published, per suite: each switch is a row';
comment on column generations.release_date is 'Date of the host''s Release that it was made from';
comment on column generations.newest_date is 'The newest Date ever taken from the host: an older one is a downgrade';
comment on column generations.newest_sha256 is 'Hash of the text of that Date: it and release_sha256 differ after a rollback';
comment on column generations.release_sha256 is 'Hash of the text that the host signed';
comment on column generations.published_sha256 is 'Hash of the signed file as served (InRelease, else Release): tells which generation is on the disk';
comment on column generations.bytes is 'Bytes read from the host for it';
comment on column generations.seconds is 'From the begin of the run to the switch';
comment on column generations.url is 'The build page that the announcement named';
comment on column generations.rolled_back_to is 'The generation whose content a rollback published anew';
comment on column generations.own_signature is 'Signed by publish.sign-with, not by the host alone';
create unique index on generations (suite) where current;

create table generation_sources (
  generation bigint not null references generations on delete cascade,
  source text not null,
  from_version text,
  to_version text,
  primary key (generation, source)
);
create index on generation_sources (source, generation);
comment on table generation_sources is 'Source versions that came and went with a generation';

create table suite_holds (
  suite text primary key,
  since timestamptz not null default now(),
  release_sha256 text,
  accept_older bool not null default false,
  reason text
);
comment on table suite_holds is 'Suites held after a rollback until the host''s InRelease changes or an admin releases them; accept_older: take an older Date once';

create table pool_files (
  mirror text not null,
  path text not null,
  size bigint not null,
  sha256 text not null,
  unnamed timestamptz,
  primary key (mirror, path)
);
comment on table pool_files is 'Published pool files, once for each mirror that brought them; removed from the disk when none names them any more';
comment on column pool_files.unnamed is 'Since when no published generation of that mirror names it';
create index on pool_files (mirror, unnamed);
