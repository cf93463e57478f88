-- rows: one
-- The rows of a series and target in one of the formats; null where there is no such format.
select status_document($1, $2, $3, $4::timestamptz, $5, $6, $7, $8, $9,
                       case $10::text when '1' then true when '0' then false end, $11, $12)
