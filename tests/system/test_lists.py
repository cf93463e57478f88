# SPDX-License-Identifier: Apache-2.0
"""Lists that are no series: tags of repositories and a file, side by side in one installation that
has no releases repository."""
import os
import subprocess

import pytest

CONFIG = """\
database: dbname=deb-status
data: /var/lib/deb-status
site: {title: Lists, url: http://127.0.0.1/deb-status}
worker: {attempts: 1, backoff: 1s}
"""
TAGS = """\
list: tools
targets: {{}}
names: {{one: python-one}}
upstream:
  kind: git-tags
  tags: "v*"
  repositories:
    - {top}/one.git
    - {{repository: file://{top}/two, project: group/two, tags: "two-*", artifact: libtwo, type: library}}
"""
FILE = """\
list: hand
targets: {}
upstream: {kind: file, path: lists/hand.yaml}
"""


class Lists:
    def __init__(self, make_stack, top):
        self.top = top
        for name in ("one.git", "two"):
            subprocess.run(["git", "init", "-q", "-b", "main", f"{top}/{name}"], check=True)
            self.commit(name)
        self.tag("one.git", "v1.0", "v1.1.0rc1", "1.2", "v-x", "release")
        self.tag("two", "two-0.9", "v7.0")
        os.makedirs(f"{top}/etc/releases.d")
        os.makedirs(f"{top}/etc/lists")
        self.put("deb-status.yaml", CONFIG)
        self.put("releases.d/tools.yaml", TAGS.format(top=top))
        self.put("releases.d/hand.yaml", FILE)
        self.put("lists/hand.yaml", "- {project: three, version: 1.0}\n"
                                    "- {project: x/four, versions: [2.0, 1.0], team: t, artifact: libfour}\n")
        self.stack = make_stack(config=f"{top}/etc/deb-status.yaml", workers=0)
        self.put = lambda name, text: self.write(f"{self.stack.etc}/{name}", text)
        self.sync(queue=False)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def put(self, name, text):
        self.write(f"{self.top}/etc/{name}", text)

    def git(self, name, *args):
        return subprocess.run(["git", "-C", f"{self.top}/{name}", "-c", "user.name=t", "-c",
                               "user.email=t@example.org", *args], check=True, capture_output=True,
                              text=True).stdout.strip()

    def commit(self, name):
        self.git(name, "commit", "-q", "--allow-empty", "-m", "c")

    def tag(self, name, *tags):
        for tag in tags:
            self.git(name, "tag", tag)

    def sync(self, queue=True, check=True):
        if queue:
            self.stack.run("deb-status", "enqueue", "releases")
        return self.stack.run("deb-status-worker", "--once", check=check).returncode

    def rows(self, series, columns="p.repo, r.version, r.kind, r.artifact, r.released is not null"):
        return self.stack.psql(
            f"select {columns} from deb_status.series s join deb_status.deliverables d on d.series = s.id"
            " join deb_status.deliverable_projects dp on dp.deliverable = d.id"
            " join deb_status.projects p on p.id = dp.project"
            " left join deb_status.releases r on r.deliverable = d.id and r.project = p.id"
            f" where s.name = '{series}' order by p.repo, r.key").splitlines()


@pytest.fixture(scope="module")
def lists(make_stack, folders):
    return Lists(make_stack, folders())


def test_first_look(lists):
    assert lists.rows("tools") == ["group/two|0.9|final|libtwo|f", "one|1.0|final|one|f",
                                   "one|1.1.0rc1|prerelease|one|f"]
    assert lists.rows("hand") == ["three|1.0|final|three|f", "x/four|1.0|final|libfour|f",
                                  "x/four|2.0|final|libfour|f"]
    psql = lists.stack.psql
    assert psql("select name, kind from deb_status.series order by name") == "hand|list\ntools|list"
    assert psql("select source from deb_status.freshness where source like 'upstream%' order by 1") \
        == "upstream file hand\nupstream git-tags tools"
    assert psql("select r.hash = '" + lists.git("one.git", "rev-parse", "v1.0") + "' from deb_status.releases r "
                "where version = '1.0' and artifact = 'one'") == "t"
    # a configured name, and those of the rules
    assert psql("select string_agg(k.name, ' ' order by rank) from deb_status.candidates k "
                "join deb_status.projects p on p.id = k.project where p.repo = 'one'") == "python-one"
    assert "libfour" in psql("select string_agg(k.name, ' ') from deb_status.candidates k "
                             "join deb_status.projects p on p.id = k.project where p.repo = 'x/four'")


