-- rows: none
create table if not exists deb_status.migrations (
  number int primary key,
  name text not null,
  applied timestamptz not null default now(),
  hash text not null
)
