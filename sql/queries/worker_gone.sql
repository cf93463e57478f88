-- rows: none
delete from workers where name = $1
