-- rows: one
select deb_status.instance_renew() as renewed
