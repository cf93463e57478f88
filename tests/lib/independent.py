#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The comparison a second time, in another language and written from the rules' text alone.

independent.py RELEASES-CLONE SERIES SOURCES... prints one line per project: the fields of FIELDS,
parted by tabs. --other NAME=SOURCES names a further suite, for the column elsewhere.

It shares no code with the program: tests compare the two row by row.
"""
import argparse
import functools
import pathlib
import re

import yaml

FIELDS = ("project", "deliverable", "artifact", "team", "type", "source", "upstream", "debian",
          "state", "behind", "carries", "patched", "awaited", "ended", "elsewhere", "rule", "moved")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEAM = ("team+openstack@tracker.debian.org", "salsa.debian.org/openstack-team/")
LIVING = ("development", "future", "maintained")


# -- versions

def order(c):
    if c == "~":
        return -1
    if c.isdigit() or c == "":
        return 0
    return ord(c) if c.isalpha() else ord(c) + 256


@functools.lru_cache(None)
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
    upstream, revision = rest.rsplit("-", 1) if "-" in rest else (rest, None)
    return int(epoch), upstream, revision


def compare(a, b):
    (e, u, r), (f, v, s) = split(a), split(b)
    return (e - f) or compare_part(u, v) or compare_part(r or "", s or "")


KEY = functools.cmp_to_key(compare)


@functools.lru_cache(None)
def upstream_part(version):
    u = split(version)[1]
    m = re.search(r"\+really(\d.*)$", u)
    if m:
        u = m.group(1)
    u = re.sub(r"~bpo\d+\+\d+$", "", u)
    u = re.sub(r"[+~]deb\d+u\d+$", "", u)
    u = re.sub(r"[+~](dfsg|ds|debian|repack)[^~]*$", "", u)
    u = re.sub(r"\+(git|20\d\d\.?\d\d)[^~]*$", "", u)
    if "~" not in u:
        u = re.sub(r"\.git\..*$", "", u)
    return re.sub(r"~0(rc|b|a)", r"~\1", u)


def is_patched(version):
    _, upstream, revision = split(version)
    return bool(re.search(r"\+deb\d+u\d", upstream if revision is None else revision))


@functools.lru_cache(None)
def debian_form(version):
    v = version.lstrip("v")
    m = re.fullmatch(r"(\d[\d.]*?)\.?(rc|b|a)(\d+)", v)
    if not m:
        return v
    number = m.group(1)
    # 31.0.0.0rc1 is a pre-release of 31.0.0; 0.3a3 of 0.3
    if number.count(".") >= 3 and number.endswith(".0"):
        number = number[:-2]
    return f"{number}~{m.group(2)}{m.group(3)}"


def ends_branch(version):
    return bool(re.search(r"-(eom|eol|em|last)$", version))


def how_far_behind(part, upstream, first):
    """behind of an outdated row; all three in Debian's form without revision."""
    if compare_part(part, first) < 0:
        return "series"
    a, b = ([int(n) for n in re.findall(r"\d+", v.split("~")[0])] for v in (part, upstream))
    a, b = a + [-1] * (len(b) - len(a)), b + [-1] * (len(a) - len(b))
    different = [i for i, (x, y) in enumerate(zip(a, b)) if x != y]
    return "prerelease" if not different else "patch" if different[0] >= 2 else "minor"


# -- upstream

class Upstream:
    """Every series of a clone of the releases repository."""

    def __init__(self, clone):
        self.folder = pathlib.Path(clone, "deliverables")
        with open(pathlib.Path(clone, "data", "series_status.yaml"), encoding="utf-8") as f:
            self.order = [(s["name"], s["status"]) for s in yaml.load(f, LOADER)]  # newest first
        self.names = sorted(p.name for p in self.folder.iterdir() if p.is_dir())
        self.known = {}

    def files(self, series):
        """{deliverable: its file's data}"""
        return {p.stem: yaml.load(p.read_text(encoding="utf-8"), LOADER) or {}
                for p in (self.folder / series).glob("*.yaml")}

    def projects(self, series):
        """{repo: what is known of it in a series}: of the deliverables that name it the one with its
        newest release, else the one that is called like it, else the first."""
        if series not in self.known:
            self.known[series] = found = {}
            for name, data in sorted(self.files(series).items()):
                for repo, new in self.deliverable(data).items():
                    new.update(deliverable=name, team=data.get("team"), type=data.get("type"),
                               model=data.get("release-model"))
                    old = found.get(repo, new)
                    firsts = [f for f in (old["first"], new["first"]) if f]
                    found[repo] = max(old, new, key=functools.partial(self.rank, repo))
                    # a project's first version is that of all deliverables that name it
                    found[repo]["first"] = min(firsts, key=KEY, default=None)
        return self.known[series]

    @staticmethod
    def rank(repo, of):
        version = of["upstream"]
        return (version is not None, KEY(debian_form(version or "0")), of["deliverable"] == repo.split("/")[-1])

    @staticmethod
    def deliverable(data):
        settings = data.get("repository-settings") or {}
        names = {r: (s or {}).get("tarball-base") for r, s in settings.items()}
        versions, bases = {r: [] for r in settings}, {}
        for release in data.get("releases") or []:
            for p in release.get("projects") or []:
                versions.setdefault(p["repo"], []).append(str(release["version"]))
                bases[p["repo"], str(release["version"])] = p.get("tarball-base")
        result = {}
        for repo, all_of in versions.items():
            real = sorted((v for v in all_of if not ends_branch(v)), key=lambda v: KEY(debian_form(v)))
            ends = [v for v in all_of if ends_branch(v)]
            newest = real[-1] if real else None
            result[repo] = {"artifact": bases.get((repo, newest)) or names.get(repo) or repo.split("/")[-1],
                            "upstream": real[-1] if real else None,
                            "first": debian_form(real[0]) if real else None,
                            "ended": ends[-1] if ends else None}
        return result

    def carries(self, repo, part):
        for name, _ in self.order:
            first = self.projects(name).get(repo, {}).get("first")
            if first and compare_part(first, part) <= 0:
                return name
        return None

    def moved(self, repo):
        for name, status in self.order:
            if status in LIVING and self.projects(name).get(repo, {}).get("upstream"):
                return name
        return None


