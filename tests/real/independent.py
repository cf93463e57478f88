#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The comparison a second time, in another language and written from the rules' text alone.

independent.py RELEASES-CLONE SERIES SOURCES... prints one line per project:
project<TAB>source<TAB>upstream<TAB>debian<TAB>state

It shares no code with the program: tests compare the two row by row.
"""
import functools
import pathlib
import re
import sys

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEAM = ("team+openstack@tracker.debian.org", "salsa.debian.org/openstack-team/")


def order(c):
    if c == "~":
        return -1
    if c.isdigit() or c == "":
        return 0
    return ord(c) if c.isalpha() else ord(c) + 256


def compare_part(a, b):
    """dpkg's verrevcmp (Policy 5.6.12)."""
    i = j = 0
    while i < len(a) or j < len(b):
        while (i < len(a) and not a[i].isdigit()) or (j < len(b) and not b[j].isdigit()):
            x = order(a[i]) if i < len(a) else 0
            y = order(b[j]) if j < len(b) else 0
            if x != y:
                return x - y
            i += 1
            j += 1
        m, n = re.match(r"\d*", a[i:]).group(), re.match(r"\d*", b[j:]).group()
        i, j = i + len(m), j + len(n)
        x, y = int(m or 0), int(n or 0)
        if x != y:
            return x - y
    return 0


def split(version):
    epoch, rest = version.split(":", 1) if ":" in version else ("0", version)
    upstream, revision = rest.rsplit("-", 1) if "-" in rest else (rest, "")
    return int(epoch), upstream, revision


def compare(a, b):
    (e, u, r), (f, v, s) = split(a), split(b)
    return (e - f) or compare_part(u, v) or compare_part(r, s)


KEY = functools.cmp_to_key(compare)


def upstream_part(version):
    u = split(version)[1]
    m = re.search(r"\+really(\d.*)$", u)
    if m:
        u = m.group(1)
    u = re.sub(r"~bpo\d+\+\d+$", "", u)
    u = re.sub(r"\+deb\d+u\d+$", "", u)
    u = re.sub(r"[+~](dfsg|ds|debian|repack|git)[^~]*$", "", u)
    return re.sub(r"~0(rc|b|a)", r"~\1", u)


def debian_form(version):
    v = version.lstrip("v")
    m = re.fullmatch(r"(\d[\d.]*?)(?:\.0)?\.?(rc|b|a)(\d+)", v)
    if not m:
        return v
    number = m.group(1)
    # 31.0.0.0rc1 is a pre-release of 31.0.0; 0.3a3 of 0.3
    full = re.fullmatch(r"(\d[\d.]*?)\.?(rc|b|a)(\d+)", v).group(1)
    number = full[:-2] if full.count(".") >= 3 and full.endswith(".0") else full
    return f"{number}~{m.group(2)}{m.group(3)}"


def is_version(version):
    return not re.search(r"-(eom|eol|em|last)$", version)


def projects(clone, series):
    found = {}
    for path in sorted(pathlib.Path(clone, "deliverables", series).glob("*.yaml")):
        data = yaml.load(path.read_text(), LOADER) or {}
        settings = data.get("repository-settings") or {}
        names = {r: (s or {}).get("tarball-base") for r, s in settings.items()}
        versions = {r: [] for r in settings}
        for release in data.get("releases") or []:
            for p in release.get("projects") or []:
                versions.setdefault(p["repo"], [])
                if p.get("tarball-base"):
                    names[p["repo"]] = p["tarball-base"]
                names.setdefault(p["repo"], None)
                if is_version(str(release["version"])):
                    versions[p["repo"]].append(str(release["version"]))
        for repo, vs in versions.items():
            best = max(vs, key=lambda v: KEY(debian_form(v)), default=None)
            old = found.get(repo)
            if old and (best is None or old[1] and KEY(debian_form(old[1])) >= KEY(debian_form(best))):
                continue
            found[repo] = (names.get(repo) or repo.split("/")[-1], best)
    return found


def paragraphs(path):
    fields, name = {}, None
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line == "\n":
                if fields:
                    yield fields
                fields, name = {}, None
            elif line[0] in " \t":
                if name:
                    fields[name] += line
            else:
                name, _, value = line.partition(":")
                name = name.lower()
                fields[name] = value.strip()
    if fields:
        yield fields


def sources(paths):
    best = {}
    for path in paths:
        for p in paragraphs(path):
            if p.get("extra-source-only") == "yes":
                continue
            old = best.get(p["package"])
            if not old or compare(p["version"], old["version"]) > 0:
                best[p["package"]] = p
    return best


def is_team(p):
    text = " ".join(p.get(k, "") for k in ("maintainer", "vcs-git", "vcs-browser"))
    return any(t in text for t in TEAM)


def home(p):
    m = re.match(r"(?:https?|git)://[^/]+/(?:cgit/|p/)?([^/]+)/([^/]+?)(?:\.git)?/*$", p.get("homepage", "").lower())
    return (f"{m.group(1)}/{m.group(2)}", m.group(2)) if m else (None, None)


def candidates(repo, artifact):
    names = [repo.split("/")[-1], artifact]
    names = [n.lower().replace("_", "-") for n in names]
    yield from names
    for n in names:
        yield "python-" + n
        if n.startswith("python-"):
            yield n[len("python-"):]
        if n.startswith("puppet-"):
            yield "puppet-module-" + n[len("puppet-"):]
        yield "openstack-" + n
        if n.startswith("openstack-"):
            yield n[len("openstack-"):]


def match(found, carried):
    taken, result = {}, {}
    for repo in found:
        for name in candidates(repo, found[repo][0]):
            p = carried.get(name)
            if p and name not in taken and (is_team(p) or home(p)[0] == repo):
                taken[name], result[repo] = repo, name
                break
    for name in sorted(carried):
        p = carried[name]
        full, last = home(p)
        if name in taken or not full:
            continue
        for repo in found:
            if repo not in result and (full == repo or is_team(p) and last == repo.split("/")[-1]):
                taken[name], result[repo] = repo, name
                break
    return result


def main():
    found = projects(sys.argv[1], sys.argv[2])
    carried = sources(sys.argv[3:])
    matched = match(found, carried)
    for repo in sorted(found):
        upstream, name = found[repo][1], matched.get(repo)
        debian = carried[name]["version"] if name else None
        if upstream is None:
            state = "unreleased"
        elif name is None:
            state = "missing"
        else:
            c = compare_part(upstream_part(debian), debian_form(upstream))
            state = "ok" if c == 0 else "outdated" if c < 0 else "ahead"
        print(repo, name or "", upstream or "", debian or "", state, sep="\t")


main()
