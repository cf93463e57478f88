# SPDX-License-Identifier: Apache-2.0
"""Random sequences of what happens to a team's data: releases, suites, masks, targets, series, in any
order and with time passing, each written as the worker's jobs write it. After each step the rows,
their `since` and days, the events and the past have to be what Model says, which keeps books of its
own and takes the rows from independent.py; at the end a comparison of everything from nothing must
change no row.

  run(database, seed, steps) -> how many rows were compared
"""
import copy
import datetime
import fnmatch
import json
import os
import random
import subprocess

import psycopg2

import dpkg_order as order
import independent
from conftest import TOP

CYCLES = ["aa", "bb", "cc", "dd", "ee"]  # oldest first
SUITES = ["stable", "updates", "unstable", "addon"]
TARGETS = {"one": ["stable"], "two": ["stable", "updates"], "three": ["unstable"], "four": ["updates", "addon", "stable"]}
REPOS = {"openstack/nova": "nova", "openstack/keystoneauth": "keystoneauth1", "openstack/puppet-nova": "puppet-nova",
         "openstack/python-fooclient": "python-fooclient", "openstack/foo": "foo", "openstack/os_vif": "os_vif",
         "openstack/tap-as-a-service": "tap-as-a-service", "openstack/oslo.log": "oslo.log", "x/role": "role"}
PACKAGES = {"nova": ["nova", "python-nova"], "keystoneauth": ["python-keystoneauth1", "keystoneauth"],
            "puppet-nova": ["puppet-module-nova"], "python-fooclient": ["python-fooclient"], "foo": ["foo", "openstack-foo"],
            "os_vif": ["python-os-vif"], "tap-as-a-service": ["neutron-taas"], "oslo.log": ["python-oslo.log"], "role": ["role"]}
