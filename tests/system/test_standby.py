# SPDX-License-Identifier: Apache-2.0
"""`database-read` names a standby: what `deb-status check` and /health say when nothing brings it up to
date any more. (test_hosts has one on a host of its own, tests/sql/standby.sql one that lags.)"""
import contextlib
import os
import shutil
import signal
import subprocess

import pytest
from conftest import PSQL, wait_for
from hook_site import Postgres, make_config

CHECK = "the standby of database-read is not brought up to date: pages show an old state"
HEALTH = "the standby that is read here is not brought up to date"


class Standby:
    """Of a stack's database, by streaming, in a folder of its own."""

    def __init__(self, stack, folder):
        self.dir, self.programs = folder, os.path.dirname(Postgres(stack).argv[0])
        self.user = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        subprocess.run([*self.user, f"{self.programs}/pg_basebackup", "-D", f"{folder}/data", "-R", "-X", "stream", "-c", "fast",
                        "--no-sync", "-d", f"host={stack.dir}/run user=postgres"], check=True, cwd="/", capture_output=True)
        with open(f"{folder}/log", "wb") as log:
            self.process = subprocess.Popen(
                [*self.user, f"{self.programs}/postgres", "-D", f"{folder}/data", "-c", "listen_addresses=", "-c",
                 f"unix_socket_directories={folder}", "-c", "wal_retrieve_retry_interval=200ms", "-c", "max_connections=120"],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.from_primary = wait_for(lambda: self.psql("show primary_conninfo", check=False), "the standby answers")
        self.follows()

    def psql(self, sql, check=True):
        done = subprocess.run([PSQL, "-XAtq", "-d", f"host={self.dir} dbname=deb-status user=postgres", "-c", sql],
                              capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def receives(self):
        return self.psql("select status from pg_stat_wal_receiver") == "streaming"

    def follows(self):
        wait_for(self.receives, "the standby follows")

    @contextlib.contextmanager
    def cut_off(self):
        """It is up, its primary is up, and nothing comes from there."""
        self.set_primary("")
        wait_for(lambda: not self.psql("select pid from pg_stat_wal_receiver"), "nothing comes any more")
        try:
            yield
        finally:
            self.set_primary(self.from_primary)
            self.follows()

    def set_primary(self, conninfo):
        quoted = conninfo.replace("'", "''")
        self.psql(f"alter system set primary_conninfo = '{quoted}'")
        self.psql("select pg_reload_conf()")

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # at once, whoever is connected
        self.process.wait(60)


@pytest.fixture(scope="module")
def stack(folders, make_stack):
    return make_stack(config=make_config(folders()), workers=0)


@pytest.fixture(scope="module")
def standby(stack, folders):
    standby = Standby(stack, folders())
    with open(stack.config, "a", encoding="utf-8") as f:
        f.write(f"database-read: host={standby.dir} dbname=deb-status\n")
    yield standby
    standby.stop()


def check(stack):
    """Findings about the standby, by the files alone: DEB_STATUS_DATABASE would stand for both databases."""
    done = stack.run("env", "-u", "DEB_STATUS_DATABASE", "deb-status", "check", check=False)
    return [line for line in done.stdout.splitlines() if "standby" in line or "database-read" in line]


def test_cut_off(stack, standby):
    def reasons():
        return [r for r in stack.get("/health").json()["reasons"] if "standby" in r]

    def reads():
        stack.get("/queue")
        return standby.psql("select count(*) from pg_stat_activity where usename = 'deb_status_pages'") != "0"
    wait_for(reads, "pages read the standby")
    for last in ("no change came since it started", "its last change is of 20"):
        wait_for(lambda: not reasons(), "health says nothing")
        assert check(stack) == []
        with standby.cut_off():
            assert check(stack) == [f"error: {CHECK}. Look at its log: is the primary reached, and does its slot hold the WAL?"]
            assert wait_for(reasons, "health says so")[0].startswith(f"{HEALTH}, {last}")
            assert "This is a copy whose original is away" in stack.get("/").text
        stack.psql("select deb_status.enqueue('releases')")
        wait_for(lambda: standby.psql("select pg_last_xact_replay_timestamp()"), "the change arrives")


def test_away(stack, standby):
    """A standby that does not answer is an error of its own."""
    os.rename(f"{standby.dir}/.s.PGSQL.5432", f"{standby.dir}/away")
    try:
        (found,) = check(stack)
        assert found.startswith("error: database-read cannot be reached as deb_status_pages: ")
    finally:
        os.rename(f"{standby.dir}/away", f"{standby.dir}/.s.PGSQL.5432")
