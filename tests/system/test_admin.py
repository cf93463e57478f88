# SPDX-License-Identifier: Apache-2.0
"""deb-status: every command against the demo; check on each thing that can be wrong."""
import getpass
import glob
import json
import os
import re
import shutil
import stat
import subprocess
import urllib.parse

import pytest
from conftest import wait_for

ROOT = os.getuid() == 0
POSTGRES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]


def superuser(stack, sql, database="deb-status"):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                           f"host={stack.dir}/run dbname={database} user=postgres"], input=sql,
                          capture_output=True, text=True, env=stack.env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def run(stack):
    def deb_status(*args, check=False, **kw):
        return stack.run("deb-status", *args, check=check, **kw)
    return deb_status


class Etc:
    """A copy of the demo's configuration to break things in."""

    def __init__(self, stack, folder):
        self.stack, self.dir = stack, f"{folder}/etc"
        subprocess.run(["cp", "-a", stack.etc, self.dir], check=True)
        self.main = f"{self.dir}/{os.path.basename(stack.config)}"

    def replace(self, old, new, name=None):
        path = f"{self.dir}/{name}" if name else self.main
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert old in text
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def write(self, name, data, mode=0o644):
        """A file as the worker's own."""
        path = f"{self.dir}/{name}"
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        if ROOT:
            st = os.stat(self.dir)
            os.chown(path, st.st_uid, st.st_gid)
        return path

    def check(self, *args, env=None, before=()):
        """(exit code, [(level, finding with its mend)])"""
        argv = ("env", *(f"{k}={v}" for k, v in (env or {}).items()), *before, "deb-status", "-c",
                self.main, "check", "--apache", f"{self.stack.dir}/apache.conf", *args)
        done = self.stack.run(*argv, check=False)
        assert done.returncode in (0, 1), done.stderr
        rows = [re.fullmatch(r"(error|note): (.*[.?] .+)", line) for line in
                done.stdout.splitlines()]
        assert all(rows), done.stdout
        found = [(r[1], r[2]) for r in rows]
        assert done.returncode == int(any(level == "error" for level, _ in found))
        return done.returncode, found


@pytest.fixture
def etc(stack, folder):
    return Etc(stack, folder)


def finds(found, level, *words):
    """A finding of that level that has all the words."""
    return any(l == level and all(w in text for w in words) for l, text in found)


# ---------------------------------------------------------------- the ways it is called

def test_help_and_wrong_calls(run):
    done = run("--help")
    names = re.findall(r"^  ([a-z-]+) ", done.stdout, re.M)
    assert done.returncode == 0 and {"check", "report", "migrate"} <= set(names)
    for name in names:
        text = run(name, "--help")
        assert text.returncode == 0 and text.stdout.startswith(f"usage: deb-status {name}")
        assert run(name, "--no-such-option").returncode == 2
    assert run("--version").stdout.startswith("deb-status ")
    for args in ([], ["nope"], ["-c"], ["job"], ["job", "x"], ["enqueue"], ["enqueue", "mirror"],
                 ["enqueue", "releases", "x"], ["report"], ["report", "epoxy", "--format", "pdf"],
                 ["report", "epoxy", "--format"], ["report", "epoxy", "--format", "csv"],
                 ["secret", "../x"], ["secret", ".x"], ["mask"], ["import"], ["migrate", "x"],
                 ["job", "1", "--retry", "--cancel"]):
        done = run(*args)
        assert done.returncode == 2 and done.stderr and not done.stdout, args
    assert run("-c", "/nonexistent/x.yaml", "report", "epoxy").returncode == 1


