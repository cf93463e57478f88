# SPDX-License-Identifier: Apache-2.0
"""A team's year as SQL for a freshly migrated database: many projects, series and targets, with
history, jobs and troubles, so that pages have something to show without any worker.

  fill(projects, targets, rounds) -> SQL, to be run as the owner
  hostile() -> SQL of a small database whose names and texts want to be markup
  pages_data.py [PROJECTS [TARGETS [ROUNDS]]] prints it
"""
import re
import sys

SERIES = [  # name, id, status, initial release, end of life
    ("hibiscus", "2026.2", "development", "2026-09-30", None),
    ("gazpacho", "2026.1", "maintained", "2026-04-01", None),
    ("flamingo", "2025.2", "maintained", "2025-10-01", None),
    ("epoxy", "2025.1", "maintained", "2025-04-02", None),
    ("dalmatian", "2024.2", "unmaintained", "2024-10-02", "2026-04-28"),
    ("zed", None, "end of life", "2022-10-05", "2025-05-01"),
]
SUITES = ["experimental", "sid", "testing", "trixie", "bookworm"]
TEAMS = ["nova", "neutron", "cinder", "oslo", "OpenStack-Charms", "Puppet OpenStack", "QA"]
TYPES = ["service", "library", "client-library", "other", "tempest-plugin", "horizon-plugin"]


def version_key(version):
    """Policy 5.6.12 as bytes: a second implementation of the rules' sort key."""
    weight = {"~": 1, "+": 0x37, "-": 0x38, ".": 0x39, ":": 0x3a}

    def number(digits):
        digits = digits.lstrip("0")
        return bytes([len(digits)]) + digits.encode()

    def letter(c):
        if "A" <= c <= "Z":
            return 3 + ord(c) - 65
        return 0x1d + ord(c) - 97 if "a" <= c <= "z" else weight[c]

    def part(text):
        out = b""
        for word, digits in re.findall(r"(\D*)(\d*)", text)[:-1] or [("", "")]:
            out += bytes(letter(c) for c in word) + b"\x02" + number(digits)
        return out + b"\x02"
    epoch, rest = version.split(":", 1) if ":" in version else ("0", version)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return number(epoch) + part(upstream) + part(revision)


def hexed(version):
    return "'\\x" + version_key(version).hex() + "'::bytea"


def quote(value):
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def upstream_version(n, series):
    """The newest version of a project in a series (0: the oldest); None: not released yet."""
    if n % 9 == 4 or (series == len(SERIES) - 1 and n % 3):
        return None
    return f"{4 + n % 13 + series}.{n % 3}.{n % 5}"


def debian_version(n, series, suite):
    """What a suite of that number has: of a series, or older, or nothing."""
    if (n + suite) % 6 == 5:
        return None
    v = upstream_version(n, series)
    if v is None:
        return f"{3 + n % 13 + series}.0.0-1"
    major, minor, patch = v.split(".")
    kind = (n * 7 + suite * 3) % 10
    if kind == 0:
        return f"2:{major}.{minor}.{patch}~rc1-1"
    if kind == 1 and patch != "0":
        return f"{major}.{minor}.{int(patch) - 1}-2+deb13u1"
    if kind == 2:
        return f"{int(major) - 1}.0.0-3"
    return f"{major}.{minor}.{patch}-{1 + n % 4}"


def rows(table, columns, values):
    values = list(values)
    if not values:
        return ""
    return (f"insert into {table} ({columns}) overriding system value values\n" +
            ",\n".join("(" + ", ".join(v) + ")" for v in values) + ";\n")


