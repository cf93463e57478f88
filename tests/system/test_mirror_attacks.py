# SPDX-License-Identifier: Apache-2.0
"""A build host whose key is good and whose owner is not: what it signs shall cost no more than the mirror's
limits, and change nothing outside of its own suite."""
import bz2
import contextlib
import gzip
import hashlib
import lzma
import os
import random
import re
import shutil
import socket
import subprocess
import threading

import pytest

from archive import TOOL, Archive

SUITE, OTHER = "trixie-gazpacho-backports", "trixie-epoxy-backports"
MIRROR = "trixie-gazpacho"
INDEXES = "main/source/Sources", "main/binary-amd64/Packages"
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture(scope="module")
def hosts(build_host, folders):
    bad, good = build_host(SUITE), build_host(OTHER)
    bad.add(SUITE, "nova", "2:33.0.0-1")
    good.add(OTHER, "glance", "2:30.0.0-1")
    bad.pristine = folders()
    shutil.copytree(bad.archive, f"{bad.pristine}/debian")
    return bad, good


@pytest.fixture(scope="module")
def archive(make_stack, folders, hosts):
    bad, good = hosts
    a = Archive(make_stack, folders, {
        MIRROR: ([SUITE], {"from": bad.serve(), "signed-by": bad.key,
                           "limits": {"bytes": "12M", "files": 100, "time": "60s"}}),
        "trixie-epoxy": ([OTHER], {"from": good.serve(), "signed-by": good.key})})
    for mirror in a.config["mirrors"]:
        row = a.run(mirror)
        assert row["state"] == "done", row
    return a


@pytest.fixture
def host(hosts):
    """The hostile one, as it was at first."""
    yield Hostile(hosts[0])
    shutil.rmtree(hosts[0].archive)
    shutil.copytree(f"{hosts[0].pristine}/debian", hosts[0].archive)


