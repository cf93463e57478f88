# SPDX-License-Identifier: Apache-2.0
"""The processes of a stack: DIR/pids names them, DIR/log/ has their output."""
import glob
import os
import signal
import socket
import subprocess
import sys
import time

from stack.users import Failure, as_user, give

GIVEN_PORTS = set()


class Processes:
    """DIR/pids: `name pid` lines of what runs."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "pids")

    def read(self):
        try:
            with open(self.path, encoding="ascii") as f:
                return {name: int(pid) for name, pid in (line.split() for line in f)}
        except FileNotFoundError:
            return {}

    def write(self, rows):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.writelines(f"{name} {pid}\n" for name, pid in rows.items())
        os.rename(self.path + ".new", self.path)

    def add(self, name, pid):
        self.write({**self.read(), name: pid})

    def drop(self, name):
        self.write({n: p for n, p in self.read().items() if n != name})


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def group_members(pgid):
    """Pids of a process group: what outlives its leader."""
    members = []
    for entry in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(entry, encoding="ascii", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == pgid and fields[0] != "Z":
            members.append(int(entry.split("/")[2]))
    return members


def wait_for(what, condition, seconds=30, interval=0.02):
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(interval)


def start(folder, name, part, argv, env):
    """Starts argv in a session of its own with DIR/log/NAME.log as output; returns its pid."""
    log_path = os.path.join(folder, "log", name + ".log")
    with open(log_path, "ab") as log:
        give(log_path, part, 0o644)
        process = subprocess.Popen(as_user(part, argv), cwd="/", stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env=env, start_new_session=True)
    Processes(folder).add(name, process.pid)
    return process


def stop(folder, name, first, seconds):
    """Signals a part and waits; kills its process group where it does not end in time."""
    pid = Processes(folder).read().get(name)
    if pid is None:
        return
    clean = True
    if is_alive(pid):
        os.kill(pid, first)
        deadline = time.monotonic() + seconds
        while is_alive(pid) and time.monotonic() < deadline:
            reap(pid)
            time.sleep(0.02)
        clean = not is_alive(pid)
    for member in group_members(pid):
        try:
            os.kill(member, signal.SIGKILL)
        except ProcessLookupError:
            pass
    reap(pid)
    Processes(folder).drop(name)
    if not clean:
        print(f"stack: {name} did not end within {seconds} s and was killed", file=sys.stderr)


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def tail(folder, name, lines=15):
    try:
        with open(os.path.join(folder, "log", name + ".log"), errors="replace") as f:
            return "".join(f.readlines()[-lines:])
    except FileNotFoundError:
        return ""


def wait_until_ready(what, folder, name, process, ready):
    """Waits for ready(); a process that has ended by then is a failure, with the end of its log."""
    def condition():
        if process.poll() is None:
            return ready()
        Processes(folder).drop(name)
        raise Failure(f"{what} ended:\n" + tail(folder, name))
    wait_for(what, condition)


def is_listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """A port that nobody listens on, below those that the kernel hands out by itself: a client's
    socket cannot take it before Apache does. Never the same twice: none is bound at once."""
    start_at = 20000 + (os.getpid() * 7 + int(time.time() * 1000)) % 10000
    for port in range(start_at, start_at + 2000):
        if port in GIVEN_PORTS:
            continue
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                GIVEN_PORTS.add(port)
                return port
            except OSError:
                continue
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
