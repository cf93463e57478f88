-- rows: many
update deb_status.suites set tried = now(), error = $3
 where mirror = $1 and suite = $2 and configured returning id
