# SPDX-License-Identifier: Apache-2.0
"""Several hosts: two web hosts behind a reverse proxy, two workers, a database and its standby, each in
a network namespace of its own. The archive is on a disk that both workers have."""
import concurrent.futures
import contextlib
import os
import shutil
import subprocess
import time
import uuid

import pytest
from conftest import wait_for
from hook_site import Postgres, encode, make_config, signed
from netns import Net
from web import TOP, Apache
from worker_parts import make_upstream

HOSTS = {"db": "10.77.0.2", "standby": "10.77.0.3", "proxy": "10.77.0.10", "web1": "10.77.0.11",
         "web2": "10.77.0.12", "alpha": "10.77.0.21", "beta": "10.77.0.22", "client": "10.77.0.99"}
PORT = 8080
PROCESSES = 4  # of each program on each web host
MIRRORS = ("one", "two", "big", "pinned")
CONFIG = """\
database: host={db} dbname=deb-status
database-read: service=pages
data: data
site: {{title: Hosts, url: "http://{proxy}:8080/deb-status"}}
upstream: {{repository: {folder}/upstream}}
publish: {{root: {folder}/archive, url: "http://{proxy}:8080/debian"}}
mirror-defaults: {{from: {archive}, suites: ["{{name}}-suite"], signed-by: {key}}}
mirrors: {{one: {{}}, two: {{}}, big: {{}}, pinned: {{host: beta}}}}
senders:
  one: {{secrets: [secrets/one]}}
  two: {{secrets: [secrets/two], mirrors: [two, big, pinned]}}
worker: {{jobs: 2, lease: 6s, attempts: 5, backoff: 1s}}
"""


def user(name, *argv):
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", *argv]


