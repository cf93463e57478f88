# SPDX-License-Identifier: Apache-2.0
"""The releases job on the demo: what upstream commits, breaks, renames, rewrites or cannot serve,
and what of it the tables and pages show."""
import glob
import os
import subprocess

import pytest

from conftest import wait_for

STATUSES = ("select project, series, target, upstream, debian, state, since from deb_status.statuses "
            "order by 1, 2, 3")
REVISIONS = "select scope || ' ' || n from deb_status.revisions"


def text(*repos, releases=(), team="nova"):
    """A deliverable; releases: versions, each of all repos."""
    lines = [f"team: {team}", "type: service", "release-model: cycle-with-rc", "repository-settings:"]
    lines += [f"  {repo}: {{}}" for repo in repos]
    if releases:
        lines.append("releases:")
    for version in releases:
        lines += [f"  - version: {version}", "    projects:"]
        lines += [f"      - {{repo: {repo}, hash: {'ab' * 20}}}" for repo in repos]
    return "\n".join(lines) + "\n"


class Upstream:
    """The demo's repository, and what the demo makes of it."""

    def __init__(self, stack):
        self.stack, self.dir = stack, f"{stack.dir}/demo/upstream"

    def git(self, *args, date="2026-08-01T10:00:00Z", data=None):
        env = {"PATH": os.environ["PATH"], "HOME": self.dir, "GIT_CONFIG_NOSYSTEM": "1",
               "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_AUTHOR_DATE": date,
               "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org",
               "GIT_COMMITTER_DATE": date, "GIT_CONFIG_COUNT": "1",
               "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        return subprocess.run(["git", "-C", self.dir, *args], check=True, env=env, input=data,
                              capture_output=True).stdout.decode().strip()

    def path(self, file):
        return f"{self.dir}/deliverables/{file}.yaml"

    def read(self, file):
        with open(self.path(file), encoding="utf-8") as f:
            return f.read()

    def write(self, file, content):
        os.makedirs(os.path.dirname(self.path(file)), exist_ok=True)
        with open(self.path(file), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())

    def commit(self, date="2026-08-01T10:00:00Z"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "t", date=date)

    def sync(self):
        """A releases job, by webhook; its JSON."""
        answer = self.stack.post("salsa", {"type": "releases.changed"})
        assert answer.status == 202, answer.text
        job = self.stack.wait_job(answer.json()["job"])
        assert job["state"] == "done", job
        return job

    def lines(self, job):
        return self.stack.psql(f"select text from deb_status.job_log where job = {job['job']}")

    def statuses(self):
        return set(self.stack.psql(STATUSES).splitlines())

    def set_aside(self):
        return dict(row.split("|", 1) for row in self.stack.psql(
            "select file, line || '|' || reason from deb_status.set_aside").splitlines())


@pytest.fixture
def upstream(stack):
    """Every test starts from, and leaves, the demo's own commit."""
    u = Upstream(stack)
    head = u.git("rev-parse", "HEAD")
    yield u
    # a commit on top with the old tree: an older head alone would change nothing
    now = u.git("rev-parse", "HEAD")
    tree = u.git("rev-parse", f"{head}^{{tree}}")
    u.git("reset", "-q", "--hard", u.git("commit-tree", tree, "-p", now, "-m", "as it was"))
    u.git("clean", "-qfdx")
    u.sync()
    assert not u.set_aside()


def released(stack, series, project, version):
    return stack.psql(
        "select r.released from deb_status.releases r join deb_status.deliverables d on d.id = r.deliverable"
        " join deb_status.series s on s.id = d.series join deb_status.projects p on p.id = r.project"
        f" where s.name = '{series}' and p.repo = '{project}' and r.version = '{version}'")


