-- rows: none
delete from deb_status.suite_holds where suite = $1
