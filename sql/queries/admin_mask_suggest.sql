-- rows: many
-- Lines of a mask list; control characters of upstream's words do not reach the terminal.
select '  - ' || case when mask ~ '^[A-Za-z0-9][A-Za-z0-9._/+-]*$' then mask else to_json(mask)::text end
       || '  # ' || regexp_replace(concat_ws(', ', nullif(min(type), ''), nullif(min(team), ''), nullif(min(model), ''),
            case when count(*) > 1 then count(*) || ' projects' end), '[[:cntrl:]]+', ' ', 'g') as line
  from mask_suggest((select s.name from series s where $1 in (s.name, s.release) and s.configured order by s.name = $1 desc limit 1))
 group by mask order by min(type), min(team), mask
