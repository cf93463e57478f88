-- rows: none
copy pg_temp.up_repos from stdin
