-- rows: many
-- Files that could not be read; $1: only those that concern a series (by its folder), null: all.
select f.source as source_name, f.file, f.line, f.reason, iso(f.since) as since
  from set_aside_files f
 where $1::text is null
    or f.file like 'deliverables/' || replace(replace($1, '\', '\\'), '_', '\_') || '/%'
    or f.file not like 'deliverables/%'
 order by f.source, f.file limit 200
