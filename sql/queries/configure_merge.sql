-- rows: none
-- One topic after the other: later ones stand on earlier ones. $1: publish.url
select configure_series(), configure_mirrors(), configure_suites($1),
       configure_targets(), configure_teams(), configure_masks(), configure_senders()
