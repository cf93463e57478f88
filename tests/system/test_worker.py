# SPDX-License-Identifier: Apache-2.0
"""The worker: runs that crash, hang, are cancelled or lose their worker or database; a
configuration that changes. The job to be hit is a real one, held by an archive that never answers.
"""
import os
import re
import signal
import socket
import subprocess

import pytest
from conftest import wait_for
from worker_parts import (Silent, begin, end, is_in, job_process, make_config, row, session,
                          stat_fields, write)


@pytest.fixture(scope="module")
def silent():
    server = Silent()
    yield server
    server.close()


@pytest.fixture(scope="module")
def held(make_stack, folders, silent):
    """A stack whose archives job hangs in apt until it is stopped."""
    return make_stack(config=make_config(folders(), silent.port))


# ---------------------------------------------------------------- runs that go wrong

def test_killed_again_and_again_is_parked(held):
    job, pid = begin(held)
    first = row(held, job)["attempts"]
    for attempt in range(first, 4):
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda p=pid: not session(p), "what the job started is gone", 10)
        if attempt < 3:
            pid = wait_for(lambda: job_process(held, job), "the next attempt")
            wait_for(lambda p=pid: len(session(p)) > 1, "apt runs")
            assert row(held, job)["attempts"] == attempt + 1
    r = wait_for(lambda: is_in(held, job, "failed"), "the job is parked")
    assert r["attempts"] == 3 and "ended by signal 9" in r["error"]
    lines = held.psql("select count(*) from deb_status.job_lines where level = 'error' and "
                      f"text like '%signal 9%' and job = {job}")
    assert int(lines) == 4 - first
    assert held.json(f"/jobs/{job}")["state"] == "failed"
    # an admin's retry begins with all attempts
    assert held.psql(f"select deb_status.retry({job})") == str(job)
    wait_for(lambda: is_in(held, job, "running", 1), "the job runs again")
    end(held, job)


def test_cancel_stops_a_running_job(held):
    job, pid = begin(held)
    assert held.psql(f"select deb_status.cancel({job})") == "cancelling"
    r = wait_for(lambda: is_in(held, job, "cancelled"), "the job is cancelled", 8)
    assert r["error"] == "cancelled by an admin"
    assert not session(pid)


def test_sigterm_gives_jobs_back(held):
    job, pid = begin(held)
    attempts = row(held, job)["attempts"]
    held.worker("stop")
    r = row(held, job)
    assert r["state"] == "queued" and r["attempts"] == attempts - 1 and r["worker"] == ""
    assert not session(pid)
    assert re.search(r"end worker=\S+ exit=0$", held.log("worker-1").strip())
    assert held.psql("select count(*) from deb_status.workers") == "0"
    held.worker("start")
    wait_for(lambda: is_in(held, job, "running", attempts), "the job runs again")
    end(held, job)


def test_sighup_is_harmless(held):
    job, pid = begin(held)
    worker = held.pids()["worker-1"]
    os.kill(worker, signal.SIGHUP)
    before = held.psql("select lease from deb_status.jobs where state = 'running'")
    wait_for(lambda: held.psql("select lease from deb_status.jobs where state = 'running'") != before,
             "the lease is renewed", 10)
    assert job_process(held, job) == pid
    end(held, job)


def test_worker_killed_in_mid_job(held):
    job, pid = begin(held)
    attempts = row(held, job)["attempts"]
    killed = held.pids()["worker-1"]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: job_process(held, job) is None and stat_fields(pid) is None,
             "its process goes with it", 10)
    held.worker("stop", 1)
    held.worker("start", 2)
    try:
        wait_for(lambda: is_in(held, job, "running", attempts + 1), "the job runs again", 60)
        wait_for(lambda: job_process(held, job, "worker-2"), "its process is there")
        text = held.psql(f"select string_agg(text, ' ') from deb_status.job_lines where job = {job}")
        assert "its lease was not renewed" in text
    finally:
        held.worker("stop", 2)
        held.worker("start", 1)
    end(held, job)


def test_frozen_worker_wakes_without_its_run(held):
    """Taken over while it slept: its own run ends at once, and whoever has the job now keeps it."""
    job, pid = begin(held)
    frozen = held.pids()["worker-1"]
    os.kill(frozen, signal.SIGSTOP)
    try:
        held.worker("start", 2)
        wait_for(lambda: row(held, job)["worker"] not in ("", f"{socket.gethostname()}:{frozen}")
                 or row(held, job)["state"] != "running", "the job is taken back", 30)
        held.psql(f"select deb_status.cancel({job}) from deb_status.jobs "
                  f"where id = {job} and state in ('queued', 'running')")
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_for(lambda: not session(pid), "the run of the worker that slept is over", 5)
    wait_for(lambda: f"job-end job={job}" in held.log("worker-1"), "it knows")
    assert re.search(rf"job-end job={job} .*state=lost .*lease", held.log("worker-1"))
    held.worker("stop", 2)
    end(held, job)


# ---------------------------------------------------------------- the database

def postgres_processes(stack):
    """The server and its children; each of these has a session of its own."""
    server = stack.pids()["postgres"]
    with open(f"/proc/{server}/task/{server}/children", encoding="ascii") as f:
        return [server] + [int(p) for p in f.read().split()]


def test_database_that_hangs_costs_the_run(held):
    """Who cannot renew its lease kills its own run before another may begin it."""
    job, pid = begin(held)
    attempts = row(held, job)["attempts"]
    server = postgres_processes(held)
    for p in server:
        os.kill(p, signal.SIGSTOP)
    try:
        wait_for(lambda: not session(pid), "the run is killed", 12)
    finally:
        for p in reversed(server):
            os.kill(p, signal.SIGCONT)
    r = wait_for(lambda: is_in(held, job, "running", attempts + 1), "the job runs again", 30)
    assert "lease" in r["error"]
    end(held, job)


