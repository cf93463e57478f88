-- rows: one
-- Bare source names of all targets of a series, each once.
select coalesce(string_agg(source || E'\n', '' order by source collate "C"), '')
  from (select distinct r.source from status_rows($1, null) r where r.source is not null) x
