-- rows: many
select sender, secret, iso(last) as last from secrets_used
