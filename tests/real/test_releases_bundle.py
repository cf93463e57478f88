# SPDX-License-Identifier: Apache-2.0
"""Upstream's real repository: every table of what it released, read a second time in another
language. Needs ../shared/data/openstack-releases.bundle, and skips without it."""
import collections
import os
import re
import shutil
import subprocess
import time

import pytest
import yaml

from conftest import SHARED

BUNDLE = os.path.join(SHARED, "data", "openstack-releases.bundle")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONFIG = """\
database: dbname=deb-status
data: /var/lib/deb-status
site: {{title: Releases, url: http://127.0.0.1/deb-status}}
upstream: {{repository: {clone}, branch: master, refresh: 24h}}
"""

pytestmark = pytest.mark.skipif(not os.path.exists(BUNDLE), reason=f"{BUNDLE} is not there")


def git(clone, *args):
    return subprocess.run(["git", "-C", clone, *args], check=True, capture_output=True,
                          text=True).stdout


@pytest.fixture(scope="module")
def clone(folders):
    path = f"{folders()}/releases"
    subprocess.run(["git", "clone", "-q", BUNDLE, path], check=True)
    return path


@pytest.fixture(scope="module")
def imported(make_stack, folders, clone):
    etc = folders()
    os.mkdir(f"{etc}/releases.d")
    with open(f"{etc}/deb-status.yaml", "w", encoding="utf-8") as f:
        f.write(CONFIG.format(clone=clone))
    with open(f"{etc}/releases.d/epoxy.yaml", "w", encoding="utf-8") as f:
        f.write("series: epoxy\ntargets: {}\n")
    stack = make_stack(config=f"{etc}/deb-status.yaml", workers=0)
    began = time.monotonic()
    stack.run("deb-status-worker", "--once")
    print(f"\nfull import, worker and all: {time.monotonic() - began:.1f} s; the job "
          + stack.psql("select round(extract(epoch from ended - started)::numeric, 2) || ' s' "
                       "from deb_status.jobs where kind = 'releases'"))
    return stack


def kind(version):
    if re.search(r"-(eom|eol|em|last)$", version):
        return "end"
    return "prerelease" if re.search(r"[a-z]+\.?\d+$", version.lstrip("v")) else "final"


def debian(version):
    if kind(version) == "end":
        return None
    m = re.fullmatch(r"v?(\d+(?:\.\d+)*?)(\.0)?(?:\.?(a|b|rc)\.?(\d+))?", version)
    number, zero, word, n = m.groups()
    if not word:
        return number + (zero or "")
    if zero and number.count(".") < 2:  # 0.3.0b1 is one of 0.3.0, 31.0.0.0b1 one of 31.0.0
        number += zero
    return f"{number}~{word}{n}"


def deliverable(text):
    """(attributes, {repo: tarball of the settings}, {(repo, version): (hash, tarball)})."""
    data = yaml.load(text, LOADER)
    settings = {r: (s or {}).get("tarball-base")
                for r, s in (data.get("repository-settings") or {}).items()}
    versions = {}
    for release in data.get("releases") or []:
        for p in release["projects"]:
            repo = p["repo"]
            settings.setdefault(repo, None)
            versions[repo, str(release["version"])] = (
                p.get("hash"),
                p.get("tarball-base") or settings[repo] or repo.rsplit("/", 1)[-1])
    return (data.get("team"), data.get("type"), data.get("release-model")), settings, versions


def files(clone):
    for series in sorted(os.listdir(f"{clone}/deliverables")):
        for name in sorted(os.listdir(f"{clone}/deliverables/{series}")):
            with open(f"{clone}/deliverables/{series}/{name}", encoding="utf-8") as f:
                yield series, name.removesuffix(".yaml"), f.read()


@pytest.fixture(scope="module")
def expected(clone):
    return {(s, n): deliverable(text) for s, n, text in files(clone)}


def rows(stack, sql):
    text = stack.psql(f"copy ({sql}) to stdout with (delimiter '|', null '')")
    return [tuple(v or None for v in line.split("|")) for line in text.splitlines()]