def test_one_file_changes_one_row(stack, upstream):
    before, before_scopes = upstream.statuses(), set(stack.psql(REVISIONS).splitlines())
    row = stack.status("flamingo", "sid")["openstack/zaqar"]
    assert (row["state"], row["upstream"]) == ("ok", "21.0.0")
    upstream.write("flamingo/zaqar", text("openstack/zaqar", releases=["21.0.0", "21.0.1"], team="zaqar"))
    upstream.commit(date="2026-07-31T12:34:56Z")
    job = upstream.sync()

    row = stack.status("flamingo", "sid")["openstack/zaqar"]
    assert (row["state"], row["upstream"], row["behind"]) == ("outdated", "21.0.1", "patch")
    assert row["released"] == "2026-07-31T12:34:56Z"
    assert {tuple(r.split("|")[:2]) for r in upstream.statuses() ^ before} == {
        ("openstack/zaqar", "flamingo")}
    moved = {r.split()[0] for r in set(stack.psql(REVISIONS).splitlines()) - before_scopes}
    assert moved <= {"flamingo", "flamingo/sid", "flamingo/trixie-osbpo", "queue"} and "flamingo" in moved
    # one event for the version, beside those of the targets' states
    assert stack.psql("select series, project, from_version, to_version from deb_status.events "
                      f"where kind = 'upstream' and job = {job['job']}") \
        == "flamingo|openstack/zaqar|21.0.0|21.0.1"


def test_a_malformed_file_is_set_aside_and_mended(stack, upstream):
    upstream.write("epoxy/nova", upstream.read("epoxy/nova") + "  broken: [\n")
    upstream.write("epoxy/heat", text("openstack/heat", releases=["24.0.0", "24.1.0"], team="heat"))
    nova = stack.status("epoxy", "trixie")["openstack/nova"]
    upstream.commit()
    upstream.sync()
    aside = upstream.set_aside()
    assert list(aside) == ["deliverables/epoxy/nova.yaml"]
    line, reason = aside["deliverables/epoxy/nova.yaml"].split("|")
    assert int(line) > 1 and reason and not reason.startswith("line ")
    # the last good value stays, the others go on
    assert stack.status("epoxy", "trixie")["openstack/nova"] == nova
    assert stack.status("epoxy", "trixie")["openstack/heat"]["upstream"] == "24.1.0"
    assert "deliverables/epoxy/nova.yaml" in stack.get("/epoxy").text
    assert "1 files of upstream could not be read" in stack.get("/health").json()["reasons"]

    # still broken, in another way, and since the same time
    since = stack.psql("select since from deb_status.set_aside_files")
    upstream.write("epoxy/nova", "releases: soon\n")
    upstream.commit()
    upstream.sync()
    assert upstream.set_aside() == {"deliverables/epoxy/nova.yaml": "1|releases is no list"}
    assert stack.psql("select since from deb_status.set_aside_files") == since

    upstream.git("checkout", "-q", "HEAD~2", "--", "deliverables/epoxy/nova.yaml")
    upstream.commit()
    upstream.sync()
    assert not upstream.set_aside()

    # broken and then removed: nothing of it is left
    upstream.write("epoxy/nova", "]")
    upstream.commit()
    upstream.sync()
    assert list(upstream.set_aside()) == ["deliverables/epoxy/nova.yaml"]
    os.unlink(upstream.path("epoxy/nova"))
    upstream.commit()
    upstream.sync()
    assert not upstream.set_aside()
    assert "openstack/nova" not in stack.status("epoxy", "trixie")


