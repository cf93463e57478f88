-- rows: one
select deb_status.publish_record($1, $2, $3::int, to_timestamp($4::bigint), to_timestamp($5::bigint),
         to_timestamp($6::bigint), $7, $8, $9::bigint, $10::bigint, $11::float8, $12,
         nullif($13::int, 0), $14::bool) as id
