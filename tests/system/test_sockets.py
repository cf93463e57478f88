# SPDX-License-Identifier: Apache-2.0
"""apache/deb-status-sockets.conf: mod_proxy_fcgi, programs of their own users, started by whoever holds
the sockets (systemd; here the test)."""
import contextlib
import os
import pwd
import signal
import stat
import subprocess
import threading
import time
import uuid

import pytest
from conftest import request, wait_for
from hook_site import (BUILT, chunked, connect, encode, make_config, raw, read_answer, signed,
                       write_secret)
from web import TOP, Apache, Program

USERS = {"hook": "games", "pages": "backup"}  # any two that are not www-data


class Site:
    """The database and configuration of a stack, with Apache and programs of its own."""

    def __init__(self, stack, folder):
        self.stack, self.dir = stack, folder
        sockets = f"{folder}/sockets"
        os.mkdir(sockets)
        os.chmod(sockets, 0o755)
        env = {k: stack.env[k] for k in ("DEB_STATUS_CONFIG", "DEB_STATUS_SHARE", "PATH")}
        binaries = stack.env["PATH"].split(":")[0]
        if os.getuid() == 0:  # the secrets are this hook's, and still the one's under mod_fcgid
            apache = pwd.getpwnam("www-data")
            hook = pwd.getpwnam(USERS["hook"])
            for name in os.listdir(f"{stack.etc}/secrets"):
                os.chown(f"{stack.etc}/secrets/{name}", apache.pw_uid, hook.pw_gid)
        self.hook_program = Program(f"{binaries}/hook.fcgi", USERS["hook"], f"{sockets}/hook.sock", env, 4)
        self.pages = Program(f"{binaries}/pages.fcgi", USERS["pages"], f"{sockets}/pages.sock", env, 2)
        self.apache = Apache(f"{folder}/apache", ["proxy", "proxy_fcgi"], f"""
Define DEB_STATUS_SOCKETS "{sockets}"
Define DEB_STATUS_BIN "{binaries}"
Define DEB_STATUS_SHARE "{stack.env['DEB_STATUS_SHARE']}"
Define DEB_STATUS_ARCHIVE "{folder}"
Define DEB_STATUS_BODY_LIMIT 1048576
Define DEB_STATUS_SITE "{TOP}/apache/deb-status.conf"
Include "{TOP}/apache/deb-status-sockets.conf"
""")
        self.hook, self.url = f"{self.apache.url}/hook", f"{self.apache.url}/deb-status"

    def post(self, sender, body, delivery=None, timeout=30):
        text = encode(body)
        return request(f"{self.hook}/{sender}", text, timeout=timeout,
                       headers=dict(signed(self.stack.secret(sender), text, delivery)))

    def close(self):
        self.apache.stop()
        self.hook_program.close()
        self.pages.close()


@pytest.fixture(scope="module")
def site(folders, make_stack):
    stack = make_stack(config=make_config(folders()), workers=0)
    site = Site(stack, folders())
    yield site
    site.close()


def test_answers_as_with_mod_fcgid(site):
    """The same words, statuses and headers, whichever way Apache reaches the program."""
    stack = site.stack
    good = encode(BUILT)

    def good_headers():
        return signed(stack.secret("one"), good)
    rows = [
        ("GET", [], b""), ("HEAD", [], b""), ("PUT", [("Content-Length", "2")], b"{}"),
        ("PUT", [("Transfer-Encoding", "chunked")], chunked(good)),
        ("POST", [], b""), ("POST", [("Transfer-Encoding", "chunked")], chunked(good)),
        ("POST", [("Content-Length", "65537")], b"x" * 65537),
        ("POST", [("Content-Length", "2000000")], b"x" * 2000000),
        ("POST", [("Content-Length", "2"), ("Content-Type", "text/plain")], b"{}"),
        ("POST", [("Content-Length", "2"), ("Content-Type", "application/json")], b"{}"),
        ("POST", good_headers(), good), ("POST", signed(stack.secret("two"), good), good),
        ("POST", signed(stack.secret("one"), b"[]"), b"[]"),
    ]
    for method, headers, body in rows:
        answers = []
        for url in (stack.hook, site.hook):
            a = raw(url, headers, body, method, "/hook/one")
            answers.append((a.status, a.body.split(b"/deb-status/")[0][:60],
                            {k: v for k, v in a.headers.items()
                             if k not in ("Date", "Server", "Content-Length", "Transfer-Encoding")}))
        if answers[0][0] == 202:  # the same delivery, known by its id now
            assert answers[1][0] == 200
        else:
            assert answers[0] == answers[1], (method, headers)
    for path in ("/", "/health", "/queue", "/api/v1/series", "/nothing", "/static/style.css",
                 "/api/v1/revision", "/project/none/such", "/jobs/999999"):
        answers = [request(url + path) for url in (stack.url, site.url)]
        assert answers[0].status == answers[1].status, path
        assert answers[0].headers.get("Content-Type") == answers[1].headers.get("Content-Type"), path
        assert answers[0].headers.get("Content-Security-Policy") == \
            answers[1].headers.get("Content-Security-Policy"), path
    series = request(site.url + "/api/v1/series")
    again = request(site.url + "/api/v1/series", headers={"If-None-Match": series.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_request_ids_and_refusals(site):
    delivery = f"msg_{uuid.uuid4().hex}"
    assert site.post("one", BUILT, delivery).status == 202
    rid = site.stack.psql(f"select request_id from deb_status.deliveries where delivery = '{delivery}'")
    assert rid and rid in site.apache.log("access") and rid in site.hook_program.log()
    before = site.stack.psql("select coalesce(sum(refused), 0) from deb_status.refusals "
                             "where sender = 'lab' and reason = 'size'")
    assert raw(site.hook, [("Content-Length", "1048577")], b"", path="/hook/lab").status == 413
    wait_for(lambda: site.stack.psql("select sum(refused) from deb_status.refusals where sender = 'lab' "
                                     "and reason = 'size'") == str(int(before) + 1), "counted", 15)


def test_large_body(site):
    body = encode({"type": "x", "x": "y" * 1000000})
    assert site.post("lab", body).json() == {"ignored": "type"}
    assert site.stack.psql("select max(octet_length(body)) from deb_status.deliveries "
                           "where sender = 'lab'") == str(len(body))


@pytest.mark.skipif(os.getuid() != 0, reason="users of their own need root")
def test_each_program_is_its_own_user(site):
    for program, name in ((site.hook_program, "hook"), (site.pages, "pages")):
        for p in program.processes:
            assert os.stat(f"/proc/{p.pid}").st_uid == pwd.getpwnam(USERS[name]).pw_uid
    path = f"{site.stack.etc}/secrets/one"
    assert not os.stat(path).st_mode & stat.S_IROTH
    done = subprocess.run(["setpriv", f"--reuid={USERS['pages']}", "--clear-groups",
                           f"--regid={pwd.getpwnam(USERS['pages']).pw_gid}", "cat", path],
                          capture_output=True, check=False)
    assert done.returncode == 1, "pages.fcgi's user reads no secret"


def test_slow_bodies_hold_a_process_for_seconds(site):
    """mod_proxy_fcgi hands a body on while it comes: the program gives it three seconds in all."""
    head = "".join(f"{n}: {v}\r\n" for n, v in signed(site.stack.secret("one"), BUILT))
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(site.hook, 30)) for _ in range(4)]
        began = time.monotonic()
        for s in slow:
            s.sendall(f"POST /hook/one HTTP/1.1\r\nHost: x\r\n{head}\r\n{{".encode())
        drip = threading.Event()

        def dripping():  # a byte now and then gives no more time
            while not drip.wait(0.3):
                with contextlib.suppress(OSError):
                    slow[0].sendall(b" ")
        thread = threading.Thread(target=dripping)
        thread.start()
        try:
            assert site.post("one", BUILT, timeout=20).status == 202
            assert time.monotonic() - began < 8, "all four processes were held, for three seconds"
            for s in slow:
                with s.makefile("rb") as stream:
                    answer = read_answer(stream)
                    assert answer is None or answer.status in (400, 408), answer.status
        finally:
            drip.set()
            thread.join()


