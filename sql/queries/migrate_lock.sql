-- rows: none
-- One migrate at a time, over several transactions: a lock of the session. Waits without limit.
with w as materialized (select set_config('lock_timeout', '0', false) as w)
select pg_advisory_lock(hashtext('deb_status.migrate')) from w
