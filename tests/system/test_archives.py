# SPDX-License-Identifier: Apache-2.0
"""Remote suites: small signed archives made here, served over HTTP, read by the real worker and
apt. Each case has a suite of its own; a few looks at all of them, each remembered, are what the
tests judge: what goes wrong with one leaves the others as they are."""
import datetime
import glob
import gzip
import hashlib
import http.server
import json
import os
import platform
import shutil
import subprocess
import threading

import pytest
import yaml

from archive import TOOL

TEAM = "OpenStack <team+openstack@tracker.debian.org>"
NAMES = ("good", "odd", "tampered", "foreign", "expired", "lenient", "renamed", "emptied", "parts",
         "lost", "replayed", "torn", "steady")
START = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files without conditions: what changed within a second is seen. `closed` paths are 503."""
    closed = set()

    def meanwhile(self):
        """While apt waits for its answer."""

    def do_GET(self):
        self.meanwhile()
        del self.headers["If-Modified-Since"]
        if any(part in self.path for part in self.closed):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


class Remote:
    """An archive of suites; each write is one second newer than the one before."""

    def __init__(self, folder):
        self.dir, self.now = folder, START
        for key in ("key", "other"):
            os.makedirs(f"{folder}/{key}")
            TOOL.make_key(f"{folder}/{key}", key)
        handler = type("Handler", (Quiet,), {"closed": set()})
        self.handler, self.closed = handler, handler.closed
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *a: handler(*a, directory=f"{folder}/debian"))
        self.uri = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def path(self, suite, *parts):
        return os.path.join(self.dir, "debian", "dists", suite, *parts)

    def write(self, suite, key="key", age=0, components=None, **fields):
        """components: {name: text of Sources}; fields replace those of Release."""
        self.now += datetime.timedelta(seconds=1)
        shutil.rmtree(self.path(suite), ignore_errors=True)
        listed = []
        for name, text in (components or {}).items():
            data = text if isinstance(text, bytes) else text.encode()
            for path, content in ((f"{name}/source/Sources", data),
                                  (f"{name}/source/Sources.gz", gzip.compress(data, mtime=0))):
                TOOL.write(self.path(suite, path), content)
                listed.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path}")
        date = self.now - datetime.timedelta(seconds=age)
        head = {"Origin": "Test", "Label": "Test", "Suite": suite, "Codename": suite,
                "Date": date.strftime("%a, %d %b %Y %H:%M:%S UTC"),
                "Architectures": "all amd64", "Components": " ".join(components or {}), **fields}
        text = "".join(f"{k.replace('_', '-')}: {v}\n" for k, v in head.items() if v is not None)
        TOOL.write(self.path(suite, "Release"), (text + "SHA256:\n" + "\n".join(listed) + "\n").encode())
        TOOL.sign(f"{self.dir}/{key}", self.path(suite))


def source(name, version, maintainer=TEAM, **more):
    fields = {"Package": name, "Binary": name, "Version": version, "Maintainer": maintainer,
              "Architecture": "all", "Format": "3.0 (quilt)", "Directory": f"pool/{name}", **more}
    return "".join(f"{k.replace('_', '-')}: {v}\n" for k, v in fields.items()) + "\n"


def make_upstream(top):
    os.makedirs(f"{top}/data")
    os.makedirs(f"{top}/deliverables/epoxy")
    with open(f"{top}/data/series_status.yaml", "w", encoding="utf-8") as f:
        yaml.safe_dump([{"name": "epoxy", "release-id": "2025.1", "status": "maintained"}], f)
    for name in ("nova", "glance"):
        with open(f"{top}/deliverables/epoxy/{name}.yaml", "w", encoding="utf-8") as f:
            yaml.safe_dump({"team": name, "type": "service", "releases": [
                {"version": "31.0.0", "projects": [{"repo": f"openstack/{name}", "hash": "a" * 40}]}]}, f)
    for argv in (["init", "-q", "-b", "master"], ["add", "."],
                 ["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", top, *argv], check=True)


@pytest.fixture(scope="module")
def remote(folders):
    made = Remote(folders())
    for name in NAMES:
        made.write(name, components={"main": source("nova", "30.0.0-1")})
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def stack(remote, folders, make_stack):
    """After a first look at all suites."""
    etc = folders()
    os.mkdir(f"{etc}/releases.d")
    os.mkdir(f"{etc}/keys")
    shutil.copy(f"{remote.dir}/key/key.gpg", f"{etc}/keys/archive.gpg")
    make_upstream(f"{etc}/upstream")
    components = {"parts": "main contrib"}
    options = {"lenient": "[check-valid-until=no] ", "steady": "[signed-by=keys/archive.gpg] "}
    with open(f"{etc}/deb-status.yaml", "w", encoding="utf-8") as f:
        yaml.safe_dump({
            "database": "dbname=deb-status", "data": "/var/lib/deb-status",
            "site": {"title": "T", "url": "http://127.0.0.1/deb-status"},
            "upstream": {"repository": f"{etc}/upstream"}, "worker": {"attempts": 2, "backoff": "1s"},
            "archives": {"refresh": "24h", "keyring": "keys/archive.gpg"}}, f)
    with open(f"{etc}/releases.d/epoxy.yaml", "w", encoding="utf-8") as f:
        yaml.safe_dump({"series": "epoxy", "targets": {
            n: [f"deb {options.get(n, '')}{remote.uri} {n} {components.get(n, 'main')}"] for n in NAMES}}, f)
    remote.write("parts", components={"main": source("nova", "30.0.0-1"), "contrib": source("glance", "30.0.0-1")})
    made = make_stack(config=f"{etc}/deb-status.yaml", workers=0)
    made.run("deb-status-worker", "--once")
    return made


class Look:
    """What was there after a look: .job, and of each suite .error, .checked, .versions, .shown,
    .states {project: state}."""

    def __init__(self, stack, job=None):
        self.job = stack.json(f"/jobs/{job}") if job else None
        self.error, self.checked, self.versions, self.states, self.shown = {}, {}, {}, {}, {}
        data = json.loads(stack.psql(
            "select json_agg(json_build_object('name', su.name, 'error', su.error, 'checked', su.checked, "
            "'versions', (select coalesce(json_object_agg(so.name, so.version), '{}') from deb_status.sources so "
            "where so.suite = su.id))) from deb_status.suites su"))
        for row in data:
            name = row["name"]
            self.error[name], self.checked[name] = row["error"], row["checked"]
            self.versions[name] = row["versions"]
            page = stack.json(f"/status/epoxy/{name}")
            self.shown[name] = page["checked"]
            self.states[name] = {p["project"].split("/")[1]: p["state"] for p in page["projects"]}
        self.set_aside = dict(r.split("|") for r in stack.psql(
            "select source || ' ' || file, reason from deb_status.set_aside order by 1").splitlines())
        self.freshness = dict(r.split("|") for r in stack.psql(
            "select source, coalesce(error, '') from deb_status.freshness").splitlines())
        self.revisions = dict(r.split("|") for r in stack.psql(
            "select scope, n from deb_status.revisions where scope ~ '/'").splitlines())


def look(stack):
    job = stack.run("deb-status", "enqueue", "archives").stdout.strip()
    stack.run("deb-status-worker", "--once", check=False)
    return Look(stack, job)


def date(days):
    return (START + datetime.timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S UTC")


@pytest.fixture(scope="module")
def looks(stack, remote):
    """The looks, in order of time: what is there, much that is wrong, more of it, all mended."""
    made = [Look(stack)]
    remote.write("good", components={"main": "".join([
        source("nova", "30.0.0-1"), source("nova", "2:31.0.0-1"), source("nova", "31.1.0-1"),
        source("glance", "99.0-1", Extra_Source_Only="yes"), source("glance", "30.0.0~rc1-1"),
        source("glance", "30.0.0~b1-1"), source("only-kept", "1-1", Extra_Source_Only="yes")])})
    remote.write("odd", components={"main": source("nova", "30.0.0-2") + source("kept", "1-1")})
    new = {"main": source("nova", "31.0.0-1")}
    for suite in ("tampered", "torn", "replayed"):
        remote.write(suite, components=new)
    change(remote.path("tampered", "InRelease"), b"Origin: Test", b"Origin: Fake")
    for name in ("Sources", "Sources.gz"):
        data = source("nova", "99-1").encode()
        TOOL.write(remote.path("torn", "main/source", name), data if name == "Sources" else gzip.compress(data))
    remote.write("foreign", key="other", components=new)
    for suite in ("expired", "lenient"):
        remote.write(suite, components=new, Valid_Until=date(-1))
    remote.write("renamed", components=new, Suite="stable", Codename="forky", Label="Other", Version="14.0")
    remote.write("emptied", components={"main": ""})
    remote.write("parts", components=new)
    shutil.rmtree(remote.path("lost"))
    made.append(look(stack))

    remote.write("odd", components={"main": b"".join([
        source("nova", "30.0.0-3").encode(),
        source("kept", "not a version").encode(),
        b"Package: No_Name\nVersion: 1-1\n\n",
        b"Package: no-version\n\n",
        b"Package: latin\nVersion: 1-1\nMaintainer: Andr\xe9 <a@example.org>\n\n",
        b"this line is no field\nPackage: torn\nVersion: 1-1\n\n",
        b"Package: long\nVersion: 1:" + b"9" * 300 + b"-1\n\n",
        b"Version: 1-1\n\n",
        source("after", "1-1").encode()])})
    remote.write("tampered", components=new)
    remote.write("parts", components={**new, "contrib": source("nova", "31.0.0-2")})
    remote.write("foreign", components=new)
    os.unlink(remote.path("foreign", "InRelease"))
    os.unlink(remote.path("foreign", "Release.gpg"))
    remote.write("renamed", components={"main": source("nova", "99-1")}, Origin="Somebody else")
    remote.write("replayed", components={"main": source("nova", "29.0.0-1")}, age=3600)
    remote.write("lost", components=new)
    remote.closed.add("/lost/")
    made.append(look(stack))

    remote.closed.clear()
    remote.write("odd", components={"main": source("nova", "30.0.0-3")})
    for suite in ("torn", "foreign", "expired"):
        remote.write(suite, components=new)
    for lists in glob.glob(f"{stack.dir}/data/apt/*/state/lists"):
        shutil.rmtree(lists)  # the database knows the Date that apt has forgotten
    made.append(look(stack))
    return made


def change(path, old, new):
    with open(path, "rb") as f:
        data = f.read()
    assert old in data
    TOOL.write(path, data.replace(old, new))


def keeps(looks, at, suite, words):
    """The suite could not be refreshed in that look: its rows and age stay, and it is said why."""
    before, now = looks[at - 1], looks[at]
    assert words in (now.error[suite] or "")
    assert now.checked[suite] == before.checked[suite]
    assert now.versions[suite] == before.versions[suite] != {}
    assert now.shown[suite] == before.shown[suite] == now.checked[suite][:19] + "Z"
    assert words in now.freshness[f"suite {suite}"]
    assert now.revisions[f"epoxy/{suite}"] != before.revisions[f"epoxy/{suite}"], "pages show it"
    assert now.job["state"] == "done", "the other suites were read"


def reads(looks, at, suite, versions):
    assert looks[at].error[suite] is None and looks[at].versions[suite] == versions
    assert looks[at].checked[suite] > looks[at - 1].checked[suite]


def test_the_highest_of_each_name_counts(looks, stack):
    reads(looks, 1, "good", {"nova": "2:31.0.0-1", "glance": "30.0.0~rc1-1"})
    assert looks[1].states["good"] == {"nova": "ok", "glance": "outdated"}
    events = stack.psql("select kind, project, from_state, to_state, from_version, to_version, job is not null "
                        "from deb_status.events where target = 'good' order by project")
    assert events == ("state|openstack/glance|missing|outdated||30.0.0~rc1-1|t\n"
                      "state|openstack/nova|outdated|ok|30.0.0-1|2:31.0.0-1|t")


def test_a_bad_paragraph_is_set_aside_by_name(looks):
    reads(looks, 1, "odd", {"nova": "30.0.0-2", "kept": "1-1"})
    reads(looks, 2, "odd", {"nova": "30.0.0-3", "kept": "1-1", "after": "1-1"})  # kept: as it was
    aside = {k.removeprefix("odd main/source/Sources: "): v for k, v in looks[2].set_aside.items()}
    assert len(aside) == 7 and all(aside.values())
    assert "version 'not a version'" in aside["kept"]
    assert aside["no-version"] == "no field Version"
    assert "digits" in aside["long"]
    assert sum("UTF-8" in r for r in aside.values()) == 1
    assert sum("no name of a source package" in r for r in aside.values()) == 1
    assert sum("no field Package" in r for r in aside.values()) == 1
    reads(looks, 3, "odd", {"nova": "30.0.0-3"})
    assert looks[3].set_aside == {}


def test_a_text_that_was_changed_after_it_was_signed(looks):
    keeps(looks, 1, "tampered", "signature is wrong")
    reads(looks, 2, "tampered", {"nova": "31.0.0-1"})
    assert looks[2].states["tampered"]["nova"] == "ok"


def test_a_key_that_is_not_ours_and_no_signature_at_all(looks):
    keeps(looks, 1, "foreign", "key that is not in the configured keyring")
    keeps(looks, 2, "foreign", "not signed")
    reads(looks, 3, "foreign", {"nova": "31.0.0-1"})


def test_what_is_past_its_valid_until(looks):
    keeps(looks, 1, "expired", "expired (Valid-Until)")
    reads(looks, 1, "lenient", {"nova": "31.0.0-1"})  # its line says check-valid-until=no
    reads(looks, 3, "expired", {"nova": "31.0.0-1"})


def test_a_release_of_debian_renames_suites_another_archive_does_not(looks):
    reads(looks, 1, "renamed", {"nova": "31.0.0-1"})
    keeps(looks, 2, "renamed", "Origin")


def test_an_empty_suite_is_empty(looks):
    reads(looks, 1, "emptied", {})
    assert looks[1].states["emptied"] == {"nova": "missing", "glance": "missing"}


def test_a_component_that_is_not_there_is_an_error(looks):
    assert looks[0].versions["parts"] == {"nova": "30.0.0-1", "glance": "30.0.0-1"}
    keeps(looks, 1, "parts", "no sources in component contrib")
    reads(looks, 2, "parts", {"nova": "31.0.0-2"})  # of both the highest


def test_a_suite_that_is_gone_and_one_that_cannot_be_reached(looks):
    keeps(looks, 1, "lost", "no such suite")
    keeps(looks, 2, "lost", "cannot answer now")
    reads(looks, 3, "lost", {"nova": "31.0.0-1"})


def test_an_older_release_changes_nothing(looks):
    reads(looks, 1, "replayed", {"nova": "31.0.0-1"})
    assert looks[2].versions["replayed"] == {"nova": "31.0.0-1"}, "apt ignores it in silence"
    keeps(looks, 3, "replayed", "older than the one read before")


def test_an_index_that_its_release_does_not_list(looks):
    keeps(looks, 1, "torn", "differs from what its Release file lists")
    reads(looks, 3, "torn", {"nova": "31.0.0-1"})


def test_what_did_not_change_is_not_written(looks, stack):
    assert stack.psql("select s.changed < j.started from deb_status.status s "
                      "join deb_status.targets t on t.id = s.target join deb_status.projects p on p.id = s.project "
                      "cross join (select min(started) as started from deb_status.jobs where kind = 'archives' "
                      "and cause = 'admin') j where t.name = 'steady' and p.repo = 'openstack/nova'") == "t"
    assert looks[3].checked["steady"] > looks[1].checked["steady"], "but it was looked at"


def filters(command, folder):
    """Of the processes of that name with that folder in their environment: whether seccomp filters their calls."""
    found = set()
    for status in glob.glob("/proc/[0-9]*/status"):
        try:
            with open(status, encoding="utf-8") as f:
                fields = dict(line.split(":\t", 1) for line in f if ":\t" in line)
            with open(status.replace("status", "environ"), encoding="utf-8", errors="replace") as f:
                ours = folder in f.read()
        except OSError:
            continue
        if ours and fields["Name"].strip() == command:
            found.add(fields["Seccomp"].strip())
    return found


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no filter for this machine")
def test_apt_has_no_way_to_the_database(looks, remote, stack, monkeypatch):
    seen = {"apt-get": set(), "http": set()}

    def meanwhile(_):
        for command, found in seen.items():
            found |= filters(command, f"APT_CONFIG={stack.dir}/")

    monkeypatch.setattr(remote.handler, "meanwhile", meanwhile)
    assert look(stack).job["state"] == "done"
    assert seen == {"apt-get": {"2"}, "http": {"2"}}, "2: by a filter"


def test_when_nothing_can_be_read_the_job_fails(looks, remote, stack):
    os.rename(f"{remote.dir}/debian", f"{remote.dir}/away")
    nothing = look(stack)
    os.rename(f"{remote.dir}/away", f"{remote.dir}/debian")
    assert nothing.job["state"] == "failed"
    assert f"none of {len(NAMES)} suites" in nothing.job["error"]
    assert remote.uri not in nothing.job["error"], "addresses are for admins"
    assert nothing.versions == looks[3].versions
    assert all(nothing.error.values())
    assert look(stack).job["state"] == "done"
