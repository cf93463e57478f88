-- rows: none
rollback