# -- Debian

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


def is_team(p):
    text = " ".join(p.get(k, "") for k in ("maintainer", "uploaders", "vcs-git", "vcs-browser"))
    return any(t in text.lower() for t in TEAM)


def home(p):
    """namespace/repo that a Homepage names, and its last part."""
    m = re.match(r"(?:https?|git)://[^/]+/(?:cgit/|p/)?([^/]+)/([^/]+?)(?:\.git)?(?:/.*)?$",
                 p.get("homepage", "").lower())
    return (f"{m.group(1)}/{m.group(2)}", m.group(2)) if m else (None, None)


def sources(*paths):
    """{name: paragraph} with the highest version of each."""
    best = {}
    for path in paths:
        for p in paragraphs(path):
            if p.get("extra-source-only") == "yes":
                continue
            old = best.get(p["package"])
            if not old or compare(p["version"], old["version"]) > 0:
                best[p["package"]] = p
    for p in best.values():
        p["team"], (p["full"], p["last"]) = is_team(p), home(p)
    return best


# -- the two together

def candidates(repo, artifact):
    """(rule, name), best first."""
    names = [n.lower().replace("_", "-") for n in (repo.split("/")[-1], artifact)]
    yield "name", names[0]
    yield "artifact", names[1]
    for n in names:
        yield "prefix", "python-" + n
        if n.startswith("python-"):
            yield "prefix", n[len("python-"):]
        if n.startswith("puppet-"):
            yield "prefix", "puppet-module-" + n[len("puppet-"):]
        yield "prefix", "openstack-" + n
        if n.startswith("openstack-"):
            yield "prefix", n[len("openstack-"):]


def match(found, carried):
    """{repo: (source, rule)}: all rules in turn, each over all projects."""
    taken, result = set(), {}
    for rule in ("name", "artifact", "prefix"):
        for repo, of in found.items():
            for kind, name in candidates(repo, of["artifact"]):
                p = carried.get(name)
                if kind != rule or repo in result or not p or name in taken:
                    continue
                if p["team"] or p["full"] == repo:
                    taken.add(name)
                    result[repo] = name, rule
    lasts = {}
    for repo in found:
        if repo not in result:
            lasts.setdefault(repo.split("/")[-1], []).append(repo)
    # a Homepage that names the repo exactly counts before one that has only its last part
    for exact in (True, False):
        for name in sorted(carried):
            p = carried[name]
            if name in taken:
                continue
            for repo in lasts.get(p["last"], []):
                if repo not in result and (p["full"] == repo if exact else p["team"]):
                    taken.add(name)
                    result[repo] = name, "homepage"
                    break
    return result


def compare_series(upstream, series, carried, others=None):
    """{repo: row of FIELDS}. carried: sources() of the target; others: {suite: sources()} besides."""
    found = upstream.projects(series)
    matched = match(found, carried)
    elsewhere = {name: (match(found, of), of) for name, of in (others or {}).items()}
    status = dict(upstream.order).get(series)
    rows = {}
    for repo, of in found.items():
        name, rule = matched.get(repo, (None, None))
        debian = carried[name]["version"] if name else None
        part = upstream_part(debian) if debian else None
        row = dict.fromkeys(FIELDS)
        row.update({k: of[k] for k in ("deliverable", "artifact", "team", "type", "upstream", "ended")},
                   project=repo, source=name, rule=rule, debian=debian, elsewhere={},
                   patched=bool(debian and is_patched(debian)),
                   carries=upstream.carries(repo, part) if part else None)
        if series == "_independent":
            row["moved"] = upstream.moved(repo)
        if of["upstream"] is None:
            row["state"] = "unreleased"
            row["awaited"] = of["model"] != "untagged" and status in LIVING
        elif name is None:
            row["state"] = "missing"
            row["elsewhere"] = {suite: sources_of[hits[repo][0]]["version"]
                                for suite, (hits, sources_of) in elsewhere.items() if repo in hits}
        else:
            c = compare_part(part, debian_form(of["upstream"]))
            row["state"] = "ok" if c == 0 else "outdated" if c < 0 else "ahead"
            if c < 0:
                row["behind"] = how_far_behind(part, debian_form(of["upstream"]), of["first"])
        rows[repo] = row
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("clone")
    p.add_argument("series")
    p.add_argument("sources", nargs="+")
    p.add_argument("--other", action="append", default=[])
    a = p.parse_args()
    others = {n: sources(f) for n, f in (o.split("=", 1) for o in a.other)}
    rows = compare_series(Upstream(a.clone), a.series, sources(*a.sources), others)
    for repo in sorted(rows):
        print(*("" if v is None else v for v in rows[repo].values()), sep="\t")


if __name__ == "__main__":
    main()
