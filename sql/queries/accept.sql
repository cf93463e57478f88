-- rows: one
select status, reason, job, answer
  from deb_status.accept(p_sender => $1, p_delivery => $2, p_body => $3::bytea, p_event => $4,
                         p_secret => $5, p_request_id => $6, p_site => $7)