def test_all_kinds_of_bad_files_in_one_commit(stack, upstream):
    before = upstream.statuses()
    bad = {
        "a-scalar": "team: " + "x" * 10_000_000,
        "b-large": "# " + "x" * 50_000_000,
        "c-anchors": "a: &a [x, x]\nb: &b [*a, *a]\nreleases: [*b, *b]\n",
        "d-latin1": b"team: caf\xe9\n",
        "e-nul": b"team: a\0b\n",
        "f-deep": "releases: " + "[" * 50_000,
        "g-empty": "",
        "h-binary": bytes(range(256)) * 10,
        "i-repo": 'repository-settings: {"openstack/a\\nb": {}}\n',
        "j-markup": "releases: [{version: 1.0, projects: [{repo: <script>}]}]\n",
        "k-version": text("openstack/k", releases=["'; drop table series; --"]),
        "l-keys": "releases: [{}]\n",
        "m-types": "releases: {version: [1]}\n",
        "n space": text("openstack/n"),
        "t-cut": "repository-settings: {x" + "é" * 60 + ": {}}\n",
        "u-twice": "".join(f"{'é' * 500}: {i}\n" for i in range(2)),
    }
    for name, content in bad.items():
        upstream.write(f"epoxy/{name}", content)
    os.symlink("nova.yaml", upstream.path("epoxy/o-link"))
    upstream.write("../p-series/p", text("openstack/p"))  # outside deliverables/: of no concern
    upstream.write("q series/q", text("openstack/q"))
    upstream.write("epoxy/r\nnewline", text("openstack/r"))
    upstream.write("epoxy/r\tnewline", text("openstack/r"))
    with open(os.fsencode(upstream.path("epoxy/v")) + b"\xff.yaml", "w", encoding="utf-8") as f:
        f.write(text("openstack/v"))
    upstream.write("epoxy/s-good", text("openstack/s", releases=["1.0.0"]))
    with open(f"{upstream.dir}/deliverables/epoxy/README.txt", "w", encoding="utf-8") as f:
        f.write("no deliverable\n")
    upstream.commit()
    upstream.sync()
    aside = upstream.set_aside()
    assert set(aside) == {f"deliverables/epoxy/{n}.yaml" for n in bad} | {
        "deliverables/epoxy/o-link.yaml", "deliverables/q series/q.yaml",
        "deliverables/epoxy/r?newline.yaml", "deliverables/epoxy/v.yaml?.yaml"}
    assert "too large" in aside["deliverables/epoxy/b-large.yaml"]
    assert "an anchor" in aside["deliverables/epoxy/c-anchors.yaml"]
    assert {r.split("|")[0] for r in upstream.statuses() ^ before} == {"openstack/s"}
    assert stack.get("/epoxy").status == 200


def test_a_file_that_becomes_a_link_is_set_aside(stack, upstream):
    """Only the mode tells: the bytes are the same."""
    file = "deliverables/epoxy/nova.yaml"
    blob = upstream.git("rev-parse", f"HEAD:{file}")
    for mode, aside in (("120000", [file]), ("100755", [])):
        upstream.git("update-index", "--cacheinfo", f"{mode},{blob},{file}")
        upstream.git("commit", "-q", "-m", "t")
        upstream.sync()
        assert list(upstream.set_aside()) == aside


