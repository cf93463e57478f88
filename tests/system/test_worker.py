# SPDX-License-Identifier: Apache-2.0
"""The worker: runs that crash, hang, are cancelled or lose their worker or database; --once; a
configuration that changes. The job to be hit is a real one, held by an archive that never answers.
"""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from conftest import free_port, wait_for

NOVA = """team: nova
type: service
release-model: cycle-with-rc
launchpad: nova
repository-settings: {openstack/nova: {}}
releases:
  - version: %s
    projects: [{repo: openstack/nova, hash: 1111111111111111111111111111111111111111}]
"""
UPSTREAM = {
    "data/series_status.yaml":
        "- {name: flamingo, release-id: '2025.2', status: development, initial-release: 2025-10-01}\n"
        "- {name: epoxy, release-id: '2025.1', status: maintained, initial-release: 2025-04-02}\n",
    "deliverables/epoxy/nova.yaml": NOVA % "31.0.0",
    "deliverables/flamingo/nova.yaml": NOVA % "32.0.0",
}


class Silent:
    """An HTTP server that takes every connection and never says a word."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.held = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.held.append(self.socket.accept()[0])
            except OSError:
                return

    def close(self):
        self.socket.close()
        for s in self.held:
            s.close()


@pytest.fixture(scope="module")
def silent():
    server = Silent()
    yield server
    server.close()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def make_upstream(folder):
    for name, text in UPSTREAM.items():
        write(f"{folder}/{name}", text)
    git = ["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(git + ["init", "-q", "-b", "master"], check=True)
    subprocess.run(git + ["add", "-A"], check=True)
    subprocess.run(git + ["commit", "-q", "-m", "first"], check=True)


def make_config(folder, port=None, worker="{lease: 6s, attempts: 3, backoff: 1s}"):
    """A status page alone; with a port, its suite is that of an archive there."""
    make_upstream(f"{folder}/upstream")
    write(f"{folder}/etc/deb-status.yaml", "site: {title: test, url: http://localhost/}\n"
          f"upstream: {{repository: {folder}/upstream}}\nworker: {worker}\n")
    target = f"\ntargets: {{held: ['deb http://127.0.0.1:{port}/debian held main']}}" if port else ""
    write(f"{folder}/etc/releases.d/epoxy.yaml", "series: epoxy" + target + "\n")
    return f"{folder}/etc/deb-status.yaml"


@pytest.fixture(scope="module")
def held(make_stack, folders, silent):
    """A stack whose archives job hangs in apt until it is stopped."""
    return make_stack(config=make_config(folders(), silent.port))


def stat_fields(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def session(pid):
    """Pids of a session that are alive: a job's process and all that it started."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        fields = stat_fields(path[6:])
        if fields and int(fields[3]) == pid and fields[0] != "Z":
            found.append(int(path[6:]))
    return found


def job_process(stack, job, worker="worker-1"):
    """The pid of a running job's process, a child of the worker; None: there is none."""
    pid = stack.pids()[worker]
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
        for child in children:
            with open(f"/proc/{child}/cmdline", encoding="ascii") as f:
                if f"--run-job\0{job}\0" in f.read():
                    return int(child)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def row(stack, job):
    text = stack.psql("select state, attempts, coalesce(worker, ''), coalesce(error, '') "
                      f"from deb_status.jobs where id = {job}")
    state, attempts, worker, error = text.split("|", 3)
    return {"state": state, "attempts": int(attempts), "worker": worker, "error": error}


def is_in(stack, job, state, attempts=None):
    r = row(stack, job)
    return r if r["state"] == state and attempts in (None, r["attempts"]) else None


def begin(stack, worker="worker-1"):
    """The id and the process of an archives job that hangs in apt."""
    job = stack.psql("select deb_status.enqueue('archives')")
    running = stack.psql("select id from deb_status.jobs where kind = 'archives' and state = 'running'")
    if running and running != job:
        stack.psql(f"select deb_status.cancel({job})")
        job = running
    pid = wait_for(lambda: job_process(stack, job, worker), "the job runs")
    wait_for(lambda: len(session(pid)) > 1, "apt runs")
    return int(job), pid


def end(stack, job):
    """No job is left over for the next test."""
    stack.psql("do $$ declare j record; begin for j in select id from deb_status.jobs where state in "
               "('queued', 'running') and not cancelling loop perform deb_status.cancel(j.id); "
               "end loop; end $$")
    wait_for(lambda: row(stack, job)["state"] not in ("queued", "running"), "the job ends")
    stack.wait_idle()


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

    write(main, good + "# mended\n")
    wait_for(lambda: "deb-status.yaml" not in reasons(held), "the mended file is taken")
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


