-- rows: none
select configure_begin()
