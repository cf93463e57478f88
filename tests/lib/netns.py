# SPDX-License-Identifier: Apache-2.0
"""Several hosts on one machine: network namespaces on a switch (a bridge in a namespace of its own).
Nothing of it is seen outside, and no address can clash. Needs root and `ip` (iproute2)."""
import contextlib
import ctypes
import http.client
import itertools
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.parse

import pytest
from conftest import Answer, wait_for

CLONE_NEWNET = 0x40000000
COUNTER = itertools.count(1)
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*args, check=True):
    done = subprocess.run(["ip", *args], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"ip {' '.join(args)}: {done.stderr}"
    return done


class Net:
    """hosts: name -> address, all on one switch."""

    def __init__(self, hosts):
        self.hosts, self.prefix = hosts, f"ds{os.getpid()}-{next(COUNTER)}"
        if os.getuid() != 0 or not shutil.which("ip"):
            pytest.skip("network namespaces need root and ip of iproute2")
        made = ip("netns", "add", self.space("switch"), check=False)
        if made.returncode:
            pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
        self.made = ["switch"]
        try:
            ip("-n", self.space("switch"), "link", "add", "br0", "type", "bridge")
            ip("-n", self.space("switch"), "link", "set", "br0", "up")
            for name in hosts:
                self.add(name)
            self.know_each_other()
        except BaseException:
            self.close()
            raise

    def space(self, name):
        return f"{self.prefix}-{name}"

    def add(self, name):
        switch, space = self.space("switch"), self.space(name)
        ip("netns", "add", space)
        self.made.append(name)
        ip("-n", switch, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("-n", switch, "link", "set", f"to-{name}", "master", "br0", "up")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "addr", "add", f"{self.hosts[name]}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")

    def know_each_other(self):
        """Neighbours for good: where a cable is pulled packets are lost, and nobody says 'no route'."""
        macs = {}
        for name in self.hosts:
            words = ip("-n", self.space(name), "-o", "link", "show", "dev", "eth0").stdout.split()
            macs[name] = words[words.index("link/ether") + 1]
        for here, there in itertools.permutations(self.hosts, 2):
            ip("-n", self.space(here), "neigh", "replace", self.hosts[there], "lladdr", macs[there], "dev", "eth0",
               "nud", "permanent")

    def before(self, name):
        """What an argv begins with, to run on that host."""
        return ("ip", "netns", "exec", self.space(name))

    def cable(self, name, plugged):
        ip("-n", self.space("switch"), "link", "set", f"to-{name}", "up" if plugged else "down")

    @contextlib.contextmanager
    def unplugged(self, name):
        self.cable(name, False)
        try:
            yield
        finally:
            self.cable(name, True)

    def kill(self, name):
        """The host's power is off: all that runs on it is gone at once."""
        def left(number):
            running = False
            for pid in ip("netns", "pids", self.space(name), check=False).stdout.split():
                with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                    os.kill(int(pid), number)
                    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                        running |= f.read().rsplit(")", 1)[1].split()[0] != "Z"
            return running
        left(signal.SIGSTOP)  # or one of them sees another's end, and says so to the database
        wait_for(lambda: not left(signal.SIGKILL), f"{name} is down")

    def inside(self, name, function):
        """What the function gives, called by a thread that is on that host: its sockets are there."""
        result = []

        def run():
            fd = os.open(f"/run/netns/{self.space(name)}", os.O_RDONLY)
            try:
                if LIBC.setns(fd, CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
                result.append(function())
            except OSError as e:
                result.append(e)
            finally:
                os.close(fd)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if isinstance(result[0], OSError):
            raise result[0]
        return result[0]

    def request(self, name, url, data=None, headers=None, method=None, timeout=30):
        """As conftest.request, from that host."""
        parts = urllib.parse.urlsplit(url)
        address = (parts.hostname, parts.port or 80)
        http_client = http.client.HTTPConnection(*address, timeout=timeout)
        http_client.sock = self.inside(name, lambda: socket.create_connection(address, timeout))
        with contextlib.closing(http_client):
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            http_client.request(method or ("POST" if data is not None else "GET"), path, data, headers or {})
            answer = http_client.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def close(self):
        for name in self.made:
            if name != "switch":
                self.kill(name)
        for name in reversed(self.made):
            ip("netns", "del", self.space(name), check=False)
        self.made = []
