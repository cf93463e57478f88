-- Texts folded for a column of psql.
begin;
select plan(16);

select is(folded(t, 10, 3), o, coalesce(replace(t, E'\n', ' '), 'null')) from (values
  (null, null),
  ('', ''),
  ('ten at all', 'ten at all'),
  ('breaks at a space', E'breaks at\na space'),
  ('3:25.1.0-2~bpo12+1', E'3:25.1.0-2\n~bpo12+1'),
  ('openstack/nova', E'openstack/\nnova'),
  ('db:812345678', E'db:\n812345678'),
  ('2:31.0.0.0rc1', E'2:31.0.0.\n0rc1'),
  ('db.example.org:812', E'db.\nexample.\norg:812'),
  ('abcdefghijklmnopqrstuvwxyz', E'abcdefghij\nklmnopqrst\nuvwxyz'),
  ('more than there are lines for, so it is cut', E'more than\nthere are\nlines for…'),
  ('abcdefghijklmnopqrstuvwxyzabcde', E'abcdefghij\nklmnopqrst\nuvwxyzabc…'),
  (E'two\nlines', E'two\nlines'),
  (E'one\n\nthree', E'one\n\nthree'),
  ('größer als zehn', E'größer als\nzehn')) as v (t, o);
select is_empty($$
  select t, w from (select string_agg(substr('ab -/:~+.Z', 1 + (random() * 9)::int, 1), '') as t, n
                      from generate_series(1, 200) n, generate_series(1, 1 + n / 4) group by n) x,
              unnest('{1,2,7,40}'::int[]) w
   where exists (select from regexp_split_to_table(folded(t, w, 1000), E'\n') l where length(l) > w)
      or translate(folded(t, w, 1000), E' \n', '') <> replace(t, ' ', '')$$,
  'no line is wider, and no letter is lost');
select * from finish();
rollback;
