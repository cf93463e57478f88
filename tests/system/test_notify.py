# SPDX-License-Identifier: Apache-2.0
"""deb-status-notify as a build host runs it: exit codes, the spool, --wait, and no secret in any
program's arguments."""
import base64
import contextlib
import glob
import http.server
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest
from conftest import DemoHost, sign, wait_for
from hook_site import make_config, new_secret

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOTIFY = os.path.join(TOP, "notify", "deb-status-notify")


@pytest.fixture(scope="module")
def site(folders, make_stack):
    return make_stack(config=make_config(folders()), workers=0)


class Host:
    """A build host's user: a folder with the secret's file and the spool."""

    def __init__(self, folder, secret, shell="sh"):
        self.dir, self.spool, self.shell = folder, f"{folder}/spool", shell
        self.file = f"{folder}/secret"
        self.set_secret(secret)
        os.mkdir(f"{folder}/tmp")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": f"{folder}/tmp"}

    def set_secret(self, text):
        with open(self.file, "w", encoding="ascii") as f:
            f.write(text.strip() + "\n")
        os.chmod(self.file, 0o600)

    def start(self, url, *args, **kw):
        argv = [self.shell, NOTIFY] if self.shell else [NOTIFY]
        argv += ["--spool", self.spool] + (["--url", url, "--secret", self.file] if url else [])
        return subprocess.Popen(argv + list(args), cwd=self.dir, env={**self.env, **kw},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def __call__(self, url, *args, **kw):
        process = self.start(url, *args, **kw)
        out, err = process.communicate(timeout=120)
        assert os.listdir(f"{self.dir}/tmp") == [], "temporary files left"
        return process.returncode, out, err

    def spooled(self):
        return sorted(glob.glob(f"{self.spool}/[0-9]*"))


@pytest.fixture
def host(folder, site):
    return Host(folder, site.secret("one"))


class Server:
    """Answers each POST with the next of `answers` (the last one for ever) and keeps what came."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                status, text = answer[:2]
                self.send_response(status)
                for name, value in answer[2:]:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/one"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    made = []

    def make(*answers):
        made.append(Server(*answers))
        return made[-1]
    yield make
    for s in made:
        s.close()


GOOD = (202, '{"job": 17, "state": "queued", "url": "http://127.0.0.1:9/deb-status/jobs/17"}\n')


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_accepted(site, folder, shell):
    program = shell.split()
    if not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is not installed")
    host = Host(folder, site.secret("one"))
    if len(program) > 1:  # a shell by the name of its program
        host.shell = f"{folder}/sh"
        os.symlink(shutil.which(program[0]), host.shell)
    else:
        host.shell = program[0]
    code, out, err = host(f"{site.hook}/one", "--mirror", "one", "--source", "nova", "--version",
                          "2:31.3.1-1~bpo12+1", "--build-url", "https://ci.example.org/job/nova/17/?a=b&c='d'")
    assert (code, err) == (0, ""), err
    job = re.fullmatch(r"job (\d+) queued (http://\S+/jobs/\1)\n", out).group(1)
    row = site.psql("select type, mirror, source, version, url, job from deb_status.deliveries "
                    "order by id desc limit 1")
    assert row == (f"package.built|one|nova|2:31.3.1-1~bpo12+1|https://ci.example.org/job/nova/17/"
                   f"?a=b&c='d'|{job}")
    assert not os.path.exists(host.spool), "nothing to spool"


def test_releases_and_equals_signs(site, folder):
    host = Host(folder, site.secret("two"))
    code, out, err = host(f"{site.hook}/two/", "--releases", "--for=5s")
    assert code == 0 and out.startswith("job "), err
    assert site.psql("select type from deb_status.deliveries order by id desc limit 1") == \
        "releases.changed"


def test_installed_program_is_the_same(site, host):
    with open(os.path.join(site.env["PATH"].split(":")[0], "deb-status-notify"), "rb") as f, \
            open(NOTIFY, "rb") as g:
        assert f.read() == g.read()


def test_ignored_is_accepted(site, folder):
    host = Host(folder, site.secret("two"))
    code, out, err = host(f"{site.hook}/two", "--mirror", "cold", "--wait")
    assert code == 0 and "of no effect: frozen" in err and out == ""


@pytest.mark.parametrize("sender, args, why", [
    ("one", ["--mirror", "two"], "403 not-allowed"), ("one", ["--releases"], "403 not-allowed"),
    ("two", ["--mirror", "two"], "401 signature"), ("nobody", ["--mirror", "one"], "401 signature")])
def test_refused(site, host, sender, args, why):
    """Printed, not spooled, and not tried again."""
    began = time.monotonic()
    code, out, err = host(f"{site.hook}/{sender}", *args, "--for", "60s")
    assert (code, out) == (2, "") and f"refused: {why}" in err, err
    assert time.monotonic() - began < 10
    assert host.spooled() == []


@pytest.mark.parametrize("args", [
    [], ["--mirror", "one", "--releases"], ["--mirror", "o ne"], ["--mirror", 'x"'],
    ["--mirror", "one", "--source", "Nova"], ["--mirror", "one", "--version", "1.0"],
    ["--mirror", "one", "--source", "nova", "--version", "1 2"], ["--mirror"], ["--nonsense"],
    ["--mirror", "one", "--build-url", "javascript:alert(1)"],
    ["--mirror", "one", "--build-url", 'http://x/"'], ["--mirror", "one", "--for", "soon"],
    ["--mirror", "one", "--for", ""], ["--mirror", "one", "--wait=yes"], ["--flush"], ["stray"],
    ["--releases", "--source", "nova"], ["--mirror", "one", "--build-url", "http://x/\ny"]])
def test_wrong_calls(server, host, args):
    s = server(GOOD)
    code, out, err = host(s.url, *args)
    assert code == 2 and out == "" and err, (code, out)
    assert s.got == [] and host.spooled() == []


def test_wrong_addresses_and_secrets(server, host, folder):
    for url in ("", "ftp://127.0.0.1/hook/one", "127.0.0.1/hook", 'http://127.0.0.1/"x', "http://a b/"):
        assert host(None, "--url", url, "--secret", host.file, "--mirror", "one")[0] == 2, url
    s = server(GOOD)
    assert host(None, "--url", s.url, "--mirror", "one")[0] == 2, "no secret"
    assert host(None, "--url", s.url, "--secret", f"{folder}/none", "--mirror", "one")[0] == 2
    for text in ("", "whsec_", "whsec_AAAA", "whsec_" + base64.b64encode(bytes(65)).decode(),
                 "not base64 at all!"):
        host.set_secret(text)
        code, _, err = host(s.url, "--mirror", "one")
        assert code == 2 and "secret" in err, text
        assert text == "" or text not in err or len(text) < 8
    assert s.got == []
    host.set_secret(new_secret())
    os.chmod(host.file, 0o644)
    code, _, err = host(s.url, "--mirror", "one")
    assert code == 0 and "readable by others" in err


@pytest.mark.parametrize("size", [16, 24, 31, 32, 33, 63, 64])
def test_signs_exact_bytes(server, host, size):
    """Against an independent HMAC, with keys of every length, zero and high bytes among them."""
    secret = "whsec_" + base64.b64encode(bytes([0, 255, 10, 37, 92, 39]) + os.urandom(size - 6)).decode()
    host.set_secret(secret)
    s = server(GOOD)
    assert host(s.url, "--mirror", "one", "--source", "nova", "--version", "1%2"[:1])[0] == 0
    headers, body = s.got[0]
    assert json.loads(body) == {"type": "package.built", "mirror": "one", "source": "nova",
                                "version": "1"}
    assert headers["webhook-signature"] == sign(secret, headers["webhook-id"],
                                                headers["webhook-timestamp"], body)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    assert headers["Content-Type"] == "application/json" and "Expect" not in headers


def test_tries_again_with_the_same_id(server, host):
    """503, nothing, somebody else's page, then accepted: one delivery."""
    s = server((503, '{"error": "database"}', ("Retry-After", "5")), (200, "<html>login</html>"),
               (429, ""), GOOD)
    code, out, _ = host(s.url, "--mirror", "one", "--for", "60s")
    assert code == 0 and out.startswith("job 17 queued ")
    assert len(s.got) == 4 and len({h["webhook-id"] for h, _ in s.got}) == 1
    times = [int(h["webhook-timestamp"]) for h, _ in s.got]
    assert times == sorted(times) and times[-1] > times[0], "each try has its own time"
    for h, body in s.got:
        with open(host.file, encoding="ascii") as f:
            assert h["webhook-signature"] == sign(f.read(), h["webhook-id"], h["webhook-timestamp"], body)


def test_a_redirection_is_refused(server, host):
    s = server((302, "", ("Location", "http://127.0.0.1:9/")))
    code, _, err = host(s.url, "--mirror", "one", "--for", "30s")
    assert code == 2 and "302" in err and host.spooled() == []


def test_spool_and_flush(server, host):
    s = server((503, '{"error": "database"}'))
    os.mkdir(host.spool, 0o755)
    code, out, err = host(s.url, "--mirror", "one", "--source", "nova", "--version", "1.0-1", "--for", "0s")
    assert (code, out) == (75, "") and "spooled" in err and "503 database" in err
    entry, = host.spooled()
    assert stat.S_IMODE(os.stat(host.spool).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(entry).st_mode) == 0o600
    with open(host.file, encoding="ascii") as f, open(entry, encoding="ascii") as g:
        assert f.read().strip()[6:] not in g.read(), "the secret's path, not the secret"
    code, _, err = host(None, "--flush")
    assert code == 75 and len(host.spooled()) == 1 and "does not answer" in err
    first = s.got[0]
    s.answers = [GOOD]
    wait_for(lambda: int(time.time()) > int(first[0]["webhook-timestamp"]), "a later second")
    assert host(None, "--flush")[0] == 0
    assert host.spooled() == []
    last = s.got[-1]
    assert last[1] == first[1], "the same bytes"
    assert last[0]["webhook-id"] == first[0]["webhook-id"]
    assert int(last[0]["webhook-timestamp"]) > int(first[0]["webhook-timestamp"])
    with open(host.file, encoding="ascii") as f:
        assert last[0]["webhook-signature"] == sign(f.read(), last[0]["webhook-id"],
                                                    last[0]["webhook-timestamp"], last[1])
    assert host(None, "--flush") == (0, "", ""), "nothing left"


@pytest.mark.parametrize("how", ["owner", "mode", "entry"])
def test_only_an_own_spool_is_believed(server, host, how):
    """An entry names the secret that signs, and the address: who could add one would have a
    signature of anything, and curl's own settings."""
    s = server(GOOD)
    os.mkdir(host.spool, 0o700)
    url = s.url + '"\toutput = "x' if how == "entry" else s.url
    with open(f"{host.spool}/1-x", "w", encoding="ascii") as f:
        f.write(f'url {url}\nsecret {host.file}\nid x\nbody {{"type": "releases.changed"}}\n')
    if how == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder away")
        os.chown(host.spool, 1, 1)
    elif how == "mode":
        os.chmod(host.spool, 0o777)
    code, _, err = host(None, "--flush")
    assert code == 75 and err, err
    assert s.got == [] and len(host.spooled()) == 1


def test_no_spool_where_everybody_writes(server, host):
    host.spool = ""
    host.env.pop("HOME")
    code, _, err = host(server((503, '{"error": "database"}')).url, "--releases", "--for", "0s")
    if os.path.isdir("/var/spool/deb-status-notify"):
        pytest.skip("this machine has a spool for everybody")
    assert code == 1 and "cannot be written" in err


def test_the_next_call_flushes(server, host):
    s = server((503, ""))
    for version in ("1-1", "1-2"):
        assert host(s.url, "--mirror", "one", "--source", "nova", "--version", version, "--for", "0")[0] == 75
    assert len(host.spooled()) == 2
    s.answers, s.got[:] = [GOOD], []
    assert host(s.url, "--mirror", "one", "--source", "nova", "--version", "1-3")[0] == 0
    versions = [json.loads(b)["version"] for _, b in s.got]
    assert versions[0] == "1-3" and sorted(versions[1:]) == ["1-1", "1-2"]  # of one second: in any order
    assert host.spooled() == []


def test_a_refused_entry_is_set_aside(server, host):
    """It must not block those behind it, nor be lost."""
    s = server((503, ""))
    for version in ("1-1", "1-2"):
        host(s.url, "--mirror", "one", "--source", "nova", "--version", version, "--for", "0")
    s.answers = [(403, '{"error": "not-allowed"}'), GOOD]
    code, _, err = host(None, "--flush")
    assert code == 2 and "403 not-allowed" in err
    assert [e.endswith(".refused") for e in host.spooled()] == [True]
    assert host(None, "--flush")[0] == 0, "and is not tried again"


def test_flush_against_the_hook(site, host):
    """Delivered twice (an answer that was lost): the second is known by its id."""
    code, _, _ = host("http://127.0.0.1:9/hook/one", "--mirror", "one", "--for", "0s")
    assert code == 75
    entry, = host.spooled()
    with open(entry, encoding="ascii") as f:
        text = f.read().replace("http://127.0.0.1:9/hook", site.hook)
    delivery = re.search(r"^id (\S+)$", text, re.M).group(1)
    for _ in range(2):
        with open(entry, "w", encoding="ascii") as f:
            f.write(text)
        assert host(None, "--flush")[0] == 0
    assert site.psql(f"select count(*) from deb_status.deliveries where delivery = '{delivery}'") == "1"


def test_a_server_that_never_answers(host):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(50)
        began = time.monotonic()
        code, _, err = host(f"http://127.0.0.1:{s.getsockname()[1]}/hook/one", "--mirror", "one",
                            "--for", "3s")
        assert code == 75 and len(host.spooled()) == 1, err
        assert 2 < time.monotonic() - began < 15


def test_interrupted_is_spooled(host):
    """A build that is stopped in the middle has still been built."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(50)
        process = host.start(f"http://127.0.0.1:{s.getsockname()[1]}/hook/one", "--mirror", "one",
                             "--for", "5s")
        s.settimeout(20)
        s.accept()[0].close()  # it has begun
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) and process.returncode == 75
    assert len(host.spooled()) == 1


def test_a_spool_that_cannot_be_written(server, host):
    s = server((503, ""))
    with open(host.spool, "w", encoding="ascii"):
        pass  # a file in its place
    code, _, err = host(s.url, "--mirror", "one", "--for", "0s")
    assert code == 1 and "cannot be written" in err


# ---------------------------------------------------------------- --wait

def waiting(site, host, *args):
    """A notify --wait under way, and its job, which carries nothing of the tests before."""
    site.psql("select deb_status.cancel(id) from deb_status.jobs where kind = 'mirror' "
              "and state = 'queued'")
    process = host.start(f"{site.hook}/one", "--mirror", "one", "--wait", *args)
    line = process.stdout.readline()
    return process, int(line.split()[1])


def claim(site, job):
    site.psql(f"update deb_status.jobs set run_at = now() - interval '1 day' where id = {job}")
    row = site.psql("select id, token from deb_status.queue_claim('h', 'w', 600, 5, true, 'mirror')")
    assert row.split("|")[0] == str(job)
    return row.split("|")[1]


def finish(site, job, token, outcome, error="null"):
    return site.psql(f"select deb_status.queue_finish({job}, {token}, '{outcome}', {error}, null, 0)")


def test_wait_done(site, host):
    process, job = waiting(site, host)
    token = claim(site, job)
    site.psql(f"select deb_status.queue_progress({job}, {token}, 'pool', 3, 12, 'files')")
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "pool 3/12 files" in line:
            break
    assert finish(site, job, token, "done") == "done"
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert any("queued" in line or "running" in line for line in lines + [err])


def test_wait_failed(site, host):
    process, job = waiting(site, host)
    token = claim(site, job)
    finish(site, job, token, "failed", "'InRelease: its signature is wrong'")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "InRelease: its signature is wrong" in err


def test_wait_cancelled(site, host):
    process, job = waiting(site, host)
    site.psql(f"select deb_status.cancel({job})")
    assert process.communicate(timeout=30) and process.returncode == 1


def test_wait_follows_the_job_that_took_over(site, host):
    process, job = waiting(site, host)
    token = claim(site, job)
    later = site.post("one", {"type": "package.built", "mirror": "one"}).json()["job"]
    assert later != job
    assert finish(site, job, token, "retry") == "superseded"
    token = claim(site, later)
    assert finish(site, later, token, "done") == "done"
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0 and f"job {later}: " in err, err
    assert not re.search("  | $", err, re.M), "what a job has not is left out"


def test_wait_ends_with_its_own_delivery(site, host):
    """The job goes on for somebody else's version; this one's is published."""
    process, job = waiting(site, host)
    site.post("one", {"type": "package.built", "mirror": "one", "source": "nova", "version": "9-1"})
    token = claim(site, job)
    assert finish(site, job, token, "done") == "queued", "nova 9-1 was not there"
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    site.psql(f"select deb_status.cancel({job})")


def test_the_whole_way(make_stack, folder):
    """A build on a real build host, waited for until the package is published."""
    demo = make_stack()
    demo.wait_idle()
    build_host = DemoHost(demo)
    build_host.add("bookworm-epoxy-backports", "nova", "2:99.0.0-1~bpo12+1")
    host = Host(folder, demo.secret("bookworm-epoxy"))
    code, out, err = host(f"{demo.hook}/bookworm-epoxy", "--mirror", "bookworm-epoxy", "--source", "nova",
                          "--version", "2:99.0.0-1~bpo12+1", "--wait")
    assert code == 0, (out, err, demo.log("worker-1")[-3000:])
    rows = demo.status("epoxy", "bookworm-osbpo")
    assert rows["openstack/nova"]["debian"] == "2:99.0.0-1~bpo12+1"


# ---------------------------------------------------------------- the secret

def test_no_secret_in_any_argument(server, host, folder):
    """Each program that it calls goes through one that notes its arguments; and every process of the
    machine is watched meanwhile."""
    secret = new_secret()
    host.set_secret(secret)
    shims, notes = f"{folder}/bin", f"{folder}/arguments"
    os.mkdir(shims)
    called = "curl openssl sed od tr date mktemp head mkdir chmod mv rm sync ls sleep cat printf env".split()
    for name in called:
        real = shutil.which(name, path="/usr/bin:/bin")
        with open(f"{shims}/{name}", "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >> {notes}\nexec {real} \"$@\"\n")
        os.chmod(f"{shims}/{name}", 0o755)
    seen, stop = set(), threading.Event()

    def watch():
        while not stop.is_set():
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    with open(path, "rb") as f:
                        seen.add(f.read())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        s = server((503, ""))
        assert host(s.url, "--mirror", "one", "--for", "2s", PATH=f"{shims}:/usr/bin:/bin")[0] == 75
        s.answers = [GOOD]
        assert host(None, "--flush", PATH=f"{shims}:/usr/bin:/bin")[0] == 0
    finally:
        stop.set()
        watcher.join()
    with open(notes, "rb") as f:
        noted = f.read()
    assert noted.count(b"/curl ") >= 2 and noted.count(b"/openssl ") >= 6
    key = base64.b64decode(secret[6:])
    pads = [bytes(b ^ x for b in key) for x in (0x36, 0x5C)]
    forbidden = [secret.encode(), secret[6:].encode(), key, key.hex().encode(), *pads]
    forbidden += ["".join(f"\\{b:03o}" for b in p[:6]).encode() for p in [key, *pads]]
    text = noted + b"\n".join(seen)
    for needle in forbidden:
        assert needle not in text, needle
    assert any(b"deb-status-notify" in x for x in seen), "the watch has seen it run"
