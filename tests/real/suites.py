# SPDX-License-Identifier: Apache-2.0
"""Real input: upstream's repository as a bundle, and Debian's suites from the archive that the
machine's own apt uses. What cannot be had skips its tests and says so. Fixtures, to be imported:

  clone       a clone of the bundle
  debian      the archive: .uri, .security, .sources(suite) -> path of its Sources
DEB_STATUS_TEST_CACHE names a folder that keeps apt's lists from one run to the next."""
import atexit
import functools
import glob
import os
import re
import shutil
import subprocess
import tempfile

import pytest

from conftest import SHARED

BUNDLE = os.path.join(SHARED, "data", "openstack-releases.bundle")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CONF = """\
Dir "{d}"; Dir::Etc "{d}/etc"; Dir::Etc::main "none"; Dir::Etc::parts "none.d";
Dir::Etc::sourcelist "{d}/sources.list"; Dir::Etc::sourceparts "none.d"; Dir::Etc::trusted "none";
Dir::Etc::trustedparts "none.d"; Dir::State "{d}/state"; Dir::State::status "{d}/status";
Dir::Cache "{d}/cache"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::GzipIndexes "false"; Acquire::PDiffs "false";
"""


@pytest.fixture(scope="module")
def clone(folders):
    if not os.path.exists(BUNDLE):
        pytest.skip(f"{BUNDLE} is not there")
    path = f"{folders()}/releases"
    subprocess.run(["git", "clone", "-q", BUNDLE, path], check=True)
    return path


class Debian:
    def __init__(self, uri, folder):
        self.uri, self.dir, self.ready = uri, folder, set()
        self.security = re.sub(r"/debian/?$", "/debian-security", uri)
        for part in ("etc", "state/lists/partial", "cache/archives/partial"):
            os.makedirs(f"{folder}/{part}", exist_ok=True)
        with open(f"{folder}/apt.conf", "w", encoding="ascii") as f:
            f.write(CONF.format(d=folder))
        open(f"{folder}/status", "w", encoding="ascii").close()

    def uri_of(self, suite):
        return self.security if suite.endswith("-security") else self.uri

    def apt(self, *args):
        return subprocess.run(["apt-get", *args], capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"], "APT_CONFIG": f"{self.dir}/apt.conf"})

    def sources(self, *suites):
        """The Sources of suites, fetched together and verified."""
        missing = set(suites) - self.ready
        if missing:
            lines = [f"deb-src [signed-by={KEYRING} check-valid-until=no] {self.uri_of(s)} {s} main"
                     for s in sorted(self.ready | missing)]
            with open(f"{self.dir}/sources.list", "w", encoding="ascii") as f:
                f.write("\n".join(lines) + "\n")
            done = self.apt("update", "-q", "--error-on=any")
            if done.returncode:
                pytest.skip(f"{self.uri} cannot be had: {done.stderr.strip().splitlines()[-1]}")
            self.ready |= missing
        listed = self.apt("indextargets", "--format", "$(SUITE) $(CODENAME) $(SITE) $(RELEASE) $(FILENAME)",
                          "Created-By: Sources").stdout
        paths = {}
        for row in listed.splitlines():
            *_, release, path = row.split(" ")
            paths[release] = path
        return [paths[s] for s in suites]


@functools.lru_cache(None)
def lists_folder():
    """One for the run, so that two modules fetch a suite once."""
    kept = os.environ.get("DEB_STATUS_TEST_CACHE")
    if kept:
        return kept
    made = tempfile.mkdtemp(prefix="ds-lists-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@pytest.fixture(scope="module")
def debian():
    """The archive of the machine's own apt."""
    text = ""
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                text += f.read()
    found = re.search(r"\bhttps?://\S+/debian/?(?=\s)", text)
    if not found or not os.path.exists(KEYRING):
        pytest.skip("apt's sources name no Debian archive")
    return Debian(found.group().rstrip("/"), lists_folder())
