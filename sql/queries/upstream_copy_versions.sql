-- rows: none
copy pg_temp.up_versions from stdin
