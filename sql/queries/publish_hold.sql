-- rows: maybe
select release_sha256, accept_older, reason from deb_status.suite_holds where suite = $1
