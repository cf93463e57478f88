# SPDX-License-Identifier: Apache-2.0
"""A worker that is killed in mid-job, with the settings that an installation has: the job runs
again in under a minute. ROUNDS=5"""
import os
import signal
import statistics
import time

from conftest import wait_for
from figures import figure
from worker_parts import Silent, begin, end, is_in, make_config, row

ROUNDS = int(os.environ.get("ROUNDS", "5"))


def test_killed_worker(make_stack, folders):
    silent = Silent()
    stack = make_stack(config=make_config(folders(), silent.port, "{attempts: 100}"))
    seconds, number = [], 1
    for _ in range(ROUNDS):
        job, _ = begin(stack, f"worker-{number}")
        attempts = row(stack, job)["attempts"]
        started = time.monotonic()
        os.kill(stack.pids()[f"worker-{number}"], signal.SIGKILL)
        stack.worker("stop", number)
        number += 1
        stack.worker("start", number)
        wait_for(lambda j=job, a=attempts: is_in(stack, j, "running", a + 1), "it runs again", 60)
        seconds.append(time.monotonic() - started)
        end(stack, job)  # each round a job of its own: the backoff grows with its attempts
    silent.close()
    figure(f"killed worker: the job runs again after {statistics.median(seconds):.1f} s (median of "
           f"{ROUNDS}), {max(seconds):.1f} s at most")
    assert max(seconds) < 60