STATUSES = ["development", "future", "maintained", "unmaintained", "end of life"]
MASKS = ["nova", "openstack/python-*", "type:library", "model:untagged", "team:b*", "foo", "x/*"]
FIELDS = independent.FIELDS + ("model", "suite", "masked", "mask_reason", "released")
DAY = 86400
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ZONES = ["UTC", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"]
LIVE = FIELDS + ("since", "since_known", "days_to_target")


def asked(rule, known={}):  # pylint: disable=dangerous-default-value
    """The program's own reading of a text (tests/tools/rules), asked once."""
    if rule not in known:
        known[rule] = order.ask(*[rule[0], [rule[1]]])[0]
    return known[rule]


class World(independent.Upstream):
    """What there is to be read: upstream's files, the suites' packages, the configuration."""

    def __init__(self, rng):  # pylint: disable=super-init-not-called
        self.rng, self.known, self.dates = rng, {}, {}
        self.now = self.begin = 300 * DAY  # seconds of a clock of its own
        self.order = [(c, rng.choice(STATUSES)) for c in reversed(CYCLES[:3])]
        self.deliverables = {c: {} for c in [*CYCLES[:3], "_independent"]}
        self.suites = {s: None for s in SUITES}  # {package: paragraph}, None: never read
        self.configured = {}
        self.masks = []  # (series or None, pattern, reason)
        for series in self.deliverables:
            for _ in range(5):
                self.change_file(series)

    def files(self, series):
        return {n: d for n, d in self.deliverables.get(series, {}).items() if d}

    def forget(self):
        self.known.clear()

    # -- upstream

    def version(self, series, repo):
        rng = self.rng
        n = CYCLES.index(series) + 1 if series in CYCLES else rng.randint(1, 3)
        v = f"{n}.{rng.randint(0, 2)}.{rng.randint(0, 2)}"
        v += rng.choice(["", "", "", "", ".0rc1", ".0rc2", ".0b1", ".1"])
        # the same tag may stand in two series; it has one date
        self.dates.setdefault((repo, v), rng.choice([None, self.now, self.now, rng.randint(0, self.begin)]))
        return v

    def change_file(self, series):
        """Makes a file or changes one; {name: data or None}"""
        rng, of = self.rng, self.deliverables[series]
        repos = rng.sample(sorted(REPOS), rng.choice([1, 1, 1, 2]))
        name = repos[0].split("/")[1] if rng.random() < 0.8 else "team-of-" + repos[0].split("/")[1]
        if name in of and rng.random() < 0.1:
            of[name] = None
            return {name: None}
        data = of.get(name) or {"team": rng.choice("abc"), "type": rng.choice(["service", "library"]),
                                "release-model": rng.choice(["cycle-with-rc", "untagged"]),
                                "repository-settings": {r: {} for r in repos}, "releases": []}
        data = json.loads(json.dumps(data))
        what = rng.random()
        if what < 0.1:
            data["type"], data["team"] = rng.choice(["service", "library"]), rng.choice("abc")
        elif what < 0.2 and data["releases"]:
            data["releases"].pop(rng.randrange(len(data["releases"])))
        elif what < 0.3 and not data["releases"]:
            data["repository-settings"] = {r: {} for r in repos}
        elif what < 0.4 and series in CYCLES and any(r["version"][0].isdigit() for r in data["releases"]):
            self.add_release(data, f"{series}-eol", data["repository-settings"])
        else:
            for r in data["repository-settings"]:
                self.add_release(data, self.version(series, r), [r])
        of[name] = data
        return {name: data}

    @staticmethod
    def add_release(data, version, repos):
        if all(r["version"] != version for r in data["releases"]):
            data["releases"].append({"version": version, "projects": [
                {"repo": r, **({"tarball-base": REPOS[r]} if REPOS[r] != r.split("/")[1] else {})} for r in repos]})

    # -- suites

    def package(self, name, repo):
        rng = self.rng
        series = rng.choice(CYCLES[:4])
        found = [r["version"] for d in self.files(series).values() if d for r in d["releases"]
                 if any(p["repo"].endswith("/" + repo) for p in r["projects"]) and r["version"][0].isdigit()]
        upstream = independent.debian_form(rng.choice(found)) if found and rng.random() < 0.8 else \
            f"{rng.randint(1, 4)}.{rng.randint(0, 2)}.{rng.randint(0, 2)}"
        version = rng.choice(["", "", "1:"]) + upstream + rng.choice(["", "", "+dfsg1"]) + "-1" + rng.choice(["", "+deb13u1", "~bpo12+1"])
        p = {"package": name, "version": version, "team": rng.random() < 0.85,
             "homepage": rng.choice([None, None, f"https://opendev.org/openstack/{repo}", f"https://opendev.org/x/{repo}"])}
        if name == "neutron-taas":
            p["homepage"] = f"https://opendev.org/x/{repo}"
        p["full"], p["last"] = independent.home({"homepage": p["homepage"] or ""})
        return p

    def change_suite(self, suite):
        rng, of = self.rng, dict(self.suites[suite] or {})
        if rng.random() < 0.05:
            of = {}
        for repo, names in rng.sample(sorted(PACKAGES.items()), rng.randint(0, 4) if self.suites[suite] else 8):
            name = rng.choice(names)
            if rng.random() < 0.15:
                of.pop(name, None)
            else:
                of[name] = self.package(name, repo)
        self.suites[suite] = of

    # -- rows

    def target_rows(self, series, target):
        suites = self.configured[series][target]
        wanted = {s for of in self.configured.values() for t in of.values() for s in t}
        carried = {}
        for suite in suites:
            for name, p in (self.suites[suite] or {}).items():
                if name not in carried or independent.compare(p["version"], carried[name]["version"]) > 0:
                    carried[name] = p
        others = {s: self.suites[s] for s in sorted(wanted - set(suites)) if self.suites[s]}
        rows = independent.compare_series(self, series, carried, others)
        for repo, row in rows.items():
            of = self.projects(series)[repo]
            suite = [s for s in suites if row["source"] and row["source"] in (self.suites[s] or {})
                     and self.suites[s][row["source"]]["version"] == row["debian"]][:1]
            row.update(model=of["model"], released=self.dates.get((repo, of["upstream"])), suite=suite[0] if suite else None)
            row.update(self.mask_of(series, row))
        return rows

    def mask_of(self, series, row):
        """The series' own before those for all, one with a reason before others, the first of them."""
        hits = []
        for n, (of, pattern, reason) in enumerate(self.masks):
            kind, _, rest = pattern.rpartition(":")
            value = row[kind] if kind else row["project" if "/" in pattern else "deliverable"]
            if of in (None, series) and fnmatch.fnmatchcase(value, rest):
                hits.append((of is None, reason is None, n, reason))
        return {"masked": bool(hits), "mask_reason": min(hits)[3] if hits else None}


class Database:
    """A private PostgreSQL with the schema; what the jobs write, in their order."""

    def __init__(self, folder):
        self.dir = folder
        subprocess.run([f"{TOP}/tests/pg", "start", folder, "fsync=off"], check=True)
        build = os.path.join(TOP, "build", os.environ.get("FLAVOR", "default"))
        subprocess.run([f"{build}/bin/deb-status", "-c", f"{TOP}/doc/deb-status.yaml", "migrate"], check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "DEB_STATUS_DATABASE": f"host={folder} dbname=deb-status"})
        self.zero = 0
        self.connect()

    def connect(self):
        self.link = psycopg2.connect(host=self.dir, dbname="deb-status", user="deb_status_owner")
        self.cursor = self.link.cursor()
        self("set search_path = deb_status, pg_catalog, pg_temp; set client_min_messages = warning")
        self.link.commit()

    def another(self):
        """The same database as a second worker has it."""
        second = copy.copy(self)
        second.connect()
        return second

    def stop(self):
        self.link.close()
        subprocess.run([f"{TOP}/tests/pg", "stop", self.dir], check=True)

    def empty(self, zone):
        """As migrated. The zone of the session must make no difference."""
        self(f"set timezone = '{zone}'")
        self("truncate upstreams, series, projects, suites, teams, status_history, events, masks, revisions, set_aside_files cascade")
        self("insert into upstreams (name, kind, location) values ('u', 'openstack-releases', '/nowhere')")
        # where zero of the world's clock lies; it moves back as time passes
        self.zero = int(self("select extract(epoch from now())")[0][0]) - 300 * DAY
        self.link.commit()

    def seconds(self, at):
        return None if at is None else at.timestamp() - self.zero

    def __call__(self, sql, *values):
        self.cursor.execute(sql, values or None)
        return self.cursor.fetchall() if self.cursor.description else []

    def commit(self):
        """Ends the step; its time, which all that it wrote has."""
        at = self("select now()")[0][0]
        self.link.commit()
        return at

    # -- the jobs

    def releases(self, world, changed):
        """changed: [(series, {name: data or None})]"""
        self("select upstream_begin()")
        position = {name: len(world.order) - n for n, (name, _) in enumerate(world.order)}
        for name in world.deliverables:
            self("insert into up_series values (%s, null, %s, %s, %s, null, null)", name, dict(world.order).get(name),
                 "cycle" if name in CYCLES else "independent", position.get(name, 0))
        for series, files in changed:
            for name, data in files.items():
                self.file(world, series, name, data)
        self("create temp table changed on commit drop as select * from upstream_merge("
             "(select id from upstreams), true, true, false, null)")
        self.candidates("select series from changed where projects_changed")
        if self("select count(*) from changed")[0][0]:
            self("select compare((select array_agg(series) from changed), null)")

    def file(self, world, series, name, data):
        path = f"deliverables/{series}/{name}.yaml"
        if data is None:
            self("insert into up_files (series, name, file) values (%s, %s, %s)", series, name, path)
            return
        self("insert into up_files values (%s, %s, %s, md5(%s), %s, %s, %s)", series, name, path, json.dumps(data),
             data["team"], data["type"], data["release-model"])
        for repo, of in world.deliverable(data).items():
            self("insert into up_repos values (%s, %s, %s, %s)", series, name, repo, of["artifact"])
        for release in data["releases"]:
            kind, debian, key = (asked(("upstream", release["version"])) + [None, None])[:3]
            for p in release["projects"]:
                date = world.dates.get((p["repo"], release["version"]))
                self("insert into up_versions values (%s, %s, %s, %s, %s, %s, decode(%s, 'hex'), %s, %s, to_timestamp(%s))",
                     series, name, p["repo"], release["version"], kind, debian or None, key or None, "hash",
                     p.get("tarball-base"), None if date is None else self.zero + date)

    def candidates(self, series):
        self("select candidates_begin()")
        rows = self("select sp.series, sp.project, p.repo, sp.artifact from series_projects sp join projects p on p.id = sp.project "
                    f"where sp.series in ({series})")
        for s, project, repo, artifact in rows:
            for rank, name in enumerate(asked(("names", f"{repo}\t{artifact}\t-")), 1):
                self("insert into candidates_incoming values (%s, %s, %s, %s, %s)", s, project, rank, *name.split(":"))
        self(f"select candidates_merge(array({series}))")

    def suite(self, suite, sources):
        self("update suites set tried = now(), checked = now(), error = null where name = %s", suite)
        self("select index_begin()")
        for p in sources.values():
            part, patched, key, part_key = asked(("debian", p["version"]))
            repo, last = asked(("homepage", p["homepage"])) or (None, None) if p["homepage"] else (None, None)
            self("insert into index_incoming values ('main', %s, %s, decode(%s, 'hex'), %s, decode(%s, 'hex'), %s, %s, '', '', '', "
                 "%s, %s, %s, '', '')", p["package"], p["version"], key, part, part_key, patched == "patched",
                 "team@example.org" if p["team"] else "x", p["homepage"] or "", repo, last)
        if self("select index_merge((select id from suites where name = %s))", suite)[0][0]:
            self("select compare(null, array(select id from suites where name = %s))", suite)
        self("select touch_suites(array(select id from suites where name = %s))", suite)

    def unreachable(self, suite):
        self("update suites set tried = now(), error = 'no answer' where name = %s", suite)
        self("select touch_suites(array(select id from suites where name = %s))", suite)

    def configure(self, world):
        self("select configure_begin()")
        for series, targets in world.configured.items():
            self("insert into cfg_series values (%s)", series)
            self("insert into cfg_teams values (%s, 'team@example.org', null, null)", series)
            for n, (target, suites) in enumerate(targets.items()):
                self("insert into cfg_targets values (%s, %s, %s)", series, target, n)
                for k, suite in enumerate(suites):
                    self("insert into cfg_lines (series, target, position, uri, suite, components, options, line) "
                         "values (%s, %s, %s, 'http://example.org', %s, '{main}', '', 'deb')", series, target, k, suite)
        for n, (series, pattern, reason) in enumerate(world.masks, 1):
            field, regex = asked(("mask", pattern))
            self("insert into cfg_masks (series, pattern, field, regex, reason, file, line) values (%s, %s, %s, %s, %s, 'f', %s)",
                 series, pattern, field, regex, reason, n)
        self("select configure_series(), configure_mirrors(), configure_suites(null), configure_targets(), configure_teams(), "
             "configure_masks(), configure_senders()")
        self("create temp table touched on commit drop as select configure_finish() as series")
        self("insert into series_teams select id, (select id from teams) from series where configured on conflict do nothing")
        self.candidates("select series from touched")
        self("select compare(array(select series from touched), null)")

    # -- reading

    def rows(self, at=None):
        """{(series, target, project): {field: value}}, at a moment of the world's clock or now"""
        names = (*LIVE, "series", "target", "days_behind")
        moment = None if at is None else EPOCH + datetime.timedelta(seconds=self.zero, microseconds=round(at * 1e6))
        found = self(f"select {', '.join(names)} from status_rows(null, null, %s)", moment)
        rows = [dict(zip(names, row)) for row in found]
        for r in rows:
            r.update(since=self.seconds(r["since"]), released=self.seconds(r["released"]))
        keys = {(r["series"], r["target"], r["project"]): r for r in rows}
        assert len(keys) == len(rows), "a row is there twice"
        return keys

    def events(self):
        """Those that were not seen yet."""
        return [(*e[:-1], self.seconds(e[-1])) for e in self(
            "with n as (update events set text = 'seen' where text is null returning *) select kind, series, target, project, "
            "from_state, to_state, from_version, to_version, at from n order by id")]

    def time_passes(self, seconds):
        """Everything that was written becomes older."""
        for table, columns in {"status": "changed since debian_since released", "events": "at",
                               "status_history": "valid_from valid_to since changed debian_since released",
                               "suites": "checked tried indexed", "target_rows": "complete_since",
                               "releases": "released", "series_versions": "released"}.items():
            self(f"update {table} set " + ", ".join(f"{c} = {c} - make_interval(secs => {seconds})" for c in columns.split()))
        self.zero -= seconds
        self.link.commit()


