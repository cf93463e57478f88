# SPDX-License-Identifier: Apache-2.0
"""Where things lie in a stack's folder, its addresses, and what its programs see of it."""
import os
import shutil
import stat
import subprocess

from stack.users import Failure, as_user, is_open, is_root, make_dir, make_passable

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SOCKET_MAX = 107  # bytes of a socket's path: sun_path of unix(7), without its NUL
PROGRAMS = ("deb-status", "deb-status-worker", "hook.fcgi", "pages.fcgi")


class Layout:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.run = os.path.join(self.folder, "run")
        self.bin = os.environ.get("DEB_STATUS_BUILD") or os.path.join(
            TOP, "build", os.environ.get("FLAVOR") or "default")
        self.bin = os.path.join(os.path.abspath(self.bin), "bin")
        self.share = TOP
        self.port = None  # Apache's, once it is known

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}{path}"

    def conninfo(self, role=None):
        host = self.run
        if not all(c.isalnum() or c in "/._-" for c in host):
            host = "'" + host.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return f"host={host} dbname=deb-status" + (f" user=deb_status_{role}" if role else "")

    def config_name(self):
        try:
            with open(self.path("config-name"), encoding="utf-8") as f:
                return f.read().strip()
        except FileNotFoundError:
            return "deb-status.yaml"

    def set_config_name(self, name):
        with open(self.path("config-name"), "w", encoding="utf-8") as f:
            f.write(name + "\n")

    def config(self):
        return self.path("etc", self.config_name())

    # -- programs

    def environment(self):
        env = {"PATH": f"{self.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent",
               "DEB_STATUS_CONFIG": self.config(), "DEB_STATUS_SHARE": self.share}
        if os.environ.get("DEB_STATUS_LOG"):
            env["DEB_STATUS_LOG"] = os.environ["DEB_STATUS_LOG"]
        if "/san/" in self.bin + "/":
            env["UBSAN_OPTIONS"] = "print_stacktrace=1"
            env["LSAN_OPTIONS"] = f"suppressions={self.known_leaks()}:print_suppressions=0"
        return env

    def known_leaks(self):
        """libgit2 keeps the matches of its regular expressions (PCRE2) to the end, and loses a
        list now and then. A job's process ends with its job."""
        path = self.path("run", "known-leaks")
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as f:
                f.write("leak:libpcre2\nleak:libgit2.so\n")
        return path

    def program(self, name, *args):
        """Runs one of the programs as the worker's user; a failure carries its output."""
        done = subprocess.run(as_user("worker", [os.path.join(self.bin, name), *args]), cwd="/",
                              env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"{name} {' '.join(args)} exited {done.returncode}:\n"
                          f"{done.stdout}{done.stderr}")

    # -- the folder

    def make(self):
        """The empty folder of a new stack. Whatever stands in the way is a Failure."""
        longest = os.path.join(self.run, ".s.PGSQL.5432")
        if len(os.fsencode(longest)) > SOCKET_MAX:
            raise Failure(f"{longest} has {len(os.fsencode(longest))} bytes, and a socket's path "
                          f"at most {SOCKET_MAX}: take a shorter --dir")
        if os.path.exists(self.path("pids")):
            raise Failure(f"{self.folder} has a stack already: tests/stack down --dir first")
        if os.path.isdir(self.folder) and os.listdir(self.folder):
            raise Failure(f"{self.folder} is not empty")
        for program in PROGRAMS:
            if not os.access(os.path.join(self.bin, program), os.X_OK):
                raise Failure(f"{self.bin}/{program} is not there: run `make` first")
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, stat.S_IMODE(os.stat(self.folder).st_mode) | 0o111)
        make_passable(self.folder)
        make_dir(self.run, "postgres")
        make_dir(self.path("data"), "worker")
        make_dir(self.path("log"), "worker", 0o1777)
        self.make_programs_readable()

    def make_programs_readable(self):
        """A clone below a closed folder (/root) is copied: the parts' users cannot enter it."""
        if not is_root() or (is_open(self.bin) and is_open(os.path.join(TOP, "templates"))):
            return
        shutil.copytree(self.bin, self.path("bin"))
        for name in ("templates", "static"):
            if os.path.isdir(os.path.join(TOP, name)):
                shutil.copytree(os.path.join(TOP, name), self.path("share", name))
        subprocess.run(["chmod", "-R", "a+rX", self.path("bin"), self.path("share")], check=True)
        self.bin, self.share = self.path("bin"), self.path("share")

    def remove(self):
        """All that a stack has made; a folder that held something else stays."""
        for name in ("run", "postgres", "apache", "apache.conf", "site.conf", "etc", "config-name",
                     "data", "demo", "log", "bin", "share", "env", "pids", "pids.new"):
            path = self.path(name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.unlink(path)
        if os.path.isdir(self.folder) and not os.listdir(self.folder):
            os.rmdir(self.folder)
