# SPDX-License-Identifier: Apache-2.0
"""Senders and claimers on one database, without a program between: what accept() and the queue's
functions promise whoever calls them, in whatever order."""
import contextlib
import os
import random
import subprocess
import threading
import time
import uuid

import psycopg2
import psycopg2.errors

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(os.environ.get("DEB_STATUS_BUILD") or os.path.join(
    TOP, "build", os.environ.get("FLAVOR") or "default"), "bin")


class Database:
    """A private PostgreSQL with the schema, in a folder."""

    def __init__(self, folder, *settings):
        self.dir = folder
        self.pg("start", *settings)
        subprocess.run([f"{BIN}/deb-status", "-c", f"{TOP}/doc/deb-status.yaml", "migrate"], check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "DEB_STATUS_DATABASE": f"host={folder} dbname=deb-status"})

    def pg(self, command, *settings):
        subprocess.run([f"{TOP}/tests/pg", command, self.dir, *settings], check=True,
                       stdout=subprocess.DEVNULL)

    def connect(self, role="owner"):
        db = psycopg2.connect(host=self.dir, dbname="deb-status", user=f"deb_status_{role}")
        db.autocommit = True
        return db

    def stop(self):
        self.pg("stop")


def rows(db, sql, *values):
    with db.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def set_up(db, mirrors):
    for m in mirrors:
        rows(db, "insert into deb_status.mirrors (name) values (%s)", m)
    rows(db, "insert into deb_status.senders (name, mirrors, releases) values ('s', %s, true)", mirrors)


class Storm:
    """`senders` threads post `each` deliveries, `claimers` threads run jobs, some of which fail, until
    nothing waits. Errors of any thread are in self.errors."""

    def __init__(self, database, mirrors, senders=16, claimers=2, each=60, backoff=0.02):
        self.database, self.mirrors = database, mirrors
        self.senders, self.claimers, self.each, self.backoff = senders, claimers, each, backoff
        self.accepted, self.runs, self.errors, self.unavailable = {}, [], [], 0
        self.lock, self.sent = threading.Lock(), threading.Event()

    def guard(self, what, *args):
        try:
            what(*args)
        except Exception as e:  # pylint: disable=broad-except
            self.errors.append(f"{what.__name__}: {e!r}")

    def send(self, seed):
        r = random.Random(seed)
        with contextlib.closing(self.database.connect("hook")) as db:
            for _ in range(self.each):
                delivery = uuid.UUID(int=r.getrandbits(128)).hex
                body = f'{{"type": "package.built", "mirror": "{r.choice(self.mirrors)}"}}'
                if r.random() < 0.1:
                    body = '{"type": "releases.changed"}'
                for _ in range(2 if r.random() < 0.05 else 1):  # at times the same again
                    status, job = self.accept(db, delivery, body.encode())
                    with self.lock:
                        assert status == (200 if delivery in self.accepted else 202), status
                        self.accepted[delivery] = job

    def accept(self, db, delivery, body):
        """Again after 503, which is what the hook makes of its timeouts on a machine that is too busy."""
        while True:
            try:
                return rows(db, "select status, job from deb_status.accept('s', %s, %s, null, null, null, "
                            "'http://x')", delivery, body)[0]
            except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
                with self.lock:
                    self.unavailable += 1

    def claim(self, number):
        r = random.Random(number)
        with contextlib.closing(self.database.connect("worker")) as db:
            while True:
                last = self.sent.is_set()
                found = rows(db, "select id, token, kind, what from deb_status.queue_claim('h', %s, 30, "
                             "1000, false)", f"w{number}")
                if not found:
                    if last and not rows(db, "select 1 from deb_status.jobs where state in ('queued', "
                                         "'running')"):
                        return
                    time.sleep(0.002)
                    continue
                job, token, kind, what = found[0]
                assert rows(db, "select deb_status.queue_begin(%s, %s)", job, token)[0][0]
                began = rows(db, "select clock_timestamp()")[0][0]
                if r.random() < 0.3:
                    time.sleep(r.random() * 0.01)
                outcome = "retry" if r.random() < 0.2 else "done"
                ended = rows(db, "select clock_timestamp()")[0][0]
                state = rows(db, "select deb_status.queue_finish(%s, %s, %s, 'x', null, %s)", job, token,
                             outcome, self.backoff)[0][0]
                assert state != "", "the token is still the job's"
                with self.lock:
                    self.runs.append((job, kind, what, began, ended, state))

    def run(self, before_last=lambda: None):
        """Seconds that the senders took. before_last: called when all is sent, before the claimers may end."""
        threads = [threading.Thread(target=self.guard, args=(self.send, n)) for n in range(self.senders)]
        workers = [threading.Thread(target=self.guard, args=(self.claim, n))
                   for n in range(self.claimers)]
        began = time.monotonic()
        for t in workers + threads:
            t.start()
        for t in threads:
            t.join()
        seconds = time.monotonic() - began
        before_last()
        self.sent.set()
        for t in workers:
            t.join()
        return seconds

    def check(self, db):
        """Returns what is wrong, in words; nothing where all is well."""
        wrong = list(self.errors)
        found = rows(db, "select d.delivery, d.received, deb_status.job_followed(d.job), d.fulfilled "
                     "from deb_status.deliveries d")
        if {d for d, *_ in found} != set(self.accepted) or len(found) != len(self.accepted):
            wrong.append(f"{len(found)} deliveries for {len(self.accepted)} accepted")
        done = {}
        for job, _, _, began, _, state in self.runs:
            if state == "done":
                done[job] = max(began, done.get(job, began))
        for delivery, received, job, fulfilled in found:
            if fulfilled is None or job not in done or done[job] <= received:
                wrong.append(f"delivery {delivery} of job {job}: received {received}, run {done.get(job)}")
        last = {}
        for job, kind, what, began, ended, _ in sorted(self.runs, key=lambda x: x[3]):
            if (kind, what) in last and began < last[kind, what]:
                wrong.append(f"two runs of {kind} {what} at a time")
            last[kind, what] = ended
        left = rows(db, "select count(*) from deb_status.jobs where state not in ('done', 'superseded')")
        if left[0][0]:
            wrong.append(f"{left[0][0]} jobs left")
        return wrong