class Model:
    """What was when: the rows with their since and days, their past, the events."""

    def __init__(self, world):
        self.world = world
        self.rows, self.past = {}, []  # past: (key, from, to, row)
        self.complete, self.tried, self.read, self.checked = set(), set(), set(), {}
        self.newest = {}  # {series: {project: version}}, as of the last comparison

    def targets(self):
        return [(s, t) for s, of in self.world.configured.items() for t in of]

    def news(self, series):
        """Events of what upstream released, in these series."""
        for s in sorted(series):
            now = {r: of["upstream"] for r, of in self.world.projects(s).items()}
            was = self.newest.get(s)
            if s in self.world.configured and was:
                for repo in sorted(now):
                    if now[repo] and now[repo] != was.get(repo):
                        yield "upstream", s, None, repo, None, None, was.get(repo), now[repo]
            self.newest[s] = now

    def compare(self, at, fresh=()):
        """All rows anew; fresh: the suites that were read for the first time. Yields events."""
        for series, target in sorted(self.targets()):
            known = (series, target) in self.complete
            complete = known and not set(self.world.configured[series][target]) & set(fresh)
            rows = self.world.target_rows(series, target) if series in self.world.deliverables else {}
            gone = [k[2] for k in self.rows if k[:2] == (series, target) and k[2] not in rows]
            for repo in sorted([*rows, *gone]):
                key, new = (series, target, repo), rows.get(repo)
                old = self.rows.get(key)
                if old and new and all(old[f] == new[f] for f in FIELDS):
                    continue
                if old and known:
                    self.past.append((key, old["from"], at, old))
                kind = self.write(key, old, new, at, complete)
                if complete and kind:
                    old, new = old or {}, new or {}
                    yield (kind, *key, old.get("state"), new.get("state"), old.get("debian"), new.get("debian"))

    def write(self, key, old, new, at, complete):
        if new is None:
            del self.rows[key]
            return "state"
        row, old = dict(new), old or {}
        same = old.get("state") == row["state"]
        row["from"] = at
        row["since"], row["since_known"] = (old["since"], old["since_known"]) if same else (at, complete)
        row["came"] = old["came"] if old and old["debian"] == row["debian"] else at if row["debian"] and complete else None
        row["days_to_target"] = self.days(old, row, key[0])
        self.rows[key] = row
        return "state" if not same else "version" if old.get("debian") != row["debian"] else None

    @staticmethod
    def days(old, row, series):
        good = ("ok", "ahead")
        if row["state"] not in good:
            return None
        if old.get("state") in good and (old["upstream"], old["released"]) == (row["upstream"], row["released"]):
            return old["days_to_target"]
        if row["state"] == "ahead" and series in CYCLES and row["carries"] not in (series, None):
            return None
        if row["came"] is None or row["released"] is None:
            return None
        return max(0, int((row["came"] - row["released"]) // DAY))

    def finish(self):
        for series, target in self.targets():
            if self.world.projects(series) and set(self.world.configured[series][target]) <= self.tried:
                self.complete.add((series, target))

    def at(self, moment):
        """The rows of a moment, of the targets that are configured now."""
        found = {k: r for k, r in self.rows.items() if r["from"] <= moment}
        found.update({k: r for k, start, end, r in self.past if start <= moment < end})
        return {k: r for k, r in found.items() if k[:2] in self.targets()}

    def days_behind(self, key, row):
        checked = [self.checked.get(s) for s in self.world.configured[key[0]][key[1]]]
        if row["state"] not in ("outdated", "missing") or None in checked or row["released"] is None:
            return None
        return max(0, int((min(checked) - row["released"]) // DAY))


class Run:
    """One sequence."""

    def __init__(self, database, seed):
        self.rng = random.Random(seed)
        self.db, self.seed = database, seed
        database.empty(self.rng.choice(ZONES))
        self.world = World(self.rng)
        self.model = Model(self.world)
        self.log, self.moments, self.compared = [], [], 0

    # -- steps: each does the same to both, and returns the events that are to be

    def releases(self, changed=None):
        world, rng = self.world, self.rng
        if changed is None:
            changed = [(s, world.change_file(s)) for s in rng.sample(sorted(world.deliverables), rng.randint(0, 2))]
            if rng.random() < 0.2:
                changed += self.change_series()
        world.forget()
        self.db.releases(world, changed)
        at = self.commit(f"releases {changed}")
        events = list(self.model.news({s for s, _ in changed} | set(world.deliverables)))
        return at, events + list(self.model.compare(at))

    def change_series(self):
        world, rng = self.world, self.rng
        what = rng.random()
        if what < 0.6:
            n = rng.randrange(len(world.order))
            world.order[n] = (world.order[n][0], rng.choice(STATUSES))
            return []
        if what < 0.8 and len(world.order) < len(CYCLES):
            name = CYCLES[len(world.order)]
            world.order.insert(0, (name, "development"))
            world.deliverables[name] = {}
            return [(name, {n: d for _ in range(3) for n, d in world.change_file(name).items()})]
        return []

    def suite(self, name=None):
        wanted = sorted({s for of in self.world.configured.values() for t in of.values() for s in t})
        name = name or self.rng.choice(wanted)
        if self.rng.random() < 0.1:
            self.db.unreachable(name)
            self.model.tried.add(name)
            return self.commit(f"{name} cannot be reached"), []
        self.world.change_suite(name)
        self.db.suite(name, self.world.suites[name])
        at = self.commit(f"{name} {[(p['package'], p['version'], p['team'], p['homepage']) for p in self.world.suites[name].values()]}")
        fresh = {name} - self.model.read
        self.model.tried.add(name)
        self.model.read.add(name)
        self.model.checked[name] = at
        return at, list(self.model.compare(at, fresh))

    def configure(self, first=False):
        world = self.world
        before = {k: set(world.configured[k[0]][k[1]]) for k in self.model.targets()}
        if first:
            world.configured = {"bb": dict(TARGETS), "cc": dict(TARGETS), "_independent": {"one": ["stable"]}}
        else:
            self.change_configuration()
        self.db.configure(world)
        at = self.commit(f"configure {world.configured} {world.masks}")
        for series, target in self.model.targets():
            if not set(world.configured[series][target]) - before.get((series, target), set()) <= self.model.tried:
                self.model.complete.discard((series, target))
        return at, list(self.model.compare(at))

    def change_configuration(self):
        world, rng = self.world, self.rng
        what = rng.random()
        if what < 0.5:
            world.masks = [(rng.choice([None, "bb", "cc"]), m, rng.choice([None, "on purpose"]))
                           for m in rng.sample(MASKS, rng.randint(0, 2))]
        elif what < 0.7:
            of = world.configured["cc"]
            of["two"] = ["stable", "addon"] if of.get("two") == ["stable", "updates"] else ["stable", "updates"]
        elif what < 0.85 and "bb" in world.configured:
            del world.configured["bb"]
            world.masks = [m for m in world.masks if m[0] != "bb"]
        else:
            world.configured["bb"] = dict(TARGETS)

    def commit(self, what):
        self.log.append(what)
        at = self.db.seconds(self.db.commit())
        self.moments.append(at)
        return at

    # -- judging

    def step(self, step, **how):
        at, events = step(**how)
        self.model.finish()
        self.same(self.db.rows(), self.model.at(at), "now", days=True)
        found = [e[:-1] for e in self.db.events()]
        assert sorted(found, key=str) == sorted(events, key=str), self.story("events", set(found) ^ set(events))
        self.db.link.commit()
        self.pass_time()

    def pass_time(self):
        seconds = self.rng.choice([1, 3600, DAY - 1, DAY, 9 * DAY])
        self.db.time_passes(seconds)
        self.world.now = round(self.moments[-1] + seconds)

    def same(self, found, expected, when, days=False):
        assert set(found) == set(expected), self.story(when, set(found) ^ set(expected))
        for key, row in found.items():
            other = expected[key]
            different = {f: (row[f], other[f]) for f in LIVE if row[f] != other[f]}
            if days and row["days_behind"] != self.model.days_behind(key, other):
                different["days_behind"] = row["days_behind"], self.model.days_behind(key, other)
            assert not different, self.story(when, f"{key} (program, model): {different}")
        self.compared += len(found)

    def story(self, when, what):
        return f"sequence {self.seed}, {when}: {what}\n" + "\n".join(self.log)

    def run(self, steps):
        world = self.world
        self.step(self.releases, changed=[(s, dict(f)) for s, f in world.deliverables.items()])
        self.step(self.configure, first=True)
        for _ in range(steps):
            self.step(self.rng.choice([self.releases, self.releases, self.suite, self.suite, self.suite, self.configure]))
        for moment in self.rng.sample(self.moments, min(5, steps)):
            if round(moment * 1e6) % 1e6 > 1:  # a whole second counts to its end
                self.same(self.db.rows(moment), self.model.at(moment), f"at {moment}")
        self.db("truncate series_versions, suite_matches")
        assert self.db("select compare_all()") == [(0,)], self.story("from nothing", "rows changed")
        self.db.link.rollback()
        return self.compared


def run(database, seed, steps):
    """One sequence from an empty database; how many rows were compared."""
    return Run(database, seed).run(steps)
