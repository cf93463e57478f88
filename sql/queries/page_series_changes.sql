-- rows: many
-- A series against the cycle before it: new, moved, renamed, gone projects; packages of older series.
select part, project, name, team, type, text, before from series_changes($1)
