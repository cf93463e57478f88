# SPDX-License-Identifier: Apache-2.0
"""figure(TEXT): a line that says how much or how long, with the machine's load beside it. pytest
shows all of them once more at its end (conftest.py)."""
import os

ALL = []


def figure(text):
    ALL.append(f"{text} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    print("\n" + ALL[-1], flush=True)
