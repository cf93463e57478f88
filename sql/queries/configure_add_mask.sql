-- rows: none
insert into cfg_masks (series, pattern, field, regex, reason, file, line)
values ($1, $2, $3, $4, $5, $6, $7::int)
