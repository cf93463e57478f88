# SPDX-License-Identifier: Apache-2.0
"""The hook's and the queue's long figures; each test runs alone. Sizes by the environment:
DELIVERIES, KILLS, ROWS, CLAIMS, MUTATIONS, RELOADS, REQUESTS."""
import concurrent.futures
import contextlib
import os
import random
import re
import signal
import statistics
import subprocess
import threading
import time
import uuid

import pytest
from archive import Archive
from conftest import TOP, request, wait_for
from figures import figure
from hook_site import BUILT, Postgres, children, encode, hook_processes, make_config, signed
from queue_storm import Database, Storm, check_spread, rows, set_up


def size(name, default):
    return int(os.environ.get(name, default))


@pytest.fixture
def database(folder):
    database = Database(folder)
    yield database
    database.stop()


def test_storm(database):
    """22,000 deliveries by 16 senders, 2 claimers: each delivery's run began after it arrived."""
    each = size("DELIVERIES", 22000) // 16
    with contextlib.closing(database.connect()) as db:
        set_up(db, ["a", "b", "c"])
        storm = Storm(database, ["a", "b", "c"], each=each)
        seconds = storm.run()
        assert storm.check(db) == []
    figure(f"{len(storm.accepted)} deliveries in {seconds:.1f} s "
           f"({len(storm.accepted) / seconds:.0f}/s), {len(storm.runs)} runs, none uncovered")


