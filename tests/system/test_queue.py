# SPDX-License-Identifier: Apache-2.0
"""accept() and the queue under concurrency, on a private PostgreSQL."""
import contextlib
import threading

import psycopg2
import pytest
from conftest import wait_for
from queue_storm import Database, Storm, check_spread, rows, set_up


@pytest.fixture(scope="module")
def database(folders):
    database = Database(folders())
    yield database
    database.stop()


@pytest.fixture
def db(database):
    with contextlib.closing(database.connect()) as db:
        rows(db, "truncate deb_status.jobs, deb_status.deliveries, deb_status.mirrors, "
             "deb_status.senders cascade")
        yield db


@pytest.mark.parametrize("mirrors", [["a"], ["a", "b", "c"]])
def test_each_run_began_after_its_deliveries_arrived(database, db, mirrors):
    set_up(db, mirrors)
    storm = Storm(database, mirrors)
    seconds = storm.run()
    assert storm.check(db) == []
    assert len(storm.accepted) == 16 * 60
    print(f"{len(storm.accepted)} deliveries in {seconds:.2f} s, {len(storm.runs)} runs")


def meddle(database, stop, done):
    """An admin who cancels and retries whatever job there is, until stopped; what is refused is said."""
    refused = {"22023", "55000"}  # no such job; not in a state for it
    with contextlib.closing(database.connect()) as mine:
        while not stop.is_set():
            for (job,) in rows(mine, "select id from deb_status.jobs order by random() limit 5"):
                for what in ("cancel", "retry", "retry"):
                    try:
                        rows(mine, f"select deb_status.{what}(%s)", job)
                        done.append(what)
                    except psycopg2.Error as e:
                        if e.pgcode not in refused:
                            done.append(f"{what} {job}: {e!r}")
                            return


def test_admins_cancel_and_retry_in_a_storm(database, db):
    """Nothing hangs, no two run at a time, and each delivery's job came to an end that says which."""
    set_up(db, ["a", "b"])
    storm, stop, done = Storm(database, ["a", "b"], each=30, senders=8), threading.Event(), []
    admins = [threading.Thread(target=meddle, args=(database, stop, done)) for _ in range(3)]
    for t in admins:
        t.start()
    try:
        storm.run(before_last=lambda: (stop.set(), [t.join() for t in admins]))
    finally:
        stop.set()
        for t in admins:
            t.join()
    assert storm.errors == [] and set(done) == {"cancel", "retry"}, done[-3:]
    ends = rows(db, "select distinct j.state, d.fulfilled is not null from deb_status.deliveries d "
                "join deb_status.jobs j on j.id = deb_status.job_followed(d.job)")
    assert set(ends) <= {("done", True), ("cancelled", False)}, ends
    assert rows(db, "select count(*) from deb_status.deliveries") == [(len(storm.accepted),)]
    last = {}
    for job, kind, what, began, ended, _ in sorted(storm.runs, key=lambda x: x[3]):
        assert (kind, what) not in last or began >= last[kind, what], f"two runs at a time: {job}"
        last[kind, what] = ended
    assert rows(db, "select id, state from deb_status.jobs where state in ('queued', 'running')") == []


def test_many_during_a_held_run_lead_to_one_more(database, db):
    set_up(db, ["a"])
    rows(db, "select deb_status.enqueue('mirror', 'a')")
    job, token = rows(db, "select id, token from deb_status.queue_claim('h', 'w', 30, 5, false, 'mirror')")[0]
    storm = Storm(database, ["a"], claimers=0, each=20)
    storm.run()
    assert not storm.errors
    waiting = rows(db, "select id from deb_status.jobs where kind = 'mirror' and state = 'queued'")
    assert len(waiting) == 1 and waiting[0][0] != job
    assert rows(db, "select deb_status.queue_finish(%s, %s, 'done', null, null, 0)", job, token) == [("done",)]


def test_spread_deliveries_lead_to_runs_end_to_end(database, db):
    print(check_spread(database, db, deliveries=60, seconds=1, run_s=0.1))


