# SPDX-License-Identifier: Apache-2.0
"""A later version meets the database of this one: its migrations, and workers that are still of this
one. The later version is this program with one more migration, linked anew."""
import glob
import os
import re
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


def has_ended(pid):
    """One that its parent has not fetched yet, too: init takes its time."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


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
    wait_for(lambda: has_ended(pid), "the old worker looks, every 30 s, and ends", 90)
    assert "newer deb-status" in stack.log("worker-1")
    done = stack.run("deb-status", "enqueue", "archives", check=False)
    assert done.returncode == 1 and "newer deb-status" in done.stderr

    # what waits goes on under the later one
    job = stack.run(f"{later}/deb-status", "enqueue", "archives").stdout.strip()
    stack.run(f"{later}/deb-status-worker", "--once")
    assert stack.run(f"{later}/deb-status", "job", job).returncode == 0
    assert stack.psql(STATUSES) == statuses


# ---------------------------------------------------------------- every earlier schema

MIGRATIONS = sorted(glob.glob(f"{TOP}/sql/migrations/*.sql"))


def number(path):
    return int(os.path.basename(path).split("-")[0])


def fnv(text):
    """The hash under which a migration is recorded (core/db/migrate.c)."""
    h = 14695981039346656037
    for byte in text.encode():
        h = (h ^ byte) * 1099511628211 % 2 ** 64
    return f"{h:016x}"


def read(name):
    with open(f"{TOP}/sql/{name}", encoding="utf-8") as f:
        return f.read()


class Earlier:
    """A database as the version before migration N+1 had it, with the rows of the stack's own."""

    def __init__(self, stack, upto):
        self.stack, self.name = stack, f"upgrade-{upto}"
        self.super_sql("postgres", read("setup.sql"), f"dbname={self.name}")
        self.owner(read("queries/migrate_table.sql"))
        for path in MIGRATIONS:
            if number(path) <= upto:
                text = read(f"migrations/{os.path.basename(path)}")
                self.owner(text)
                self.owner(f"insert into migrations (number, name, hash) values ({number(path)}, "
                           f"'{os.path.basename(path)[:-4]}', '{fnv(text)}')")
        self.tables = self.list_tables(self.name)
        self.fill()

    def psql(self, database, user, sql, *variables):
        argv = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]
        for v in variables:
            argv += ["-v", v]
        done = subprocess.run([*argv, f"host={self.stack.dir}/run dbname={database} user={user}"], input=sql,
                              env=self.stack.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def super_sql(self, database, sql, *variables):
        return self.psql(database, "postgres", sql, *variables)

    def owner(self, sql):
        return self.psql(self.name, "deb_status_owner", sql)

    def list_tables(self, database):
        """{table: its columns}, generated ones left out."""
        rows = self.super_sql(database, "select c.relname, string_agg(quote_ident(a.attname), ',' order by a.attname) "
                              "from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relkind = 'r' "
                              "and c.relnamespace = 'deb_status'::regnamespace and a.attnum > 0 and not "
                              "a.attisdropped and a.attgenerated = '' and c.relname <> 'migrations' group by 1")
        return dict(row.split("|") for row in rows.splitlines())

    def rows(self, database):
        """{table: its rows}, in the columns that this version had."""
        mark = "\\echo -- {}\ncopy (select {} from deb_status.{} order by 1) to stdout;\n"
        text = self.super_sql(database, "".join(mark.format(t, c, t) for t, c in self.tables.items()))
        return {part.split("\n", 1)[0]: part.split("\n", 1)[1]
                for part in re.split("^-- ", text, flags=re.M)[1:]}

    def fill(self):
        script = ["set session_replication_role = replica;"]  # in any order
        for table, rows in self.rows("deb-status").items():
            script.append(f"delete from deb_status.{table};\n"
                          f"copy deb_status.{table} ({self.tables[table]}) from stdin;\n{rows}\\.")
        # not a copy on another server, but this one with the functions of its version
        script.append("update deb_status.instance set code_hash = 'an earlier one', origin = null;")
        self.super_sql(self.name, "\n".join(script) + "\n")
        self.super_sql(self.name, "select format('select setval(%L, 1000000);', c.oid::regclass) from pg_class c "
                       "where relkind = 'S' and relnamespace = 'deb_status'::regnamespace \\gexec\n")

    def schema(self, database):
        """What psql's \\d shows of all, comments and rights with it."""
        done = subprocess.run(["pg_dump", "--schema-only", "--schema=deb_status",
                               f"host={self.stack.dir}/run dbname={database} user=postgres"],
                              env=self.stack.env, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if not line.startswith(("--", "\\"))]

    def drop(self):
        self.super_sql("postgres", f'drop database if exists "{self.name}" with (force)')


@pytest.fixture(scope="module")
def filled(make_stack):
    """A stack whose database has rows, and whose worker is at rest."""
    made = make_stack(workers=0)
    made.run("deb-status-worker", "--once")
    return made


@pytest.mark.parametrize("upto", [number(p) for p in MIGRATIONS])
def test_from_every_earlier_schema(filled, upto):
    """Its rows arrive, all of them, in the schema that a new installation of this version has."""
    old = Earlier(filled, upto)
    try:
        before = old.rows(old.name)
        with_rows = [t for t in before if before[t]]
        assert len(with_rows) > len(before) / 2, with_rows
        env = ["env", f"DEB_STATUS_DATABASE=host={filled.dir}/run dbname={old.name}"]
        status = filled.run(*env, "deb-status", "migrate", "--status", check=False)
        for path in MIGRATIONS:
            name = os.path.basename(path)[:-4]
            assert (f"{name} pending" in status.stdout) == (number(path) > upto), status.stdout
        filled.run(*env, "deb-status", "migrate")
        assert filled.run(*env, "deb-status", "migrate", "--status").returncode == 0
        after = old.rows(old.name)
        assert {t for t in before if before[t] != after[t]} == {"instance"}, "its functions' hash"
        assert old.schema(old.name) == old.schema("deb-status")
        assert filled.run(*env, "deb-status", "enqueue", "archives").stdout.strip().isdigit()
    finally:
        old.drop()
