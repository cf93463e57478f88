# SPDX-License-Identifier: Apache-2.0
"""Web hosts beside the stack's own: an Apache with a site of the test's choice, and FastCGI programs
that are given their listening socket as systemd would."""
import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time

from conftest import free_port, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMON = ("mpm_event authn_core authz_core alias mime dir env headers setenvif deflate filter unique_id "
          "reqtimeout autoindex").split()


def as_user(user, argv):
    if os.getuid() != 0:
        return argv
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", *argv]


def give(path, user):
    if os.getuid() == 0:
        row = pwd.getpwnam(user)
        os.chown(path, row.pw_uid, row.pw_gid)


class Apache:
    """An Apache of www-data in `folder`, with modules and lines of configuration. before: argv of a
    program that starts it (ip netns exec ...)."""

    def __init__(self, folder, modules, lines, address="127.0.0.1", port=None, before=()):
        self.dir, self.address, self.port = folder, address, port or free_port()
        os.makedirs(f"{folder}/empty")
        os.chmod(folder, 0o755)
        give(folder, "www-data")
        load = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"
                       for m in [*COMMON, *modules])
        with open(f"{folder}/apache.conf", "w", encoding="utf-8") as f:
            f.write(f"""ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/pid"
Listen {address}:{self.port}
ServerName {address}
DocumentRoot "{folder}/empty"
ErrorLog "{folder}/error.log"
LogLevel warn
{load}
Mutex "file:{folder}" default
TypesConfig /etc/mime.types
LogFormat "%a %>s %{{UNIQUE_ID}}e %r" test
CustomLog "{folder}/access.log" test
ServerLimit 8
StartServers 1
MinSpareThreads 1
MaxSpareThreads 32
ThreadsPerChild 32
MaxRequestWorkers 32
<Directory "/">
    Require all denied
</Directory>
<Directory "{folder}/empty">
    Require all granted
</Directory>
{lines}
""")
        self.process = subprocess.Popen(
            [*before, *as_user("www-data", ["/usr/sbin/apache2", "-f", f"{folder}/apache.conf",
                                            "-DFOREGROUND"])],
            cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)

        def ready():
            assert self.process.poll() is None, self.process.stderr.read().decode() + self.log()
            return os.path.exists(f"{folder}/pid")
        wait_for(ready, "Apache")
        self.url = f"http://{address}:{self.port}"

    def log(self, name="error"):
        try:
            with open(f"{self.dir}/{name}.log", encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def reload(self):
        with open(f"{self.dir}/pid", encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGUSR1)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Program:
    """`count` processes of a FastCGI program on one socket, which they get as descriptor 0."""

    def __init__(self, path, user, address, env, count=2):
        self.path, self.user, self.env, self.address = path, user, env, address
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(address)
        os.chmod(address, 0o666 if os.getuid() != 0 else 0o660)
        if os.getuid() == 0:
            os.chown(address, 0, pwd.getpwnam("www-data").pw_gid)
        self.socket.listen(256)
        self.log_path = address + ".log"
        self.processes = []
        for _ in range(count):
            self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.processes.append(subprocess.Popen(
                as_user(self.user, [self.path]), cwd="/", stdin=self.socket, stdout=log, stderr=log,
                env=self.env, start_new_session=True))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        """Exit codes of all."""
        for p in self.processes:
            if p.poll() is None:
                p.send_signal(how)
        codes = [p.wait(20) for p in self.processes]
        self.processes = []
        return codes

    def close(self):
        self.stop(signal.SIGKILL)
        self.socket.close()


def later(seconds):
    """A point of time as a condition."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end
