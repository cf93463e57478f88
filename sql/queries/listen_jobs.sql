-- rows: none
listen deb_status_jobs