def test_files_that_come_go_and_move(stack, upstream):
    upstream.write("epoxy/alpha", text("openstack/alpha", "openstack/beta", releases=["1.0.0"]))
    upstream.commit(date="2026-07-01T00:00:00Z")
    upstream.sync()
    rows = stack.status("epoxy", "trixie")
    assert rows["openstack/alpha"]["deliverable"] == rows["openstack/beta"]["deliverable"] == "alpha"

    # renamed: other name, same dates; a second repo of it goes
    upstream.git("mv", "deliverables/epoxy/alpha.yaml", "deliverables/epoxy/gamma.yaml")
    upstream.write("epoxy/gamma", text("openstack/alpha", releases=["1.0.0", "1.1.0"]))
    upstream.commit(date="2026-07-02T00:00:00Z")
    upstream.sync()
    rows = stack.status("epoxy", "trixie")
    assert rows["openstack/alpha"]["deliverable"] == "gamma" and "openstack/beta" not in rows
    assert released(stack, "epoxy", "openstack/alpha", "1.0.0").startswith("2026-07-01")
    assert released(stack, "epoxy", "openstack/alpha", "1.1.0").startswith("2026-07-02")

    # the same version in a second file of the series: one row, of the file with the newest release
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0", "1.2.0"]))
    upstream.commit(date="2026-07-03T00:00:00Z")
    upstream.sync()
    row = stack.status("epoxy", "trixie")["openstack/alpha"]
    assert (row["deliverable"], row["upstream"]) == ("delta", "1.2.0")
    assert released(stack, "epoxy", "openstack/alpha", "1.0.0").splitlines() == [
        "2026-07-01 00:00:00+00"] * 2

    # taken back and made again: the second time counts
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0"]))
    upstream.commit(date="2026-07-04T00:00:00Z")
    upstream.sync()
    assert stack.status("epoxy", "trixie")["openstack/alpha"]["upstream"] == "1.1.0"
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0", "1.2.0"]))
    upstream.commit(date="2026-07-05T00:00:00Z")
    upstream.sync()
    assert released(stack, "epoxy", "openstack/alpha", "1.2.0").startswith("2026-07-05")
    # and so it does where both commits come in one look, which leaves the file as it was
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0"]))
    upstream.commit(date="2026-07-06T00:00:00Z")
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0", "1.2.0"]))
    upstream.commit(date="2026-07-07T00:00:00Z")
    upstream.sync()
    assert released(stack, "epoxy", "openstack/alpha", "1.2.0").startswith("2026-07-07")

    # a clock that is wrong: no date
    upstream.write("epoxy/delta", text("openstack/alpha", releases=["1.0.0", "1.2.0", "1.3.0"]))
    upstream.commit(date="@253402300800 +0000")
    upstream.sync()
    assert stack.status("epoxy", "trixie")["openstack/alpha"]["upstream"] == "1.3.0"
    assert released(stack, "epoxy", "openstack/alpha", "1.3.0") == ""

    # gone
    os.unlink(upstream.path("epoxy/delta"))
    os.unlink(upstream.path("epoxy/gamma"))
    upstream.commit()
    upstream.sync()
    assert "openstack/alpha" not in stack.status("epoxy", "trixie")
    assert stack.psql("select count(*) from deb_status.deliverables where name in ('gamma', 'delta')") == "0"


def test_series_come_and_go(stack, upstream):
    upstream.write("hibiscus/nova", text("openstack/nova", releases=["34.0.0"]))
    upstream.commit()
    upstream.sync()
    position = "select name from deb_status.series where kind = 'cycle' order by position desc limit 1"
    assert stack.psql(position) == "hibiscus"
    with open(f"{upstream.dir}/data/series_status.yaml", encoding="utf-8") as f:
        status = f.read()
    entry = "- {name: hibiscus, release-id: 2026.2, status: development, initial-release: 2026-09-30}\n"
    with open(f"{upstream.dir}/data/series_status.yaml", "w", encoding="utf-8") as f:
        f.write(entry + status)
    upstream.commit()
    upstream.sync()
    assert stack.psql("select release, status, initial_release from deb_status.series "
                      "where name = 'hibiscus'") == "2026.2|development|2026-09-30"

    # the list cannot be read: what it said stays
    with open(f"{upstream.dir}/data/series_status.yaml", "w", encoding="utf-8") as f:
        f.write(status + "- [\n")
    upstream.commit()
    upstream.sync()
    assert list(upstream.set_aside()) == ["data/series_status.yaml"]
    assert stack.psql("select count(*) from deb_status.series where status is null") == "0"

    os.unlink(upstream.path("hibiscus/nova"))
    os.unlink(f"{upstream.dir}/data/series_status.yaml")
    upstream.commit()
    upstream.sync()
    assert not upstream.set_aside()
    assert stack.psql("select count(*) from deb_status.series where name = 'hibiscus'") == "0"


def test_a_repository_of_something_else_is_not_taken(stack, upstream):
    before = upstream.statuses()
    upstream.git("rm", "-rq", "deliverables")
    upstream.commit()
    job = stack.wait_job(stack.post("salsa", {"type": "releases.changed"}).json()["job"])
    assert (job["state"], job["error"]) == ("failed", "upstream has no folder deliverables/")
    assert upstream.statuses() == before


