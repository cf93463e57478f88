# SPDX-License-Identifier: Apache-2.0
"""A dump of the database and the configuration are all that is needed: on an empty disk the worker
rebuilds upstream's repository and the archive."""
import os
import shutil
import subprocess

from conftest import wait_for

STATUSES = "select series, target, project, state, debian, upstream from statuses order by 1, 2, 3"
SCHEMA = os.path.join(os.path.dirname(__file__), "..", "..", "sql", "setup.sql")


def run(stack, *argv, **kw):
    done = subprocess.run(argv, capture_output=True, check=False, cwd="/", **kw)
    assert done.returncode == 0, f"{argv}: {done.stderr.decode()}"
    return done.stdout


def tree(folder):
    return sorted(os.path.relpath(os.path.join(parent, name), folder)
                  for parent, _, names in os.walk(folder) for name in names)


def empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def test_restore_on_an_empty_disk(stack):
    socket = f"{stack.dir}/run"
    pool = f"{stack.dir}/demo/publish/archive"
    statuses = stack.psql(STATUSES)
    first = stack.psql("select min(at) from events where kind <> 'published'")
    published = tree(f"{pool}/dists")
    instance = stack.json("/revision")["instance"]
    assert published and "ok" in statuses

    dump = run(stack, "pg_dump", "-Fc", "-h", socket, "-U", "postgres", "deb-status")
    stack.worker("stop")
    # hook and pages keep their connections: they are ended with the database, and come back
    run(stack, "dropdb", "--force", "-h", socket, "-U", "postgres", "deb-status")
    for folder in (f"{stack.dir}/data", f"{stack.dir}/demo/publish"):
        empty(folder)
    assert stack.get("/").status == 503

    run(stack, "psql", "-X", "-v", "ON_ERROR_STOP=1", "-v", "dbname=deb-status", "-h", socket, "-U",
        "postgres", "-d", "postgres", "-f", SCHEMA)
    run(stack, "pg_restore", "--clean", "--if-exists", "-h", socket, "-U", "postgres", "-d",
        "deb-status", input=dump)
    stack.run("deb-status", "migrate")
    stack.worker("start")

    wait_for(lambda: os.path.isdir(f"{pool}/dists") and tree(f"{pool}/dists") == published,
             "the archive is there again", 60)
    stack.wait_idle()
    assert stack.psql(STATUSES) == statuses
    assert stack.psql("select min(at) from events where kind <> 'published'") == first
    # open pages and caches see another database
    wait_for(lambda: stack.get("/").status == 200, "the pages answer")
    assert stack.json("/revision")["instance"] != instance
    # it goes on from there: a new build
    host = f"{stack.dir}/demo/build-host"
    run(stack, os.path.join(os.path.dirname(SCHEMA), "..", "tests", "demo", "build-host"), "add", host,
        "bookworm-epoxy-backports", "nova", "2:31.9.0-1~bpo12+1")
    answer = stack.post("bookworm-epoxy", {"type": "package.built", "mirror": "bookworm-epoxy",
                                           "source": "nova", "version": "2:31.9.0-1~bpo12+1"})
    assert stack.wait_job(answer.json()["job"])["state"] == "done"
    assert stack.status("epoxy", "bookworm-osbpo")["openstack/nova"]["debian"] == "2:31.9.0-1~bpo12+1"
