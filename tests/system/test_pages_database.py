# SPDX-License-Identifier: Apache-2.0
"""Pages while their database hangs, is away, and is there again."""
import concurrent.futures
import time

import pytest
from conftest import wait_for
from hook_site import Postgres, children, make_config

PROCESSES = 24  # of apache/deb-status.conf; the stack's Apache asks 16 at once


@pytest.fixture(scope="module")
def site(folders, make_stack):
    stack = make_stack(config=make_config(folders()), workers=0)
    return stack


def timed(site, n, path="/queue", threads=16):
    """n requests at once: (status, seconds) of each."""
    def one(_):
        began = time.monotonic()
        return site.get(path).status, time.monotonic() - began
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(n)))


def test_database_hangs(site):
    """The first pages wait for an answer that does not come; those after them no more."""
    timed(site, 64)
    with Postgres(site).hanging():
        first = timed(site, 16)
        assert {a[0] for a in first} == {503}
        assert max(a[1] for a in first) < 5, sorted(a[1] for a in first)
        # a process that was not asked yet learns it with its first request
        wait_for(lambda: max(a[1] for a in timed(site, 2 * PROCESSES)) < 1, "then nobody waits", 30)
        rest = timed(site, 2 * PROCESSES)
        assert {a[0] for a in rest} == {503}
        began = time.monotonic()
        assert site.get("/health").status == 503 and time.monotonic() - began < 1
        assert site.get("/api/v1/schema.json").status == 200, "what asks no database is served"
    wait_for(lambda: {a[0] for a in timed(site, 2 * PROCESSES)} == {200}, "pages again", 10)


@pytest.mark.parametrize("path", ["/", "/health", "/nothing/such/path"])
def test_database_started_anew(site, path):
    """A connection that the server has closed in between costs nobody an error page."""
    timed(site, 64, path)
    expected = {a[0] for a in timed(site, 1, path)}
    database = Postgres(site)
    database.end()
    assert site.get("/").status == 503
    database.start()
    processes = len(children(site.pids()["apache"], "pages.fcgi"))
    wait_for(lambda: int(site.psql("select count(*) from pg_stat_activity where usename = 'deb_status_pages'")) >= processes,
             "each process has connected, between requests")
    answers = [a[0] for a in timed(site, 2 * PROCESSES, path)]
    assert answers.count(503) == 0 and set(answers) == expected, answers
