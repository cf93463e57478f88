# SPDX-License-Identifier: Apache-2.0
"""The hook's and the queue's long figures; each test runs alone. Sizes by the environment:
DELIVERIES, KILLS, MUTATIONS, REQUESTS."""
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
from conftest import TOP, request, wait_for
from hook_site import BUILT, Postgres, encode, hook_processes, make_config, signed
from queue_storm import Database, Storm, rows, set_up


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
    print(f"\n{len(storm.accepted)} deliveries in {seconds:.1f} s "
          f"({len(storm.accepted) / seconds:.0f}/s), {len(storm.runs)} runs, none uncovered")


def test_claims_among_a_million_rows(database):
    """1,000,000 done and 10,000 waiting jobs; also while another session holds a snapshot."""
    claims = size("CLAIMS", 10000)
    with contextlib.closing(database.connect()) as db:
        rows(db, "insert into deb_status.jobs (kind, what, state, queued, started, ended) select 'mirror', "
             "'d' || n, 'done', now(), now(), now() from generate_series(1, 1000000) n")
        rows(db, "insert into deb_status.jobs (kind, what) select 'mirror', 'q' || n "
             "from generate_series(1, %s) n", claims)
        rows(db, "vacuum analyze deb_status.jobs")
        with contextlib.closing(database.connect()) as holder:
            for held in (False, True):
                if held:
                    holder.autocommit = False
                    holder.set_session(isolation_level="REPEATABLE READ")
                    rows(holder, "select count(*) from deb_status.instance")
                    rows(db, "update deb_status.jobs set state = 'queued', token = null "
                         "where what like 'q%%' and state = 'done'")
                spent = []
                for _ in range(claims):
                    began = time.perf_counter()
                    job, token = rows(db, "select id, token from deb_status.queue_claim('h', 'w', 30, 5, "
                                      "false)")[0]
                    spent.append((time.perf_counter() - began) * 1000)
                    rows(db, "select deb_status.queue_finish(%s, %s, 'done', null, null, 0)", job, token)
                print(f"\n{claims} claims, snapshot held: {held}: median "
                      f"{statistics.median(spent):.2f} ms, 99th {sorted(spent)[int(claims * .99)]:.2f} ms")
                assert statistics.median(spent) < 5


def test_mutated_requests():
    """The parsing code under the sanitizers (libFuzzer)."""
    runs = size("MUTATIONS", 1000000)
    subprocess.run(["make", "-s", "fuzz", "FUZZ=hook signature", "FUZZ_SECONDS=1"], cwd=TOP, check=True,
                   capture_output=True)
    for target in ("hook", "signature"):
        done = subprocess.run([f"{TOP}/build/fuzz/fuzz_{target}", f"-runs={runs}",
                               f"{TOP}/tests/fuzz/corpus/{target}"], capture_output=True, text=True,
                              check=False, cwd=f"{TOP}/build/fuzz")
        assert done.returncode == 0, done.stderr[-3000:]
        print("\n" + target + ": " + re.search(r"Done \d+ runs in \d+ second", done.stderr).group(0))


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


def post(site, delivery):
    body = encode(BUILT)
    return request(f"{site.hook}/one", body, timeout=8,
                   headers=dict(signed(site.secret("one"), body, delivery)))


def client(site, stop, accepted, errors, count=None, pause=0.0):
    """Posts until stopped (or count), each again with its id until it is answered 2xx."""
    while not stop.is_set() and (count is None or count > 0):
        delivery = f"msg_{uuid.uuid4().hex}"
        while True:
            try:
                a = post(site, delivery)
                if a.status in (200, 202):
                    break
                errors.append(a.status)
            except OSError as e:
                errors.append(type(e).__name__)
            time.sleep(0.05)
        accepted.append(delivery)
        count = None if count is None else count - 1
        time.sleep(pause)


def test_kills(site):
    """SIGKILL of hook processes and PostgreSQL at random moments: each id answered 2xx exists exactly
    once, and nothing else does."""
    deliveries, kills = size("DELIVERIES", 10000), size("KILLS", 100)
    accepted, errors, stop = [], [], threading.Event()
    threads = [threading.Thread(target=client, args=(site, stop, accepted, errors, deliveries // 16))
               for _ in range(16)]
    database, began, r, done = Postgres(site), time.monotonic(), random.Random(1), 0
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads) and done < kills:
        time.sleep(r.random() * 0.5)
        if r.random() < 0.1:
            database.end(signal.SIGKILL)
            # a zombie that nobody reaps counts as another server that holds them
            for name in ("postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{site.dir}/{name}")
            database.start()
        else:
            for pid in r.sample(p := hook_processes(site), min(len(p), 3)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        done += 1
    for t in threads:
        t.join()
    print(f"\n{len(accepted)} deliveries, {done} kills, {len(errors)} answers healed by a retry, "
          f"{time.monotonic() - began:.0f} s")
    found = site.psql("select delivery, job is not null from deb_status.deliveries").split("\n")
    assert sorted(found) == sorted(f"{d}|t" for d in accepted)


def test_graceful(site):
    """A reload every 2 s for a minute at 50 requests a second: nothing lost, retries heal the rest."""
    accepted, errors, stop = [], [], threading.Event()
    threads = [threading.Thread(target=client, args=(site, stop, accepted, errors, None, 0.07))
               for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(size("RELOADS", 30)):
        time.sleep(2)
        os.kill(site.pids()["apache"], signal.SIGUSR1)
    stop.set()
    for t in threads:
        t.join()
    known = site.psql("select delivery from deb_status.deliveries").split("\n")
    print(f"\n{len(accepted)} accepted, {len(errors)} answers healed by a retry")
    assert sorted(known) == sorted(accepted)


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
    print(f"\nhook.fcgi after 1,000 and {count} more requests: {before} -> {after} kB")
    assert grown and max(grown.values()) < 1024
