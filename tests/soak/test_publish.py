# SPDX-License-Identifier: Apache-2.0
"""Long figures of publishing: apt clients while hundreds of publishes happen, runs killed at every
step and at random moments, processes that stop for longer than a lease, archives of 50,000 files.

PUBLISHES, MOMENTS and FILES in the environment make them shorter, see tests/README.
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
from archive import Apt, Archive  # noqa: E402
from figures import figure  # noqa: E402
import publish_size  # noqa: E402
import test_publish_crash as crash  # noqa: E402

PUBLISHES = int(os.environ.get("PUBLISHES", "300"))
MOMENTS = int(os.environ.get("MOMENTS", "100"))
FILES = [int(n) for n in os.environ.get("FILES", "500 5000 50000").split()]
CLIENTS = 8
LEASE_S = 3
FULL_STEP = 8 << 10
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
    figure(f"{what}: {publishes} publishes, {rounds} rounds of apt, {len(bad)} failed"
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
            sign=True, worker={"attempts": 9, "lease": f"{LEASE_S}s", "backoff": "1s"})
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


class Traced:
    """`deb-status-worker --once`, of which whoever makes the n-th such call is killed: the supervisor,
    the run, rsync, gpg."""

    def __init__(self, stack, call, n):
        argv = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                "-e", f"inject={call}:signal=SIGKILL:when={n}", "deb-status-worker", "--once"]
        if os.getuid() == 0:
            argv = ["setpriv", "--reuid=daemon", "--regid=daemon", "--init-groups", *argv]
        self.process = subprocess.Popen(argv, env=stack.env, cwd="/", stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.started = False

    def ended(self):
        """The worker, that is: what it started may go on, and the tracer with it."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid = self.process.pid
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                there = bool(f.read().split())
            self.started = self.started or there
            return self.process.poll() is not None or (self.started and not there)
        return True

    def let_go(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:  # what it traces sleeps, and strace waits for it
            self.process.kill()
            self.process.wait()


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_killed_at_each_step(killed):
    k, hit = killed, 0
    for call, n in POINTS:
        job, version = k.versions.build(k.archive, k.host)
        traced = Traced(k.archive.stack, call, n)
        try:
            # until something was killed: each new process would meet its end at the same call
            wait_for(lambda t=traced, j=job: t.ended() or k.archive.job(j)["attempts"] > 1 or
                     "signal" in (k.archive.job(j)["error"] or ""), f"{call} {n}: a kill, or the end", 60)
        finally:
            traced.let_go()
        attempts, state = (k.archive.job(job)[f] for f in ("attempts", "state"))
        hit += attempts > 1 or state != "done"
        check_moment(k.archive, k.apt)
        # whatever became of the job: the next worker ends it well
        if state in ("failed", "cancelled"):
            k.archive.stack.run("deb-status", "job", str(job), "--retry")
        elif state == "running":  # the supervisor was killed, too: its lease runs out
            time.sleep(LEASE_S + 0.2)
        wait_for(lambda j=job: k.archive.work_off() and k.archive.job(j)["state"] == "done",
                 f"{call} {n}: the job ends well", 60, 0.5)
        crash.ends_well(k.archive, k.apt, job, version)
    figure(f"SIGKILL: {hit} of {len(POINTS)} steps met a run, all ended well")
    assert hit >= 20


def length_of_a_run(k):
    """Seconds, the longest of three."""
    found = []
    for _ in range(3):
        job, version = k.versions.build(k.archive, k.host)
        crash.the_run(k.archive)
        began = time.monotonic()
        wait_for(lambda: not crash.named(crash.runs(k.archive), "run-job"), "it ends", 60, 0.01)
        found.append(time.monotonic() - began)
        crash.ends_well(k.archive, k.apt, job, version)
    return max(found)


def test_killed_at_random_moments(killed):
    """As many as really met a run."""
    k, met, tries = killed, 0, 0
    k.archive.stack.worker("start", 1)
    try:
        length = length_of_a_run(k)
        while met < MOMENTS:
            tries += 1
            assert tries < 5 * MOMENTS + 10, "they meet nothing"
            job, version = k.versions.build(k.archive, k.host)
            run = crash.the_run(k.archive)
            time.sleep(random.uniform(0, length))
            crash.kill(run, signal.SIGKILL)
            check_moment(k.archive, k.apt)
            crash.ends_well(k.archive, k.apt, job, version)
            met += k.archive.job(job)["attempts"] > 1
    finally:
        k.archive.stack.worker("stop", 1)
    figure(f"SIGKILL: {met} random moments of a run of {length:.2f} s ({tries} tries), all ended well")


def stop(k, who, job, run):
    """Those processes, stopped."""
    name = k.archive.stack.psql(f"select worker from deb_status.jobs where id = {job}")
    supervisors = [p for n, p in k.archive.stack.pids().items()
                   if n.startswith("worker-") and name.endswith(f":{p}")]
    stopped = []
    if who in ("supervisor", "both"):
        stopped += supervisors
    if who in ("run", "both"):
        stopped += run
    if who == "rsync":
        stopped += wait_for(lambda: crash.named(crash.runs(k.archive), "rsync", "--files-from"),
                            "rsync", interval=0.005)
    crash.kill(stopped, signal.SIGSTOP)
    return stopped


@pytest.mark.parametrize("who", ["supervisor", "run", "both", "rsync"])
def test_stopped_for_longer_than_the_lease(killed, who):
    k, met, rounds = killed, 0, max(1, MOMENTS // 10)
    k.archive.stack.worker("start", 1)
    k.archive.stack.worker("start", 2)
    try:
        length = length_of_a_run(k)
        for _ in range(rounds):
            if who == "rsync":  # so that it is there long enough to be found
                os.kill(k.host.daemon.pid, signal.SIGSTOP)
            try:
                job, version = k.versions.build(k.archive, k.host)
                run = crash.the_run(k.archive)
                if who != "rsync":
                    time.sleep(random.uniform(0, length))
                stopped = stop(k, who, job, run)
            finally:
                os.kill(k.host.daemon.pid, signal.SIGCONT)
            met += k.archive.job(job)["state"] == "running"
            time.sleep(LEASE_S + 1)  # longer than the lease, that is the point
            check_moment(k.archive, k.apt)
            crash.kill(stopped, signal.SIGCONT)
            crash.ends_well(k.archive, k.apt, job, version)
            assert not [p for p in stopped if crash.named([p], "rsync") or crash.named([p], "run-job")]
            check_moment(k.archive, k.apt)
    finally:
        k.archive.stack.worker("stop", 1)
        k.archive.stack.worker("stop", 2)
    figure(f"SIGSTOP of {who} for {LEASE_S + 1} s, a lease of {LEASE_S} s: {rounds} times, {met} in the middle "
           "of a run, all ended well")
    assert met


# ---------------------------------------------------------------- without disk

@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small file system")
def test_a_disk_that_is_full_at_each_step(make_stack, folders, build_host):
    """Ever more room is left for the next generation: the old one is served until it is enough."""
    host, small = build_host(crash.SUITE), folders()
    host.add(crash.SUITE, "nova", "2:1.0.0-1")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", small], check=True)
    try:
        a = Archive(make_stack, folders, {"bookworm-caracal": ([crash.SUITE], {
            "from": host.serve(), "signed-by": host.key})}, sign=True, parent=f"{small}/p")
        assert a.run()["state"] == "done"
        apt = Apt(folders(), a.stack.archive, crash.SUITE, a.path("archive-keyring.gpg"))
        failed, n, room = 0, 0, 0
        while n < 3:  # a few that succeed
            before, version = a.tree("dists"), f"2:1.{failed + n + 1}.0-1"
            host.add(crash.SUITE, "nova", version)
            ballast(f"{small}/ballast", small, room)
            row = a.run()
            crash.content(apt)
            assert not [line for line in a.publish("--check", check=False).stdout.splitlines()
                        if line.startswith("error: ")]
            if row["state"] == "done":
                n += 1
            else:
                failed += 1
                assert "the archive's disk is full" in row["error"], row
                assert a.tree("dists") == before
            os.unlink(f"{small}/ballast")
            if row["state"] != "done":  # by itself: nobody cleans up
                assert a.run()["state"] == "done"
            assert a.versions(crash.SUITE)["nova"] == version and not a.staging()
            room += FULL_STEP
    finally:
        subprocess.run(["umount", "-l", small], check=True)
    figure(f"full disk: {failed} times, each with {FULL_STEP >> 10} KiB more left, all ended well")
    assert failed >= 3


def ballast(path, where, room):
    """Fills the file system, but for so many bytes."""
    left = os.statvfs(where)
    with open(path, "wb") as f:
        f.truncate(0)
        os.posix_fallocate(f.fileno(), 0, max(4096, left.f_bavail * left.f_frsize - room))


# ---------------------------------------------------------------- size

@pytest.mark.parametrize("files", FILES)
def test_seconds_from_post_to_published(make_stack, folders, files):
    """One new package in archives of growing size."""
    cost = publish_size.measure(make_stack, folders, files)
    figure(f"{cost}")
    assert cost.median < 2
