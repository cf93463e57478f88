# SPDX-License-Identifier: Apache-2.0
"""What the tests of the hook share: a configuration with all kinds of senders and no archive behind
it, and a client that sends exactly the bytes it is given."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse
import uuid

from conftest import Answer, sign, wait_for

CONFIG = """\
database: dbname=deb-status
data: data
site: {title: Hook, url: "https://status.example.org/deb-status"}
upstream: {repository: /nonexistent/releases}
publish: {root: archive, url: "http://status.example.org/debian"}
mirror-defaults: {from: /nonexistent, suites: ["{name}-suite"], signed-by: "keys/{name}.gpg"}
mirrors:
  one: {}
  two: {}
  cold: {state: frozen}
senders:
  one: {secrets: [secrets/one]}
  two: {secrets: [secrets/two, secrets/two-old], mirrors: [two, cold], releases: true}
  lab: {secrets: [secrets/lab], mirrors: [], projects: ["openstack-team/*"], body-limit: 1M}
  hub: {secrets: [secrets/hub], mirrors: [], releases: true, profile: github}
  mac: {secrets: [secrets/mac], mirrors: [one], profile: hmac, header: X-Mac}
  default: {secrets: [secrets/default], mirrors: [one]}
"""
SECRETS = ("one", "two", "two-old", "lab", "hub", "mac", "default")
BUILT = {"type": "package.built", "mirror": "one"}


def new_secret():
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def write_secret(path, text, mode=0o640):
    """In one step, with owner and group of what was there, as `deb-status secret` does."""
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(text + "\n")
    os.chmod(path + ".new", mode)
    if os.path.exists(path):
        was = os.stat(path)
        os.chown(path + ".new", was.st_uid, was.st_gid)
    os.rename(path + ".new", path)


def make_config(folder, text=CONFIG, secrets=SECRETS):
    os.makedirs(f"{folder}/secrets")
    os.makedirs(f"{folder}/keys")
    for name in secrets:
        write_secret(f"{folder}/secrets/{name}", new_secret())
    with open(f"{folder}/deb-status.yaml", "w", encoding="utf-8") as f:
        f.write(text)
    return f"{folder}/deb-status.yaml"


def encode(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def signed(secret, body, delivery=None, timestamp=None, signature=None):
    """The headers of a good request, as (name, value) pairs that a test may change."""
    raw = encode(body)
    delivery = delivery or f"msg_{uuid.uuid4().hex}"
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    return [("Content-Type", "application/json"), ("Content-Length", str(len(raw))),
            ("webhook-id", delivery), ("webhook-timestamp", timestamp),
            ("webhook-signature", signature or sign(secret, delivery, timestamp, raw))]


def changed(headers, **new):
    """headers with some of them replaced, repeated (a list of values) or left out (None)."""
    new = {k.replace("_", "-").lower(): v for k, v in new.items()}
    rows = []
    for name, value in headers:
        values = new.pop(name.lower(), value)
        rows += [(name, v) for v in (values if isinstance(values, list) else [values])
                 if v is not None]
    return rows + [(k, x) for k, v in new.items() for x in (v if isinstance(v, list) else [v])]


def hexmac(secret, body):
    return hmac.new(secret.strip().encode(), encode(body), hashlib.sha256).hexdigest()


def connect(url, timeout=30):
    host, port = urllib.parse.urlsplit(url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=timeout)


def read_answer(stream, method="POST"):
    """One answer from a file of the connection; None where it was closed without one."""
    line = stream.readline()
    if not line:
        return None
    status = int(line.split()[1])
    headers = {}
    while (line := stream.readline().strip()):
        name, value = line.split(b":", 1)
        headers[name.decode().title()] = value.strip().decode()
    body = b""
    if method == "HEAD":
        return Answer(status, headers, body)
    if headers.get("Transfer-Encoding") == "chunked":
        while (size := int(stream.readline(), 16)):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    elif "Content-Length" in headers:
        body = stream.read(int(headers["Content-Length"]))
    elif headers.get("Connection") == "close":
        body = stream.read()
    return Answer(status, headers, body)


def raw(url, headers, body=b"", method="POST", path=None, timeout=30):
    """Sends what it is given, byte by byte, and reads the answer. Where Apache answers before all of
    it was sent, that is no error."""
    path = path if path is not None else urllib.parse.urlsplit(url).path
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    text = "".join(line + "\r\n" for line in lines + [f"{n}: {v}" for n, v in headers]) + "\r\n"
    with connect(url, timeout) as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(text.encode("latin-1") + encode(body))
        with s.makefile("rb") as stream:
            return read_answer(stream, method)


def chunked(body):
    return f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


def is_there(pid):
    """It runs: what nobody has waited for is a name alone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Postgres:
    """The stack's server, stopped and started under its feet. before: argv of a program that starts it
    (root only)."""

    def __init__(self, stack):
        self.stack, self.process, self.before = stack, None, ()
        self.pid = stack.pids()["postgres"]
        with open(f"/proc/{self.pid}/cmdline", "rb") as f:
            self.argv = f.read().decode().split("\0")[:-1]

    def tree(self):
        found = [self.pid]
        for pid in found:
            with contextlib.suppress(FileNotFoundError):
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    found += [int(p) for p in f.read().split()]
        return found

    @contextlib.contextmanager
    def hanging(self):
        """All its processes are stopped: it accepts connections and answers nothing."""
        stopped = self.tree()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def end(self, how=signal.SIGINT):
        """SIGINT: a fast shutdown; SIGQUIT: as after a crash; SIGKILL of the whole tree."""
        victims = [self.pid]
        if how == signal.SIGKILL:
            os.kill(self.pid, signal.SIGSTOP)  # it forks no more; one that is missed keeps the next server out
            victims = self.tree()
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
        wait_for(lambda: not self.alive() and not any(map(is_there, victims[1:])), "PostgreSQL ends")

    def alive(self):
        if self.process and self.process.pid == self.pid:
            return self.process.poll() is None
        return is_there(self.pid)

    def start(self):
        argv = list(self.argv)
        if os.getuid() == 0:
            argv = [*self.before, "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *argv]
        with open(f"{self.stack.dir}/log/postgres.log", "ab") as log:
            self.process = subprocess.Popen(argv, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True,
                                            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                                 "TZ": "UTC"})
        self.pid = self.process.pid
        path = f"{self.stack.dir}/pids"
        rows = {**self.stack.pids(), "postgres": self.pid}
        with open(path + ".new", "w", encoding="ascii") as f:
            f.writelines(f"{n} {p}\n" for n, p in rows.items())
        os.rename(path + ".new", path)

        def ready():
            assert self.process.poll() is None, self.stack.log("postgres")[-2000:]
            done = subprocess.run(["psql", "-XAtq", "-d", self.stack.env["DEB_STATUS_ADMIN_DATABASE"],
                                   "-c", "select 1"], capture_output=True, check=False)
            return done.returncode == 0
        wait_for(ready, "PostgreSQL is back")


def children(pid, name):
    """Pids below pid whose program is `name`."""
    found, below = [], [pid]
    for p in below:
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{p}/task/{p}/children", encoding="ascii") as f:
                below += [int(c) for c in f.read().split()]
            with open(f"/proc/{p}/comm", encoding="ascii") as f:
                if f.read().strip() == name:
                    found.append(p)
    return found


def hook_processes(stack):
    return children(stack.pids()["apache"], "hook.fcgi")
