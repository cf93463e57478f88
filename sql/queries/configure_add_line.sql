-- rows: none
insert into cfg_lines (series, target, position, uri, suite, components, options, line)
values ($1, $2, $3::int, $4, $5, $6::text[], $7, $8)
