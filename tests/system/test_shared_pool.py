# SPDX-License-Identifier: Apache-2.0
"""Mirrors whose hosts lay out one pool for all suites: none can take or replace what another one
has published, or may bring alone."""
import fcntl
import glob
import os
import shutil

import pytest

from archive import TOOL, Archive, give
from conftest import wait_for

SUITES = {"first": "trixie-epoxy", "second": "trixie-flamingo"}
PATH = "pool/main/n/nova/nova_32.0.0-1_all.deb"


@pytest.fixture(scope="module")
def hosts(build_host):
    return {name: build_host(suite) for name, suite in SUITES.items()}


@pytest.fixture(scope="module")
def archive(make_stack, folders, hosts):
    return Archive(make_stack, folders, {
        name: ([SUITES[name]], {"from": h.serve(), "signed-by": h.key})
        for name, h in hosts.items()})


def add(host, suite, source, version, *args):
    """Into pool/main/, not pool/SUITE/main/."""
    host.add(suite, source, version, *args)
    shutil.copytree(f"{host.archive}/pool/{suite}/main", f"{host.archive}/pool/main",
                    dirs_exist_ok=True)
    for name in ("main/binary-amd64/Packages", "main/source/Sources"):
        path = f"{host.archive}/dists/{suite}/{name}"
        with open(path, encoding="utf-8") as f:
            TOOL.put_index(path, f.read().replace(f"pool/{suite}/", "pool/").encode())
    TOOL.release(host.dir, suite)


def settings(archive, mirror, **values):
    archive.config["mirrors"][mirror].update(values)
    archive.rewrite()


def test_a_published_path_is_its_mirrors(archive, hosts):
    add(hosts["first"], SUITES["first"], "nova", "2:32.0.0-1")
    row = archive.run("first")
    assert row["state"] == "done", row
    before = archive.read(PATH)

    add(hosts["second"], SUITES["second"], "nova", "2:32.0.0-1", "--size", "300")
    for replace in (False, True):
        settings(archive, "second", replace=replace)
        row = archive.run("second")
        assert row["state"] == "failed"
        assert "is published by mirror first with other content" in row["error"], row["error"]
        assert archive.read(PATH) == before

    # as after a crash between the switch and the commit: the disk alone knows whose it is
    kept = archive.stack.psql("delete from deb_status.pool_files where mirror = 'first' "
                              "returning path")
    assert PATH in kept
    row = archive.run("second")
    assert row["state"] == "failed"
    assert "is published by mirror first with other content" in row["error"], row["error"]
    assert archive.read(PATH) == before
    assert not os.path.exists(archive.path("dists", SUITES["second"]))


def test_the_same_content_is_no_conflict(archive, hosts):
    shutil.rmtree(f"{hosts['second'].archive}/pool")
    shutil.copytree(f"{hosts['first'].archive}/pool", f"{hosts['second'].archive}/pool")
    top = f"{hosts['second'].archive}/dists/{SUITES['second']}"
    for name in ("main/binary-amd64/Packages", "main/source/Sources"):
        with open(f"{hosts['first'].archive}/dists/{SUITES['first']}/{name}", "rb") as f:
            TOOL.put_index(f"{top}/{name}", f.read())
    TOOL.release(hosts["second"].dir, SUITES["second"])
    row = archive.run("second")
    assert row["state"] == "done", row
    assert archive.publish("--check").returncode == 0


def test_sources_limit_the_folders_too(archive, hosts):
    settings(archive, "second", sources=["glance"], replace=False)
    h, suite = hosts["second"], SUITES["second"]
    shutil.rmtree(f"{h.archive}/pool")
    add(h, suite, "glance", "2:32.0.0-1")
    path = f"{h.archive}/dists/{suite}/main/binary-amd64/Packages"
    with open(path, encoding="utf-8") as f:
        good = f.read()
    # the paragraph of a source that it may bring, in the place of one that it may not
    taken = "pool/main/n/nova/nova_33.0.0-1_all.deb"
    os.makedirs(os.path.dirname(f"{h.archive}/{taken}"))
    shutil.copy(f"{h.archive}/pool/main/g/glance/glance_32.0.0-1_all.deb", f"{h.archive}/{taken}")
    TOOL.put_index(path, good.replace("pool/main/g/glance/glance_32.0.0-1_all.deb",
                                      taken).encode())
    TOOL.release(h.dir, suite)
    row = archive.run("second")
    assert row["state"] == "failed"
    assert f"{taken} lies in no folder of a source package that this mirror may bring" in \
        row["error"], row["error"]
    TOOL.put_index(path, good.encode())
    TOOL.release(h.dir, suite)
    row = archive.run("second")
    assert row["state"] == "done", row


def test_what_another_mirror_collects_meanwhile_is_fetched(archive, hosts):
    """Good when it was looked at, gone when the suite is switched: nothing that is served names it."""
    settings(archive, "second", sources=["*"])
    h, suite = hosts["second"], SUITES["second"]
    add(h, suite, "heat", "1:23.0.0-1")
    add(h, suite, "swift", "2.35.0-1")
    stray, new = (f"pool/main/{p}_all.deb" for p in ("h/heat/heat_23.0.0-1", "s/swift/swift_2.35.0-1"))
    os.makedirs(os.path.dirname(archive.path(stray)))
    shutil.copy(f"{h.archive}/{stray}", archive.path(stray))
    give(archive.path("pool"))
    with open(f"{archive.work}/locks/pool.lock", "rb") as lock: # as who collects has it
        fcntl.flock(lock, fcntl.LOCK_EX)
        job = archive.enqueue("second")
        worker = archive.start_worker()
        wait_for(lambda: glob.glob(f"{archive.work}/staging/second/*/{new}"), "the new file's transfer")
        os.unlink(archive.path(stray))
    worker.wait()
    row = archive.job(job)
    assert row["state"] == "failed" and f"{stray} was removed from the pool" in row["error"], row
    assert archive.publish("--check").returncode == 0
    row = archive.run("second")
    assert row["state"] == "done" and archive.read(stray), row
    assert archive.publish("--check").returncode == 0