class Hostile:
    def __init__(self, host):
        self.host, self.top = host, f"{host.archive}/dists/{SUITE}"

    def path(self, name):
        return os.path.join(self.top, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def write(self, name, data):
        TOOL.write(self.path(name), data)

    def sign(self, change=None):
        TOOL.release(self.host.dir, SUITE)
        if change:
            self.write("Release", change(self.read("Release").decode()).encode())
            TOOL.sign(self.host.dir, self.top)

    def put(self, name, text):
        TOOL.put_index(self.path(name), text)
        self.sign()

    def only(self, name, end, data):
        """That packed form is listed and there, no other."""
        for known in ("", ".gz", ".bz2"):
            os.unlink(self.path(name + known))
        self.write(name + end, data)
        self.sign()


def outside(archive):
    """Everything below the archive's parent but what a run leaves in its staging, with kinds and modes."""
    found = {}
    for where, folders, files in os.walk(archive.parent):
        if where == archive.work:
            folders[:] = [f for f in folders if f not in ("staging", "locks")]
        for name in folders + files:
            st = os.lstat(os.path.join(where, name))
            found[os.path.join(where, name)] = (st.st_mode, st.st_ino, st.st_size, st.st_nlink)
    return found


def refused(archive, words):
    before, tree = outside(archive), archive.tree()
    row = archive.run(MIRROR)
    assert row["state"] == "failed", row
    assert re.search(words, row["error"]), row["error"]
    assert archive.tree() == tree and outside(archive) == before
    assert sum(os.path.getsize(p) for p in archive.staging()) < 64 << 20, "no more than its limits"
    assert archive.publish("--check").returncode == 0
    return row


# ---------------------------------------------------------------- bombs

def zeros(pack, mib):
    """Packed piece by piece: as large as it will, where it is unpacked alone."""
    return b"".join([*(pack.compress(b"\0" * (1 << 20)) for _ in range(mib)), pack.flush()])


def zst(mib):
    done = subprocess.run(["zstd", "-q", "-c"], input=b"\0" * (mib << 20), capture_output=True, check=True)
    return done.stdout


BOMBS = [(".gz", lambda: gzip.compress(b"\0" * (256 << 20))),
         (".bz2", lambda: zeros(bz2.BZ2Compressor(), 256)),
         (".xz", lambda: zeros(lzma.LZMACompressor(), 256)),
         (".zst", lambda: zst(256))]


@pytest.mark.parametrize("end,bomb", BOMBS, ids=[e for e, _ in BOMBS])
def test_a_bomb_of_which_no_plain_form_is_listed(archive, host, end, bomb):
    """Nothing says how large it may be: the mirror's limit does."""
    if end == ".zst" and not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    host.only("main/source/Sources", end, bomb())
    refused(archive, "Sources(.zst|.xz|.bz2|.gz)? unpacks to more than it should")


def test_many_small_bombs(archive, host):
    """Each is within the limit, all of them are not."""
    text = gzip.compress(b"#" * 999 + b"\n" + b"# nothing\n" * 400000)  # 4 MB of comments
    for n in range(20):
        host.write(f"c{n}/source/Sources.gz", text)
    host.sign()
    refused(archive, r"c\d+/source/Sources.gz unpacks to more than it should")


# ---------------------------------------------------------------- indexes without end

def test_a_million_sources_without_files(archive, host):
    text = "".join(f"Package: s{n}\nVersion: 1\nDirectory: pool\nChecksums-Sha256:\n\n" for n in range(150000))
    host.put("main/source/Sources", text.encode())
    refused(archive, "Sources, s0 .line 1.: a source package without files")


def test_a_hundred_thousand_files(archive, host):
    one = (f"Package: nova\nVersion: 2:33.0.0-1\nArchitecture: all\nFilename: pool/{SUITE}/n%d.deb\n"
           f"Size: 1\nSHA256: {'a' * 64}\n\n")
    host.put("main/binary-amd64/Packages", "".join(one % n for n in range(40000)).encode())
    refused(archive, "names more files than any mirror may")


def test_one_endless_paragraph(archive, host):
    host.put("main/source/Sources", b"Package: nova\nX: " + b"x" * (5 << 20) + b"\n")
    refused(archive, "the paragraph is too long")


# ---------------------------------------------------------------- names and fields

@pytest.mark.parametrize("name", ["InRelease/Packages", "Release/Sources", "Release.gpg/Packages.gz",
                                  "main/source/Sources/Packages"])
def test_an_index_in_the_place_of_a_file(archive, host, name):
    """Folders where signed files and indexes belong."""
    def listed(text):
        return text.replace("SHA256:\n", f"SHA256:\n {'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}"
                                         f" 0 {name}\n")
    host.sign(listed)
    refused(archive, "missing|neither InRelease")


@pytest.mark.parametrize("field", ["Package: bash", "package: bash", "PACKAGE: nova"])
def test_a_field_twice(archive, host, field):
    """Each reader would take another one."""
    text = host.read("main/source/Sources").decode()
    host.put("main/source/Sources", text.replace("Package: nova\n", f"Package: nova\n{field}\n").encode())
    refused(archive, "a field stands twice")


@pytest.mark.parametrize("extra", ["SHA256:\n", "sha256:\n", "date: Thu, 01 Jan 2026 00:00:00 UTC\n"])
def test_a_section_twice(archive, host, extra):
    host.sign(lambda t: t + extra)
    refused(archive, "a field stands twice")


@pytest.mark.parametrize("path", ["Pool/x_1_all.deb", "pool//x_1_all.deb", "pool/./x_1_all.deb", "pool/x\\\\y.deb",
                                  "pool/x%00.deb/", "pool/-e.deb", "./../pool/x.deb", ".//pool/x.deb",
                                  "pool/" + "a/" * 600 + "x.deb", "pool/" + "a" * 300 + ".deb",
                                  "pool/x\u0000.deb", "pool/\u202ex.deb", "pool/x.deb\r"])
def test_paths(archive, host, path):
    text = host.read("main/binary-amd64/Packages").decode()
    host.put("main/binary-amd64/Packages",
             re.sub("(?m)^Filename: .*", lambda _: "Filename: " + path, text).encode())
    refused(archive, "path is not allowed|a path is too long|a NUL|lies in no folder|is missing|is not what")


def test_another_mirrors_suite(archive, host):
    text = host.read("main/binary-amd64/Packages").decode()
    host.put("main/binary-amd64/Packages", text.replace(f"pool/{SUITE}/", f"pool/{OTHER}/").encode())
    refused(archive, "belongs to a suite of another mirror")


def test_a_changed_origin_is_told(archive, host):
    """Without a signature of our own it is the host's, and its users' apt stops."""
    host.host.add(SUITE, "nova", "2:33.0.1-1")
    host.sign(lambda t: re.sub("(?m)^Origin: .*", "Origin: Evil", t))
    row = archive.run(MIRROR)
    assert row["state"] == "done", row
    assert f"warn {SUITE}: the host has changed Origin from 'Mirantis' to 'Evil'" in row["lines"]


# ---------------------------------------------------------------- under our hands

def test_files_that_change_while_they_are_fetched(archive, host):
    """Between good and bad, as fast as a loop can: it is published as signed, or not at all."""
    host.host.add(SUITE, "nova", "2:33.1.0-1", "--size", "30000000")
    paths = [host.path(n) for n in (*INDEXES, "main/source/Sources.gz", "Release")]
    for folder, _, files in os.walk(f"{host.host.archive}/pool"):
        paths += [os.path.join(folder, n) for n in files if "33.1.0" in n]
    good = {p: open(p, "rb").read() for p in paths}
    ended, random_one = threading.Event(), random.Random(7)

    def flip():
        while not ended.is_set():
            p = random_one.choice(paths)
            data = good[p]
            with open(p, "r+b") as f:  # in place: who has it open sees it
                f.write(data[:-8] + b"evilevil"[:8] if random_one.random() < .5 else data)
    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        for _ in range(3):
            row = archive.run(MIRROR)
            assert row["state"] == "done" or re.search(
                "is not what|do not tell the same|does not fit|is missing|ends before", row["error"]), row
            assert archive.publish("--check").returncode == 0
    finally:
        ended.set()
        flipper.join()
    for p, data in good.items():
        TOOL.write(p, data)
    assert archive.run(MIRROR)["state"] == "done"
    assert archive.versions(SUITE)["nova"] == "2:33.1.0-1"
    assert archive.publish("--check").returncode == 0


@contextlib.contextmanager
def daemon(talk):
    """Something on a port that is called an rsync daemon: talk(connection) for each who comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    c, _ = listener.accept()
                    threading.Thread(target=answer, args=(c,), daemon=True).start()

        def answer(c):
            with contextlib.suppress(OSError), c:
                talk(c)
        threading.Thread(target=serve, daemon=True).start()
        yield f"rsync://127.0.0.1:{listener.getsockname()[1]}/debian"
        listener.shutdown(socket.SHUT_RDWR)


def endless_greeting(c):
    c.sendall(b"@RSYNCD: 31.0\n")
    while True:
        c.sendall(b"welcome to this host\n" * 500)


def one_endless_line(c):
    while True:
        c.sendall(b"@RSYNCD: " + b"9" * 65536)


def noise(c):
    c.sendall(b"@RSYNCD: 31.0\n@RSYNCD: OK\n")
    source = random.Random(3)
    while True:
        c.sendall(source.randbytes(65536))


def hangs_up(c):
    c.sendall(b"@RSYNCD: 31.0\n")


@pytest.mark.parametrize("talk", [endless_greeting, one_endless_line, noise, hangs_up])
def test_a_daemon_that_is_none(archive, host, talk):
    mirror = archive.config["mirrors"][MIRROR]
    kept = dict(mirror)
    with daemon(talk) as address:
        mirror.update({"from": address, "limits": {**kept["limits"], "time": "8s"}})
        archive.rewrite()
        try:
            row = refused(archive, "limits.time|stalled|protocol|cut off|start the transfer|without end|rsync|failed")
        finally:
            archive.config["mirrors"][MIRROR] = kept
            archive.rewrite()
    assert len(row["detail"] or "") < 100000