@pytest.mark.parametrize("then", ["the database hangs", "SIGKILL"])
def test_sigterm_that_cannot_give_back(held, then):
    """Stopped where it cannot say so any more: it ends all the same, its run with it, and the job comes
    back when its lease is over."""
    job, pid = begin(held)
    attempts, worker = row(held, job)["attempts"], held.pids()["worker-1"]
    server = postgres_processes(held) if then != "SIGKILL" else []
    for p in server:
        os.kill(p, signal.SIGSTOP)
    try:
        os.kill(worker, signal.SIGTERM)
        if not server:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda: (stat_fields(worker) or ["Z"])[0] == "Z", "the worker ends", 20)
        wait_for(lambda: not session(pid), "and its run", 10)
    finally:
        for p in reversed(server):
            os.kill(p, signal.SIGCONT)
    held.worker("stop")
    held.worker("start")
    wait_for(lambda: is_in(held, job, "running", attempts + 1), "the job runs again", 60)
    end(held, job)


def restart_postgres(stack):
    pid = stack.pids()["postgres"]
    with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
        argv = f.read().rstrip("\0").split("\0")
    os.kill(pid, signal.SIGINT)
    wait_for(lambda: (stat_fields(pid) or ["Z"])[0] == "Z", "PostgreSQL ends")
    assert stack.get("/api/v1/series").status == 503
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
    with open(f"{stack.dir}/log/postgres.log", "ab") as log:
        new = subprocess.Popen((prefix if os.getuid() == 0 else []) + argv, cwd="/", stdout=log,
                               stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    with open(f"{stack.dir}/pids", encoding="ascii") as f:
        lines = f.read().splitlines()
    write(f"{stack.dir}/pids", "".join(f"postgres {new.pid}\n" if row.startswith("postgres ")
                                       else row + "\n" for row in lines))


def test_database_restart(held):
    job, pid = begin(held)
    end(held, job)
    log = len(held.log("worker-1"))
    restart_postgres(held)
    wait_for(lambda: "database-back" in held.log("worker-1")[log:], "the worker comes back")
    assert held.log("worker-1")[log:].count("database-away") == 1
    job, pid = begin(held)
    assert pid
    end(held, job)


def test_newer_schema_stops_the_worker(held):
    held.psql("insert into deb_status.migrations (number, name, hash) values (999, '999-later', '')")
    try:
        held.psql("select pg_terminate_backend(pid) from pg_stat_activity "
                  "where usename = 'deb_status_worker' and pid <> pg_backend_pid()", "worker")
        pid = held.pids()["worker-1"]
        wait_for(lambda: (stat_fields(pid) or ["Z"])[0] == "Z", "the worker stops", 45)
        assert re.search("error: schema .*migration 999", held.log("worker-1"))
    finally:
        held.psql("delete from deb_status.migrations where number = 999")
        held.worker("stop")
        held.worker("start")


# ---------------------------------------------------------------- the configuration

def reasons(stack):
    return " ".join(stack.get("/health").json()["reasons"])


def test_configuration_changes(held):
    main = f"{held.etc}/deb-status.yaml"
    with open(main, encoding="utf-8") as f:
        good = f.read()
    write(f"{held.etc}/releases.d/flamingo.yaml", "series: flamingo\ntargets: {sid: "
          f"['deb file:{held.dir}/nowhere sid main']}}\n")
    wait_for(lambda: held.psql("select count(*) from deb_status.targets where name = 'sid'") == "1",
             "the new series is there")
    assert held.get("/flamingo/sid").status == 200

    before = held.psql("select config_hash from deb_status.instance")
    write(main, good + "nonsense: 1\n")
    line = good.count("\n") + 1
    wait_for(lambda: f"deb-status.yaml:{line}" in reasons(held), "the wrong file is in /health")
    assert held.psql("select config_hash from deb_status.instance") == before
    assert held.log("worker-1").count("configuration-refused") == 1
    job = held.psql("select deb_status.enqueue('releases')")
    assert held.wait_job(int(job))["attempts"] == 1  # with the configuration that was kept

    write(main, good)
    wait_for(lambda: "deb-status.yaml" not in reasons(held), "the file as it was is no error")
    write(main, good + "# mended\n")
    wait_for(lambda: held.psql("select config_hash from deb_status.instance") != before,
             "the mended file is in the database")

    # moved away and back: the target's row, and with it its history, is the same
    target = held.psql("select id from deb_status.targets where name = 'sid'")
    assert held.status("flamingo", "sid")["openstack/nova"]["state"] == "missing"
    os.rename(f"{held.etc}/releases.d/flamingo.yaml", f"{held.etc}/flamingo.yaml")
    wait_for(lambda: held.psql("select count(*) from deb_status.targets where name = 'sid'") == "0",
             "the series is gone")
    assert held.get("/flamingo/sid").status == 404
    os.rename(f"{held.etc}/flamingo.yaml", f"{held.etc}/releases.d/flamingo.yaml")
    wait_for(lambda: held.psql("select id from deb_status.targets where name = 'sid'") == target,
             "the series is back")
    os.unlink(f"{held.etc}/releases.d/flamingo.yaml")
    write(main, good)
    wait_for(lambda: held.psql("select count(*) from deb_status.targets where name = 'sid'") == "0",
             "the series is gone")
    end(held, begin(held)[0])
