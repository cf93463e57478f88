-- rows: none
copy pg_temp.up_files from stdin
