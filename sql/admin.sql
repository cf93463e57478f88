-- Views and functions for people in psql.

-- Status, for people: the rows of the API and what happened last.
drop view if exists deb_status.statuses;
create view deb_status.statuses as
select r.* from deb_status.status_rows(null, null) r;
comment on view deb_status.statuses is 'Every project in every target as the API shows it, with series and target';

drop view if exists deb_status.recent;
create view deb_status.recent as
select e.at, e.kind, e.series, e.target, e.project,
       coalesce(case when e.kind = 'state' then e.from_state end, e.from_version) as "from",
       coalesce(case when e.kind = 'state' then e.to_state end, e.to_version) as "to",
       e.job, e.source, e.from_version, e.to_version, e.upstream
  from deb_status.events e
 order by e.at desc, e.id desc;
comment on view deb_status.recent is 'Events, newest first; from and to: states of a change of state, else versions';
