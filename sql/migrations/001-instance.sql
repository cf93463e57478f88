-- The instance, revisions and what the configuration says. Roles and schema exist before
-- (setup.sql).
comment on schema deb_status is 'Debian packages against upstream''s releases: queue, archives, status';

comment on table migrations is 'Which files of sql/migrations were applied, and what they held: made by migrate itself';

create table instance (
  only_one bool primary key default true check (only_one),
  instance text not null,
  origin text,
  created timestamptz not null default now(),
  code_hash text,
  config_hash text,
  config_read timestamptz,
  config_error text
);
comment on table instance is 'One row: who this database is';
comment on column instance.instance is 'Random name made by migrate, renewed by a restore; part of every ETag';
comment on column instance.origin is 'Cluster, database and table that the name was made for: another one after a restore';
comment on column instance.code_hash is 'Hash of the functions and views that are installed';
comment on column instance.config_hash is 'Hash of the configuration that the last configure job wrote';
comment on column instance.config_error is 'Why a changed configuration was not taken, or null';
insert into instance (instance) values (replace(gen_random_uuid()::text, '-', ''));

create table revisions (
  scope text primary key,
  n bigint not null default 0,
  raised timestamptz not null default now()
);
comment on table revisions is 'Counters in rows, raised last in the transaction that writes: queue, config, series (name), series/target';

create table teams (
  id int generated always as identity primary key,
  maintainer text, vcs text, word text,
  unique nulls not distinct (maintainer, vcs, word)
);
comment on table teams is 'Patterns that say which source packages are the team''s: each matches its field, word searches Maintainer, Uploaders and Vcs-*';

create table senders (
  name text primary key,
  mirrors text[] not null default '{}',
  releases bool not null default false,
  profile text not null default 'standard' check (profile in ('standard', 'github', 'hmac')),
  projects text[] not null default '{}'
);
comment on table senders is 'Who may POST, and what: written by the configure job, read by accept()';
comment on column senders.mirrors is 'Mirrors whose package.built the sender may announce';
comment on column senders.releases is 'May POST releases.changed';
comment on column senders.projects is 'GitLab: globs of projects whose push and tag events become events';
