-- rows: many
delete from deb_status.suite_holds where suite = $1 returning suite