def test_a_full_disk_is_told(stack):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(["deb-status", "report", "epoxy"], stdout=full, env=stack.env,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "output" in done.stderr


def test_report_is_the_api(stack, run):
    for fmt in ("json", "csv", "txt", "list"):
        report = run("report", "epoxy", "trixie", "--format", fmt, check=True).stdout
        assert report == stack.get(f"/api/v1/status/epoxy/trixie?format={fmt}").text
    assert run("report", "2025.1", "trixie").stdout == run("report", "epoxy", "trixie").stdout
    documents = json.loads(run("report", "epoxy", "--format", "json", check=True).stdout)
    assert [d["target"] for d in documents] == ["trixie", "bookworm-osbpo"]
    names = run("report", "epoxy", "--format", "list", check=True).stdout.split()
    assert names == sorted(set(names)) and "nova" in names
    text = run("report", "epoxy", check=True).stdout
    assert "epoxy on trixie" in text and "epoxy on bookworm-osbpo" in text
    for args in (["nope"], ["epoxy", "nope"], ["nope", "--explain", "nova"]):
        done = run("report", *args)
        assert done.returncode == 1 and "epoxy/trixie" in done.stderr


def test_explain(run):
    text = run("report", "epoxy", "trixie", "--explain", "openstack/trove", check=True).stdout
    rows = [re.split(r"  +", line) for line in text.splitlines()]
    verdict = {r[1]: r[-1] for r in rows if r[0] in ("name", "prefix")}
    assert verdict["openstack-trove"].startswith("taken")
    assert verdict["trove"].startswith("left: it is not the team's")
    assert text.startswith("openstack/trove in epoxy on trixie: ok")
    assert run("report", "epoxy", "trixie", "--explain", "trove").stdout == text
    assert "on bookworm-osbpo" in run("report", "epoxy", "--explain", "openstack-trove").stdout
    done = run("report", "epoxy", "--explain", "nope")
    assert done.returncode == 1 and "no such project" in done.stderr


def test_mask_suggest(run):
    text = run("mask", "--suggest", "epoxy", check=True).stdout
    assert re.search(r"^mask:$", text, re.M) and re.search(r"^  - devstack  # .*untagged$", text, re.M)
    assert "nova" not in text and "kolla" not in text
    assert run("mask", "--suggest", "nope").returncode == 1


# ---------------------------------------------------------------- jobs

def test_jobs(stack, run):
    stack.worker("stop")
    try:
        first = run("enqueue", "mirror", "bookworm-epoxy", check=True).stdout
        assert re.fullmatch(r"\d+\n", first)
        job = first.strip()
        assert run("enqueue", "mirror", "bookworm-epoxy").stdout == first
        done = run("enqueue", "mirror", "nope")
        assert done.returncode == 1 and done.stderr == "deb-status: no such mirror: nope\n"
        assert run("job", job).returncode == 3
        assert run("job", job, "--cancel").returncode == 0
        shown = run("job", job)
        assert shown.returncode == 1 and "state: cancelled\n" in shown.stdout
        assert run("job", job, "--cancel").returncode == 1
        assert run("job", job, "--retry").stdout == f"job {job}: queued\n"
        assert run("job", "999999999999").returncode == 2
        # a superseded one is followed, however many steps
        stack.psql(f"""insert into deb_status.jobs (kind, what, state, superseded_by)
                       values ('mirror', 'x', 'superseded', {job}) returning id \\gset
                       insert into deb_status.jobs (kind, what, state, superseded_by)
                       values ('mirror', 'x', 'superseded', :id)""")
        last = stack.psql("select max(id) from deb_status.jobs")
        assert f"job: {job}\n" in run("job", last).stdout
    finally:
        stack.worker("start")
    stack.wait_job(int(job))
    assert run("job", job).returncode == 0
    published = stack.psql("select min(job) from deb_status.generations")
    assert re.search(r"^log: \S+Z 1 info publish .*generation 1 published", run("job", published).stdout, re.M)
    assert run("job", job, "--retry").returncode == 1


def test_raw_words_do_not_reach_the_terminal(stack, run):
    job = stack.psql("""insert into deb_status.jobs (kind, state, ended, error, detail)
        values ('releases', 'cancelled', now(), 'ours', E'line one\\x1b[2Jx\\nline two\\u009b1m') returning id""")
    stack.psql(f"""insert into deb_status.job_lines (job, level, text)
                   values ({job}, 'raw', E'a\\rb\\x07\\nc')""")
    shown = run("job", job)
    assert shown.returncode == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown.stdout)
    assert "detail: line one [2Jx\ndetail: line two 1m\n" in shown.stdout
    assert re.search(r"raw - a b $", shown.stdout, re.M) and re.search(r"raw - c$", shown.stdout, re.M)


# ---------------------------------------------------------------- secrets, import