def test_a_series_from_a_repository_of_its_own(stack, upstream):
    """The file of one series names another repository: that series, and no other, is read there."""
    other = upstream.dir + "-other"
    upstream.git("clone", "-q", upstream.dir, other)
    second = Upstream(stack)
    second.dir = other
    second.write("gazpacho/nova", text("openstack/nova", releases=["33.0.0", "33.1.0"]))
    second.write("epoxy/nova", text("openstack/nova", releases=["99.0.0"]))
    second.write("epoxy/heat", "[")
    second.commit(date="2026-07-20T00:00:00Z")
    path = f"{stack.etc}/releases.d/gazpacho.yaml"
    with open(path, encoding="utf-8") as f:
        config = f.read()
    rows = ("select project, upstream, released from deb_status.statuses where series = 'gazpacho' "
            "and project <> 'openstack/nova' order by 1")
    before = stack.psql(rows)
    nova = "select upstream from deb_status.statuses where project = 'openstack/nova' and series = '{}' limit 1"
    epoxy = stack.psql(nova.format("epoxy"))
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write(config + f"upstream: {{kind: openstack-releases, repository: {other}}}\n")
        wait_for(lambda: stack.psql(nova.format("gazpacho")) == "33.1.0", "the other repository is read")
        stack.wait_idle()
        assert stack.psql(rows) == before
        assert stack.psql(nova.format("epoxy")) == epoxy and not upstream.set_aside()
        assert released(stack, "gazpacho", "openstack/nova", "33.1.0").startswith("2026-07-20")
        # what the main one says of that series is of no concern now
        upstream.write("gazpacho/nova", text("openstack/nova", releases=["33.9.0"]))
        upstream.commit()
        upstream.sync()
        assert stack.psql(nova.format("gazpacho")) == "33.1.0"
    finally:
        with open(path, "w", encoding="utf-8") as f:
            f.write(config)
    wait_for(lambda: stack.psql("select count(*) from deb_status.upstreams") == "1", "one upstream")
    stack.wait_idle()


def test_an_older_head_changes_nothing(stack, upstream):
    upstream.write("epoxy/nova", text("openstack/nova", releases=["31.0.0", "31.9.0"]))
    upstream.commit()
    upstream.sync()
    head = upstream.git("rev-parse", "HEAD")
    before = upstream.statuses()
    upstream.git("reset", "-q", "--hard", "HEAD~1")
    job = upstream.sync()
    assert upstream.statuses() == before
    assert stack.psql("select head from deb_status.upstreams") == head
    assert "is behind what was read before" in upstream.lines(job)
    # the server has caught up
    upstream.git("reset", "-q", "--hard", head)
    job = upstream.sync()
    assert "is behind" not in upstream.lines(job)


def test_a_rewritten_branch_is_taken_with_a_warning(stack, upstream):
    upstream.write("epoxy/nova", text("openstack/nova", releases=["31.0.0", "31.8.0"]))
    upstream.commit(date="2026-07-10T00:00:00Z")
    upstream.sync()
    upstream.git("reset", "-q", "--hard", "HEAD~1")
    upstream.write("epoxy/nova", text("openstack/nova", releases=["31.0.0", "31.7.0"]))
    upstream.commit(date="2026-07-11T00:00:00Z")
    job = upstream.sync()
    assert "was rewritten upstream" in upstream.lines(job)
    row = stack.status("epoxy", "trixie")["openstack/nova"]
    assert row["upstream"] == "31.7.0" and row["released"] == "2026-07-11T00:00:00Z"
    # and to a history without a past: what was known of dates stays
    orphan = upstream.git("commit-tree", "HEAD^{tree}", "-m", "all anew")
    upstream.git("reset", "-q", "--hard", orphan)
    job = upstream.sync()
    assert "was rewritten upstream" in upstream.lines(job)
    assert stack.status("epoxy", "trixie")["openstack/nova"]["released"] == "2026-07-11T00:00:00Z"


def test_unreachable_and_back(stack, upstream):
    before = upstream.statuses()
    checked = stack.psql("select checked from deb_status.upstreams")
    os.rename(upstream.dir, upstream.dir + ".away")
    try:
        job = stack.post("salsa", {"type": "releases.changed"}).json()["job"]
        stack_error = "select error from deb_status.upstreams where error is not null"
        error = wait_for(lambda: stack.psql(stack_error), "the error is there")
        assert error and upstream.dir not in error
        assert stack.psql("select checked from deb_status.upstreams") == checked
        assert stack.psql("select tried > checked from deb_status.upstreams") == "t"
        assert upstream.statuses() == before
    finally:
        os.rename(upstream.dir + ".away", upstream.dir)
    assert stack.wait_job(job)["state"] == "done"
    assert stack.psql("select error is null and checked = tried from deb_status.upstreams") == "t"


