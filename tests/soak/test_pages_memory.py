# SPDX-License-Identifier: Apache-2.0
"""What a process of pages.fcgi holds after many requests: REQUESTS (100000) of every kind of page."""
import http.client
import random

from fixtures import filled  # noqa: F401
from hook_site import children
from test_hook import rss_kb, size

PATHS = ["/", "/epoxy", "/epoxy/trixie", "/epoxy/changes", "/gazpacho", "/queue", "/jobs/1", "/nothing", "/epoxy/nothing",
         "/project/openstack/project-021", "/feed.atom", "/epoxy/states.svg", "/epoxy/trixie/badge.svg", "/health",
         "/metrics", "/api/", "/api/v1/series", "/api/v1/status/epoxy/trixie", "/api/v1/revision", "/api/v1/schema.json",
         "/api/v1/status/epoxy/trixie?format=csv", "/api/v1/projects/openstack/project-021", "/epoxy/", "/epoxy?q=%00"]


def send(connection, base, n, tags):
    """n requests: each path as it is, as another address, and as what the reader has already."""
    for i in range(n):
        path = PATHS[i % len(PATHS)]
        headers = {"If-None-Match": tags[path]} if tags.get(path) and i % 3 == 0 else {}
        other = "" if i % 2 else ("&" if "?" in path else "?") + f"q=project-0{random.randrange(100):02}"
        connection.request("GET", f"/{base}{path}{other}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 500, path
        if not other:
            tags[path] = answer.getheader("ETag")


def test_memory(filled):
    """Within 1 MB of that after 1,000: one reader after the other is one process' business."""
    count, tags = size("REQUESTS", 100000), {}
    host, _, base = filled.url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    send(connection, base, 1000, tags)
    before = rss_kb(children(filled.pids()["apache"], "pages.fcgi"))
    done = 0
    while done < count:
        step = min(count - done, max(1000, count // 10))
        send(connection, base, step, tags)
        done += step
        now = rss_kb(before)
        print(f"\npages.fcgi after 1,000 and {done} more requests: {sorted(before.values())} -> {sorted(now.values())} kB")
    grown = {p: now[p] - before[p] for p in now}
    assert grown and max(grown.values()) < 1024, grown
