# SPDX-License-Identifier: Apache-2.0
"""The worker called for what is queued (--once), with calls that cannot work, and under a service
manager."""
import os
import shutil
import signal
import socket
import subprocess

import pytest
from conftest import free_port
from worker_parts import make_config, row, write


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


def test_wrong_from_the_start(idle):
    """Nothing that could be kept: the worker ends, and the pages know why."""
    path = f"{idle.etc}/releases.d/wrong.yaml"
    write(path, "series: api\n")
    try:
        done = idle.run("deb-status-worker", check=False, timeout=30)
        assert done.returncode == 2 and "releases.d/wrong.yaml:1" in done.stderr
        assert "releases.d/wrong.yaml:1" in " ".join(idle.get("/health").json()["reasons"])
    finally:
        os.unlink(path)
    assert idle.run("deb-status-worker", "--configure", check=False).returncode == 0
    assert "wrong.yaml" not in idle.get("/health").text


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
