-- rows: none
insert into cfg_mirrors (name, host, state, suites, settings) values ($1, $2, $3, $4::text[], $5)
