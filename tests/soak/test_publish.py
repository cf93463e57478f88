# SPDX-License-Identifier: Apache-2.0
"""Long figures of publishing: apt clients while hundreds of publishes happen, runs killed at every
step and at random moments, processes that stop for longer than a lease, archives of 50,000 files.

PUBLISHES, MOMENTS and FILES in the environment make them shorter.
"""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import TOP, wait_for

sys.path.insert(0, os.path.join(TOP, "tests", "system"))
from archive import TOOL, Apt, Archive  # noqa: E402
import test_publish_crash as crash  # noqa: E402

PUBLISHES = int(os.environ.get("PUBLISHES", "300"))
MOMENTS = int(os.environ.get("MOMENTS", "100"))
FILES = [int(n) for n in os.environ.get("FILES", "500 5000 50000").split()]
CLIENTS = 8
SUITE = "bookworm-soak-backports"


class Client(threading.Thread):
    """Loops `apt-get update && apt-get download` until it is told to stop."""

    def __init__(self, folder, url, key):
        super().__init__()
        self.apt, self.ended = Apt(folder, url, SUITE, key), threading.Event()
        self.rounds, self.failures = 0, []

    def run(self):
        while not self.ended.is_set():
            done = self.apt.update()
            if done.returncode == 0:
                done = self.apt.download("nova")
            self.rounds += 1
            if done.returncode:
                self.failures.append(done.stderr.strip().splitlines()[0][:200])


@contextlib.contextmanager
def clients(folders, url, key):
    all_of_them = [Client(folders(), url, key) for _ in range(CLIENTS)]
    for c in all_of_them:
        c.start()
    try:
        yield all_of_them
    finally:
        for c in all_of_them:
            c.ended.set()
        for c in all_of_them:
            c.join()


def say(what, some, publishes):
    rounds, bad = sum(c.rounds for c in some), [f for c in some for f in c.failures]
    print(f"\n{what}: {publishes} publishes, {rounds} rounds of apt, {len(bad)} failed"
          + (f", the first: {bad[0]}" if bad else ""))
    return rounds, bad


@pytest.fixture
def host(build_host):
    h = build_host(SUITE)
    h.add(SUITE, "nova", "2:1.0.0-1")
    for n in range(30):
        h.add(SUITE, f"python-filler{n}", "1.0-1", "--no-scan")
    h.scan(SUITE)
    return h


def publish_many(archive, host, count):
    archive.stack.worker("start", 1)
    try:
        for n in range(1, count + 1):
            version = f"2:1.{n}.0-1"
            host.add(SUITE, "nova", version, "--fast")
            row = archive.stack.wait_job(archive.announce("nova", version), 120)
            assert row["state"] == "done", (row["error"], row["detail"])
    finally:
        archive.stack.worker("stop", 1)


def start(make_stack, folders, host, sign, **kw):
    a = Archive(make_stack, folders, {"bookworm-soak": ([SUITE], {
        "from": host.serve(), "signed-by": host.key})}, sign=sign,
        worker={"attempts": 9, "lease": "3s"}, **kw)
    assert a.run()["state"] == "done"
    return a


def test_clients_over_hundreds_of_publishes(make_stack, folders, host):
    """With sign-with: no hash mismatch, no 404."""
    a = start(make_stack, folders, host, True)
    with clients(folders, a.stack.archive, a.path("archive-keyring.gpg")) as some:
        publish_many(a, host, PUBLISHES)
    rounds, bad = say("sign-with", some, PUBLISHES)
    assert not bad, bad[:5]
    assert rounds > PUBLISHES