def check_spread(database, db, deliveries, seconds, run_s):
    """Deliveries spread over a time to one mirror whose runs take run_s: each is fulfilled, no two runs
    overlap, and each run has something to do. Returns what happened, in words."""
    set_up(db, ["a"])
    sent, runs, carried = threading.Event(), [], []

    def work():
        with contextlib.closing(database.connect("worker")) as mine:
            while True:
                last = sent.is_set()
                claimed = rows(mine, "select id, token from deb_status.queue_claim('h', 'w', 30, 5, false, 'mirror')")
                if claimed:
                    job, token = claimed[0]
                    rows(mine, "select deb_status.queue_begin(%s, %s)", job, token)
                    began = rows(mine, "select clock_timestamp()")[0][0]
                    time.sleep(run_s)
                    rows(mine, "select deb_status.queue_finish(%s, %s, 'done', null, null, 0)", job, token)
                    runs.append((job, began))
                elif last:
                    return
                else:
                    time.sleep(0.005)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for w in workers:
        w.start()
    began = time.monotonic()
    try:
        with contextlib.closing(database.connect("hook")) as mine:
            for n in range(deliveries):
                time.sleep(max(0.0, began + seconds * n / deliveries - time.monotonic()))
                carried.append(rows(mine, "select job from deb_status.accept('s', %s, %s, null, null, null, '')",
                                    f"spread-{n}", b'{"type": "package.built", "mirror": "a"}')[0][0])
    finally:
        sent.set()
        for w in workers:
            w.join()
    took = time.monotonic() - began
    assert {job for job, _ in runs} == set(carried) and len(runs) == len(set(carried)), "each run once, for a delivery"
    late = rows(db, "select d.delivery from deb_status.deliveries d join deb_status.jobs j on j.id = d.job "
                "where j.started <= d.received or d.fulfilled is null or j.state <> 'done'")
    assert late == []
    assert len(runs) <= took / run_s + 1, "no more than fit end to end"
    gaps = [(b[1] - a[1]).total_seconds() for a, b in zip(runs, runs[1:])]
    assert min(gaps) >= run_s, "one at a time"
    return f"{deliveries} deliveries over {seconds} s, runs of {run_s} s: {len(runs)} runs in {took:.1f} s"
