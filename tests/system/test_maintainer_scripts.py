# SPDX-License-Identifier: Apache-2.0
"""Functions of the package's scripts, with the server's answers made up."""
import os
import re
import subprocess

import pytest

POSTRM = os.path.join(os.path.dirname(__file__), "../../debian/deb-status.postrm")


@pytest.mark.parametrize("fails, said, lines", [
    ("nothing", "the database was removed", "lines\n"),
    ("drop role", "the database was removed; its roles are kept", "lines\n"),
    ("drop database", "the database could not be removed; it is as it was", "")])
def test_purge_says_what_it_removed(fails, said, lines):
    with open(POSTRM, encoding="utf-8") as f:
        function = re.search(r"^remove_database\(\) \{.*?^\}", f.read(), re.M | re.S).group()
    done = subprocess.run(["sh", "-ec", f"""
        as_postgres() {{ case "$*" in *"$fails"*) return 1;; esac; }}
        remove_lines() {{ echo lines; }}
        {function}
        remove_database"""], env={**os.environ, "fails": fails}, capture_output=True, text=True, check=True)
    assert "; ".join(re.sub(r"^deb-status: | \(.*\)$", "", line) for line in done.stderr.splitlines()) == said
    assert done.stdout == lines