def upstream(projects):
    yield rows("upstreams", "id, name, kind, location, branch, checked", [
        ("1", "'openstack-releases https://opendev.org/openstack/releases'",
         "'openstack-releases'", "'https://opendev.org/openstack/releases'", "'master'",
         "now() - interval '9 minutes'")])
    yield rows("series", "id, upstream, name, release, status, position, configured, "
               "initial_release, eol_date, folder", [
                   (str(i + 1), "1", quote(n), quote(r), quote(s), str(len(SERIES) - i), "true",
                    quote(born), quote(end), quote(n))
                   for i, (n, r, s, born, end) in enumerate(SERIES)])
    yield rows("projects", "id, repo", [(str(n + 1), quote(f"openstack/project-{n:03}"))
                                        for n in range(projects)])
    each = [(s, n) for s in range(len(SERIES)) for n in range(projects) if (n + s) % 17]
    yield rows("deliverables", "id, series, name, team, type, model, oid", [
        (str(s * projects + n + 1), str(s + 1), quote(f"project-{n:03}"),
         quote(TEAMS[n % len(TEAMS)]), quote(TYPES[n % len(TYPES)]),
         quote("untagged" if n % 18 == 4 else "cycle-with-rc"), quote(f"{s}.{n}"))
        for s, n in each])
    yield rows("series_projects", "series, project, deliverable, artifact", [
        (str(s + 1), str(n + 1), str(s * projects + n + 1), quote(f"project-{n:03}"))
        for s, n in each])
    yield rows("releases", "deliverable, project, version, kind, debian, key, hash, released", [
        (str(s * projects + n + 1), str(n + 1), quote(v), "'final'", quote(v), hexed(v),
         f"md5({quote(f'{n} {v}')}) || '00000000'",
         f"now() - interval '{(n * 13 + s * 170) % 400 + 1} days'")
        for s, n in each for v in release_list(n, len(SERIES) - 1 - s)])
    yield rows("candidates", "series, project, rank, rule, name", [
        (str(s + 1), str(n + 1), "1", "'name'", quote(f"project-{n:03}")) for s, n in each])


def release_list(n, series):
    newest = upstream_version(n, series)
    if newest is None:
        return []
    major, minor, _ = newest.split(".")
    return sorted({f"{major}.0.0", f"{major}.{minor}.0", newest})


def archives(projects, targets):
    names = SUITES + [f"{d}-{s[0]}-backports" for d in ("trixie", "bookworm") for s in SERIES[1:4]]
    yield ("insert into mirrors (name, suites, checked, key_expires) values ('bookworm-epoxy', "
           "'{bookworm-epoxy-backports}', now() - interval '4 minutes', now() + interval '9 days');\n")
    yield rows("suites", "id, name, uri, suite, components, line, mirror, origin, checked", [
        (str(i + 1), quote(n),
         "'http://osbpo.example.org/osbpo'" if "-" in n else "'http://ftp.example.org/debian'",
         quote(n), "'{main}'", quote(f"deb http://ftp.example.org/debian {n} main"),
         "'bookworm-epoxy'" if n == "bookworm-epoxy-backports" else "null",
        "'osbpo'" if "-" in n else "'Debian'",
         f"now() - interval '{i * 3 + 2} minutes'") for i, n in enumerate(names)])
    yield ("insert into teams (id, maintainer) overriding system value values "
           "(1, 'team+openstack@tracker.debian.org');\n"
           "insert into series_teams select id, 1 from series;\n")
    found = [(i, n, v) for i, name in enumerate(names) for n in range(projects)
             for v in [debian_version(n, carried(i, name), i)] if v]
    yield rows("sources", "suite, name, version, key, upstream, upstream_key, patched, "
               "maintainer, vcs_browser", [
                   (str(i + 1), quote(f"project-{n:03}"), quote(v), hexed(v), quote(part(v)),
                    hexed(part(v)), "true" if "+deb" in v else "false",
                    "'Team <team+openstack@tracker.debian.org>'",
                    quote("https://salsa.debian.org/openstack-team/services/"
                          f"project-{n:03}")) for i, n, v in found])
    yield "select index_team(1);\n"
    number = 0
    values, links = [], []
    for s, (series, *_) in enumerate(SERIES):
        own = [i for i, n in enumerate(names) if f"-{series}-" in n]
        for position, i in enumerate((list(range(len(SUITES))) + own)[:targets]):
            number += 1
            values.append((str(number), str(s + 1), quote(names[i].replace("backports", "osbpo")),
                           str(position)))
            links.append((str(number), str(i + 1)))
    yield rows("targets", "id, series, name, position", values)
    yield rows("target_suites", "target, suite", links)


def carried(i, name):
    """Which series' versions a suite has, counted from the oldest."""
    for s, row in enumerate(SERIES):
        if f"-{row[0]}-" in name:
            return len(SERIES) - 1 - s
    return [5, 4, 4, 2, 0][i]


