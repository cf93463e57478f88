-- rows: none
copy pg_temp.up_series from stdin
