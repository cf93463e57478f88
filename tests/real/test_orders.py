# SPDX-License-Identifier: Apache-2.0
"""The version rules over every version of Debian's suites and of upstream's repository."""
import pathlib
import re

import pytest
import yaml

import dpkg_order as order
from suites import clone, debian  # noqa: F401 (fixtures)

SUITES = ("bookworm", "trixie", "sid")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@pytest.fixture(scope="module")
def packages(debian):
    """{name: its versions in all of the suites}"""
    found = {}
    for path in debian.sources(*SUITES):
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.startswith("Package: "):
                    name = line[9:].strip()
                elif line.startswith("Version: "):
                    found.setdefault(name, set()).add(line[9:].strip())
    return found


def test_keys_are_in_debians_order(packages):
    versions = sorted(set().union(*packages.values()))
    key = order.keys(versions)
    pairs = [(a, b) for of in packages.values() for a in of for b in of if a < b]
    pairs += order.random_pairs(versions, 110000, 3)
    assert len(pairs) > 100000
    assert order.out_of_order(pairs, key) == []
    print(f"\n{len(versions)} versions of {len(packages)} packages, {len(pairs)} pairs, none out of order")


def test_keys_agree_with_dpkg_itself(packages):
    versions = sorted(set().union(*packages.values()))
    assert order.refused_by_dpkg(order.random_pairs(versions, 1000, 4), order.keys(versions)) == []


def test_every_version_has_an_upstream_part(packages):
    versions = sorted(set().union(*packages.values()))
    answers = order.ask("debian", versions)
    assert [v for v, a in zip(versions, answers) if a is None] == []
    for v, a in zip(versions, answers):
        bare = re.sub(r"-[^-]*$", "", re.sub(r"^\d+:", "", v))
        if re.fullmatch(r"[\d.]+", bare):
            assert a[0] == bare, v


@pytest.fixture(scope="module")
def tags(clone):
    """{(file, repo): its versions} of every series."""
    found = {}
    for path in pathlib.Path(clone, "deliverables").glob("*/*.yaml"):
        data = yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}
        for release in data.get("releases") or []:
            for project in release.get("projects") or []:
                found.setdefault((str(path), project["repo"]), []).append(str(release["version"]))
    return found


def test_every_tag_is_a_version_or_ends_a_branch(tags):
    versions = sorted({v for of in tags.values() for v in of})
    rules = dict(zip(versions, order.ask("upstream", versions)))
    assert [v for v, r in rules.items() if r is None] == []
    assert {v for v, r in rules.items() if r[0] == "end"} == {v for v in versions if re.search(r"-[a-z]+$", v)}
    before = 0
    for of in tags.values():
        real = [v for v in of if rules[v][0] != "end"]
        for v in real:
            number = re.sub(r"\.?(rc|a|b)\d+$", "", v.lstrip("v"))
            final = re.sub(r"\.0$", "", number) if number.count(".") == 3 else number
            if rules[v][0] == "prerelease" and final in real:
                assert bytes.fromhex(rules[v][2]) < bytes.fromhex(rules[final][2]), v
                before += 1
        # the newest is a version, by Debian's own order
        if real:
            newest = max(real, key=lambda v: bytes.fromhex(rules[v][2]))
            assert all(not re.search(r"-(eol|eom|em|last)$", newest) for _ in of)
    ends = sum(rules[v][0] == "end" for of in tags.values() for v in of)
    print(f"\n{len(versions)} tags of {len(tags)} projects in all series; {before} pre-releases, each before "
          f"its final; {ends} end a branch, none of them the newest")
    assert before > 1000 and ends > 5000
