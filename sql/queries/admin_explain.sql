-- rows: many
select rule, name, coalesce(version, '-'), coalesce(suite, '-'), coalesce(nullif(maintainer, ''), '-'), why
  from explain_names($1, $2, $3) order by n
