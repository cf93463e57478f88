-- rows: none
insert into cfg_teams (series, maintainer, vcs, word) values ($1, $2, $3, $4)
