# SPDX-License-Identifier: Apache-2.0
"""Killed, stopped, without disk: at every moment one whole generation is served, and a later try
ends well."""
import contextlib
import glob
import os
import random
import re
import signal
import subprocess
import time

import pytest

from archive import Apt, Archive
from conftest import wait_for

SUITE = "bookworm-caracal-backports"
LEASE_S = 3


@pytest.fixture(scope="module")
def host(build_host):
    h = build_host(SUITE)
    h.add(SUITE, "nova", "2:1.0.0-1")
    return h


@pytest.fixture(scope="module")
def archive(make_stack, folders, host):
    a = Archive(make_stack, folders, {"bookworm-caracal": ([SUITE], {
        "from": host.serve(), "signed-by": host.key,
        "limits": {"time": "12s"}})}, sign=True,
        worker={"attempts": 9, "lease": f"{LEASE_S}s", "backoff": "1s"})
    row = a.run()
    assert row["state"] == "done", row
    a.stack.worker("start", 1)
    yield a
    a.stack.worker("stop", 1)


@pytest.fixture(scope="module")
def apt(archive, folders):
    return Apt(folders(), archive.stack.archive, SUITE, archive.path("archive-keyring.gpg"))


def holders(archive):
    """Process groups that the locks name; the last one stays there when it has ended."""
    found = set()
    for path in glob.glob(f"{archive.work}/locks/*"):
        with contextlib.suppress(OSError):
            with open(path, encoding="ascii", errors="replace") as f:
                group = re.match(r"group ([1-9]\d*) ", f.read())
            if group:
                found.add(group[1])
    return found


def runs(archive):
    """Processes of this archive's runs: whoever has a file of its work folder open (the lock, which
    every descendant of a run inherits), or is in a group that a lock names, as nobody but root may
    look at what a run has open. Other tests run jobs of the same numbers beside this one."""
    found, work, groups = [], archive.work + "/", holders(archive)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                state, _, group = f.read().rpartition(")")[2].split()[:3]
            if group in groups and state != "Z":
                found.append(int(pid))
                continue
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}").startswith(work):
                    found.append(int(pid))
                    break
    return found


def named(processes, *words):
    """Those of them whose command line has the words."""
    found = []
    for pid in processes:
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().replace(b"\0", b" ").decode()
            if all(w in line for w in words):
                found.append(pid)
    return found


def the_run(archive):
    """The run's own process, when it is there."""
    return wait_for(lambda: named(runs(archive), "run-job"), "the run", interval=0.005)


@contextlib.contextmanager
def no_answer(host):
    """The host's daemon answers nobody: a run is there long enough to be found."""
    os.kill(host.daemon.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(host.daemon.pid, signal.SIGCONT)


def kill(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def content(apt):
    """apt is content with what is served now, down to a package."""
    done = apt.update()
    assert done.returncode == 0, done.stderr
    done = apt.download("nova")
    assert done.returncode == 0, done.stderr


def ends_well(archive, apt, job, version):
    row = archive.stack.wait_job(job, 90)
    assert row["state"] == "done", row
    wait_for(lambda: not runs(archive), "no process of a run is left")
    content(apt)
    assert apt.version("nova") == version
    assert archive.versions(SUITE)["nova"] == version
    done = archive.publish("--check", check=False)
    assert done.returncode == 0, done.stdout
    assert not archive.staging()


class Versions:
    def __init__(self):
        self.n = 0

    def build(self, archive, host):
        self.n += 1
        version = f"2:1.{self.n}.0-1"
        host.add(SUITE, "nova", version)
        return archive.announce("nova", version), version


@pytest.fixture(scope="module")
def versions():
    return Versions()


@pytest.mark.parametrize("after_ms", [0, 120, 300, 450, 600, 800, 1000])
def test_killed(archive, host, apt, versions, after_ms):
    """SIGKILL of the run, wherever it is by then."""
    with no_answer(host):
        job, version = versions.build(archive, host)
        run = the_run(archive)
    time.sleep((after_ms + random.uniform(0, 60)) / 1000)
    kill(run, signal.SIGKILL)
    content(apt)
    ends_well(archive, apt, job, version)


def test_the_supervisor_stops(archive, host, apt, versions):
    """For longer than its lease: another worker takes over, and the one that wakes up does no
    harm."""
    supervisor = archive.stack.pids()["worker-1"]
    with no_answer(host):
        job, version = versions.build(archive, host)
        # once the lock names it: whoever stands still between taking and signing it is waited for
        run = wait_for(lambda: [p for p in the_run(archive) if str(p) in holders(archive)],
                       "the run's name in its lock", interval=0.005)
        stopped = [supervisor, *run]
        kill(stopped, signal.SIGSTOP)
    try:
        content(apt)
        archive.stack.worker("start", 2)
        ends_well(archive, apt, job, version)
        tree = archive.tree()
    finally:
        kill(stopped, signal.SIGCONT)
    # it works on, and what was published stays
    archive.stack.worker("stop", 2)
    job = archive.enqueue()
    assert archive.stack.wait_job(job, 60)["state"] == "done"
    assert archive.tree() == tree
    content(apt)


def test_rsync_alone_stops(archive, host, apt, versions):
    with no_answer(host):
        job, version = versions.build(archive, host)
        found = wait_for(lambda: named(runs(archive), "rsync", "--files-from"), "rsync")
        kill(found, signal.SIGSTOP)
    content(apt)
    ends_well(archive, apt, job, version)
    assert not any(os.path.exists(f"/proc/{p}") for p in found)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small file system")
def test_a_full_disk(make_stack, folders, host):
    """The old generation is served, the job says so, and the next run recovers by itself."""
    small = folders()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "none", small], check=True)
    try:
        a = Archive(make_stack, folders, {"bookworm-caracal": ([SUITE], {
            "from": host.archive, "signed-by": host.key})}, parent=f"{small}/p")
        assert a.run()["state"] == "done"
        before = a.tree()
        host.add(SUITE, "nova", "2:2.0.0-1", "--size", "10")
        with open(f"{small}/ballast", "wb", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(b"x" * 4096):
                pass
        row = a.run()
        assert row["state"] == "failed", row
        assert "the archive's disk is full" in row["error"], row["error"]
        assert a.tree() == before
        os.unlink(f"{small}/ballast")
        row = a.run()
        assert row["state"] == "done", row
        assert a.versions(SUITE)["nova"] == "2:2.0.0-1"
        assert a.publish("--check").returncode == 0
    finally:
        # the stack still has it open, and goes with the module
        subprocess.run(["umount", "-l", small], check=True)