@pytest.mark.parametrize("damage", ["objects", "old-objects", "refs", "unclosed", "all"])
def test_a_damaged_copy_is_made_anew(stack, upstream, damage):
    copy, = glob.glob(f"{stack.dir}/data/upstream/*.git")
    if "objects" in damage:
        files = glob.glob(f"{copy}/objects/pack/*.pack")
        if damage == "old-objects":  # the newest pack has the branch's commit, and is well
            files.remove(max(glob.glob(f"{copy}/objects/pack/*.pack"), key=os.path.getmtime))
        for path in files:
            os.chmod(path, 0o644)
            with open(path, "r+b") as f:
                f.truncate(os.path.getsize(path) // 2)
    elif damage == "refs":
        with open(f"{copy}/refs/heads/master", "w", encoding="ascii") as f:
            f.write("0" * 39 + "1\n")
    elif damage == "unclosed":
        # a run that hung and was killed: libgit2 reads a loose object that is cut off for ever
        head = upstream.git("rev-parse", "HEAD")
        os.makedirs(f"{copy}/objects/{head[:2]}", exist_ok=True)
        with open(f"{copy}/objects/{head[:2]}/{head[2:]}", "wb") as f:
            f.write(bytes.fromhex("789c4b"))
        os.chown(f"{copy}/objects/{head[:2]}", os.stat(copy).st_uid, -1)
        for path in glob.glob(f"{copy}/objects/pack/*"):
            os.unlink(path)
        with open(f"{copy}/in-use", "wb"):
            pass
    else:
        subprocess.run(["rm", "-rf", copy], check=True)
    upstream.write("epoxy/nova", text("openstack/nova", releases=["31.0.0", f"31.{len(damage)}.9"]))
    upstream.commit()
    job = upstream.sync()
    assert stack.status("epoxy", "trixie")["openstack/nova"]["upstream"] == f"31.{len(damage)}.9"
    assert ("it is made anew" in upstream.lines(job)) == (damage == "old-objects")


def test_many_fetches_leave_no_heap_of_packs(stack, upstream):
    copy, = glob.glob(f"{stack.dir}/data/upstream/*.git")
    for n in range(310):
        with open(f"{copy}/objects/pack/pack-{n:040x}.pack", "wb"):
            pass
    upstream.write("epoxy/nova", text("openstack/nova", releases=["31.0.0", "31.6.6"]))
    upstream.commit()
    upstream.sync()
    assert stack.status("epoxy", "trixie")["openstack/nova"]["upstream"] == "31.6.6"
    assert len(os.listdir(f"{copy}/objects/pack")) < 20


def test_another_repository_keeps_everything(stack, upstream):
    """The same history at another place: nothing is lost, and nothing is read twice."""
    before = upstream.statuses()
    ids = stack.psql("select id, name, configured from deb_status.series order by id")
    dates = stack.psql("select count(*), count(released) from deb_status.releases")
    moved = upstream.dir + "-moved"
    upstream.git("clone", "-q", "--bare", upstream.dir, moved)
    with open(stack.config, encoding="utf-8") as f:
        config = f.read()
    try:
        for place in (moved, upstream.dir):
            with open(stack.config, "w", encoding="utf-8") as f:
                f.write(config.replace(upstream.dir, place))
            wait_for(lambda: stack.psql("select location, error is null, head is not null from "
                                        "deb_status.upstreams") == f"{place}|t|t", "it is read from there")
            stack.wait_idle()
            assert upstream.statuses() == before
            assert stack.psql("select id, name, configured from deb_status.series order by id") == ids
            assert stack.psql("select count(*), count(released) from deb_status.releases") == dates
    finally:
        with open(stack.config, "w", encoding="utf-8") as f:
            f.write(config)
