-- rows: many
-- Which projects of series $1 are meant by $2: the repo, else its last part, the artifact's or the source's name.
with named as (
  select distinct p.repo, p.repo = $2 as exact
    from series s join series_projects sp on sp.series = s.id join projects p on p.id = sp.project
   where s.name = $1
     and ($2 in (p.repo, regexp_replace(p.repo, '^.*/', ''), sp.artifact)
          or exists (select from status st join targets t on t.id = st.target
                      where t.series = s.id and st.project = p.id and st.source = $2)))
select repo from named where exact or not exists (select from named where exact) order by repo