def test_secret(stack, etc):
    def secret(*args):
        return stack.run("deb-status", "-c", etc.main, "secret", *args, check=False)
    path = f"{etc.dir}/secrets/new-host"
    done = secret("new-host")
    assert done.returncode == 0
    with open(path, encoding="ascii") as f:
        text = f.read()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", text)
    assert text.strip() not in done.stdout + done.stderr
    st = os.stat(path)
    assert stat.S_IMODE(st.st_mode) == 0o640
    assert secret("new-host").returncode == 1
    with open(path, encoding="ascii") as f:
        assert f.read() == text
    assert secret("new-host", "--rotate").returncode == 0
    with open(path, encoding="ascii") as f:
        assert f.read() != text
    with open(path + ".old", encoding="ascii") as f:
        assert f.read() == text
    refused = secret("new-host", "--rotate")
    assert refused.returncode == 1 and "still there" in refused.stderr
    assert secret("never-made", "--rotate").returncode == 1
    assert sorted(n for n in os.listdir(f"{etc.dir}/secrets") if "new" in n or "made" in n) == [
        "new-host", "new-host.old"]


def test_import(stack, etc):
    source = etc.write("releases.yaml", """
bookworm-dalmatian:
  os_ver_uri: https://releases.openstack.org/dalmatian
  apt:
    - deb http://bookworm-dalmatian.debian.net/debian bookworm-dalmatian-backports main
sid-dalmatian: {os_ver_uri: "https://releases.openstack.org/dalmatian", apt: ["deb http://ftp.debian.org/debian sid main"]}
""")

    def import_file():
        return stack.run("deb-status", "-c", etc.main, "import", source, check=False)
    made = f"{etc.dir}/releases.d/dalmatian.yaml"
    assert import_file().returncode == 0
    with open(made, encoding="utf-8") as f:
        assert f.read().startswith("series: dalmatian\ntargets:\n  bookworm:\n    - deb http://bookworm")
    assert import_file().returncode == 0  # the same again
    etc.write("releases.d/dalmatian.yaml", "series: dalmatian\n")
    refused = import_file()
    assert refused.returncode == 1 and "dalmatian.yaml" in refused.stderr
    os.unlink(made)
    etc.replace("deb http://ftp", "deb [trusted=yes] http://ftp", "releases.yaml")
    refused = import_file()
    assert refused.returncode == 1 and "trusted" in refused.stderr and not os.path.exists(made)


# ---------------------------------------------------------------- check: files

def test_check_is_green(etc):
    code, found = etc.check()
    assert code == 0, found
    assert finds(found, "note", "variant mod_fcgid")
    assert finds(found, "note", "without publish.sign-with")


def test_check_configuration(etc):
    etc.replace("upstream: {", "upstream: {colour: blue, ")
    code, found = etc.check()
    assert code == 1 and len(found) == 1
    assert re.search(r"^\S*deb-status.yaml:5: .*colour", found[0][1])


def secret_text(etc, name):
    with open(f"{etc.dir}/secrets/{name}", "rb") as f:
        return f.read()


def test_check_secrets(etc):
    etc.replace("  salsa: {", "  old: {secrets: [secrets/salsa], mirrors: [nope], profile: hmac, header: X-S}\n"
                "  weak: {secrets: [secrets/weak, secrets/gone], releases: true}\n"
                "  odd: {secrets: [secrets/odd], mirrors: []}\n  salsa: {")
    etc.write("secrets/weak", "whsec_MTIz\n", 0o640)
    etc.write("secrets/odd", secret_text(etc, "salsa"), 0o644)
    etc.write("secrets/stray", "x", 0o640)
    _, found = etc.check()
    assert finds(found, "error", "senders old and salsa have the same secret")
    assert finds(found, "error", "secrets/weak", "base64", "--rotate")
    assert finds(found, "error", "secrets/gone", "`deb-status secret weak`")
    assert finds(found, "error", "sender odd", "can be read or changed by others")
    assert finds(found, "note", "sender old", "profile hmac")
    assert finds(found, "note", "sender old", "mirror nope")
    assert finds(found, "note", "sender odd", "may do nothing")
    assert finds(found, "note", "no sender has the secret", "stray")
    assert not any(secret_text(etc, "salsa").decode().strip()[6:] in text for _, text in found)


