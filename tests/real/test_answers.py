# SPDX-License-Identifier: Apache-2.0
"""The program's answers on upstream's real repository and Debian's real suites, row by row against
tests/lib/independent.py, which shares no code with it. Needs the bundle and an archive to fetch
from, and skips without them."""
import collections
import functools
import os
import time

import pytest

import independent
from suites import KEYRING, clone, debian  # noqa: F401 (fixtures)

SUITES = ("bookworm", "bookworm-updates", "bookworm-security", "trixie", "trixie-updates",
          "trixie-security", "trixie-backports", "sid", "experimental")
TARGETS = {
    "bookworm": ("bookworm",),
    "bookworm-all": ("bookworm", "bookworm-updates", "bookworm-security"),
    "trixie": ("trixie",),
    "trixie-all": ("trixie", "trixie-updates", "trixie-security"),
    "trixie-backports": ("trixie", "trixie-backports"),
    "sid": ("sid",),
    "experimental": ("sid", "experimental"),
}
SERIES = ("zed", "caracal", "epoxy", "flamingo", "gazpacho", "hibiscus", "_independent")
OLDER = ("austin", "folsom", "havana", "juno", "kilo", "liberty", "mitaka", "newton", "ocata", "pike", "queens", "stein",
         "train", "ussuri", "wallaby", "xena", "yoga", "antelope", "bobcat", "dalmatian")
CONFIG = """\
database: dbname=deb-status
data: /var/lib/deb-status
site: {{title: Answers, url: http://127.0.0.1/deb-status}}
upstream: {{repository: {clone}, branch: master, refresh: 24h}}
archives: {{refresh: 24h, keyring: {keyring}}}
suites:
"""


@pytest.fixture(scope="module")
def stack(make_stack, folders, clone, debian):  # noqa: F811
    debian.sources(*SUITES)  # or skip
    etc = folders()
    os.mkdir(f"{etc}/releases.d")
    with open(f"{etc}/deb-status.yaml", "w", encoding="utf-8") as f:
        f.write(CONFIG.format(clone=clone, keyring=KEYRING))
        for target, suites in TARGETS.items():
            f.write(f"  {target}:\n")
            for suite in suites:
                f.write(f"    - deb [check-valid-until=no] {debian.uri_of(suite)} {suite} main\n")
    for series in SERIES + OLDER:
        with open(f"{etc}/releases.d/{series}.yaml", "w", encoding="utf-8") as f:
            f.write(f"series: {series}\ntargets: [{', '.join(TARGETS)}]\n")
    made = make_stack(config=f"{etc}/deb-status.yaml", workers=0)
    began = time.monotonic()
    made.run("deb-status-worker", "--once")
    print(f"\neverything from nothing: {time.monotonic() - began:.1f} s")
    return made


@pytest.fixture(scope="module")
def second(clone, debian):  # noqa: F811
    """rows(series, target) of the independent comparison."""
    upstream = independent.Upstream(clone)
    carried = {s: independent.sources(debian.sources(s)[0]) for s in SUITES}

    @functools.lru_cache(None)
    def together(target):
        best = {}
        for suite in TARGETS[target]:
            for name, p in carried[suite].items():
                if name not in best or independent.compare(p["version"], best[name]["version"]) > 0:
                    best[name] = p
        return best

    def rows(series, target):
        others = {s: c for s, c in carried.items() if s not in TARGETS[target]}
        return independent.compare_series(upstream, series, together(target), others)
    return rows


def figures(rows):
    return collections.Counter(r["state"] for r in rows.values())


