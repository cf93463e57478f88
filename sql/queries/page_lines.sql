-- rows: many
-- The end of a job's log, our own sentences alone.
select * from (select l.n, iso(l.at) as at, l.level, l.step, l.text from job_lines l
                where l.job = $1::bigint and l.level <> 'raw' order by l.n desc limit 200) x
 order by n