def test_new_versions_are_dated_by_the_look_that_found_them(lists):
    lists.commit("one.git")
    lists.git("one.git", "tag", "-a", "v2.0", "-m", "annotated")
    lists.tag("one.git", "v0.5")  # an old one, later: of unknown date
    lists.put("lists/hand.yaml", "- {project: three, versions: [1.0, 1.1]}\n"
                                 "- {project: five, version: 5.0}\n")
    lists.sync()
    assert [r for r in lists.rows("tools") if r.startswith("one")] == [
        "one|0.5|final|one|f", "one|1.0|final|one|f", "one|1.1.0rc1|prerelease|one|f",
        "one|2.0|final|one|t"]
    assert lists.rows("hand") == ["five|5.0|final|five|f", "three|1.0|final|three|f",
                                  "three|1.1|final|three|t"]
    # the commit that the annotated tag stands for
    assert lists.stack.psql("select hash from deb_status.releases where version = '2.0'") \
        == lists.git("one.git", "rev-parse", "HEAD")
    assert lists.stack.psql("select project, to_version from deb_status.events where kind = 'upstream' "
                            "and series = 'tools'") == "one|2.0"
    before = lists.rows("tools"), lists.rows("hand")
    lists.sync()
    assert (lists.rows("tools"), lists.rows("hand")) == before


def test_an_entry_that_cannot_be_read(lists):
    before = lists.rows("hand")
    lists.put("lists/hand.yaml", "- {project: three, version: soon}\n- {project: five, version: 5.1}\n- 7\n")
    lists.sync()
    assert [r for r in lists.rows("hand") if r.startswith("three")] == \
        [r for r in before if r.startswith("three")]
    assert "five|5.1|final|five|t" in lists.rows("hand")
    assert lists.stack.psql("select source, file, line, reason from deb_status.set_aside order by file") == (
        "file hand|hand.yaml: entry 3|3|an entry is no map\n"
        "file hand|hand.yaml: three|1|'soon' is no version")
    # no list at all: the job fails, and all stays
    before = lists.rows("hand")
    lists.put("lists/hand.yaml", "three: [")
    assert lists.sync(check=False) == 1
    assert lists.rows("hand") == before
    assert lists.stack.psql("select error is not null, tried > checked from deb_status.upstreams "
                            "where kind = 'file'") == "t|t"
    lists.put("lists/hand.yaml", "- {project: three, version: 1.2}\n")
    lists.sync()
    assert lists.rows("hand") == ["three|1.2|final|three|t"]
    assert lists.stack.psql("select count(*) from deb_status.set_aside") == "0"


def test_a_repository_that_cannot_be_reached(lists):
    before = lists.rows("tools")
    os.rename(f"{lists.top}/two", f"{lists.top}/away")
    lists.tag("one.git", "v3.0")
    assert lists.sync(check=False) == 1
    # the other one goes on, and what this one had stays
    assert set(lists.rows("tools")) == set(before) | {"one|3.0|final|one|t"}
    error = lists.stack.psql("select error from deb_status.upstreams where kind = 'git-tags'")
    assert error.startswith("group/two: ") and lists.top not in error
    os.rename(f"{lists.top}/away", f"{lists.top}/two")
    lists.sync()
    assert lists.stack.psql("select error from deb_status.upstreams where kind = 'git-tags'") == ""
    assert set(lists.rows("tools")) == set(before) | {"one|3.0|final|one|t"}


def test_another_configuration(lists):
    lists.put("releases.d/tools.yaml", "list: tools\ntargets: {}\nupstream: {kind: git-tags, repository: "
              + lists.top + "/one.git}\n")
    lists.sync(queue=False)
    assert {r.split("|")[0] for r in lists.rows("tools")} == {"one"}
    assert "one|1.2|final|one|f" in lists.rows("tools")  # the pattern is `*` now
    assert lists.stack.psql("select count(*) from deb_status.upstreams") == "2"


def test_check_reads_the_lists(lists):
    def findings():
        done = lists.stack.run("deb-status", "check", check=False)
        return [line for line in (done.stdout + done.stderr).splitlines()
                if "git-tags tools" in line or "file hand" in line]
    assert findings() == []
    lists.put("lists/hand.yaml", "- {project: three, version: soon}\n")
    lists.put("releases.d/tools.yaml", "list: tools\ntargets: {}\nupstream: {kind: git-tags, repositories: "
              "[https://u:secret@example.org/x, git@example.org:x, /nonexistent/y]}\n")
    told = findings()
    assert not any("secret" in line for line in told)
    assert any("'soon' is no version" in line and line.startswith("error: ") for line in told)
    assert any("over ssh" in line for line in told) and any("there is no /nonexistent/y" in line for line in told)
    os.unlink(f"{lists.stack.etc}/lists/hand.yaml")
    assert any("there is no" in line and "hand.yaml" in line for line in findings())