def test_reloads_touch_nothing(site):
    """Apache is reloaded again and again under posts: not one fails, no process is a new one."""
    pids = [p.pid for p in site.hook_program.processes]
    accepted, errors, stop = [], [], threading.Event()

    def client():
        while not stop.is_set():
            delivery = f"msg_{uuid.uuid4().hex}"
            try:
                a = site.post("one", BUILT, delivery, timeout=10)
                (accepted if a.status == 202 else errors).append(delivery)
            except OSError as e:
                errors.append(str(e))
            stop.wait(0.02)
    threads = [threading.Thread(target=client) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        for _ in range(5):
            n = len(accepted)
            site.apache.reload()
            wait_for(lambda n=n: len(accepted) > n + 40 or errors, "posts go on", 30)
    finally:
        stop.set()
        for t in threads:
            t.join()
    # a connection that Apache closes as idle in the moment it is used is no answer of ours
    assert [e for e in errors if "reset" not in e and "closed" not in e] == []
    assert [p.pid for p in site.hook_program.processes] == pids
    assert all(p.poll() is None for p in site.hook_program.processes)
    known = site.stack.psql("select delivery from deb_status.deliveries").split("\n")
    assert set(accepted) <= set(known)


def test_stopped_and_started_programs(site):
    """A restart of the program: the socket stays, and what waits on it is answered by the new ones."""
    results = []
    assert site.post("one", BUILT).status == 202
    assert site.hook_program.stop() == [0] * 4, "SIGTERM ends each with 0"
    waiting = threading.Thread(target=lambda: results.append(site.post("one", BUILT, timeout=20).status))
    waiting.start()
    for _ in range(4):
        site.hook_program.start()
    waiting.join()
    assert results == [202]


def test_sigterm_finishes_the_request_in_hand(site):
    import psycopg2
    with contextlib.closing(psycopg2.connect(site.stack.env["DEB_STATUS_ADMIN_DATABASE"])) as db:
        cursor = db.cursor()
        cursor.execute("lock table deb_status.deliveries in exclusive mode")
        results = []
        one = threading.Thread(target=lambda: results.append(site.post("one", BUILT).status))
        one.start()
        wait_for(lambda: site.stack.psql("select count(*) from pg_locks where not granted") == "1",
                 "a request waits", 1, 0.01)
        for p in site.hook_program.processes:
            p.send_signal(signal.SIGTERM)
        db.rollback()
        one.join()
        assert results == [202]
    assert [p.wait(10) for p in site.hook_program.processes] == [0] * 4
    site.hook_program.processes = []
    for _ in range(4):
        site.hook_program.start()
    assert site.post("one", BUILT).status == 202


def test_secrets_are_read_anew(site):
    """The file is the hook's user's to read; replaced with its owner it is taken within a second."""
    text = site.stack.secret("two")
    write_secret(f"{site.stack.etc}/secrets/one", text.strip())
    wait_for(lambda: all(site.post("one", BUILT).status == 202 for _ in range(8)), "the new one", 10)
