# SPDX-License-Identifier: Apache-2.0
"""Random sequences of imports, new ones each time: SEQUENCES=100 of STEPS=40. SEED=N begins with that one."""
import os
import time

import sequences
from figures import figure

COUNT = int(os.environ.get("SEQUENCES", "100"))
STEPS = int(os.environ.get("STEPS", "40"))
SEED = int(os.environ.get("SEED", time.time()))


def test_any_order_of_imports_gives_the_same(folders):
    database = sequences.Database(folders())
    try:
        rows = sum(sequences.run(database, SEED + n, STEPS) for n in range(COUNT))
    finally:
        database.stop()
    figure(f"{COUNT} sequences of {STEPS} steps, from seed {SEED}: {rows} rows compared, all as computed")
    assert rows > COUNT * STEPS
