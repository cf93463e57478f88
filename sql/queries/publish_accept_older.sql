-- rows: none
insert into deb_status.suite_holds as h (suite, accept_older, reason)
values ($1, true, 'an older Date is taken once')
on conflict (suite) do update set accept_older = true
