# SPDX-License-Identifier: Apache-2.0
"""For the tests of the worker: a job that hangs as long as it is needed (an archive that never
answers), and what runs, seen in /proc."""
import glob
import os
import socket
import subprocess
import threading

from conftest import wait_for

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