# ---------------------------------------------------------------- --once

@pytest.fixture(scope="module")
def idle(make_stack, folders):
    """A stack without worker; its suite's archive refuses connections."""
    return make_stack(config=make_config(folders(), free_port()), workers=0)


def once(stack, *options, **kw):
    return stack.run("deb-status-worker", "--once", *options, check=False, timeout=120, **kw)


def test_once(idle):
    assert idle.psql("select count(*) from deb_status.targets") == "1"  # `up` has configured
    idle.psql("select deb_status.cancel(id) from deb_status.jobs where state = 'queued'")
    done = once(idle)
    assert done.returncode == 0, done.stderr
    before = idle.psql("select count(*) from deb_status.jobs")
    assert once(idle).returncode == 0  # nothing by schedule
    assert idle.psql("select count(*) from deb_status.jobs") == before
    assert idle.psql("select count(*) from deb_status.workers") == "0"

    # a failure that may pass: tried again at once, up to its attempts
    job = idle.psql("select deb_status.enqueue('archives')")
    done = once(idle)
    assert done.returncode == 1, done.stderr
    r = row(idle, job)
    assert r["state"] == "failed" and r["attempts"] == 3

    # another host's, and one that another worker runs, are left alone
    idle.psql("insert into deb_status.jobs (kind, host) values ('releases', 'elsewhere');"
              "insert into deb_status.jobs (kind, state, token, lease, attempts, started, worker) "
              "values ('archives', 'running', 0, now() + '1 hour', 1, now(), 'other')")
    assert once(idle).returncode == 0
    assert idle.psql("select string_agg(state || attempts, ' ' order by kind) from deb_status.jobs "
                     "where state in ('queued', 'running')") == "running1 queued0"
    idle.psql("delete from deb_status.jobs where worker = 'other'")
    done = once(idle, "--host", "elsewhere")
    assert done.returncode == 0, done.stderr
    assert idle.psql("select state from deb_status.jobs where kind = 'releases' "
                     "order by id desc limit 1") == "done"


def test_once_brings_in_the_configuration(idle):
    idle.psql("select deb_status.cancel(id) from deb_status.jobs where state = 'queued'")
    path = f"{idle.etc}/releases.d/epoxy.yaml"
    with open(path, encoding="utf-8") as f:
        good = f.read()
    write(path, "series: epoxy\n")
    done = once(idle)
    assert done.returncode == 0, done.stderr
    assert idle.psql("select count(*) from deb_status.targets") == "0"
    write(path, good)
    done = idle.run("deb-status-worker", "--configure", check=False)
    assert done.returncode == 0, done.stderr
    assert idle.psql("select count(*) from deb_status.targets") == "1"
    assert idle.psql("select string_agg(kind, ' ') from deb_status.jobs where state = 'queued'") == \
        "archives"  # what it caused waits


def test_once_cannot_work(idle, folder):
    assert idle.run("deb-status-worker", "--once", "-c", f"{folder}/none.yaml",
                    check=False).returncode == 2
    write(f"{folder}/wrong.yaml", "what: 1\n")
    done = idle.run("deb-status-worker", "--once", "-c", f"{folder}/wrong.yaml", check=False)
    assert done.returncode == 2 and "wrong.yaml:1" in done.stderr
    env = {**idle.env, "DEB_STATUS_DATABASE": f"host={folder} dbname=none"}
    done = subprocess.run([shutil.which("deb-status-worker", path=env["PATH"]), "--once"], env=env,
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "database-away" in done.stderr
    for wrong in (["--what"], ["name"], ["--run-job", "1"], ["--run-job", "x", "--token", "1"]):
        done = idle.run("deb-status-worker", *wrong, check=False, timeout=30)
        assert done.returncode == 2, wrong


# ---------------------------------------------------------------- the service manager

def test_service_manager_hears(idle, folder):
    path = f"{folder}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        os.chmod(path, 0o666)
        s.settimeout(20)
        heard = []

        def hear(what):
            while what not in heard:
                heard.append(s.recv(4096).decode())
        env = {**idle.env, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "600000"}
        worker = subprocess.Popen(["deb-status-worker", "--host", "nowhere"], env=env,
                                  stderr=subprocess.PIPE, text=True)
        try:
            hear("READY=1")
            hear("STATUS=at work")
            hear("WATCHDOG=1")
            worker.send_signal(signal.SIGTERM)
            hear("STOPPING=1")
        finally:
            worker.terminate()
            assert worker.communicate(timeout=20)[1].count(" end ") == 1
        assert worker.returncode == 0
