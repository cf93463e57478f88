# SPDX-License-Identifier: Apache-2.0
"""A history of 15,000 merges, made for the occasion: every release has its date in under a minute,
and a later look at one more merge takes milliseconds. MERGES=15000"""
import os
import subprocess
import time

from figures import figure

MERGES = int(os.environ.get("MERGES", "15000"))
SERIES, FILES = 30, 200
START = 1_400_000_000
CONFIG = """\
database: dbname=deb-status
data: /var/lib/deb-status
site: {{title: Releases, url: http://127.0.0.1/deb-status}}
upstream: {{repository: {repo}, branch: master, refresh: 24h}}
"""


def deliverable(n, versions):
    lines = [f"team: t{n % 40}", "type: library", "release-model: cycle-with-intermediary",
             "repository-settings:", f"  openstack/p{n}: {{}}", "releases:" if versions else ""]
    for v in versions:
        lines += [f"  - version: {v}.0.0", "    projects:", f"      - repo: openstack/p{n}",
                  f"        hash: {v:040x}"]
    return "\n".join(lines) + "\n"


def path(f):
    return f"deliverables/s{f % SERIES:02}/d{f // SERIES}.yaml"


class History:
    """A stream for git fast-import: merges of one commit each, as reviews are merged."""

    def __init__(self, repo):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "master", repo], check=True)
        self.repo, self.versions, self.mark, self.at = repo, {}, 0, START

    def commit(self, out, files, first=None, second=None):
        self.mark += 1
        self.at += 1000
        out.write(f"commit refs/heads/master\nmark :{self.mark}\ncommitter t <t@example.org> "
                  f"{self.at} +0000\ndata 1\nx\n")
        for word, parent in (("from", first), ("merge", second)):
            if parent:
                out.write(f"{word} {parent}\n")
        for name, text in files:
            out.write(f"M 100644 inline {name}\ndata {len(text)}\n{text}\n")
        return f":{self.mark}"

    def add(self, merges, first=None):
        """Returns {(file, version): time of its merge}."""
        dates = {}
        with subprocess.Popen(["git", "-C", self.repo, "fast-import", "--quiet"],
                              stdin=subprocess.PIPE, text=True) as p:
            out = p.stdin
            if not first:
                status = "".join(f"- {{name: s{s:02}, status: maintained, release-id: 20{s:02}.1}}\n"
                                 for s in range(SERIES))
                first = self.commit(out, [("data/series_status.yaml", status)] + [
                    (path(f), deliverable(f // SERIES, [])) for f in range(SERIES * FILES)])
            for n in range(merges):
                f = (n * 7919) % (SERIES * FILES)
                have = self.versions.setdefault(f, [])
                have.append(len(have) + 1)
                change = [(path(f), deliverable(f // SERIES, have))]
                side = self.commit(out, change, first)
                first = self.commit(out, change, first, side)
                dates[f, len(have)] = self.at
        assert p.returncode == 0
        return dates


def job(stack, what):
    ms = stack.psql("select round(1000 * extract(epoch from ended - started)) from deb_status.jobs "
                    "where kind = 'releases' order by id desc limit 1")
    assert stack.psql("select error is null from deb_status.upstreams") == "t"
    figure(f"{what}: {ms} ms")
    return float(ms)


def read_dates(stack):
    rows = stack.psql("select s.name, d.name, r.version, extract(epoch from r.released)::bigint "
                      "from deb_status.releases r join deb_status.deliverables d on d.id = r.deliverable"
                      " join deb_status.series s on s.id = d.series").splitlines()
    got = {}
    for row in rows:
        series, name, version, at = row.split("|")
        f = int(name[1:]) * SERIES + int(series[1:])
        got[f, int(version.split(".")[0])] = int(at)
    return got


def test_long_history(make_stack, folders):
    top = folders()
    os.makedirs(f"{top}/etc/releases.d")
    with open(f"{top}/etc/deb-status.yaml", "w", encoding="utf-8") as f:
        f.write(CONFIG.format(repo=f"{top}/repo"))
    with open(f"{top}/etc/releases.d/s29.yaml", "w", encoding="utf-8") as f:
        f.write("series: s29\ntargets: {}\n")
    history = History(f"{top}/repo")
    began = time.monotonic()
    dates = history.add(MERGES)
    figure(f"{MERGES} merges made in {time.monotonic() - began:.0f} s")
    stack = make_stack(config=f"{top}/etc/deb-status.yaml", workers=0)
    stack.run("deb-status-worker", "--once")
    assert job(stack, "the whole history") < 60_000
    # seconds of a version in a series are those of its merge; the same project and version in another
    # series came when the first of them did
    earliest = {}
    for (f, v), at in dates.items():
        earliest[f // SERIES, v] = min(at, earliest.get((f // SERIES, v), at))
    got = read_dates(stack)
    assert len(got) == len(dates) == MERGES
    assert all(at == earliest[f // SERIES, v] for (f, v), at in got.items())
    took = []
    for _ in range(5):
        dates = history.add(1, "refs/heads/master^0")
        stack.run("deb-status", "enqueue", "releases")
        stack.run("deb-status-worker", "--once")
        took.append(job(stack, "one more merge"))
    assert sorted(took)[2] < 1000