def test_check_secrets_used(stack, etc):
    shutil.copyfile(f"{etc.dir}/secrets/bookworm-epoxy", f"{etc.dir}/secrets/bookworm-epoxy.old")
    text = secret_text(etc, "trixie-flamingo")
    etc.write("secrets/bookworm-epoxy.old", text[:-5] + b"AAA=\n", 0o640)
    etc.replace("[secrets/bookworm-epoxy]", "[secrets/bookworm-epoxy, secrets/bookworm-epoxy.old]")
    _, found = etc.check()
    unused = [t for _, t in found if "was ever signed" in t and "bookworm-epoxy" in t]
    answer = stack.post("bookworm-epoxy", {"type": "nothing.of.ours"})
    assert answer.status == 200, answer.text
    wait_for(lambda: stack.psql("select count(*) from deb_status.secrets_used") != "0", "the use is noted")
    _, found = etc.check()
    left = [t for _, t in found if "was ever signed" in t and "bookworm-epoxy" in t]
    assert len(unused) >= 1 and len(left) == 1 and "bookworm-epoxy.old" in left[0]
    # what signed before the file was written was another secret
    os.utime(f"{etc.dir}/secrets/bookworm-epoxy", (2 ** 31 - 1, 2 ** 31 - 1))
    _, found = etc.check()
    assert finds(found, "note", "no delivery was ever signed with bookworm-epoxy.")


class Keys:
    """Keys made by gpg, dated as one likes."""

    def __init__(self, folder):
        self.home, self.made = f"{folder}/gpg", {}
        os.mkdir(self.home, 0o700)

    def gpg(self, *args, data=None):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--no-tty", "--quiet",
                               "--pinentry-mode", "loopback", *args], input=data, check=True,
                              capture_output=True).stdout

    def make(self, name, expires, at=None, passphrase=""):
        self.gpg(*(["--faked-system-time", at] if at else []), "--passphrase", passphrase,
                 "--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", "sign", expires)

    def public(self, name):
        return self.gpg("--export", f"{name}@example.org")

    def secret(self, name, passphrase=""):
        return self.gpg("--passphrase", passphrase, "--export-secret-keys", f"{name}@example.org")

    def revoke(self, name):
        fingerprint = self.gpg("--with-colons", "--list-keys", f"{name}@example.org").decode()
        fingerprint = re.search(r"^fpr:+([0-9A-F]{40})", fingerprint, re.M)[1]
        with open(f"{self.home}/openpgp-revocs.d/{fingerprint}.rev", "rb") as f:
            self.gpg("--import", data=f.read().replace(b":-----BEGIN", b"-----BEGIN"))

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=True)


@pytest.fixture(scope="module")
def keys(folders):
    made = Keys(folders())
    made.make("good", "5y")
    made.make("soon", "10d")
    made.make("old", "1y", at="20200101T000000!")
    made.make("gone", "never")
    made.revoke("gone")
    made.make("locked", "never", passphrase="word")
    yield made
    made.stop()


def test_check_keys(etc, keys):
    etc.replace("mirrors: {bookworm-epoxy: {}", "mirrors: {" + "".join(
        f"{n}: {{suites: [{n}], signed-by: keys/{n}.gpg}}, " for n in
        ("good", "soon", "old", "gone", "both", "text", "empty", "none")) +
        "frozen: {suites: [frozen], signed-by: keys/old.gpg, state: frozen}, bookworm-epoxy: {}")
    for name in ("good", "soon", "old", "gone"):
        etc.write(f"keys/{name}.gpg", keys.public(name))
    etc.write("keys/both.gpg", keys.public("old") + keys.public("good"))
    etc.write("keys/text.gpg", "no key at all\n")
    etc.write("keys/empty.gpg", "")
    _, found = etc.check()
    assert finds(found, "note", "mirror soon", "expires")
    assert finds(found, "error", "mirror old", "is expired")
    assert finds(found, "error", "mirror gone", "is revoked")
    assert finds(found, "error", "mirror text:")
    assert finds(found, "error", "mirror empty:")
    assert finds(found, "error", "mirror none:", "No such file")
    assert not any(re.match("mirror (good|both|frozen):", text) for _, text in found)


