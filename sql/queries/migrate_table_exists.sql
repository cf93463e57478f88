-- rows: one
select to_regclass('deb_status.migrations') is not null as there,
       to_regclass('deb_status.instance') is not null as instance
