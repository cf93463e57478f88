-- rows: none
update deb_status.instance set code_hash = null
