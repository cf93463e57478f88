-- rows: none
insert into deb_status.suite_holds as h (suite, release_sha256, reason) values ($1, $2, $3)
on conflict (suite) do update
   set since = now(), release_sha256 = excluded.release_sha256, reason = excluded.reason