def part(version):
    upstream_part = version.split(":")[-1].rsplit("-", 1)[0]
    return upstream_part


# Columns that pages do not show need no value here.
DEFAULTS = """
do $$ declare c record; begin
  for c in select table_name, column_name from information_schema.columns
            where table_schema = 'deb_status' and table_name in ('generations', 'deliveries', 'jobs')
              and is_nullable = 'NO' and column_default is null and is_identity = 'NO' and data_type = 'text' loop
    execute format('alter table deb_status.%I alter column %I set default %L', c.table_name, c.column_name, 'x');
  end loop;
end $$;
"""

TROUBLES = """
insert into masks (pattern, field, regex, reason, file, line) values
  ('openstack/project-00[1-3]', 'repo', '^openstack/project-00[1-3]$',
   'deploys from git, nothing to package', 'deb-status.yaml', 3);
insert into set_aside_files (source, file, line, reason) values
  ('openstack-releases', 'deliverables/epoxy/project-009.yaml', 12, 'a tab where spaces are meant');
select compare_all();
insert into jobs (kind, what, state, cause, attempts, queued, started, ended, worker, step) values
  ('mirror', 'bookworm-epoxy', 'done', 'delivery', 1, now() - interval '9 minutes', now() - interval '8 minutes', now() - interval '7 minutes', 'host-1', 'publish'),
  ('mirror', 'trixie-flamingo', 'failed', 'delivery', 5, now() - interval '50 minutes', now() - interval '44 minutes', now() - interval '40 minutes', 'host-1', 'verify'),
  ('archives', '', 'done', 'job 1', 1, now() - interval '31 minutes', now() - interval '31 minutes', now() - interval '30 minutes', 'host-1', 'compare');
update jobs set error = 'trixie-flamingo-backports: the signature of InRelease is not by a key in keys/trixie-flamingo.gpg' where state = 'failed';
insert into jobs (kind, what, state, cause, attempts, queued, started, worker, step, progress_done, progress_total, progress_unit, lease, token) values
  ('mirror', 'bookworm-epoxy', 'running', 'delivery', 1, now() - interval '20 seconds', now() - interval '18 seconds', 'host-1', 'pool', 7, 12, 'files', now() + interval '1 day', 1);
insert into jobs (kind, what, state, cause, attempts, queued, run_at, error) values
  ('releases', '', 'queued', 'schedule', 1, now() - interval '2 minutes', now() + interval '3 minutes', 'opendev.org does not answer');
insert into deliveries (sender, delivery, hash, type, mirror, source, version, url, body, job, fulfilled) values
  ('bookworm-epoxy', 'msg_1', '\\x00', 'package.built', 'bookworm-epoxy', 'project-021', '2:31.3.1-1~bpo12+1', 'https://jenkins.example.org/job/21/', '{}', 1, now() - interval '7 minutes'),
  ('bookworm-epoxy', 'msg_2', '\\x01', 'package.built', 'bookworm-epoxy', 'project-022', '2:31.3.1-1~bpo12+1', 'https://jenkins.example.org/job/22/', '{}', 4, null);
insert into job_lines (job, attempt, at, level, step, text) values
  (1, 1, now() - interval '8 minutes', 'info', 'fetch', 'InRelease of bookworm-epoxy-backports is new'),
  (1, 1, now() - interval '8 minutes', 'raw', 'fetch', 'rsync: raw words'),
  (1, 1, now() - interval '7 minutes', 'warn', 'verify', 'Release.gpg is missing'),
  (1, 1, now() - interval '7 minutes', 'info', 'publish', 'published generation 8'),
  (2, 5, now() - interval '40 minutes', 'error', 'verify', 'the signature of InRelease is not by a key in keys/trixie-flamingo.gpg');
insert into generations (mirror, suite, generation, release_sha256, job, bytes, seconds, url, published, own_signature) values
  ('bookworm-epoxy', 'bookworm-epoxy-backports', 8, 'x', 1, 2481152, 1.25, 'https://jenkins.example.org/job/21/', now() - interval '7 minutes', true),
  ('bookworm-epoxy', 'bookworm-epoxy-backports-nochange', 3, 'x', null, 0, 0, null, now() - interval '9 days', true);
insert into generation_sources values (1, 'project-021', '2:31.3.0-1~bpo12+1', '2:31.3.1-1~bpo12+1'), (1, 'project-022', null, '22.1.2-1'), (1, 'project-900', '1.0-1', null);
insert into workers (name, host, version, seen) values ('host-1', 'osbpo', '0.1', now() + interval '1 day');
insert into refusals (sender, reason, refused) values ('', 'signature', 12), ('bookworm-epoxy', 'size', 1);
update suites set error = 'ftp.example.org does not answer', checked = now() - interval '3 days' where id = 5;
update instance set config_hash = 'fixture';
"""