@pytest.fixture
def pauses(db):
    """Makes a session with `set test.pause = 'on'` wait on advisory lock 1 (held by db) after it has
    seen a row of jobs and before it locks it: what a busy machine does to any session at times."""
    rows(db, "create function deb_status.test_pause(text) returns boolean language plpgsql as $$ begin "
         "if current_setting('test.pause', true) = 'on' and $1 = 'queued' then "
         "perform set_config('test.pause', '', false); "
         "perform pg_advisory_lock(1); perform pg_advisory_unlock(1); end if; return true; end $$")
    rows(db, "create policy test_pause on deb_status.jobs using (deb_status.test_pause(state))")
    rows(db, "alter table deb_status.jobs enable row level security, force row level security")
    rows(db, "select pg_advisory_lock(1)")
    yield
    rows(db, "select pg_advisory_unlock_all()")
    rows(db, "alter table deb_status.jobs disable row level security, no force row level security")
    rows(db, "drop policy test_pause on deb_status.jobs")
    rows(db, "drop function deb_status.test_pause")


def claim(db):
    job, token = rows(db, "select id, token from deb_status.queue_claim('h', 'w', 30, 5, false, 'mirror')")[0]
    assert rows(db, "select deb_status.queue_begin(%s, %s)", job, token) == [(True,)]
    return job, token


@contextlib.contextmanager
def thread(what, *args):
    """Runs beside the block and is over after it; yields the list that its result comes into."""
    result = []
    t = threading.Thread(target=lambda: result.append(what(*args)), daemon=True)
    t.start()
    yield result  # where the block fails, what the thread waits for may never come
    t.join(30)
    assert result, "it does not end"


def is_waiting(db, event):
    return rows(db, "select 1 from pg_stat_activity where wait_event = %s and datname = current_database()",
                event)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("end", ["done", "retry", "folded", "none"])
def test_a_job_that_ends_between_look_and_lock(database, db, end):
    """`for key share` may give back a row as it was before updates that have been committed since: a
    delivery must not join a job that is over."""
    set_up(db, ["a"])
    first = rows(db, "select deb_status.enqueue('mirror', 'a')")[0][0]
    with contextlib.ExitStack() as stack:
        late, worker, other = (stack.enter_context(contextlib.closing(database.connect())) for _ in range(3))
        rows(late, "set test.pause = 'on'")
        with thread(rows, late, "select job from deb_status.accept('s', '1', %s, null, null, null, '')",
                    b'{"type": "package.built", "mirror": "a"}') as joined:
            wait_for(lambda: is_waiting(db, "advisory"), "it has looked")
            job, token = claim(worker)
            assert job == first
            finish = "select deb_status.queue_finish(%s, %s, %s, 'x', null, 0)"
            if end == "folded":  # into one that was inserted at the very moment
                other.autocommit = False
                second = rows(other, "select id from deb_status.queue_join('mirror', 'a', null, null, null)")[0][0]
                with thread(rows, worker, finish, job, token, "retry") as state:
                    wait_for(lambda: is_waiting(db, "transactionid"), "it waits for that one")
                    other.commit()
                assert state == [[("superseded",)]]
            elif end != "none":
                rows(worker, finish, job, token, end)
            rows(db, "select pg_advisory_unlock(1)")
        joined = joined[0][0][0]
        if end == "done":
            assert joined != first
        elif end == "folded":
            assert joined == second
        else:
            assert joined == first
        if end == "none":  # it joined while the run went on, whose end counts for it
            assert rows(worker, finish, job, token, "done") == [("done",)]
        else:
            job, token = claim(worker)
            assert job == joined and rows(worker, finish, job, token, "done") == [("done",)]
    assert rows(db, "select fulfilled is not null from deb_status.deliveries") == [(True,)]


