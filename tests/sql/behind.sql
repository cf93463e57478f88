-- How far an older upstream version is behind a newer one.
begin;
select plan(9);
select is(behind_of(older, newer), behind, format('%s of %s', older, newer)) from (values
  ('1.0.0~b1', '1.0.0', 'prerelease'),
  ('1.0.0', '1.0.1', 'patch'),
  ('1.0.0', '1.0.0.1', 'patch'),
  ('1.0', '1.0.1', 'patch'),
  ('1.0.0', '1.1.0', 'minor'),
  ('1.0.0', '2.0.0', 'minor'),
  ('20230919', '202309190000000000000', 'minor'),
  ('2026.01.0', '2026.1.1', 'patch'), -- leading zeros say nothing, on either side
  ('2026.1.0', '2026.01.1', 'patch')) as v (older, newer, behind);
select * from finish();
rollback;
