-- rows: none
copy pg_temp.publish_files from stdin
