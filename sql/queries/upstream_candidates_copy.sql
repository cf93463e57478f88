-- rows: none
copy pg_temp.candidates_incoming from stdin
