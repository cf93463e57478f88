-- What compare() derives from releases and sources, kept so that one changed file or suite costs
-- what it touches. Can be emptied at any time: compare_all() fills it anew.
create table series_versions (
  series int not null references series on delete cascade,
  project int not null references projects on delete cascade,
  first_key bytea,
  version text,
  debian text,
  key bytea,
  hash text,
  released timestamptz,
  ended text,
  primary key (series, project)
);
comment on table series_versions is 'First and newest version of each project in each series, pre-releases included; kept by compare()';
comment on column series_versions.first_key is 'Sort key of the first version; null: none yet';
comment on column series_versions.ended is 'The tag that ended the project''s branch';
create index on series_versions (project);

create table suite_matches (
  series int not null references series on delete cascade,
  suite int not null references suites on delete cascade,
  project int not null references projects on delete cascade,
  source text not null,
  rule text not null,
  primary key (series, suite, project)
);
comment on table suite_matches is 'Which source package of a single suite is which project of a configured series; kept by compare()';
create index on suite_matches (suite);
