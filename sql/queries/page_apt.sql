-- rows: many
-- The apt lines of a target, ready to copy; those of our own archive with its key, where it signs.
select case when g.own_signature then '[signed-by=/usr/share/keyrings/' || k.file || '] '
            when su.options <> '' then '[' || su.options || '] ' else '' end as options,
       su.uri, su.suite, array_to_string(su.components, ' ') as components,
       case when g.own_signature then rtrim(su.uri, '/') || '/archive-keyring.gpg' end as key_url,
       k.file as key_file
  from series s join targets t on t.series = s.id
  join target_suites ts on ts.target = t.id join suites su on su.id = ts.suite
  left join generations g on g.suite = su.suite and g.current and su.mirror is not null
 cross join lateral (select regexp_replace(rtrim(su.uri, '/'), '^.*/', '') || '-archive-keyring.gpg' as file) k
 where s.name = $1 and t.name = $2 order by ts.position
