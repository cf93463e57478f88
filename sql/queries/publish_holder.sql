-- rows: maybe
-- Another mirror than $1 on the same disk that has published the path $2 with another content than
-- $3, and names it or did so within the grace time. A stray of the disk ('') is nobody's.
select o.mirror
  from deb_status.pool_files o
  join deb_status.mirrors m on m.name = o.mirror
  join deb_status.mirrors me on me.name = $1
 where o.path = $2 and o.mirror <> $1 and o.sha256 not in ('', $3)
   and m.host is not distinct from me.host
 order by o.unnamed is not null, o.mirror
 limit 1