@pytest.mark.usefixtures("pauses")
def test_a_run_that_lost_its_job_between_look_and_lock(database, db):
    """The same for the fence: a run whose job went back to the queue records nothing."""
    set_up(db, ["a"])
    rows(db, "select deb_status.enqueue('mirror', 'a')")
    with contextlib.closing(database.connect()) as late, contextlib.closing(database.connect()) as other:
        job, token = claim(other)
        rows(db, "create or replace function deb_status.test_pause(text) returns boolean language plpgsql as $$ "
             "begin if current_setting('test.pause', true) = 'on' then "
             "perform set_config('test.pause', '', false); "
             "perform pg_advisory_lock(1); perform pg_advisory_unlock(1); end if; return true; end $$")
        rows(late, "set test.pause = 'on'")
        with thread(rows, late, "select deb_status.job_fence(%s, %s)", job, token) as held:
            wait_for(lambda: is_waiting(db, "advisory"), "it has looked")
            rows(other, "select deb_status.queue_renew(%s, %s, 30)", job, token)
            assert rows(other, "select deb_status.queue_finish(%s, %s, 'retry', 'x', null, 0)", job,
                        token) == [("queued",)]
            rows(db, "select pg_advisory_unlock(1)")
        assert held == [[(False,)]]


def test_only_an_inserted_job_wakes(database, db):
    """NOTIFY where a job row was inserted, none for what joins; the payload is empty."""
    set_up(db, ["a"])
    with contextlib.closing(database.connect("worker")) as listener:
        rows(listener, "listen deb_status_jobs")
        rows(listener, "listen marker")

        def post(delivery, body=b'{"type": "releases.changed"}'):
            rows(db, "select deb_status.accept('s', %s, %s, null, null, null, 'x')", delivery, body)
            rows(db, "notify marker")  # comes after what was sent before
            notes = []

            def arrived():
                listener.poll()
                notes.extend((n.channel, n.payload) for n in listener.notifies)
                listener.notifies.clear()
                return ("marker", "") in notes
            wait_for(arrived, "the marker")
            return notes[:-1]
        assert post("1") == [("deb_status_jobs", "")]
        assert post("2") == []
        assert post("1") == [], "a replay"
        assert post("3", b'{"type": "other"}') == []
        assert post("4", b'{"type": "package.built", "mirror": "a"}') == [("deb_status_jobs", "")]


def test_no_deadlock_between_a_build_and_the_end_of_a_look_upstream(database, db):
    """A build also joins the look upstream; whoever ends that raises the same revision."""
    set_up(db, ["a"])
    stop, errors = threading.Event(), []

    def loop(role, what):
        with contextlib.closing(database.connect(role)) as mine:
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    what(mine, n)
                except Exception as e:  # pylint: disable=broad-except
                    errors.append(repr(e))
                    return

    def build(mine, n):
        rows(mine, "select deb_status.accept('s', %s, %s, null, null, null, 'x')", f"{id(mine)}-{n}",
             b'{"type": "package.built", "mirror": "a"}')
        counted[0] += 1

    def work(kind):
        def once(mine, n):
            for job, token in rows(mine, "select id, token from deb_status.queue_claim('h', 'w', 30, "
                                   "100000, true, %s)", kind):
                rows(mine, "select deb_status.queue_finish(%s, %s, 'retry', 'x', null, 0)", job, token)
        return once

    counted = [0]
    threads = [threading.Thread(target=loop, args=a) for a in (
        [("hook", build)] * 4 + [("worker", work("mirror")), ("worker", work("releases"))])]
    for t in threads:
        t.start()
    try:
        wait_for(lambda: errors or counted[0] > 1500, "1,500 builds", 60)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert errors == []


def test_a_lost_workers_jobs_come_back(database, db):
    """Lease over: back in the queue, or parked after its attempts; several in one transaction."""
    set_up(db, ["a", "b"])
    for m in "ab":
        rows(db, "select deb_status.enqueue('mirror', %s)", m)
    for attempt in (1, 2, 3):
        claimed = [rows(db, "select id, attempts from deb_status.queue_claim('h', 'w', 30, 3, true, "
                        "'mirror')")[0] for _ in "ab"]
        assert [a for _, a in claimed] == [attempt] * 2
        rows(db, "update deb_status.jobs set lease = now() - interval '1 s' where state = 'running'")
        assert len(rows(db, "select deb_status.queue_reap(5)")) == 2
    assert rows(db, "select what, state, error from deb_status.jobs order by what") == [
        (m, "failed", "the worker was lost: its lease was not renewed") for m in "ab"]