def test_nothing_is_set_aside_and_all_series_are_there(imported, clone):
    assert imported.psql("select count(*) from deb_status.set_aside_files") == "0"
    assert imported.psql("select error from deb_status.upstreams") == ""
    series = {r[0]: r[1:] for r in rows(imported, "select name, release, status, kind, initial_release,"
                                        " eol_date from deb_status.series order by position")}
    assert set(series) == set(os.listdir(f"{clone}/deliverables"))
    assert len(series) == 35 and series["_independent"] == (None, None, "independent", None, None)
    with open(f"{clone}/data/series_status.yaml", encoding="utf-8") as f:
        listed = yaml.load(f, LOADER)
    assert [s for s in series if s != "_independent"] == [s["name"] for s in reversed(listed)]
    for s in listed:
        release = s.get("release-id")
        assert series[s["name"]] == (str(release) if release else None, s["status"], "cycle",
                                     str(s["initial-release"]),
                                     str(s["eol-date"]) if s.get("eol-date") else None)


def test_deliverables(imported, expected):
    got = {r[:2]: r[2:] for r in rows(imported, "select s.name, d.name, d.team, d.type, d.model "
                                      "from deb_status.deliverables d join deb_status.series s on s.id = d.series")}
    assert got == {k: v[0] for k, v in expected.items()}
    print(f"\n{len(got)} deliverables")


def test_releases(imported, expected):
    got = {r[:4]: r[4:] for r in rows(imported, """
        select s.name, d.name, p.repo, r.version, r.kind, r.debian, r.hash, r.artifact
          from deb_status.releases r join deb_status.deliverables d on d.id = r.deliverable
          join deb_status.series s on s.id = d.series join deb_status.projects p on p.id = r.project""")}
    want = {(*file, repo, version): (kind(version), debian(version), h, artifact)
            for file, (_, _, versions) in expected.items()
            for (repo, version), (h, artifact) in versions.items()}
    assert len(got) == len(want)
    wrong = [(k, got.get(k), want[k]) for k in want if got.get(k) != want[k]]
    assert not wrong, wrong[:5]
    print("\n" + ", ".join(f"{n} {k}" for k, n in collections.Counter(v[0] for v in want.values()).items()))


def newest(versions, repo):
    """The highest version of a repo, in Debian's order by dpkg's own library."""
    return max((debian(v) for r, v in versions if r == repo and kind(v) != "end"),
               key=order, default=None)


def order(version):
    """A key for the versions that upstream has: 31.0.0~rc1 < 31.0.0 < 31.0.0.1."""
    number, _, pre = version.partition("~")
    m = re.match(r"([a-z]+)(\d+)", pre)
    return [int(n) for n in number.split(".")] + ([-1, ord(m[1][0]), int(m[2])] if m else [-0.5])


def test_rows_of_each_series(imported, expected):
    want, double = {}, set()
    for (series, name), (_, settings, versions) in sorted(expected.items()):
        for repo, tarball in settings.items():
            best = newest(versions, repo)
            artifact = next((a for (r, v), (_, a) in versions.items()
                             if r == repo and best and debian(v) == best),
                            tarball or repo.rsplit("/", 1)[-1])
            old = want.get((series, repo))
            if old:
                double.add((series, repo))
            # of two with the same newest release the one that is called like the repository
            if not old or best and (not old[2] or (order(best), name == repo.rsplit("/", 1)[-1]) >
                                    (order(old[2]), old[0] == repo.rsplit("/", 1)[-1])):
                want[series, repo] = (name, artifact, best)
    got = {r[:2]: r[2:] for r in rows(imported, """
        select s.name, p.repo, d.name, sp.artifact from deb_status.series_projects sp
          join deb_status.series s on s.id = sp.series join deb_status.projects p on p.id = sp.project
          join deb_status.deliverables d on d.id = sp.deliverable""")}
    wrong = [(k, got.get(k), v) for k, v in want.items() if got.get(k) != v[:2]]
    assert not wrong and len(got) == len(want), wrong[:5]
    assert len(double) == 10
    assert sum(1 for s, _ in got if s == "epoxy") == 277
    print(f"\n{len(got)} rows of series, {len(double)} named twice")