def test_clients_without_our_signature(make_stack, folders, host):
    """A figure without an aim: what the switch alone gives."""
    a = start(make_stack, folders, host, False)
    with clients(folders, a.stack.archive, host.key) as some:
        publish_many(a, host, PUBLISHES // 10)
    say("without sign-with", some, PUBLISHES // 10)


def test_clients_of_a_plain_copy(make_stack, folders, host):
    """A figure without an aim: rsync -a --delete, into what is served."""
    a = start(make_stack, folders, host, False)
    with clients(folders, a.stack.archive, host.key) as some:
        for n in range(1, PUBLISHES // 10 + 1):
            host.add(SUITE, "nova", f"2:1.{n}.0-1", "--fast")
            subprocess.run(["rsync", "-a", "--delete", f"{host.archive}/", f"{a.root}/"],
                           check=True)
    say("rsync -a --delete", some, PUBLISHES // 10)


# ---------------------------------------------------------------- killed

def check_moment(archive, apt):
    """Whatever was killed: apt is content, and one generation is there as a whole."""
    crash.content(apt)
    done = archive.publish("--check", check=False)
    wrong = [line for line in done.stdout.splitlines() if line.startswith("error: ")
             and "the next run makes them the same" not in line]
    assert not wrong, wrong


class Killed:
    def __init__(self, make_stack, folders, build_host):
        self.host = build_host(crash.SUITE)
        self.host.add(crash.SUITE, "nova", "2:1.0.0-1")
        self.archive = Archive(make_stack, folders, {"bookworm-caracal": ([crash.SUITE], {
            "from": self.host.serve(), "signed-by": self.host.key, "limits": {"time": "20s"}})},
            sign=True, worker={"attempts": 9, "lease": "3s", "backoff": "1s"})
        assert self.archive.run()["state"] == "done"
        self.apt = Apt(folders(), self.archive.stack.archive, crash.SUITE,
                       self.archive.path("archive-keyring.gpg"))
        self.versions = crash.Versions()


@pytest.fixture(scope="module")
def killed(make_stack, folders, build_host):
    return Killed(make_stack, folders, build_host)


# system calls that a run makes on its way, and which of them: strace kills who makes it
POINTS = [("renameat2", n) for n in range(2, 9)] + [("link", n) for n in (1, 3, 6, 9, 12)] + \
    [("syncfs", 1), ("utimensat", 1), ("utimensat", 2), ("rename", 1), ("rename", 2), ("rename", 3)] + \
    [("fsync", n) for n in range(1, 8)] + [("sendto", n) for n in (8, 14, 20, 24, 28, 32, 36, 40)] + \
    [("unlinkat", 1), ("fchmodat", 1), ("flock", 1), ("flock", 2), ("mkdir", 8), ("ftruncate", 1)]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_killed_at_each_step(killed):
    k, hit = killed, 0
    for call, n in POINTS:
        job, version = k.versions.build(k.archive, k.host)
        argv = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                "-e", f"inject={call}:signal=SIGKILL:when={n}", "deb-status-worker", "--once"]
        if os.getuid() == 0:
            argv = ["setpriv", "--reuid=daemon", "--regid=daemon", "--init-groups", *argv]
        tracer = subprocess.Popen(argv, env=k.archive.stack.env, cwd="/",
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # until something was killed: each new process would meet its end at the same call
        wait_for(lambda: tracer.poll() is not None or k.archive.job(job)["attempts"] > 1 or
                 "signal" in (k.archive.job(job)["error"] or ""), "a kill, or the end", 60)
        tracer.terminate()  # it lets go of what it traces
        tracer.wait()
        attempts, state = (k.archive.job(job)[f] for f in ("attempts", "state"))
        hit += attempts > 1 or state != "done"
        check_moment(k.archive, k.apt)
        # whatever became of the job: the next worker ends it well
        if state in ("failed", "cancelled"):
            k.archive.stack.run("deb-status", "job", str(job), "--retry")
        elif state == "running":  # the supervisor was killed, too: its lease runs out
            time.sleep(3.2)
        wait_for(lambda: k.archive.work_off() and k.archive.job(job)["state"] == "done",
                 f"{call} {n}: the job ends well", 60, 0.5)
        crash.ends_well(k.archive, k.apt, job, version)
    print(f"\nkilled at {hit} of {len(POINTS)} points")
    assert hit >= 20


def test_killed_at_random_moments(killed):
    k = killed
    k.archive.stack.worker("start", 1)
    try:
        for _ in range(MOMENTS):
            job, version = k.versions.build(k.archive, k.host)
            run = crash.the_run(k.archive)
            time.sleep(random.uniform(0, 1.2))
            crash.kill(run, signal.SIGKILL)
            check_moment(k.archive, k.apt)
            crash.ends_well(k.archive, k.apt, job, version)
    finally:
        k.archive.stack.worker("stop", 1)
    print(f"\nkilled at {MOMENTS} random moments")


@pytest.mark.parametrize("who", ["supervisor", "run", "both", "rsync"])
def test_stopped_for_longer_than_the_lease(killed, who):
    k = killed
    k.archive.stack.worker("start", 1)
    k.archive.stack.worker("start", 2)
    try:
        for _ in range(max(1, MOMENTS // 20)):
            job, version = k.versions.build(k.archive, k.host)
            run = crash.the_run(k.archive)
            time.sleep(random.uniform(0, 0.8))
            name = k.archive.stack.psql(f"select worker from deb_status.jobs where id = {job}")
            supervisors = [p for n, p in k.archive.stack.pids().items()
                           if n.startswith("worker-") and name.endswith(f":{p}")]
            stopped = (supervisors if who in ("supervisor", "both") else []) + \
                (run if who in ("run", "both") else []) + \
                (crash.named(crash.runs(k.archive), "rsync") if who == "rsync" else [])
            crash.kill(stopped, signal.SIGSTOP)
            time.sleep(4)  # longer than the lease of 3 s, that is the point
            check_moment(k.archive, k.apt)
            tree = k.archive.tree()
            crash.kill(stopped, signal.SIGCONT)
            crash.ends_well(k.archive, k.apt, job, version)
            if k.archive.generations(crash.SUITE)[-1]["job"] == job and who == "both":
                assert k.archive.tree() == tree or k.apt.version("nova") == version
    finally:
        k.archive.stack.worker("stop", 1)
        k.archive.stack.worker("stop", 2)


# ---------------------------------------------------------------- size

@pytest.mark.parametrize("files", FILES)
def test_seconds_from_post_to_published(make_stack, folders, files):
    """One new package in archives of growing size; two files for each source here."""
    folder = folders()
    TOOL.cmd_init(TOOL.parse(["init", folder, "--suite", SUITE, "--many", str(files // 2)]))
    from conftest import BuildHost
    host = BuildHost(folder)
    a = Archive(make_stack, folders, {"bookworm-soak": ([SUITE], {
        "from": host.serve(), "signed-by": host.key})}, sign=True, worker={"lease": "30s"})
    try:
        began = time.monotonic()
        row = a.run()
        assert row["state"] == "done", (row["error"], row["detail"])
        first = time.monotonic() - began
        a.stack.worker("start", 1)
        took = []
        for n in range(5):
            version = f"2:1.{n}.0-1"
            host.add(SUITE, "nova", version, "--fast")
            before = a.read("dists", SUITE, "InRelease")
            began = time.monotonic()
            job = a.announce("nova", version)
            while a.read("dists", SUITE, "InRelease") == before:
                time.sleep(0.005)
            took.append(time.monotonic() - began)
            row = a.stack.wait_job(job, 60)
            assert row["state"] == "done", (row["error"], row["detail"])
        a.stack.worker("stop", 1)
        print(f"\n{files} pool files: first publish {first:.1f} s, one new package "
              f"{sorted(took)[2]:.2f} s (median of 5; {min(took):.2f} to {max(took):.2f}), "
              f"{row['published'][0]['bytes']} bytes read")
        assert sorted(took)[2] < 2
    finally:
        host.stop()