def cpu_ms(pid):
    """Processor time of a process so far, in ticks of 10 ms: right on the average of many."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")


def test_claims_among_a_million_rows(database):
    """1,000,000 done and 10,000 waiting jobs; also while another session holds a snapshot."""
    claims = size("CLAIMS", 10000)
    with contextlib.ExitStack() as stack:
        db, worker, holder = (stack.enter_context(contextlib.closing(database.connect())) for _ in range(3))
        rows(db, "insert into deb_status.jobs (kind, what, state, queued, started, ended) select 'mirror', "
             "'d' || n, 'done', now(), now(), now() from generate_series(1, %s) n", size("ROWS", 1000000))
        rows(db, "insert into deb_status.jobs (kind, what) select 'mirror', 'q' || n "
             "from generate_series(1, %s) n", claims)
        rows(db, "vacuum analyze deb_status.jobs")
        backend = rows(worker, "select pg_backend_pid()")[0][0]
        for held in (False, True):
            if held:
                holder.autocommit = False
                holder.set_session(isolation_level="REPEATABLE READ")
                rows(holder, "select count(*) from deb_status.instance")
                rows(db, "update deb_status.jobs set state = 'queued', token = null, ended = null "
                     "where what like 'q%%' and state = 'done'")
            spent, cpu = [], 0.0
            for _ in range(claims):
                used, began = cpu_ms(backend), time.perf_counter()
                job, token = rows(worker, "select id, token from deb_status.queue_claim('h', 'w', 30, 5, "
                                  "false)")[0]
                spent.append((time.perf_counter() - began) * 1000)
                cpu += cpu_ms(backend) - used
                rows(worker, "select deb_status.queue_finish(%s, %s, 'done', null, null, 0)", job, token)
            figure(f"{claims} claims, snapshot held: {held}: median {statistics.median(spent):.2f} ms, 99th "
                   f"{sorted(spent)[int(claims * .99)]:.2f} ms; {cpu / claims:.2f} ms of processor, "
                   f"the rest is the commit's fsync and waiting")
            assert statistics.median(spent) < 5


TARGETS = sorted(f[5:-2] for f in os.listdir(f"{TOP}/tests/fuzz") if re.fullmatch(r"fuzz_\w+\.c", f))


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_input(target):
    """All that parses foreign bytes, under the sanitizers (libFuzzer); a request a million times."""
    runs = size("MUTATIONS", 1000000) // (1 if target == "hook" else 5)
    done = subprocess.run(["nice", "make", "-s", "fuzz", f"FUZZ={target}", f"FUZZ_RUNS={runs}"], cwd=TOP,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    figure(target + ": " + re.search(r"Done \d+ runs in \d+ second", done.stderr).group(0))


def test_spread_over_time(database):
    """500 over 10 s, while a run takes a quarter of one: no more runs than fit end to end."""
    with contextlib.closing(database.connect()) as db:
        figure(check_spread(database, db, deliveries=500, seconds=10, run_s=0.25))


@pytest.fixture
def site(folders, make_stack):
    return make_stack(config=make_config(folders()), workers=0)


def test_spread_deliveries(site):
    """500 while a run is held lead to exactly one more."""
    site.post("one", BUILT)
    held = site.psql("select id, token from deb_status.queue_claim('h', 'w', 600, 5, true, 'mirror')")
    job, token = held.split("|")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: site.post("one", BUILT), range(500)))
    assert {a.status for a in answers} == {202} and len({a.json()["job"] for a in answers}) == 1
    assert answers[0].json()["job"] != int(job)
    assert site.psql(f"select deb_status.queue_finish({job}, {token}, 'done', null, null, 0)") == "done"


def post(site, delivery, sender="one", body=None):
    body = encode(body or BUILT)
    return request(f"{site.hook}/{sender}", body, timeout=8,
                   headers=dict(signed(site.secret(sender), body, delivery)))


def deliver(site, accepted, errors, sender="one", body=None):
    """One delivery, again with its id until it is answered 2xx, as senders do for a time. Returns when it was."""
    delivery, until = f"msg_{uuid.uuid4().hex}", time.monotonic() + 120
    while time.monotonic() < until:
        try:
            a = post(site, delivery, sender, body)
            if a.status in (200, 202):
                accepted.append(delivery)
                return time.monotonic()
            errors.append(a.status)
        except OSError as e:
            errors.append(type(e).__name__)
        time.sleep(0.05)
    raise AssertionError(f"{delivery} was not accepted: {errors[-5:]}")


def client(site, stop, accepted, errors, what):
    while not stop.is_set():
        deliver(site, accepted, errors, *random.choice(what))


@pytest.fixture
def publishing(make_stack, build_host, folders):
    """Two mirrors whose jobs do all that they have to, and two workers; the settings let a job
    outlive what is done to it here."""
    suites, mirrors = {"one": "one-suite", "two": "two-suite"}, {}
    host = build_host(*suites.values())
    for name, suite in suites.items():
        host.add(suite, "nova", "2:1.0.0-1")
        mirrors[name] = ([suite], {"from": host.archive, "signed-by": host.key})
    archive = Archive(make_stack, folders, mirrors, sign=True,
                      worker={"attempts": 1000, "lease": "5s", "backoff": "1s"})
    for number in (1, 2):
        archive.stack.worker("start", number)
    return archive


class Killer:
    """Kills at random: mostly hook processes, a third workers and runs, a tenth the database."""

    def __init__(self, site):
        self.site, self.random, self.done = site, random.Random(1), {}
        self.database, self.workers = Postgres(site), [1, 2]

    def kill(self):
        kind = self.random.choices(["hook", "worker", "run", "restart"], [11, 4, 3, 2])[0]
        getattr(self, kind)()
        self.done[kind] = self.done.get(kind, 0) + 1

    def signal(self, pids):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def hook(self):
        pids = wait_for(lambda: hook_processes(self.site), "hook processes")
        self.signal(self.random.sample(pids, min(len(pids), 3)))

    def worker(self):
        """Its runs end by themselves; another takes its place."""
        number = self.workers.pop(0)
        self.signal([self.site.pids()[f"worker-{number}"]])
        self.site.worker("stop", number)
        self.workers.append(max([number, *self.workers]) + 1)
        self.site.worker("start", self.workers[-1])

    def run(self):
        self.signal(pid for n in self.workers for pid in children(
            self.site.pids()[f"worker-{n}"], "deb-status-work")[1:])

    def restart(self):
        self.database.end(signal.SIGKILL)
        # a zombie that nobody reaps counts as another server that holds them
        for name in ("postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.site.dir}/{name}")
        self.database.start()


def test_kills(publishing):
    """SIGKILL of hook processes, workers, runs and PostgreSQL at random moments: each id answered 2xx
    exists exactly once, its job ended well after it arrived, and nothing else is there."""
    site, deliveries, kills = publishing.stack, size("DELIVERIES", 10000), size("KILLS", 100)
    built = {"type": "package.built", "mirror": "one"}
    what = [("one", built), ("two", {**built, "mirror": "two"}),
            ("one", {**built, "source": "nova", "version": "2:1.0.0-1"})]
    accepted, errors, stop = [], [], threading.Event()
    threads = [threading.Thread(target=client, args=(site, stop, accepted, errors, what))
               for _ in range(16)]
    killer, began = Killer(site), time.monotonic()
    for t in threads:
        t.start()
    try:
        while sum(killer.done.values()) < kills or len(accepted) < deliveries:
            time.sleep(killer.random.random())
            if sum(killer.done.values()) < kills:
                killer.kill()
    finally:
        stop.set()
        for t in threads:
            t.join()
    seconds = time.monotonic() - began
    site.wait_idle(180)
    found = site.psql("select delivery from deb_status.deliveries").split("\n")
    assert sorted(found) == sorted(accepted)
    jobs = site.psql("select state, count(*), sum(attempts) from deb_status.jobs group by 1 order by 1")
    figure(f"{len(accepted)} deliveries in {seconds:.0f} s, killed {killer.done}, {len(errors)} answers healed "
           f"by a retry; state|jobs|attempts: {' '.join(jobs.split())}")
    wrong = site.psql(
        "select d.delivery, d.received, d.job, j.state, j.started from deb_status.deliveries d "
        "left join deb_status.jobs j on j.id = d.job where j.state is distinct from 'done' "
        "or j.started <= d.received or d.fulfilled is null or d.fulfilled <= d.received limit 5")
    assert wrong == ""
    others = site.psql(
        "select id, kind, what, state, cause from deb_status.jobs j where state not in ('done', 'superseded') "
        "and cause = 'delivery' or kind = 'mirror' and cause = 'delivery' and state = 'done' and not exists "
        "(select from deb_status.deliveries d where d.job = j.id) limit 5")
    assert others == ""
    checked = publishing.publish("--check", check=False)
    assert checked.returncode == 0, checked.stdout


def test_graceful(site):
    """A reload every 2 s for a minute at 50 requests a second: nothing lost, retries heal the rest. Each
    request has its time, whatever became of those before: a sender that waits for its answers would be
    slower the longer a reload lasts."""
    rate, senders, reloads = 50, 32, size("RELOADS", 30)
    seconds, accepted, errors, waited = 2 * reloads, [], [], []
    began = time.monotonic() + 0.5

    def sender(number):
        for n in range(number, rate * seconds, senders):
            due = began + n / rate
            time.sleep(max(0.0, due - time.monotonic()))
            waited.append(deliver(site, accepted, errors) - due)

    threads = [threading.Thread(target=sender, args=(n,)) for n in range(senders)]
    for t in threads:
        t.start()
    for n in range(reloads):
        time.sleep(max(0.0, began + 2 * n - time.monotonic()))
        os.kill(site.pids()["apache"], signal.SIGUSR1)
    for t in threads:
        t.join()
    took = time.monotonic() - began
    known = site.psql("select delivery from deb_status.deliveries").split("\n")
    figure(f"{len(accepted)} accepted in {took:.1f} s ({len(accepted) / took:.0f}/s), {reloads} reloads, {len(errors)} "
           f"answers healed by a retry; from its time to its 2xx: median {statistics.median(waited) * 1000:.0f} ms, "
           f"{max(waited):.1f} s at most")
    assert sorted(known) == sorted(accepted) and len(accepted) == rate * seconds


def rss_kb(pids):
    total = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                total[pid] = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    return total


def test_memory(site):
    """Resident memory of hook.fcgi after many requests within 1 MB of that after 1,000."""
    count = size("REQUESTS", 100000)

    def send(n):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: post(site, f"m-{i % 50}"), range(n)))
    send(1000)
    wait_for(lambda: hook_processes(site), "processes")
    before = rss_kb(hook_processes(site))
    send(count)
    after = rss_kb(before)
    grown = {p: after[p] - before[p] for p in after}
    figure(f"hook.fcgi after 1,000 and {count} more requests: {before} -> {after} kB")
    assert grown and max(grown.values()) < 1024
