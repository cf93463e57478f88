# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system and browser tests: real programs, each test's things in folders of its own.

  stack        the demo on a stack of its own, one per module, one worker
  make_stack   a function that starts further ones: make_stack(config=..., workers=...)
  folder       a new folder that the stack's users can pass, removed at the end
  build_host   a function that makes a build host: build_host(suites...) -> BuildHost
Functions: wait_for(condition, what), sign(secret, id, timestamp, body).
"""
import base64
import glob
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STACK = os.path.join(TOP, "tests", "stack")
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))  # what several tests share
# the client itself: the one on PATH is a wrapper that takes longer than most queries here
PSQL = max(glob.glob("/usr/lib/postgresql/*/bin/psql"), default="psql")
SHARED = os.path.join(os.path.dirname(TOP), "shared")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """What the long tests measured, together."""
    figures = sys.modules.get("figures")
    if figures and figures.ALL:
        terminalreporter.section("figures")
        for line in figures.ALL:
            terminalreporter.write_line(line)


def wait_for(condition, what="condition", seconds=30, interval=0.05):
    """Waits until condition() is true and returns what it gave; its last value is in the error."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s, last {value!r}")
        time.sleep(interval)


def sign(secret, delivery, timestamp, body):
    """webhook-signature of Standard Webhooks."""
    key = base64.b64decode(secret.strip().removeprefix("whsec_"))
    text = f"{delivery}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    """An HTTP answer, errors included."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def request(url, data=None, headers=None, method=None, timeout=30):
    r = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(r, timeout=timeout) as a:
            return Answer(a.status, a.headers, a.read())
    except urllib.error.HTTPError as e:
        return Answer(e.code, e.headers, e.read())


