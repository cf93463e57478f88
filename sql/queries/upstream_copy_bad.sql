-- rows: none
copy pg_temp.up_bad from stdin
