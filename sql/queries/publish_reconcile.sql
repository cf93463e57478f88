-- rows: one
select deb_status.publish_reconcile($1)
