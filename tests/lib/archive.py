# SPDX-License-Identifier: Apache-2.0
"""A stack that publishes: one build host, its mirror, a worker that is called when it shall work.

Archive(make_stack, build_host, folders, ...) starts it. `run()` queues the mirror's job and lets a
worker work until nothing is left; `tree()` says what is served; `Apt` is a client of it.
"""
import glob
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load_tool():
    """tests/demo/build-host as a module."""
    loader = importlib.machinery.SourceFileLoader("build_host",
                                                  os.path.join(TOP, "tests/demo/build-host"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("build_host", loader, origin=loader.path))
    loader.exec_module(module)
    return module


TOOL = load_tool()


def give(path, user="daemon"):
    """The worker's user owns the tree, where the tests run as root."""
    if os.getuid() == 0:
        for folder, _, files in os.walk(path):
            for name in [folder, *(os.path.join(folder, f) for f in files)]:
                shutil.chown(name, user, user)


class Archive:
    """mirrors: {name: (suites, settings)}; the first is the one that run() runs."""

    def __init__(self, make_stack, folders, mirrors, sign=False, publish=None, worker=None,
                 parent=None):
        self.mirror = next(iter(mirrors))
        self.folder = folders()
        self.etc = f"{self.folder}/etc"
        self.parent = parent or f"{self.folder}/p"
        self.root, self.work = f"{self.parent}/archive", f"{self.parent}/archive.work"
        for path in (f"{self.etc}/keys", f"{self.etc}/releases.d", self.parent):
            os.makedirs(path, exist_ok=path == parent)
        give(self.parent)
        self.upstream()
        self.config = {
            "database": "dbname=deb-status", "data": "/var/lib/deb-status",
            "site": {"title": "T", "url": "http://127.0.0.1/deb-status"},
            "upstream": {"repository": f"{self.folder}/upstream"},
            "archives": {"refresh": "24h"},  # no sweep comes in between, however long a test takes
            "publish": {"root": self.root, "url": "http://127.0.0.1/debian", "grace": "24h",
                        **(publish or {})},
            "mirrors": {n: {"suites": suites, **settings} for n, (suites, settings)
                        in mirrors.items()},
            "senders": {n: {"secrets": [f"secrets/{n}"]} for n in mirrors},
            "worker": {"attempts": 1, "backoff": "1s", **(worker or {})},
        }
        if sign:
            TOOL.make_key(f"{self.etc}/keys", "Archive key")
            self.config["publish"]["sign-with"] = "keys/secret.asc"
        os.makedirs(f"{self.etc}/secrets")
        for name in mirrors:
            with open(f"{self.etc}/secrets/{name}", "w", encoding="ascii") as f:
                f.write("whsec_" + "QUFB" * 8 + "\n")
            os.chmod(f"{self.etc}/secrets/{name}", 0o640)
        self.write(self.etc)
        self.write_series()
        self.stack = make_stack(config=f"{self.etc}/deb-status.yaml", workers=0)
        self.stack.psql("update deb_status.jobs set state = 'cancelled', ended = now() "
                        "where state = 'queued'")

    def upstream(self):
        """A releases repository with one series, so that targets have a place."""
        top = f"{self.folder}/upstream"
        os.makedirs(f"{top}/data")
        os.makedirs(f"{top}/deliverables/epoxy")
        with open(f"{top}/data/series_status.yaml", "w", encoding="utf-8") as f:
            yaml.safe_dump([{"name": "epoxy", "release-id": 2025.1, "status": "maintained",
                             "initial-release": "2025-04-02"}], f)
        with open(f"{top}/deliverables/epoxy/nova.yaml", "w", encoding="utf-8") as f:
            f.write("team: nova\ntype: service\nrelease-model: cycle-with-rc\n"
                    "repository-settings: {openstack/nova: {}}\nreleases:\n"
                    "- version: 31.0.0\n  projects: [{repo: openstack/nova, hash: "
                    + "a" * 40 + "}]\n")
        for argv in (["init", "-q", "-b", "master"], ["add", "."],
                     ["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", top, *argv], check=True)

    def write(self, etc):
        """Where there is a stack already, `publish` and so on can be changed and written again."""
        path = f"{etc}/deb-status.yaml"
        data = dict(self.config)
        if etc != self.etc:
            with open(path, encoding="utf-8") as f:
                old = yaml.safe_load(f)
            data = {**data, **{k: old[k] for k in ("database", "data", "site")}}
        with open(path, "w", encoding="utf-8") as f:
            yaml.safe_dump(data, f)

    def rewrite(self):
        """The changed configuration, to the stack's copy."""
        self.write(self.stack.etc)

    def write_series(self):
        suites = [s for m in self.config["mirrors"].values() for s in m["suites"]]
        with open(f"{self.etc}/releases.d/epoxy.yaml", "w", encoding="utf-8") as f:
            yaml.safe_dump({"series": "epoxy", "targets": {
                "ours": [f"deb http://127.0.0.1/debian {s} main" for s in suites]}}, f)

    # -- jobs

    def work_off(self):
        """A worker, until nothing is left to do."""
        return self.stack.run("deb-status-worker", "--once", check=False)

    def start_worker(self):
        """The same, while the caller does something else."""
        user = ["setpriv", "--reuid=daemon", "--regid=daemon", "--init-groups"]
        return subprocess.Popen((user if os.getuid() == 0 else []) + ["deb-status-worker", "--once"],
                                env=self.stack.env, cwd="/", stderr=subprocess.DEVNULL)

    def enqueue(self, mirror=None):
        return int(self.stack.run("deb-status", "enqueue", "mirror",
                                  mirror or self.mirror).stdout)

    def run(self, mirror=None):
        """Queues the mirror's job and works it off: the job as the API has it, and its detail."""
        job = self.enqueue(mirror)
        log = self.work_off()
        row = self.job(job)
        row["log"] = log.stderr
        return row

    def job(self, job):
        row = self.stack.json(f"/jobs/{job}")
        row["detail"] = self.stack.psql(f"select detail from deb_status.jobs where id = {job}")
        row["lines"] = self.stack.psql("select level || ' ' || text from deb_status.job_lines "
                                       f"where job = {job} order by n")
        return row

    def announce(self, source=None, version=None, mirror=None, url=None):
        """POSTs a package.built; returns the job's id."""
        body = {"type": "package.built", "mirror": mirror or self.mirror, "source": source,
                "version": version, "url": url}
        a = self.stack.post(mirror or self.mirror, {k: v for k, v in body.items() if v})
        assert a.status in (200, 202), a.text
        return a.json()["job"]

    # -- what is served

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def read(self, *parts):
        with open(self.path(*parts), "rb") as f:
            return f.read()

    def tree(self, folder=""):
        """{path: hash} of everything that is served."""
        top, out = self.path(folder), {}
        for where, _, files in os.walk(top):
            for name in files:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    out[os.path.relpath(path, self.root)] = hashlib.sha256(f.read()).hexdigest()
        return out

    def staging(self):
        return [p for p in glob.glob(f"{self.work}/staging/**", recursive=True)
                if os.path.isfile(p)]

    def generations(self, suite):
        rows = self.stack.psql("select coalesce(json_agg(g order by generation), '[]') from "
                               f"deb_status.generations g where suite = '{suite}'")
        return json.loads(rows)

    def versions(self, suite):
        """{source: version} as the database has it."""
        rows = self.stack.psql(
            "select coalesce(json_object_agg(s.name, s.version), '{}') from deb_status.sources s "
            f"join deb_status.suites u on u.id = s.suite where u.suite = '{suite}'")
        return json.loads(rows)

    def publish(self, *args, check=True, **kw):
        return self.stack.run("deb-status", "publish", *args, check=check, **kw)


class Apt:
    """An apt client with everything of its own, of one suite of a stack's archive."""

    def __init__(self, folder, url, suite, key):
        self.dir, self.key = folder, key
        for name in ("lists/partial", "cache/archives/partial", "etc", "parts", "got"):
            os.makedirs(f"{folder}/{name}")
        with open(f"{folder}/sources.list", "w", encoding="ascii") as f:
            f.write(f"deb [signed-by={key}] {url} {suite} main\n"
                    f"deb-src [signed-by={key}] {url} {suite} main\n")
        with open(f"{folder}/status", "w", encoding="ascii"):
            pass
        settings = {
            "Dir::Etc": f"{folder}/etc", "Dir::Etc::parts": f"{folder}/parts",
            "Dir::Etc::main": "/dev/null", "Dir::Etc::sourcelist": f"{folder}/sources.list",
            "Dir::Etc::sourceparts": f"{folder}/parts", "Dir::Etc::trustedparts": f"{folder}/parts",
            "Dir::Etc::preferencesparts": f"{folder}/parts", "Dir::State": folder,
            "Dir::State::lists": f"{folder}/lists", "Dir::State::status": f"{folder}/status",
            "Dir::Cache": f"{folder}/cache", "APT::Architecture": "amd64",
            "APT::Architectures": "amd64", "Acquire::Languages": "none", "Acquire::Retries": "0",
            "APT::Sandbox::User": "root", "Acquire::http::Proxy": "DIRECT",
        }
        self.conf = f"{folder}/apt.conf"
        with open(self.conf, "w", encoding="ascii") as f:
            f.writelines(f'{k} "{v}";\n' for k, v in settings.items())

    def __call__(self, *argv):
        env = {"PATH": os.environ["PATH"], "APT_CONFIG": self.conf, "LC_ALL": "C"}
        return subprocess.run(argv, env=env, cwd=f"{self.dir}/got", capture_output=True, text=True,
                              check=False)

    def update(self):
        return self("apt-get", "update", "-q", "--error-on=any")

    def download(self, package):
        return self("apt-get", "download", "-q", package)

    def version(self, package):
        out = self("apt-cache", "policy", package).stdout
        return next((line.split()[1] for line in out.splitlines() if "Candidate:" in line), None)
