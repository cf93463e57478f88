# SPDX-License-Identifier: Apache-2.0
"""A later version meets the database of this one: its migrations, and workers that are still of this
one. The later version is this program with one more migration, linked anew."""
import glob
import os
import subprocess

import pytest
from conftest import TOP, wait_for

FLAVOR = os.environ.get("FLAVOR") or "default"
BUILD = f"{TOP}/build/{FLAVOR}"
FLAGS = {"san": ["-fsanitize=address,undefined"], "cov": ["--coverage"]}.get(FLAVOR, [])
GOOD = "alter table deb_status.series add column next_version text not null default 'here';\n"
BAD = "update deb_status.status set state = 'ok';\nselect 1/0;\n"


def later_version(folder, name, migration):
    """Programs with a further migration, in folder/NAME; returns that folder."""
    out = f"{folder}/{name}"
    os.makedirs(f"{out}/sql/migrations")
    with open(f"{out}/sql/migrations/990-{name}.sql", "w", encoding="utf-8") as f:
        f.write(migration)
    for part in ("migrations", "functions"):
        os.makedirs(f"{out}/sql/{part}", exist_ok=True)
        for path in glob.glob(f"{TOP}/sql/{part}/*.sql"):
            os.symlink(path, f"{out}/sql/{part}/{os.path.basename(path)}")
    for path in ("admin.sql", "grants.sql", "setup.sql"):
        os.symlink(f"{TOP}/sql/{path}", f"{out}/sql/{path}")
    scripts = sorted(glob.glob("sql/migrations/*.sql", root_dir=out)) + \
        sorted(glob.glob("sql/functions/*.sql", root_dir=out)) + ["sql/admin.sql", "sql/grants.sql"]
    with open(f"{out}/scripts.c", "wb") as f:
        for args in (["scripts", *scripts], ["text", "db_setup_script", "sql/setup.sql"]):
            subprocess.run(["sh", f"{TOP}/sql/embed.sh", *args], cwd=out, stdout=f, check=True)
            f.flush()
    libs = subprocess.run(["pkg-config", "--libs", "libpq", "libgit2", "yaml-0.1", "libcrypto"],
                          check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-c", f"-I{TOP}", f"-I{BUILD}", "-o", f"{out}/scripts.o",
                    f"{out}/scripts.c"], check=True)
    for program, objects in (("deb-status", "admin"), ("deb-status-worker", "worker")):
        # the object is found before the library's own
        subprocess.run(["cc", "-pie", *FLAGS, "-o", f"{out}/{program}",
                        *glob.glob(f"{BUILD}/core/{objects}/*.o"), f"{out}/scripts.o",
                        f"{BUILD}/libdeb-status.a", *libs], check=True)
    return out


@pytest.fixture(scope="module")
def later(folders):
    return later_version(folders(), "good", GOOD)


STATUSES = "select series, target, project, state, debian, upstream from statuses order by 1, 2, 3"


def test_a_migration_that_fails_changes_nothing(stack, folders):
    bad = later_version(folders(), "bad", BAD)
    before = stack.psql(STATUSES)
    done = stack.run(f"{bad}/deb-status", "migrate", check=False)
    assert done.returncode == 1 and "990-bad" in done.stderr
    assert stack.psql(STATUSES) == before
    assert stack.psql("select max(number) < 990 from migrations") == "t"
    assert "pending" not in stack.run("deb-status", "migrate", "--status").stdout


def test_a_later_version(stack, later):
    statuses, events = stack.psql(STATUSES), stack.psql("select count(*) from events")
    assert statuses.count("\n") > 20
    pid = stack.pids()["worker-1"]

    pending = stack.run(f"{later}/deb-status", "migrate", "--status", check=False)
    assert pending.returncode == 1 and "990-good pending" in pending.stdout
    stack.run(f"{later}/deb-status", "migrate")
    assert stack.psql("select distinct next_version from series") == "here"
    assert (stack.psql(STATUSES), stack.psql("select count(*) from events")) == (statuses, events)

    # the worker of this version ends by itself and says why; so do the commands
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the old worker ends")
    assert "newer deb-status" in stack.log("worker-1")
    done = stack.run("deb-status", "enqueue", "archives", check=False)
    assert done.returncode == 1 and "newer deb-status" in done.stderr

    # what waits goes on under the later one
    job = stack.run(f"{later}/deb-status", "enqueue", "archives").stdout.strip()
    stack.run(f"{later}/deb-status-worker", "--once")
    assert stack.run(f"{later}/deb-status", "job", job).returncode == 0
    assert stack.psql(STATUSES) == statuses
