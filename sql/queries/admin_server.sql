-- rows: one
-- The server, as any role sees it.
select current_setting('server_version_num')::int as version, current_setting('server_version') as version_text,
       current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) as connections,
       extract(epoch from clock_timestamp())::bigint as clock,
       pg_is_in_recovery() and not exists (select from pg_stat_wal_receiver) as alone,
       case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
            then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::bigint else 0 end as lag_s,
       (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()) as encoding