def history_dates(clone):
    """{(repo, version): date}: when no file had it before, first parents only."""
    dates, have = {}, collections.Counter()
    cache, state = {"": {}}, {}

    def keys(oid):
        if oid not in cache:
            cache[oid] = set(deliverable(git(clone, "cat-file", "blob", oid))[2])
        return cache[oid]
    for line in git(clone, "log", "--first-parent", "--reverse", "--format=%H %ct %P").splitlines():
        commit, at, *parents = line.split()
        against = parents[0] if parents else "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        before, touched = {}, set()
        if not parents:
            new = {p: deliverable(git_show) for p, git_show in all_files(clone, commit)}
            for path, d in new.items():
                state[path] = set(d[2])
                have.update(state[path])
            continue
        for row in git(clone, "diff-tree", "-r", "--no-renames", against, commit, "--",
                       "deliverables").splitlines():
            meta, path = row.split("\t")
            oid = meta.split()[3]
            new = set() if set(oid) == {"0"} else keys(oid)
            for k in state.get(path, set()) | new:
                if k not in touched:
                    before[k] = have[k]
                    touched.add(k)
            have.subtract(state.get(path, set()))
            have.update(new)
            state[path] = new
        for k in touched:
            if have[k] == 0:
                dates.pop(k, None)
            elif before[k] == 0:
                dates[k] = at
    return dates


def all_files(clone, commit):
    listing = git(clone, "ls-tree", "-r", commit, "deliverables").splitlines()
    names = [(row.split("\t")[1], row.split()[2]) for row in listing]
    out = subprocess.run(["git", "-C", clone, "cat-file", "--batch"], check=True,
                         input="".join(f"{oid}\n" for _, oid in names).encode(),
                         capture_output=True).stdout
    for path, _ in names:
        header, _, out = out.partition(b"\n")
        size = int(header.split()[2])
        yield path, out[:size].decode()
        out = out[size + 1:]


def test_dates(imported, expected, clone):
    dates = history_dates(clone)
    got = {r[:4]: r[4] for r in rows(imported, """
        select s.name, d.name, p.repo, r.version, extract(epoch from r.released)::bigint
          from deb_status.releases r join deb_status.deliverables d on d.id = r.deliverable
          join deb_status.series s on s.id = d.series join deb_status.projects p on p.id = r.project""")}
    wrong = [(k, v, dates.get(k[2:])) for k, v in got.items() if v != dates.get(k[2:])]
    assert not wrong, wrong[:5]
    known = sum(1 for v in got.values() if v)
    assert 0 < known < len(got)
    print(f"\n{known} of {len(got)} dated")


def test_one_commit_more_is_cheap_and_touches_one_series(imported, clone):
    path = f"{clone}/deliverables/epoxy/nova.yaml"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    last = re.findall(r"version: (31\.[0-9.]+)\n", text)[-1]
    major, minor, patch = last.split(".")
    new = f"{major}.{minor}.{int(patch) + 1}"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("releases:\n", f"releases:\n  - version: {new}\n    projects:\n"
                             f"      - repo: openstack/nova\n        hash: {'0' * 40}\n", 1))
    git(clone, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "nova")
    before = imported.psql("select scope || '=' || n from deb_status.revisions order by 1")
    imported.run("deb-status", "enqueue", "releases")
    imported.run("deb-status-worker", "--once")
    print("\nimport after one changed file: " + imported.psql(
        "select round(1000 * extract(epoch from ended - started)) || ' ms' "
        "from deb_status.jobs where kind = 'releases' order by id desc limit 1"))
    assert imported.psql("select r.released is not null from deb_status.releases r "
                         f"where r.version = '{new}'") == "t"
    after = imported.psql("select scope || '=' || n from deb_status.revisions order by 1")
    changed = {s.split("=")[0] for s in set(after.split()) ^ set(before.split())}
    assert changed == {"epoxy", "queue"}


def test_a_lost_copy_is_made_anew(imported):
    shutil.rmtree(f"{imported.dir}/data/upstream")
    count = imported.psql("select count(*), count(released) from deb_status.releases")
    imported.run("deb-status", "enqueue", "releases")
    imported.run("deb-status-worker", "--once")
    assert imported.psql("select count(*), count(released) from deb_status.releases") == count
    assert imported.psql("select error is null from deb_status.upstreams") == "t"
