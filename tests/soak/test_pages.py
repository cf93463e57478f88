# SPDX-License-Identifier: Apache-2.0
"""Long figures of the pages: 500 open tabs for a minute, a hundred refreshes with changes.
Sizes by the environment: TABS, SECONDS, REFRESHES."""
import glob
import http.client
import os
import random
import sys
import threading
import time

import pytest
from conftest import TOP

sys.path.insert(0, os.path.join(TOP, "tests", "browser"))
import test_live  # noqa: E402
from figures import figure  # noqa: E402
from fixtures import browser, filled  # noqa: E402,F401

TABS, SECONDS, REFRESHES = (int(os.environ.get(name, default)) for name, default in
                            (("TABS", 500), ("SECONDS", 60), ("REFRESHES", 100)))
EVERY_S = 10
TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """A process and all below it."""
    found = {pid}
    while True:
        more = set()
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="ascii", errors="replace") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) in found:
                more.add(int(path.split("/")[2]))
        if more <= found:
            return found
        found |= more


def used_s(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICK


class Tabs(threading.Thread):
    """Some tabs, one after the other, each with a connection of its own as a browser has."""

    def __init__(self, host, paths, end):
        super().__init__()
        self.host, self.paths, self.end = host, paths, end
        self.answers, self.waits = {}, []

    def run(self):
        connections = [[http.client.HTTPConnection(self.host), path, None] for path in self.paths]
        due = sorted((time.monotonic() + random.random() * EVERY_S, i) for i in range(len(connections)))
        while due and due[0][0] < self.end:
            at, i = due.pop(0)
            time.sleep(max(0, at - time.monotonic()))
            self.ask(connections[i])
            due.append((time.monotonic() + EVERY_S * (0.9 + 0.2 * random.random()), i))
            due.sort()

    def ask(self, tab):
        started = time.monotonic()
        headers = {"Accept-Encoding": "gzip", **({"If-None-Match": tab[2]} if tab[2] else {})}
        try:
            tab[0].request("GET", tab[1], headers=headers)
            answer = tab[0].getresponse()
            answer.read()
        except (http.client.HTTPException, OSError):  # Apache closed the idle connection: a new one
            tab[0].close()
            tab[0].request("GET", tab[1], headers=headers)
            answer = tab[0].getresponse()
            answer.read()
        tab[2] = answer.getheader("ETag")
        self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
        self.waits.append(time.monotonic() - started)


def test_500_tabs_for_a_minute(filled):
    host, _, base = filled.url.removeprefix("http://").partition("/")
    paths = [f"/{base}{p}?fragment=1" for p in ("/", "/epoxy", "/epoxy/trixie", "/gazpacho", "/queue")]
    # the pages are there already: what is measured are tabs that stay open
    per_thread = 25
    end = time.monotonic() + SECONDS + EVERY_S * 1.2
    threads = [Tabs(host, [random.choice(paths) for _ in range(per_thread)], end) for _ in range(TABS // per_thread)]
    for t in threads:
        t.start()
    time.sleep(EVERY_S * 1.2)
    pids = family(filled.pids()["apache"])
    before, started = used_s(pids), time.monotonic()
    time.sleep(max(0, end - time.monotonic() - 1))
    share = (used_s(pids) - before) / (time.monotonic() - started)
    for t in threads:
        t.join()
    answers = {}
    for t in threads:
        for status, n in t.answers.items():
            answers[status] = answers.get(status, 0) + n
    waits = sorted(w for t in threads for w in t.waits)
    figure(f"{TABS} tabs for {SECONDS} s: {answers}, Apache and pages.fcgi {share:.1%} of one core, "
           f"median {waits[len(waits) // 2] * 1000:.1f} ms, 99th percentile {waits[len(waits) * 99 // 100] * 1000:.0f} ms")
    assert set(answers) == {200, 304} and answers[304] > 0.66 * TABS * SECONDS / EVERY_S
    assert share < 0.15


def test_a_hundred_refreshes_with_changes(filled, browser, monkeypatch):
    monkeypatch.setattr(test_live, "ROUNDS", REFRESHES)
    test_live.test_a_refresh_disturbs_nobody(filled, browser, "/epoxy?sort=-upstream")
    figure(f"{REFRESHES} refreshes with changes: the reader keeps place, filter and selection")
