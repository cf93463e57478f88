-- rows: one
-- How many projects a series has, and how many rows of them are unreleased or masked everywhere.
select count(*) as total, count(*) filter (where hidden) as hidden
  from (select project, bool_and(masked or state = 'unreleased') as hidden
          from status_rows($1, $2, $3::timestamptz) group by project) p
