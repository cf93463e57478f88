# SPDX-License-Identifier: Apache-2.0
"""Whose files `deb-status publish` makes: called by root it works as the owner of publish.root, called by
anyone else as the caller."""
import contextlib
import fcntl
import os
import pwd
import subprocess

import pytest

from archive import Archive
from conftest import wait_for

SUITE = "bookworm-epoxy-backports"
NOBODYS = 54321  # a number that is no user's

root_only = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")


@pytest.fixture(scope="module")
def archive(make_stack, folders, build_host):
    host = build_host(SUITE)
    host.add(SUITE, "nova", "2:31.0.0-1")
    a = Archive(make_stack, folders, {"bookworm-epoxy": ([SUITE], {
        "from": host.serve(), "signed-by": host.key})})
    row = a.run()
    assert row["state"] == "done", row
    return a


@contextlib.contextmanager
def owned_by(archive, number):
    before = os.stat(archive.root)
    os.chown(archive.root, number, number)
    try:
        yield
    finally:
        os.chown(archive.root, before.st_uid, before.st_gid)


@contextlib.contextmanager
def pool_locked(archive):
    """As by one who collects: whoever looks at the pool waits."""
    with open(f"{archive.work}/locks/pool.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def identity(process):
    """{Uid, Gid, Groups, CapEff} of a process, as the kernel has them."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        rows = dict(line.rstrip("\n").split(":", 1) for line in f)
    return {k: rows[k].split() for k in ("Uid", "Gid", "Groups", "CapEff")}


def has_lock_open(process, archive):
    with contextlib.suppress(OSError):
        return any(os.readlink(f"/proc/{process.pid}/fd/{fd}").endswith("/locks/pool.lock")
                   for fd in os.listdir(f"/proc/{process.pid}/fd"))
    return False


def check_as(archive, *before):
    """Who `publish --check` is while it works: it waits for the pool's lock."""
    with pool_locked(archive):
        process = subprocess.Popen([*before, "deb-status", "publish", "--check"], env=archive.stack.env,
                                   cwd="/", stdout=subprocess.PIPE, text=True)
        wait_for(lambda: has_lock_open(process, archive), "it waits for the lock")
        who = identity(process)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "all as their indexes say" in out, out
    return who


@root_only
def test_root_becomes_the_owner_for_good(archive):
    """In every respect: no group of root's stays, and no way back."""
    owner = pwd.getpwuid(os.stat(archive.root).st_uid)
    assert owner.pw_uid != 0
    groups = {str(g) for g in os.getgrouplist(owner.pw_name, owner.pw_gid)}
    who = check_as(archive, "setpriv", "--groups", "0,4,12345")
    assert who["Uid"] == [str(owner.pw_uid)] * 4 and who["Gid"] == [str(owner.pw_gid)] * 4
    assert set(who["Groups"]) == groups
    assert int(who["CapEff"][0], 16) == 0


@root_only
def test_roots_own_archive_is_looked_at_by_root(archive):
    with owned_by(archive, 0):
        assert check_as(archive)["Uid"] == ["0"] * 4


def test_anyone_else_stays_who_he_is(archive):
    """The owner itself, here."""
    owner = os.stat(archive.root).st_uid
    before = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--init-groups"] if os.getuid() == 0 else []
    assert check_as(archive, *before)["Uid"] == [str(owner)] * 4


@root_only
def test_a_stranger_gets_nothing(archive):
    before = archive.tree()
    done = archive.publish("--check", check=False, user="games")
    assert done.returncode == 1 and "Permission denied" in done.stderr, done.stderr
    assert archive.tree() == before


@root_only
def test_an_owner_that_is_no_user(archive):
    with owned_by(archive, NOBODYS):
        done = archive.publish("--check", check=False, user="root")
    assert done.returncode == 1 and not done.stdout
    assert f"publish.root belongs to number {NOBODYS}, which is no user" in done.stderr


@root_only
def test_a_root_that_may_not_become_another(archive):
    """As in a container or a unit that took the right away: nothing is done as root instead."""
    done = subprocess.run(["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid",
                           "deb-status", "publish", "--check"], env=archive.stack.env, cwd="/",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and not done.stdout
    assert "cannot become the owner of publish.root: Operation not permitted" in done.stderr, done.stderr
