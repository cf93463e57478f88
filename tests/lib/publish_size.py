# SPDX-License-Identifier: Apache-2.0
"""What one new package costs in an archive of a given size: measure(make_stack, folders, files)."""
import dataclasses
import os
import statistics
import time

from archive import TOOL, Archive
from conftest import BuildHost, wait_for

SUITE = "bookworm-size-backports"
TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Cost:
    files: int          # of the pool; two for each source here
    index_bytes: int    # Packages and Sources, not packed
    first: float        # seconds: everything is new
    seconds: list       # each new package, from its POST to the InRelease that has it
    transferred: int    # bytes from the build host
    read: int           # bytes that the run and its children read
    processor: float    # seconds, of the run and its children, user and system
    database: float     # the same of PostgreSQL

    @property
    def median(self):
        return statistics.median(self.seconds)

    def __str__(self):
        return (f"{self.files} pool files, {self.index_bytes / 1e6:.1f} MB of indexes: one new package "
                f"{self.median:.2f} s from POST to published (median of {len(self.seconds)}; "
                f"{min(self.seconds):.2f} to {max(self.seconds):.2f}), processor {self.processor:.2f} s, "
                f"PostgreSQL {self.database:.2f} s, {self.transferred / 1e6:.2f} MB transferred, "
                f"{self.read / 1e6:.1f} MB read; all of it at first {self.first:.1f} s")


def processor_time(*pids):
    """Seconds that they and all children that they waited for have used."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15]))
    return ticks / TICK


def bytes_read(pid):
    """By read(2) and its like, children that ended included (proc(5), io)."""
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(f.readline().split()[1])


def backends(postmaster):
    """The server and its processes: their connections stay while a worker does."""
    with open(f"/proc/{postmaster}/task/{postmaster}/children", encoding="ascii") as f:
        return [postmaster, *map(int, f.read().split())]


def one_more(archive, host, version):
    """Builds it and announces it: seconds from the POST to an InRelease that is another one."""
    host.add(SUITE, "nova", version, "--fast")
    before = archive.read("dists", SUITE, "InRelease")
    began = time.monotonic()
    job = archive.announce("nova", version)
    wait_for(lambda: archive.read("dists", SUITE, "InRelease") != before, "published", 60, 0.005)
    seconds = time.monotonic() - began
    row = archive.stack.wait_job(job, 60)
    assert row["state"] == "done", row
    return seconds, row["published"][0]["bytes"]


def measure(make_stack, folders, files, builds=5):
    folder = folders()
    TOOL.cmd_init(TOOL.parse(["init", folder, "--suite", SUITE, "--many", str(files // 2)]))
    host = BuildHost(folder)
    archive = Archive(make_stack, folders, {"bookworm-size": ([SUITE], {
        "from": host.serve(), "signed-by": host.key})}, sign=True, worker={"lease": "30s"})
    try:
        began = time.monotonic()
        row = archive.run()
        first = time.monotonic() - began
        assert row["state"] == "done", (row["error"], row["detail"])
        archive.stack.worker("start", 1)
        pids = archive.stack.pids()
        worker, server = pids["worker-1"], pids["postgres"]
        one_more(archive, host, "2:0.9.0-1")  # the first finds nothing in any cache
        used, read, database = processor_time(worker), bytes_read(worker), \
            processor_time(*backends(server))
        rows = [one_more(archive, host, f"2:1.{n}.0-1") for n in range(builds)]
        # a run's own time is its supervisor's when it was waited for
        wait_for(lambda: archive.stack.psql("select count(*) from deb_status.jobs where state = "
                                            "'running'") == "0", "the run has ended")
        cost = Cost(files, sum(os.path.getsize(archive.path("dists", SUITE, "main", name)) for name in
                               ("binary-amd64/Packages", "source/Sources")),
                    first, [r[0] for r in rows], rows[-1][1],
                    (bytes_read(worker) - read) // builds,
                    (processor_time(worker) - used) / builds,
                    (processor_time(*backends(server)) - database) / builds)
        archive.stack.worker("stop", 1)
        return cost
    finally:
        host.stop()
