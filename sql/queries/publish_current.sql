-- rows: one
-- What the database holds for published of a suite; generation 0: nothing.
select coalesce(max(generation), 0) as newest,
       coalesce(max(generation) filter (where current), 0) as generation,
       max(published_sha256) filter (where current) as published_sha256,
       max(newest_sha256) filter (where current) as newest_sha256,
       coalesce(extract(epoch from max(newest_date) filter (where current)), 0)::bigint as newest_date
  from deb_status.generations where suite = $1
