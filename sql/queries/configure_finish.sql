-- rows: many
select configure_finish() as series
