-- rows: none
copy pg_temp.publish_sources from stdin