def fill(projects=277, targets=6, rounds=16):
    text = [DEFAULTS + "begin;\nset search_path = deb_status, pg_catalog, pg_temp;\n"]
    text += upstream(projects)
    text += archives(projects, targets)
    text.append(TROUBLES + "commit;\nset search_path = deb_status, pg_catalog, pg_temp;\n")
    text.append("update targets set complete_since = now() - interval '300 days';\n"
                "update status set changed = now() - interval '250 days', "
                "since = now() - interval '250 days', since_known = false;\n")
    text += [one_day(240 - 240 * n // (rounds - 1), n) for n in range(rounds)]
    text.append("insert into revisions (scope, n) values ('queue', 3), ('config', 1);\nanalyze;\n")
    return "".join(text)


def one_day(days, n):
    """Packages of some suites become current; what that wrote is dated so many days back."""
    at = f"now() - interval '{days} days {n} hours'"
    return f"""
update sources so set version = x.upstream || '-1', upstream = x.upstream, key = x.upstream_key,
       upstream_key = x.upstream_key
  from (select distinct on (st.suite, st.source) st.suite, st.source, st.upstream, st.upstream_key
          from status st where st.state = 'outdated' and (st.suite + st.project) % 19 = {n % 19}
         order by st.suite, st.source, st.upstream_key) x
 where so.suite = x.suite and so.name = x.source;
select compare(null, array(select id from suites), {1 if n % 2 else "null"});
update status_history set valid_to = {at} where valid_to > now() - interval '1 hour';
update status set changed = {at}, since = case when since > now() - interval '1 hour' then {at} else since end,
       debian_since = case when debian_since > now() - interval '1 hour' then {at} else debian_since end
 where changed > now() - interval '1 hour';
update events set at = {at} where at > now() - interval '1 hour';
"""


# What names, versions, addresses and sentences from outside may hold.
EVIL = "\"'><script>alert(1)</script>&amp;{{X}}"
TURNED = "a\u202eb\u2066c\x1b[31m"
ADDRESS = "javascript:alert(document.domain)"
FORMULA = "=HYPERLINK(\"x.example.org\")"


def hostile():
    """A series `epoxy` with a target `trixie` whose rows hold all of that, as SQL."""
    names = [f"openstack/{EVIL}", f"openstack/{TURNED}", f"openstack/{FORMULA}", "openstack/plain"]
    text = [DEFAULTS + """
set search_path = deb_status, pg_catalog, pg_temp;
insert into upstreams (id, name, kind, location, checked, error) overriding system value values
  (1, 'u', 'openstack-releases', 'x', now(), %(evil)s);
insert into series (id, upstream, name, release, status, position, configured) overriding system value values
  (1, 1, 'epoxy', '2025.1', 'maintained', 3, true), (2, 1, 'dalmatian', '2024.2', 'maintained', 2, false);
insert into mirrors (name, suites, checked, error) values (%(evil)s, '{trixie}', now(), %(turned)s);
insert into suites (id, name, uri, suite, components, line, mirror, checked, error, origin) overriding system value values
  (1, 'trixie', %(address)s, %(evil)s, '{main}', 'deb x', %(evil)s, now(), %(evil)s, 'Debian'),
  (2, %(turned)s, 'http://example.org/', 'sid', '{main}', 'deb y', null, now(), null, 'Debian');
insert into targets (id, series, name, complete_since) overriding system value values (1, 1, 'trixie', now() - interval '9 days');
insert into target_suites values (1, 1, 0);
insert into masks (pattern, field, regex, reason, file, line) values ('x', 'repo', '=HYPER', %(evil)s, 'f', 1);
"""]
    for i, name in enumerate(names, 1):
        text.append(f"""
insert into projects (id, repo) overriding system value values ({i}, {quote(name)});
insert into deliverables (id, series, name, team, type, oid) overriding system value values
  ({i}, 1, {quote(name)}, {quote(name[10:])}, {quote(TURNED if i == 1 else EVIL)}, 'o');
insert into series_projects values (1, {i}, {i}, {quote(name[10:])});
insert into releases (deliverable, project, version, kind, debian, key, hash, released) values
  ({i}, {i}, {quote("1.0" + EVIL)}, 'final', '1.0', {hexed("1.0")}, {quote(EVIL)}, '2026-11-01T00:00:00Z'),
  ({i}, {i}, '0.9', 'final', '0.9', {hexed("0.9")}, {quote(EVIL)}, null);
insert into status (target, project, deliverable, artifact, team, type, source, rule, upstream, upstream_key, upstream_hash,
    released, debian, debian_key, debian_upstream, debian_upstream_key, suite, state, behind, carries, awaited, ended, elsewhere,
    masked, mask_reason, since, since_known, changed)
values (1, {i}, {quote(name)}, {quote(name[10:])}, {quote(name[10:])}, {quote(EVIL)}, {quote(name[10:])}, 'name',
    {quote("1.0" + EVIL)}, {hexed("1.0")}, {quote(EVIL)}, '2026-11-01T00:00:00Z', {quote("0.9" + EVIL)}, {hexed("0.9")}, '0.9', {hexed("0.9")}, 1,
    'outdated', 'series', 'dalmatian', null, {quote(EVIL)}, jsonb_build_object({quote(EVIL)}, {quote(EVIL)}),
    {"true" if i == 3 else "false"}, {quote(EVIL)}, now(), true, now());
insert into sources (suite, name, version, key, upstream, upstream_key, vcs_browser) values
  (1, {quote(name[10:])}, '0.9', {hexed("0.9")}, '0.9', {hexed("0.9")}, %(address)s);
insert into generations (id, mirror, suite, generation, release_sha256, job, url, current) overriding system value values
  ({i}, %(evil)s, %(evil)s, {i}, 'x', null, %(address)s, {i == 4});
insert into generation_sources values ({i}, {quote(name[10:])}, %(evil)s, %(turned)s);
insert into events (kind, series, target, project, source, from_state, to_state, from_version, to_version, upstream, text, url)
values ('state', 'epoxy', 'trixie', {quote(name)}, {quote(name[10:])}, 'ok', 'outdated', %(evil)s, %(turned)s, %(evil)s, %(evil)s, %(address)s);
""")
    text.append("""
insert into jobs (id, kind, what, state, cause, started, ended, worker, error, step) overriding system value values
  (1, 'mirror', %(evil)s, 'failed', %(evil)s, now(), now(), %(evil)s, %(turned)s, null),
  (2, 'mirror', %(evil)s, 'running', %(turned)s, now(), null, %(evil)s, null, %(evil)s);
update jobs set progress_done = 1, progress_total = 2, progress_unit = %(evil)s where id = 2;
update generations set job = 1;
insert into deliveries (sender, delivery, hash, type, source, version, url, body, job) values
  (%(evil)s, %(turned)s, '', %(evil)s, %(evil)s, %(evil)s, %(address)s, '', 1);
insert into job_lines (job, level, step, text) values (1, 'warn', %(evil)s, %(evil)s), (1, 'info', null, %(turned)s),
  (1, 'raw', null, 'rawwords');
insert into workers (name, host, version) values (%(evil)s, %(turned)s, %(evil)s);
insert into set_aside_files (source, file, line, reason) values (%(evil)s, %(turned)s, 1, %(evil)s);
insert into refusals (sender, reason, refused) values (%(evil)s, %(evil)s, 1);
update instance set config_error = %(evil)s;
insert into revisions (scope, n) values ('epoxy', 1), ('epoxy/trixie', 1);
""")
    values = {"evil": quote(EVIL), "turned": quote(TURNED), "address": quote(ADDRESS)}
    whole = "".join(text)
    for key, value in values.items():
        whole = whole.replace(f"%({key})s", value)
    return whole


if __name__ == "__main__":
    print(fill(*(int(a) for a in sys.argv[1:])))