def test_check_signing_key(etc, keys):
    def sign_with(data, mode=0o600):
        etc.write("keys/archive", data, mode)
        return [(l, t) for l, t in etc.check()[1] if "sign-with" in t]
    etc.replace("grace: 24h", "grace: 24h, sign-with: keys/archive")
    assert finds(etc.check()[1], "error", "publish.sign-with", "No such file")
    assert sign_with(keys.secret("good")) == []
    assert finds(sign_with(keys.secret("good"), 0o644), "error", "others can read")
    assert finds(sign_with(keys.public("good")), "error", "no secret key")
    assert finds(sign_with(keys.secret("locked", "word")), "error", "passphrase")
    assert finds(sign_with(keys.secret("old")), "error", "expired")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_check_says_what_the_kernel_lacks(etc):
    def lacks(version):
        call = f"inject=landlock_create_ruleset:retval={version}"
        # a sanitizer's search for leaks does not work under strace
        found = etc.check(env={"ASAN_OPTIONS": "detect_leaks=0"},
                          before=("strace", "-f", "-qq", "-o", "/dev/null", "-e", call))[1]
        return [t for l, t in found if l == "note" and "this kernel does not limit" in t]
    assert len(lacks(1)) == 1 and "(Landlock)" in lacks(1)[0]
    assert len(lacks(2)) == 3
    assert ["only read" in t or "TCP ports" in t or "signals" in t for t in lacks(2)] == [True] * 3
    assert len(lacks(5)) == 1 and "signals" in lacks(5)[0]
    assert lacks(6) == []


def test_check_targets_and_names(stack, etc):
    url = urllib.parse.urlsplit(stack.archive)
    etc.write("releases.d/extra.yaml", "series: caracal\ntargets:\n  ours:\n"
              f"    - deb http://{url.netloc}/debian nobody-publishes-this main\n"
              "names: {openstack/nova: nova}\n")
    etc.replace("worker: {", "names: {openstack/nope: nova, openstack/nova: nonsense}\nworker: {")
    code, found = etc.check()
    assert code == 1
    assert finds(found, "error", "releases.d/extra.yaml:4", "nobody-publishes-this", "no mirror")
    assert finds(found, "note", "openstack/nope", "no configured series")
    assert finds(found, "note", "openstack/nova: nonsense", "no suite has")
    assert finds(found, "note", "releases.d/extra.yaml", "no project of caracal")
    assert finds(found, "note", "configuration was changed")


def test_check_apache(stack, etc):
    conf = f"{etc.dir}/apache.conf"
    with open(f"{stack.dir}/apache.conf", encoding="utf-8") as f:
        text = f.read()
    with open(f"{stack.dir}/site.conf", encoding="utf-8") as f:
        site = f.read()
    etc.write("site.conf", re.sub(r"MaxProcesses \d+", "MaxProcesses 70", site)
              .replace("FcgidMaxRequestLen 1114112", "FcgidMaxRequestLen 70000"))
    etc.write("apache.conf", text.replace(f"{stack.dir}/site.conf", f"{etc.dir}/site.conf")
              .replace("MaxRequestWorkers ", "MaxRequestWorkers 150 #"))
    etc.replace("releases: true}", "releases: true, body-limit: 1M}")

    code, found = etc.check("--apache", conf)
    assert code == 1
    assert finds(found, "error", "70 processes of hook.fcgi", "deb_status_hook may have only")
    assert finds(found, "error", "70 processes of pages.fcgi", "deb_status_pages")
    assert finds(found, "error", "hook 70, pages 70", "max_connections")
    assert finds(found, "error", "sender salsa", "answers 500 above 70000")
    assert finds(found, "error", "sender salsa", "DEB_STATUS_BODY_LIMIT 1048576")
    assert finds(found, "note", "more than 70 requests", "whole second", "MaxRequestWorkers 150")
    etc.write("apache.conf", re.sub(r"^(LoadModule fcgid_module|Fcgid).*", "", text, flags=re.M))
    found = etc.check("--apache", conf)[1]
    assert finds(found, "error", "mod_fcgid is not loaded", "apt install libapache2-mod-fcgid")
    assert not any("processes" in words or "whole second" in words for _, words in found), "no number is known"
    etc.write("apache.conf", "Listen 80\n")
    assert finds(etc.check("--apache", conf)[1], "note", "serves neither")
    assert finds(etc.check("--apache", f"{etc.dir}/none")[1], "error", "there is no")