@pytest.mark.parametrize("series,target", [*((s, t) for s in SERIES for t in TARGETS), *((s, "bookworm-all") for s in OLDER)])
def test_row_by_row(stack, second, series, target):
    ours, theirs = stack.status(series, target), second(series, target)
    assert sorted(ours) == sorted(theirs)
    different = {p: {f: (ours[p][f], row[f]) for f in independent.FIELDS if ours[p][f] != row[f]}
                 for p, row in theirs.items()}
    matched = sum(r["source"] is not None for r in ours.values())
    print(f"\n{series} on {target}: {len(ours)} rows, {matched} matched, {dict(figures(ours))}")
    assert {p: d for p, d in different.items() if d} == {}


def test_epoxy_on_trixie(stack):
    rows = stack.status("epoxy", "trixie")
    counts = stack.json("/status/epoxy/trixie")["counts"]
    print(f"\n{counts}; at the first release of trixie and the bundle's end: ok 110, outdated 60, missing 48")
    assert len(rows) == 277 and counts["unreleased"] == 59 and counts["ahead"] == 0
    assert counts["ok"] + counts["outdated"] + counts["missing"] == 218
    assert abs(counts["ok"] - 110) <= 15 and counts["missing"] in range(44, 50)

    def source(project):
        return rows[f"openstack/{project}"]["source"]
    assert source("trove") == "openstack-trove"
    assert source("keystoneauth") == "python-keystoneauth1"
    assert source("taskflow") == "python-taskflow"
    assert source("tap-as-a-service") == "neutron-taas"
    for project in ("bifrost", "openstack-ansible"):
        assert rows[f"openstack/{project}"]["state"] == "missing"
    behind = [r for r in rows.values() if r["behind"] == "series"]
    assert len(behind) == 26 and {r["carries"] for r in behind} == {"dalmatian"}
    assert all(r["source"].startswith("puppet-module-") for r in behind)
    others = [r for r in rows.values() if r["source"] and r["behind"] != "series"]
    assert len(others) == 144 and {r["carries"] for r in others} == {"epoxy"}
    unreleased = [r for r in rows.values() if r["state"] == "unreleased"]
    assert sum(r["awaited"] is False for r in unreleased) == 58
    assert stack.json("/status/epoxy/trixie")["carries"] == "epoxy"


def test_a_suite_that_has_moved_on_says_what_it_carries(stack):
    assert stack.json("/status/epoxy/sid")["carries"] == "gazpacho"
    rows = stack.status("epoxy", "sid")
    assert figures(rows)["ahead"] > 150


def test_what_moved_out_of_independent(stack):
    moved = {p: r for p, r in stack.status("_independent", "sid").items() if r["moved"]}
    assert {"openstack/oslo.log", "openstack/taskflow"} <= set(moved)
    assert {r["moved"] for r in moved.values()} == {"hibiscus"}
    counts = stack.json("/status/_independent/sid")["counts"]
    assert sum(counts.values()) == len(stack.status("_independent", "sid")) - len(moved)


def test_each_source_is_one_project(stack):
    assert stack.psql("select count(*) from (select target, source from deb_status.status where source is not null "
                      "group by 1, 2 having count(*) > 1) x") == "0"


def test_packages_that_only_older_series_name(stack):
    text = stack.psql("select text from deb_status.series_changes('gazpacho') where part = 5")
    assert sum("sid " in line for line in text.splitlines()) == 13


def test_how_long_a_comparison_takes(stack):
    took = {}
    for what in ("compare(array(select id from series where name = 'epoxy'), null)", "compare_all()"):
        runs = []
        for _ in range(5):
            out = stack.psql(f"begin; select clock_timestamp() as t \\gset\nselect {what};\n"
                             "select extract(epoch from clock_timestamp() - :'t'::timestamptz); rollback;")
            assert out.splitlines()[0] == "0", "nothing changes"
            runs.append(float(out.splitlines()[1]))
        took[what] = min(runs)
    print("\n" + "".join(f"{what}: {s * 1000:.0f} ms\n" for what, s in took.items()))
    one, everything = took.values()
    # 0.3 and 2 s are the aims for an idle machine; others may be at work on this one
    assert one < 0.9 and everything < 6
