# SPDX-License-Identifier: Apache-2.0
"""What a process of pages.fcgi holds after many requests: REQUESTS (100000) of every kind of page. They
go to its socket as a web server's do: with Apache between, its share and the client's are most of the
time, and which process answers is chance."""
import random

import pytest
from fastcgi import Connection
from figures import figure
from fixtures import fill_stack
from test_hook import rss_kb, size
from web import Program

PATHS = ["/", "/epoxy", "/epoxy/trixie", "/epoxy/changes", "/gazpacho", "/queue", "/jobs/1", "/nothing", "/epoxy/nothing",
         "/project/openstack/project-021", "/feed.atom", "/epoxy/states.svg", "/epoxy/trixie/badge.svg", "/health",
         "/metrics", "/api/", "/api/v1/series", "/api/v1/status/epoxy/trixie", "/api/v1/revision", "/api/v1/schema.json",
         "/api/v1/status/epoxy/trixie?format=csv", "/api/v1/projects/openstack/project-021", "/epoxy/", "/epoxy?q=%00"]


@pytest.fixture
def program(folders, make_stack):
    """One process, on a team's pages of the smaller kind: a leak is as large there, and shows sooner."""
    stack = fill_stack(folders, make_stack, 40, 3, 2)
    env = {k: stack.env[k] for k in ("DEB_STATUS_CONFIG", "DEB_STATUS_SHARE", "PATH")}
    program = Program(f"{stack.env['PATH'].split(':')[0]}/pages.fcgi", "www-data", f"{folders()}/socket", env, count=1)
    yield program
    program.close()


def send(connection, n, tags, answered):
    """n requests: each path as it is, as another address, and twice as what the reader has already."""
    for i in range(n):
        path, _, query = PATHS[i % len(PATHS)].partition("?")
        turn = i // len(PATHS) % 4
        if turn == 1:
            query += ("&" if query else "") + f"q=project-0{random.randrange(100):02}"
        known = tags.get((path, query)) if turn > 1 else None
        answer = connection.get(path, query, **({"If_None_Match": known} if known else {}))
        assert answer.status < 500, path
        answered[answer.status] = answered.get(answer.status, 0) + 1
        if turn == 0:
            tags[path, query] = answer.headers.get("etag")


def test_memory(program):
    """After 100,000 more within 1 MB of that after 1,000."""
    count, tags, answered = size("REQUESTS", 100000), {}, {}
    connection = Connection(program.address)
    (pid,) = (p.pid for p in program.processes)
    send(connection, 1000, tags, {})
    before = now = rss_kb([pid])[pid]
    done = 0
    while done < count:
        step = min(count - done, max(1000, count // 10))
        send(connection, step, tags, answered)
        done += step
        now = rss_kb([pid])[pid]
        print(f"\npages.fcgi after 1,000 and {done} more requests: {before} -> {now} kB", flush=True)
    connection.close()
    assert set(answered) == {200, 304, 308, 400, 404}
    figure(f"pages.fcgi after 1,000 and {count} more requests: {before} -> {now} kB; answers {answered}")
    assert now - before < 1024
