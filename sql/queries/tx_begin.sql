-- rows: none
begin
