-- rows: one
-- Mirror, suite, generation, when; the host's text (Date, hash), the newest ever taken (Date, hash);
-- what is served (hash); job, bytes, seconds, build page, rolled back to, own signature.
select deb_status.publish_record($1, $2, $3::int, to_timestamp($4::bigint), to_timestamp($5::bigint),
         $6, to_timestamp($7::bigint), $8, $9, $10::bigint, $11::bigint, $12::float8, $13,
         nullif($14::int, 0), $15::bool) as id
