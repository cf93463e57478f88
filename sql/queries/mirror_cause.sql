-- rows: maybe
select cause, exists (select from deb_status.deliveries d where d.job = j.id) as announced
  from deb_status.jobs j where j.id = $1::bigint