class Stack:
    def __init__(self, folder, config=None, workers=1):
        self.dir = folder
        args = [STACK, "up", "--dir", folder, "--workers", str(workers)]
        done = subprocess.run(args + (["--config", config] if config else []),
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        text = subprocess.run(["sh", "-c", '. "$1" && env -0', "sh", f"{folder}/env"], check=True,
                              capture_output=True).stdout.decode()
        self.env = dict(row.split("=", 1) for row in text.split("\0") if row)
        self.url, self.hook = self.env["DEB_STATUS_URL"], self.env["DEB_STATUS_HOOK"]
        self.archive, self.config = self.env["DEB_STATUS_ARCHIVE"], self.env["DEB_STATUS_CONFIG"]
        self.etc = os.path.dirname(self.config)

    def pids(self):
        with open(f"{self.dir}/pids", encoding="ascii") as f:
            return {n: int(p) for n, p in (line.split() for line in f)}

    def log(self, name):
        try:
            with open(f"{self.dir}/log/{name}.log", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # -- reading

    def get(self, path="", **kw):
        """GET below /deb-status."""
        return request(self.url + path, **kw)

    def json(self, path):
        a = self.get("/api/v1" + path)
        assert a.status == 200, f"{path}: {a.status} {a.text}"
        return a.json()

    def status(self, series, target):
        """{project: row} of a series and target."""
        return {r["project"]: r for r in self.json(f"/status/{series}/{target}")["projects"]}

    def psql(self, sql, role="admin"):
        """The rows of a query as one string, as psql -At prints them."""
        done = subprocess.run([PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                               self.env[f"DEB_STATUS_{role.upper()}_DATABASE"]], input=sql,
                              capture_output=True, text=True, env=self.env, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # -- posting

    def secret(self, sender):
        with open(f"{self.etc}/secrets/{sender}", encoding="ascii") as f:
            return f.read()

    def post(self, sender, body, delivery=None, timestamp=None, secret=None, headers=None):
        """POSTs a signed delivery; body is a dict or the raw bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        delivery = delivery or f"msg_{uuid.uuid4().hex}"
        timestamp = str(int(time.time()) if timestamp is None else timestamp)
        signature = sign(secret or self.secret(sender), delivery, timestamp, raw)
        return request(f"{self.hook}/{sender}", data=raw, method="POST", headers={
            "Content-Type": "application/json", "webhook-id": delivery,
            "webhook-timestamp": timestamp, "webhook-signature": signature, **(headers or {})})

    def wait_job(self, job, seconds=60):
        """Follows a job over superseded_by to its end and returns its JSON."""
        def ended():
            row = self.json(f"/jobs/{state['job']}")
            if row["superseded_by"]:
                state["job"] = row["superseded_by"]
            return row if row["state"] in ("done", "failed", "cancelled") else None
        state = {"job": job}
        return wait_for(ended, f"job {job} ends", seconds)

    def wait_idle(self, seconds=120):
        """Waits until nothing is queued or running."""
        wait_for(lambda: self.psql("select count(*) from deb_status.jobs "
                                   "where state in ('queued', 'running')") == "0",
                 "the queue is empty", seconds)

    # -- processes

    def worker(self, action, number=1):
        done = subprocess.run([STACK, "worker", "--dir", self.dir, action, str(number)],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def run(self, *argv, check=True, user="daemon", **kw):
        """Runs one of the programs (deb-status, ...) as the worker's user."""
        if os.getuid() == 0:
            argv = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *argv)
        done = subprocess.run(argv, capture_output=True, text=True, env=self.env, check=False,
                              cwd="/", **kw)
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done

    def down(self):
        done = subprocess.run([STACK, "down", "--dir", self.dir], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr


class BuildHost:
    """A build host's folder: archive in debian/, its key in key.gpg."""
    TOOL = os.path.join(TOP, "tests", "demo", "build-host")

    def __init__(self, folder, suites=()):
        self.dir, self.archive, self.key = folder, f"{folder}/debian", f"{folder}/key.gpg"
        self.daemon = None
        if suites:
            self("init", folder, *(a for s in suites for a in ("--suite", s)))

    def __call__(self, *args):
        done = subprocess.run([self.TOOL, *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def add(self, suite, source, version, *options):
        self("add", self.dir, suite, source, version, *options)

    def scan(self, suite):
        self("scan", self.dir, suite)

    def serve(self):
        """Starts an rsync daemon; returns its rsync:// address."""
        port = free_port()
        self.daemon = subprocess.Popen([self.TOOL, "rsyncd", self.dir, str(port)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(answers, "the rsync daemon answers")
        return f"rsync://127.0.0.1:{port}/debian"

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()
            self.daemon = None


class DemoHost(BuildHost):
    """The build host of a demo stack, its daemon run by the stack."""

    def __init__(self, stack):
        super().__init__(f"{stack.dir}/demo/build-host")


@pytest.fixture(scope="module")
def folders():
    """A function that makes folders with short paths (sockets) which other users can pass."""
    made = []

    def make():
        made.append(tempfile.mkdtemp(prefix="ds-"))
        os.chmod(made[-1], 0o755)
        return made[-1]
    yield make
    for path in made:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(folders):
    return folders()


@pytest.fixture(scope="module")
def make_stack(folders, request):
    """Starts stacks; where a test of the module failed, their logs are shown."""
    running = []

    def make(config=None, workers=1):
        running.append(Stack(folders(), config, workers))
        return running[-1]
    failed_before = request.session.testsfailed
    yield make
    for stack in reversed(running):
        if request.session.testsfailed > failed_before:
            for name in sorted(os.listdir(f"{stack.dir}/log")):
                print(f"--- {name}\n{stack.log(name[:-4])[-6000:]}")
        stack.down()


@pytest.fixture(scope="module")
def stack(make_stack):
    """The demo, with everything that its first jobs find already there."""
    demo = make_stack()
    demo.wait_idle()
    return demo


@pytest.fixture(scope="module")
def build_host(folders):
    made = []

    def make(*suites):
        made.append(BuildHost(folders(), suites))
        return made[-1]
    yield make
    for host in made:
        host.stop()
