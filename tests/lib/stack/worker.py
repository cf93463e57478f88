# SPDX-License-Identifier: Apache-2.0
"""The stack's workers: deb-status-worker, by number."""
import os
import signal

from stack import postgres, processes
from stack.users import Failure


def name_of(number):
    return f"worker-{number}"


def start(layout, number):
    name = name_of(number)
    pid = processes.Processes(layout.folder).read().get(name)
    if pid and processes.is_alive(pid):
        raise Failure(f"{name} runs already")
    before = postgres.query(
        layout, "select coalesce(max(started), '-infinity') from deb_status.workers")
    process = processes.start(layout.folder, name, "worker",
                              [os.path.join(layout.bin, "deb-status-worker")],
                              layout.environment())
    processes.wait_until_ready(
        name, layout.folder, name, process,
        lambda: postgres.query(layout, "select count(*) from deb_status.workers where started > "
                                       f"'{before}'") != "0")


def stop(layout, number):
    processes.stop(layout.folder, name_of(number), signal.SIGTERM, 15)


def configure(layout):
    """The configuration into the database: what a worker does when it starts."""
    layout.program("deb-status-worker", "--configure")