def test_check_an_address_that_was_in_use(stack, etc):
    """The archive's address hides what a site had there before."""
    conf = f"{stack.dir}/apache.conf"
    assert not finds(etc.check("--apache", conf)[1], "note", "is the archive's")
    os.makedirs(f"{etc.dir}/www/debian")
    etc.write("more.conf", f"Include {conf}\nDocumentRoot {etc.dir}/www\n"
                           "<VirtualHost *:80>\nAlias /debian/ /srv/mirror\n</VirtualHost>\n")
    found = etc.check("--apache", f"{etc.dir}/more.conf")[1]
    assert finds(found, "note", "/debian is the archive's", f"{etc.dir}/www/debian")
    assert finds(found, "note", "/debian is the archive's", "Alias of /srv/mirror")


@pytest.mark.skipif(not ROOT, reason="needs root: another user's files")
def test_check_by_somebody(etc):
    os.chown(f"{etc.dir}/secrets", 0, 0)
    os.chmod(f"{etc.dir}/secrets", 0o700)
    code, found = etc.check()
    assert code == 0 and finds(found, "note", "were not looked at", "as root")
    assert not any(text.startswith("sender ") for _, text in found)


@pytest.mark.skipif(not ROOT, reason="needs root: another user's files")
def test_check_who_can_read(stack, etc):
    conf = f"{etc.dir}/apache.conf"
    with open(f"{stack.dir}/apache.conf", encoding="utf-8") as f:
        etc.write("apache.conf", "User www-data\n" + f.read())
    os.chown(f"{etc.dir}/secrets/salsa", 0, 0)
    os.chmod(f"{etc.dir}/keys", 0o700)
    os.chmod(etc.main, 0o600)
    done = subprocess.run(["deb-status", "-c", etc.main, "check", "--apache", conf], env=stack.env,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(r"error: user www-data cannot read .*deb-status.yaml", done.stdout)
    assert re.search(r"error: sender salsa: the hook's user www-data cannot read", done.stdout)


def test_check_sockets(stack, etc):
    """The processes behind the sockets are systemd's enabled units; they need connections as well."""
    etc.write("apache.conf", "Define DEB_STATUS_SOCKETS /run/deb-status\n" + open(
        f"{stack.dir}/apache.conf", encoding="utf-8").read())
    units = f"{etc.dir}/units/multi-user.target.wants"
    os.makedirs(units)
    args = ("--apache", f"{etc.dir}/apache.conf", "--units", f"{etc.dir}/units")
    found = etc.check(*args)[1]
    assert finds(found, "note", "hook.fcgi at a socket", "deb-status-hook@{1..16}")
    assert finds(found, "note", "pages.fcgi at a socket", "deb-status-pages@{1..24}")
    for name, count in (("hook", 41), ("pages", 61)):
        for n in range(count):
            os.symlink("/dev/null", f"{units}/deb-status-{name}@{n}.service")
    found = etc.check(*args)[1]
    assert finds(found, "error", "systemd starts 41 processes of hook.fcgi", "only 40", "connection limit 41")
    assert finds(found, "error", "systemd starts 61 processes of pages.fcgi", "only 60")
    assert not finds(found, "note", "at a socket, and")


# ---------------------------------------------------------------- check: the database

def test_check_jobs_and_connections(etc):
    """Each job has a connection, each worker one: 30 are the role's."""
    assert not finds(etc.check()[1], "error", "deb_status_worker may have only")
    etc.replace("jobs: 4", "jobs: 30")
    assert finds(etc.check()[1], "error", "1 workers of 30 jobs need 31 connections", "only 30", "worker.jobs")


def test_check_without_configuration(stack):
    done = stack.run("deb-status", "-c", "/nonexistent", "check", check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("error: the configuration cannot be read: open /nonexistent: ")
    assert "Mend that line" not in done.stdout


def test_check_unreachable(stack, etc):
    code, found = etc.check(env={"DEB_STATUS_DATABASE": f"host={etc.dir} dbname=x"})
    away = [t for l, t in found if l == "error"]
    assert code == 1 and len(away) == 1 and "cannot be reached" in away[0]
    found = etc.check(env={"DEB_STATUS_DATABASE": f"host={stack.dir}/run dbname=nope"})[1]
    assert finds(found, "error", "deb_status_pages", "setup-database")


def test_check_rights(stack, etc, run):
    superuser(stack, """grant select on deb_status.jobs to deb_status_hook;
        grant update on deb_status.status to deb_status_pages;
        revoke insert on deb_status.deliveries from deb_status_worker;
        alter role deb_status_pages createdb;
        grant connect on database "deb-status" to public;""")
    try:
        _, found = etc.check()
        assert finds(found, "error", "deb_status_hook may touch tables: jobs", "migrate --again")
        assert finds(found, "error", "deb_status_pages may write status")
        assert finds(found, "error", "deb_status_worker may not write deliveries")
        assert finds(found, "error", "deb_status_pages has rights over the whole server (createdb)")
        assert finds(found, "note", "everyone", "connect")
    finally:
        superuser(stack, 'alter role deb_status_pages nocreatedb; revoke connect on database "deb-status" from public')
        assert run("migrate", "--again").returncode == 0
    assert etc.check()[0] == 0


def test_check_schema(stack, etc, run):
    stack.psql("update deb_status.instance set code_hash = 'x'")
    assert run("migrate", "--status").returncode == 1
    assert finds(etc.check()[1], "error", "schema is not this program's", "`deb-status migrate`")
    assert run("migrate").returncode == 0 and run("migrate", "--status").returncode == 0
    stack.psql("insert into deb_status.migrations (number, name, hash) values (999, '999-later', '')")
    try:
        assert finds(etc.check()[1], "error", "newer than this program")
        for args in (["migrate"], ["report", "epoxy"], ["enqueue", "releases"]):
            done = run(*args)
            assert done.returncode == 1 and "newer" in done.stderr
    finally:
        stack.psql("delete from deb_status.migrations where number = 999")
    assert etc.check()[0] == 0


def test_check_queue(stack, etc):
    stack.worker("stop")
    try:
        code, found = etc.check()
        assert code == 0 and finds(found, "note", "no worker runs", "systemctl start")
        stack.psql("""insert into deb_status.jobs (kind, what, run_at)
                      values ('archives', '', now() - interval '1 hour')""")
        code, found = etc.check()
        assert code == 1 and finds(found, "error", "no worker runs, 1 jobs wait")
        stack.psql("delete from deb_status.jobs where state = 'queued'")
        failed = stack.psql("""insert into deb_status.jobs (kind, what, state, ended, error)
            values ('mirror', 'bookworm-epoxy', 'failed', now() + interval '1 hour', 'it broke') returning id""")
        found = etc.check()[1]
        assert finds(found, "error", f"job {failed} (mirror bookworm-epoxy)", "it broke",
                     f"`deb-status job {failed} --retry`")
        stack.psql(f"update deb_status.jobs set ended = now() - interval '1 year' where id = {failed}")
        assert finds(etc.check()[1], "note", f"job {failed} ", "A later one went well")
        stack.psql(f"delete from deb_status.jobs where id = {failed}")
    finally:
        stack.worker("start")
    assert etc.check()[0] == 0


def test_check_freshness(stack, etc):
    stack.psql("""update deb_status.suites set error = 'no route' where name = 'sid';
                  update deb_status.suites set checked = now() - interval '3 days' where name = 'trixie';
                  update deb_status.mirrors set host = 'elsewhere' where name = 'trixie-flamingo'""")
    try:
        found = etc.check()[1]
        assert finds(found, "error", "suite sid: no route, last read well")
        assert finds(found, "error", "suite trixie was last read")
        assert finds(found, "error", "mirror trixie-flamingo is of host elsewhere")
    finally:
        stack.psql("""update deb_status.suites set error = null, checked = now() where mirror is null;
                      update deb_status.mirrors set host = null""")
    assert etc.check()[0] == 0


# ---------------------------------------------------------------- a status page alone

def test_status_page_alone_is_green(stack, make_stack, folder):
    shutil.copytree(stack.etc, f"{folder}/etc")
    with open(stack.config, encoding="utf-8") as f:
        lines = [line for line in f if not re.match("publish|mirror|senders|  [a-z-]+: .*secrets|  from|  signed", line)]
    lines = [line for line in lines if '"{name}' not in line]
    with open(f"{folder}/etc/deb-status.yaml", "w", encoding="utf-8") as f:
        f.writelines(lines)
    shutil.rmtree(f"{folder}/etc/secrets")
    shutil.rmtree(f"{folder}/etc/releases.d")
    os.mkdir(f"{folder}/etc/releases.d")
    with open(f"{folder}/etc/releases.d/flamingo.yaml", "w", encoding="utf-8") as f:
        f.write("series: flamingo\ntargets: [sid, trixie]\n")
    alone = make_stack(f"{folder}/etc/deb-status.yaml")
    alone.wait_idle()
    done = alone.run("deb-status", "check", "--apache", f"{alone.dir}/apache.conf", check=False)
    assert done.returncode == 0 and "error" not in done.stdout, done.stdout
    assert not re.search("sender|mirror|sign-with|variant", done.stdout)
    assert "green" in done.stderr


# ---------------------------------------------------------------- setup-database

def test_setup_database(stack, folder):
    """A cluster that lets in by peer alone, as Debian's does: our block in both files is what makes
    the difference."""
    def server(*argv):
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if ROOT else []
        return subprocess.run([*user, *argv], cwd="/", check=True, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}).stdout

    def deb_status(*args):
        return subprocess.run(["deb-status", "-c", f"{folder}/deb-status.yaml", *args], text=True,
                              env={**{k: v for k, v in stack.env.items() if "DEB_STATUS" not in k}},
                              capture_output=True, check=False)
    if ROOT:
        shutil.chown(folder, "postgres", "postgres")
    server(f"{POSTGRES}/initdb", "-D", f"{folder}/data", "-A", "peer", "--no-sync", "-E", "UTF8",
           "--locale=C.UTF-8")
    with open(f"{folder}/deb-status.yaml", "w", encoding="utf-8") as f:
        f.write(f"database: host={folder} dbname=ds-test\n")
    server(f"{POSTGRES}/pg_ctl", "-w", "-s", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o",
           f"-c listen_addresses='' -c unix_socket_directories={folder}", "start")
    try:
        superuser_as = [] if ROOT else ["--as", f"host={folder} dbname=postgres user={getpass.getuser()}"]
        with open(f"{folder}/data/pg_hba.conf", encoding="utf-8") as f:
            before = f.read()
        printed = deb_status("setup-database", *superuser_as)
        assert printed.returncode == 1 and 'peer map="ds-test"' in printed.stdout
        done = deb_status("setup-database", "--write", *superuser_as)
        with open(f"{folder}/data/pg_hba.conf", encoding="utf-8") as f:
            assert f.read().endswith('# deb-status "ds-test": end\n' + before)
        if not ROOT:  # who calls is none of the users that are let in
            assert done.returncode == 1 and "their owner cannot connect" in done.stderr
            return
        assert done.returncode == 0, done.stderr
        assert deb_status("migrate", "--status").returncode == 0
        again = deb_status("setup-database", "--write")
        assert again.returncode == 0 and "already" in again.stdout
        assert subprocess.run(["psql", "-XAtq", "-d", f"host={folder} dbname=ds-test user=deb_status_worker"],
                              input="select 1", text=True, capture_output=True, check=True).stdout == "1\n"
        # what the server refuses is taken back
        with open(f"{folder}/data/pg_ident.conf", "a", encoding="utf-8") as f:
            f.write('"unclosed\n')
        server("sed", "-i", "s/^\"ds-test\" www-data deb_status_hook$//", f"{folder}/data/pg_ident.conf")
        refused = deb_status("setup-database", "--write")
        assert refused.returncode == 1 and "as they were" in refused.stderr
        assert "www-data deb_status_hook" not in server("cat", f"{folder}/data/pg_ident.conf")
        assert deb_status("setup-database", "--as", "user=x password=y").returncode == 1
    finally:
        server(f"{POSTGRES}/pg_ctl", "-w", "-s", "-m", "immediate", "-D", f"{folder}/data", "stop")