class Site:
    def __init__(self, stack, net, folder):
        self.stack, self.net, self.dir, self.number = stack, net, folder, 0
        self.env = {k: stack.env[k] for k in ("DEB_STATUS_SHARE", "PATH")}
        self.bin = stack.env["PATH"].split(":")[0]
        self.database, self.webs, self.workers, self.open = Postgres(stack), {}, {}, []
        self.url = f"http://{HOSTS['proxy']}:{PORT}"
        self.move_database()
        self.make_standby()
        for name in ("web1", "web2", "alpha", "beta"):
            shutil.copytree(stack.etc, f"{folder}/{name}/etc")
            subprocess.run(["cp", "-a", "--no-target-directory", stack.etc, f"{folder}/{name}/etc"], check=True)
            shutil.copy(f"{folder}/hosts.yaml", f"{folder}/{name}/etc/deb-status.yaml")
            os.makedirs(f"{folder}/{name}/etc/data", exist_ok=True)
            shutil.chown(f"{folder}/{name}/etc/data", "daemon")
        self.service("web1", "host={standby},{db}\ntarget_session_attrs=prefer-standby")
        self.service("web2", "host={db}")
        for name in ("web1", "web2"):
            self.start_web(name)
        self.proxy = self.apache("proxy", "proxy proxy_http proxy_balancer lbmethod_byrequests slotmem_shm", f"""
Define DEB_STATUS_ROLE_PROXY
Define DEB_STATUS_WEB_1 http://{HOSTS['web1']}:{PORT}
Define DEB_STATUS_WEB_2 http://{HOSTS['web2']}:{PORT}
Include "{TOP}/apache/reverse-proxy.conf"
""")
        for name in ("web1", "web2", "proxy"):
            self.answers(name)

    # -- parts

    def move_database(self):
        with open(f"{self.stack.dir}/postgres/pg_hba.conf", "a", encoding="ascii") as f:
            f.write("host all all 10.77.0.0/24 trust\nhost replication all 10.77.0.0/24 trust\n")
        self.database.end()
        self.database.before = self.net.before("db")
        self.database.argv += ["-c", f"listen_addresses={HOSTS['db']}"]
        self.database.start()

    def make_standby(self):
        self.data, self.log = f"{self.dir}/standby/data", f"{self.dir}/standby/log"
        os.makedirs(f"{self.dir}/standby")
        shutil.chown(f"{self.dir}/standby", "postgres")
        programs = os.path.dirname(self.database.argv[0])
        subprocess.run([*self.net.before("standby"), *user("postgres", f"{programs}/pg_basebackup", "-D", self.data,
                        "-d", f"host={HOSTS['db']} user=postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")],
                       check=True, cwd="/", capture_output=True)
        self.standby = [f"{programs}/postgres", "-D", self.data, "-c", f"listen_addresses={HOSTS['standby']}", "-c",
                        f"unix_socket_directories={self.dir}/standby", "-c", "wal_retrieve_retry_interval=200ms",
                        "-c", "max_connections=120"]
        self.start_standby()

    def start_standby(self):
        with open(self.log, "ab") as log:
            self.standby_process = subprocess.Popen(
                [*self.net.before("standby"), *user("postgres", *self.standby)], cwd="/", stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        self.open.append(self.standby_process)
        wait_for(lambda: self.standby_psql("select 1", check=False) == "1", "the standby answers")

    def standby_psql(self, sql, check=True):
        done = subprocess.run(["psql", "-XAtq", "-d", f"host={self.dir}/standby dbname=deb-status user=postgres", "-c", sql],
                              capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def service(self, name, lines):
        with open(f"{self.dir}/{name}/pg_service.conf", "w", encoding="ascii") as f:
            f.write("[pages]\ndbname=deb-status\n" + lines.format(**HOSTS) + "\n")

    def apache(self, name, modules, lines):
        self.number += 1
        made = Apache(f"{self.dir}/apache-{name}-{self.number}", modules.split(), lines, address=HOSTS[name], port=PORT,
                      before=self.net.before(name))
        self.webs[name] = made
        return made

    def start_web(self, name):
        etc, run = f"{self.dir}/{name}/etc", f"{self.dir}/apache-{name}-{self.number + 1}"
        options = (f'MaxProcesses {PROCESSES} MinProcesses {PROCESSES} IdleTimeout 0 ConnectTimeout 3 IOTimeout 20 '
                   f'InitialEnv "DEB_STATUS_CONFIG={etc}/deb-status.yaml" '
                   f'InitialEnv "DEB_STATUS_SHARE={self.env["DEB_STATUS_SHARE"]}" '
                   f'InitialEnv "PGSERVICEFILE={self.dir}/{name}/pg_service.conf"')
        return self.apache(name, "rewrite fcgid remoteip", f"""
FcgidIPCDir "{run}"
FcgidProcessTableFile "{run}/fcgid_shm"
Define DEB_STATUS_BIN "{self.bin}"
Define DEB_STATUS_SHARE "{self.env['DEB_STATUS_SHARE']}"
Define DEB_STATUS_CONFIG "{etc}/deb-status.yaml"
Define DEB_STATUS_ARCHIVE "{self.dir}/archive"
Include "{TOP}/apache/deb-status.conf"
FcgidCmdOptions "{self.bin}/hook.fcgi" {options}
FcgidCmdOptions "{self.bin}/pages.fcgi" {options}
Define DEB_STATUS_ROLE_WEB
Define DEB_STATUS_PROXY {HOSTS['proxy']}
Include "{TOP}/apache/reverse-proxy.conf"
""")

    def answers(self, name):
        def asked():
            with contextlib.suppress(OSError):
                return self.get("/deb-status/", name).status == 200
        wait_for(asked, f"{name} answers")

    def start_worker(self, name):
        env = {"PATH": self.env["PATH"], "DEB_STATUS_CONFIG": f"{self.dir}/{name}/etc/deb-status.yaml", "HOME": "/nonexistent"}
        with open(f"{self.dir}/{name}/log", "ab") as log:
            self.workers[name] = subprocess.Popen(
                [*self.net.before(name), *user("daemon", f"{self.bin}/deb-status-worker", "--host", name)], cwd="/", env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.open.append(self.workers[name])

    def stop_worker(self, name):
        self.workers[name].terminate()
        assert self.workers.pop(name).wait(30) == 0

    def close(self):
        self.net.close()
        for web in self.webs.values():
            web.stop()
        for process in self.open:
            process.wait(30)

    # -- asking

    def get(self, path, host="proxy", headers=None, timeout=30):
        return self.net.request("client", f"http://{HOSTS[host]}:{PORT}{path}", headers=headers, timeout=timeout)

    def post(self, sender, body, delivery=None, host="proxy", headers=(), timeout=10):
        text = encode(body)
        return self.net.request("client", f"http://{HOSTS[host]}:{PORT}/hook/{sender}", text, timeout=timeout,
                                headers={**dict(signed(self.stack.secret(sender), text, delivery)), **dict(headers)})

    def build(self, mirror, **kw):
        return self.post("one" if mirror == "one" else "two", {"type": "package.built", "mirror": mirror}, **kw)

    def psql(self, sql):
        return self.stack.psql(sql)

    def ended(self, job):
        return wait_for(lambda: self.psql("select state from deb_status.jobs where id = "
                                          f"{job} and state in ('done', 'failed', 'superseded')"), f"job {job} ends", 60)


@pytest.fixture(scope="module")
def site(folders, make_stack, build_host):
    folder = folders()
    with contextlib.ExitStack() as undo:
        net = Net(HOSTS)
        undo.callback(net.close)
        builds = build_host("one-suite", "two-suite", "pinned-suite")
        builds("init", builds.dir, "--suite", "big-suite", "--many", "1500")
        make_upstream(f"{folder}/upstream")
        os.mkdir(f"{folder}/archive")
        shutil.chown(f"{folder}/archive", "daemon")
        text = CONFIG.format(folder=folder, archive=builds.archive, key=builds.key, **HOSTS)
        stack = make_stack(config=make_config(f"{folder}/first", text, ("one", "two")), workers=0)
        with open(f"{folder}/hosts.yaml", "w", encoding="utf-8") as f:
            f.write(text)
        made = Site(stack, net, folder)
        made.builds = builds
        undo.callback(made.close)
        yield made


@pytest.fixture(autouse=True)
def shown(site, request):
    """What the hosts' logs say, where a test of the module failed."""
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        for name, web in site.webs.items():
            print(f"--- {name}\n{web.log()[-3000:]}")


@pytest.fixture
def workers(site):
    for name in ("alpha", "beta"):
        if name not in site.workers:
            site.start_worker(name)
    wait_for(lambda: site.psql("select count(distinct host) from deb_status.workers where seen > now() - "
                               "interval '30 s' and host in ('alpha', 'beta')") == "2", "two workers")
    return site


@pytest.fixture
def quiet(site):
    """No worker: pages change where the test changes them."""
    for name in list(site.workers):
        site.stop_worker(name)
    return site


def timed(site, n, ask):
    def one(_):
        began = time.monotonic()
        return ask().status, time.monotonic() - began
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(one, range(n)))


# ---------------------------------------------------------------- two web hosts

def test_deliveries_land_on_both(site):
    ids = [f"msg_{uuid.uuid4().hex}" for _ in range(12)]
    for delivery in ids:
        assert site.build("one", delivery=delivery).status == 202
    for name in ("web1", "web2"):
        assert site.webs[name].log("access").count("POST /hook/one") >= 3, name
    known = site.psql("select delivery from deb_status.deliveries").split("\n")
    assert set(ids) <= set(known)
    assert site.psql("select count(distinct job) from deb_status.deliveries where delivery = any "
                     f"('{{{','.join(ids)}}}')") == "1"


def test_one_id_by_both_is_one_delivery(site):
    delivery = f"msg_{uuid.uuid4().hex}"
    answers = [site.build("two", delivery=delivery, host=host)
               for host in ("web1", "web2", "proxy", "proxy")]
    assert [a.status for a in answers] == [202, 200, 200, 200]
    assert len({a.json()["job"] for a in answers}) == 1
    assert site.psql(f"select count(*) from deb_status.deliveries where delivery = '{delivery}'") == "1"
    assert site.post("two", {"type": "package.built", "mirror": "two", "n": 1}, delivery, "web2").status == 409


def test_the_log_has_the_client(site):
    """Nobody but the proxy says who asked, and the proxy says what it sees."""
    forged = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7"}
    for host in ("proxy", "proxy", "web1", "web2"):
        assert site.post("one", {"type": "x"}, host=host, headers=forged).status == 200
        assert site.post("one", b"{}", "bad.id", host, forged).status == 401
    for name in ("web1", "web2"):
        rows = [r for r in site.webs[name].log("access").splitlines() if "/hook/one" in r]
        assert len(rows) >= 3 and {r.split()[0] for r in rows} == {HOSTS["client"]}
        errors = site.webs[name].log()
        assert f"client={HOSTS['client']}" in errors
        assert "198.51.100.7" not in errors and HOSTS["proxy"] not in errors.replace("referer", "")
    assert {r.split()[0] for r in site.proxy.log("access").splitlines()} == {HOSTS["client"]}


def test_a_web_host_dies(site):
    """The proxy asks the other one: nothing that was accepted is lost, and what failed heals by a retry."""
    accepted, failed = [], []

    def send():
        delivery = f"msg_{uuid.uuid4().hex}"
        for _ in range(40):
            with contextlib.suppress(OSError):
                if site.build("one", delivery=delivery).status in (200, 202):
                    accepted.append(delivery)
                    return
            failed.append(delivery)
            time.sleep(0.1)
        raise AssertionError("not accepted")
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        sent = [pool.submit(send) for _ in range(60)]
        wait_for(lambda: len(accepted) > 10, "some are accepted")
        site.net.kill("web1")
        for s in sent:
            s.result()
    assert len(accepted) == 60 and site.get("/deb-status/").status == 200
    with site.net.unplugged("web1"):  # packets are lost, not refused: 2 s, then the other one for 5 s
        assert {site.get("/deb-status/", timeout=20).status for _ in range(4)} == {200}
    known = set(site.psql("select delivery from deb_status.deliveries").split("\n"))
    assert set(accepted) <= known and len(known & set(failed)) <= len(set(failed))
    site.webs["web1"].stop()
    site.start_web("web1")
    site.answers("web1")
    wait_for(lambda: site.get("/deb-status/").status == 200 and
             "GET /deb-status/" in site.webs["web1"].log("access"), "both are asked again", 30)


# ---------------------------------------------------------------- two workers

def test_two_workers_share_the_queue(workers):
    """At most one run of a mirror at a time, whoever runs it; both have work."""
    site = workers
    began = site.psql("select clock_timestamp()")
    for n in range(5):
        for mirror in ("one", "two"):
            site.builds.add(f"{mirror}-suite", mirror, f"1.{n}-1")
            assert site.build(mirror).status == 202
        wait_for(lambda: site.psql("select count(*) from deb_status.jobs where state = 'running' and kind = 'mirror'")
                 != "0", "a run", 20, 0.01)
    site.stack.wait_idle()
    runs = site.psql("select what, state, count(*) from deb_status.jobs where kind = 'mirror' and what in ('one', 'two') "
                     f"and started > '{began}' and state <> 'superseded' group by 1, 2 order by 1").split("\n")
    assert all("|done|" in r for r in runs) and len(runs) == 2, runs
    assert site.psql("select count(*) from deb_status.jobs a join deb_status.jobs b on a.what = b.what and a.id < b.id "
                     "where a.kind = 'mirror' and b.kind = 'mirror' and a.started < b.ended and b.started < a.ended") == "0"
    assert site.psql("select count(*) from deb_status.deliveries where type = 'package.built' and fulfilled is null "
                     "and ignored is null") == "0"
    for mirror in ("one", "two"):
        text = site.get(f"/debian/dists/{mirror}-suite/main/source/Sources").text
        assert "Version: 1.4-1\n" in text


def test_a_worker_dies_in_mid_job(workers):
    """The other one takes the job when the lease is over: its disk is the same, nothing is lost."""
    site = workers
    site.stop_worker("beta")
    job = site.build("big").json()["job"]
    wait_for(lambda: site.psql(f"select state from deb_status.jobs where id = {job}") == "running", "it runs", 30, 0.005)
    site.net.kill("alpha")
    assert site.psql(f"select state from deb_status.jobs where id = {job}") == "running", "killed in mid-job"
    site.workers.pop("alpha").wait()
    began = time.monotonic()
    site.start_worker("beta")
    wait_for(lambda: site.psql(f"select attempts from deb_status.jobs where id = {job} and worker like 'beta%'") == "2",
             "the other has it", 60, 0.01)
    assert time.monotonic() - began < 60
    assert site.ended(job) == "done"
    assert site.get("/debian/dists/big-suite/main/source/Sources").status == 200


def test_whose_disk_it_is(workers):
    """host: of a mirror: its jobs wait for that host's worker, and nobody waits for them."""
    site = workers
    job = site.build("pinned").json()["job"]
    assert site.ended(job) == "done"
    assert "beta" in site.psql(f"select string_agg(distinct worker, ' ') from deb_status.jobs where id = {job}")
    site.stop_worker("beta")
    waits, other = site.build("pinned").json()["job"], site.build("two").json()["job"]
    assert site.ended(other) == "done"
    assert site.psql(f"select state, attempts from deb_status.jobs where id = {waits}") == "queued|0"
    site.start_worker("beta")
    assert site.ended(waits) == "done"


# ---------------------------------------------------------------- the database

def test_the_archive_is_behind_the_proxy_too(site):
    """With what a cache needs to know, and nothing that is no path of ours."""
    assert site.get("/debian/").status == 200
    assert site.get("/debian/dists/none/InRelease").status == 404
    for path in ("/", "/server-status", "/debianx/"):
        a = site.get(path)
        assert a.status in (403, 404) and a.headers.get("X-Content-Type-Options") is None, path


def test_the_database_is_unreachable(quiet):
    """Packets are lost, not refused: 503 within 3 s by the hook, within 5 by the pages, and both recover."""
    site = quiet
    delivery = f"msg_{uuid.uuid4().hex}"
    timed(site, 4 * PROCESSES, lambda: site.get("/deb-status/queue"))
    timed(site, 4 * PROCESSES, lambda: site.build("one"))
    with site.net.unplugged("db"):
        posts = timed(site, 2 * PROCESSES, lambda: site.build("one", delivery=delivery))
        assert {s for s, _ in posts} == {503} and max(t for _, t in posts) < 3, posts
        pages = timed(site, 2 * PROCESSES, lambda: site.get("/deb-status/queue", "web2"))
        assert {s for s, _ in pages} == {503} and max(t for _, t in pages) < 5, pages
        wait_for(lambda: max(t for _, t in timed(site, 4 * PROCESSES, lambda: site.get("/deb-status/queue", "web2"))) < 1,
                 "then nobody waits", 30)
        assert site.get("/deb-status/queue", "web1").status == 200, "the standby's pages"
    wait_for(lambda: {s for s, _ in timed(site, 4 * PROCESSES, lambda: site.build("one", delivery=delivery))} <= {200, 202},
             "the hook again", 30)
    wait_for(lambda: {s for s, _ in timed(site, 4 * PROCESSES, lambda: site.get("/deb-status/queue", "web2"))} == {200},
             "pages again", 30)
    assert site.psql(f"select count(*) from deb_status.deliveries where delivery = '{delivery}'") == "1"


def caught_up(site):
    wait_for(lambda: site.psql("select pg_current_wal_lsn()") == site.standby_psql("select pg_last_wal_replay_lsn()"),
             "the standby has all", 20)


def test_pages_of_a_standby(quiet):
    """web1 reads the standby. While it lags its ETags are its own; then both hosts have the same."""
    site = quiet
    caught_up(site)
    assert site.standby_psql("select count(*) from pg_stat_activity where usename = 'deb_status_pages'") != "0"
    job = site.build("two").json()["job"]
    caught_up(site)
    same = {h: site.get("/deb-status/queue", h).headers["ETag"] for h in ("web1", "web2")}
    assert same["web1"] == same["web2"]
    for host, tag in (("web1", same["web2"]), ("web2", same["web1"])):
        assert site.get("/deb-status/queue", host, {"If-None-Match": tag}).status == 304
    site.standby_psql("select pg_wal_replay_pause()")
    try:
        site.psql(f"select deb_status.cancel({job})")
        old, new = (site.get("/deb-status/queue", h) for h in ("web1", "web2"))
        assert old.headers["ETag"] == same["web1"] != new.headers["ETag"] and old.status == new.status == 200
        assert site.get("/deb-status/queue", "web2", {"If-None-Match": same["web1"]}).status == 200
        assert site.get("/deb-status/queue", "web1", {"If-None-Match": new.headers["ETag"]}).status == 200
        revisions = [site.get("/deb-status/api/v1/revision", h).json() for h in ("web1", "web2")]
        assert revisions[0]["instance"] == revisions[1]["instance"]
        assert revisions[0]["revision"] < revisions[1]["revision"]
    finally:
        site.standby_psql("select pg_wal_replay_resume()")
    caught_up(site)
    assert site.get("/deb-status/queue", "web1", {"If-None-Match": new.headers["ETag"]}).status == 304


def test_the_primary_dies(quiet):
    """Its standby's pages are read as before, and say what they are; the hook says 503."""
    site = quiet
    caught_up(site)
    site.database.end()
    try:
        assert site.get("/deb-status/queue", "web1").status == 200
        assert site.get("/deb-status/queue", "web2").status == 503
        wait_for(lambda: any("standby" in r for r in site.get("/deb-status/health", "web1").json()["reasons"]),
                 "health says that the standby is alone", 20)
        wait_for(lambda: "This is a copy whose original is away" in site.get("/deb-status/", "web1").text, "the overview", 5)
        for host in ("web1", "web2"):
            answers = timed(site, PROCESSES, lambda h=host: site.build("one", host=h))
            assert {s for s, _ in answers} == {503} and max(t for _, t in answers) < 3
    finally:
        site.database.start()
    wait_for(lambda: {s for s, _ in timed(site, 4 * PROCESSES, lambda: site.build("one"))} <= {200, 202}, "again", 30)
    wait_for(lambda: not any("standby" in r for r in site.get("/deb-status/health", "web1").json()["reasons"]),
             "it follows again", 30)


def test_the_standby_dies(quiet):
    """web1's database-read names the primary as well: its pages are read there."""
    site = quiet
    site.net.kill("standby")
    wait_for(lambda: {s for s, _ in timed(site, 4 * PROCESSES, lambda: site.get("/deb-status/queue", "web1"))} == {200},
             "pages from the primary", 20)
    with site.net.unplugged("standby"):
        assert site.get("/deb-status/queue", "web1").status == 200
    site.standby_process.wait(30)
    site.start_standby()
    caught_up(site)
