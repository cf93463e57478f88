-- rows: none
copy pg_temp.index_incoming from stdin
