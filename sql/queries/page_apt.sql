-- rows: many
-- The apt lines of a target, ready to copy, with the key that vouches for each: our archive's own
-- where it signs, else the file that the line names or the machine's.
select case when g.own_signature then '[signed-by=' || k.file || '] '
            when su.options <> '' then '[' || su.options || '] ' else '' end as options,
       su.uri, su.suite, array_to_string(su.components, ' ') as components,
       case when g.own_signature then k.file else substring(su.options from 'signed-by=(\S+)') end as signed_by,
       substring(su.options from 'arch=(\S+)') as arch,
       substring(su.options from 'check-valid-until=(\S+)') as valid_until,
       case when g.own_signature then rtrim(su.uri, '/') || '/archive-keyring.gpg' end as key_url, k.file as key_file
  from series s join targets t on t.series = s.id
  join target_suites ts on ts.target = t.id join suites su on su.id = ts.suite
  left join generations g on g.suite = su.suite and g.current and su.mirror is not null
 cross join lateral (select '/usr/share/keyrings/' || regexp_replace(regexp_replace(rtrim(su.uri, '/'), '^.*/', ''), '[^A-Za-z0-9.-]', '-', 'g') || '-archive-keyring.gpg' as file) k
 where s.name = $1 and t.name = $2 order by ts.position
