-- rows: one
select deb_status.note_refusals($1::text[], $2::text[], $3::bigint[])
