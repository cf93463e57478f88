-- rows: none
select set_config('search_path', 'deb_status, pg_catalog, pg_temp', false),
       case when $1::text <> '0' then set_config('statement_timeout', $1::text, false) end
