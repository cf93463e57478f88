# SPDX-License-Identifier: Apache-2.0
"""Hostile and broken build hosts: what is wrong is named, nothing is published, nothing is served
that was not there before."""
import contextlib
import gzip
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from archive import TOOL, Archive
from conftest import free_port, wait_for

SUITE, OTHER = "trixie-flamingo-backports", "trixie-flamingo-backports-nochange"
MIRROR = "trixie-flamingo"


@pytest.fixture(scope="module")
def host(build_host, folders):
    h = build_host(SUITE, OTHER)
    h.add(SUITE, "nova", "2:32.0.0-1")
    h.add(OTHER, "python-oslo.config", "1:10.0.0-1")
    h.pristine = folders()
    shutil.copytree(h.archive, f"{h.pristine}/debian", dirs_exist_ok=True, symlinks=True)
    return h


@pytest.fixture(scope="module")
def archive(make_stack, folders, host):
    a = Archive(make_stack, folders, {MIRROR: ([SUITE, OTHER], {
        "from": host.serve(), "signed-by": host.key, "sources": ["nova", "python-*", "glance"],
        "limits": {"bytes": "12M", "files": 100, "time": "60s"}})})
    row = a.run()
    assert row["state"] == "done", row
    return a


@pytest.fixture
def tree(archive, host):
    """The host's archive as it was at first, whatever a test makes of it."""
    def restore():
        shutil.rmtree(host.archive)
        shutil.copytree(f"{host.pristine}/debian", host.archive, symlinks=True)
    restore()
    yield host
    restore()


class Host:
    """Changes to a build host's tree, by someone who has its key."""

    def __init__(self, host):
        self.host, self.top = host, f"{host.archive}/dists/{SUITE}"

    def path(self, name):
        return os.path.join(self.top, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def write(self, name, data):
        TOOL.write(self.path(name), data)

    def release(self, *extra):
        TOOL.release(self.host.dir, SUITE, extra)

    def edit_release(self, change):
        """Signs another text."""
        self.write("Release", change(self.read("Release").decode()).encode())
        TOOL.sign(self.host.dir, self.top)

    def edit_index(self, name, change):
        """Another text in an index, in all its forms, signed."""
        TOOL.put_index(self.path(name), change(self.read(name).decode()).encode())
        self.release()

    def pool(self, end):
        folder = f"{self.host.archive}/pool/{SUITE}/main/n/nova"
        return next(os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(end))


def refused(archive, *words, state="failed"):
    """Runs the mirror: it fails, says why, and serves what it served before."""
    before = archive.tree()
    row = archive.run()
    assert row["state"] == state, row
    for word in words:
        assert re.search(word, row["error"]), row["error"]
    assert archive.tree() == before
    assert "/tmp/" not in row["error"] and "127.0.0.1" not in row["error"], "fit for a public page"
    error = archive.stack.psql(f"select error from deb_status.mirrors where name = '{MIRROR}'")
    assert error == row["error"]
    return row


# ---------------------------------------------------------------- the signed text

def around_before(h):
    h.write("InRelease", b"Origin: Evil\n" + h.read("InRelease"))


def around_after(h):
    h.write("InRelease", h.read("InRelease") + b"Origin: Evil\n")


def twice(h):
    h.write("InRelease", h.read("InRelease") * 2)


def cut_off(h):
    h.write("InRelease", h.read("InRelease")[:-40])


def altered(h):
    h.write("InRelease", h.read("InRelease").replace(b"Mirantis", b"Mirantix"))


def no_file(h):
    for name in ("InRelease", "Release", "Release.gpg"):
        os.unlink(h.path(name))


def another_release(h):
    """A rebuild whose gpg failed: Release is new, InRelease old."""
    inrelease = h.read("InRelease")
    h.release(("Description", "new"))
    h.write("InRelease", inrelease)


def release_altered(h):
    h.write("Release", h.read("Release").replace(b"Mirantis", b"Mirantix"))


def release_truncated(h):
    h.write("Release", h.read("Release")[:-40])


def detached_truncated(h):
    h.write("Release.gpg", h.read("Release.gpg")[:-40])


def detached_of_another(h):
    shutil.copy(f"{h.host.archive}/dists/{OTHER}/Release.gpg", h.path("Release.gpg"))


def another_suites_files(h):
    """All of them, validly signed."""
    for name in ("InRelease", "Release", "Release.gpg"):
        shutil.copy(f"{h.host.archive}/dists/{OTHER}/{name}", h.path(name))


def in_the_middle(h):
    h.write("Release", h.read("Release") + b"\n")
    os.unlink(h.path("Release.gpg"))


def future(h):
    h.edit_release(lambda t: re.sub("Date: .*", "Date: Tue, 01 Jan 2999 00:00:00 +0000", t))


def expired(h):
    h.edit_release(lambda t: "Valid-Until: Tue, 01 Jan 2019 00:00:00 +0000\n" + t)


def of_another_suite(h):
    h.edit_release(lambda t: t.replace(f"Codename: {SUITE}", f"Codename: {OTHER}"))


def with_a_suite(h):
    h.edit_release(lambda t: "Suite: stable\n" + t.replace(f"Codename: {SUITE}", "Codename: trixie"))


def no_sha256(h):
    h.edit_release(lambda t: t.replace("SHA256:", "SHA3:"))


def leading_out(h):
    h.edit_release(lambda t: t.replace("SHA256:\n", f"SHA256:\n {'a' * 64} 3 ../../../etc/x\n"))


def a_dash(h):
    h.edit_release(lambda t: t.replace("SHA256:\n", f"SHA256:\n {'a' * 64} 3 --rsh=x/Packages\n"))


def many_names(h):
    rows = "".join(f" {'a' * 64} 3 c{n}/source/Sources\n" for n in range(20000))
    h.edit_release(lambda t: t.replace("SHA256:\n", "SHA256:\n" + rows))


def too_large(h):
    h.write("InRelease", b"-----BEGIN PGP SIGNED MESSAGE-----\n" + b"x" * (17 << 20))


def no_plain_file(h):
    os.unlink(h.path("InRelease"))
    os.symlink("/etc/hostname", h.path("InRelease"))
    os.unlink(h.path("Release"))
    os.mkfifo(h.path("Release"))


SIGNED = [
    (around_before, "text around the signed part"), (around_after, "text around the signed part"),
    (twice, "text around the signed part"), (cut_off, "ends before its signature"),
    (altered, "signature does not fit the text"), (no_file, "neither InRelease nor Release"),
    (another_release, "do not tell the same"), (in_the_middle, "do not tell the same"),
    (release_altered, "Release.gpg: .*signature does not fit the text"),
    (release_truncated, "Release.gpg: .*signature does not fit the text"),
    (detached_truncated, "Release.gpg: "),
    (detached_of_another, "Release.gpg: .*signature does not fit the text"),
    (another_suites_files, "of another suite"),
    (future, "Date .* is in the future"), (expired, "expired .Valid-Until"),
    (of_another_suite, "of another suite"), (with_a_suite, "of another suite .stable"),
    (no_sha256, "no SHA256"), (leading_out, "name that is not allowed"),
    (a_dash, "name that is not allowed"), (many_names, "more than 8000 files"),
    (too_large, "neither InRelease nor Release"),
    (no_plain_file, "neither InRelease nor Release"),
]


@pytest.mark.parametrize("change,words", SIGNED, ids=[c.__name__ for c, _ in SIGNED])
def test_signed_text(archive, tree, change, words):
    if change is too_large:
        os.unlink(Host(tree).path("Release"))
    change(Host(tree))
    refused(archive, f"^{SUITE}: .*({words})")
    # the mirror's other suite is none the worse for it
    assert archive.stack.psql("select error is null from deb_status.suites "
                              f"where suite = '{OTHER}'") == "t"


def gpg_sign(home, folder, *options):
    """Signs the suite anew with a key of our choice."""
    top = f"{folder}/dists/{SUITE}"
    for args, name in ((["--clearsign"], "InRelease"), (["--armor", "--detach-sign"], "Release.gpg")):
        done = subprocess.run(["gpg", "--homedir", home, "--batch", "--yes", "--quiet", *options,
                               *args, "-o", f"{top}/{name}", f"{top}/Release"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def gpg_home():
    with TOOL.Keyring() as k:
        yield k


def test_a_key_that_is_not_the_mirrors(archive, tree):
    with gpg_home() as k:
        k.gpg("--passphrase", "", "--quick-generate-key", "Evil <e@example.org>", "ed25519", "sign")
        gpg_sign(k.home, tree.archive)
    refused(archive, "no key that this mirror trusts signed it")


@pytest.mark.parametrize("what,words", [("expired", "key that signed it has expired"),
                                        ("revoked", "key that signed it was revoked"),
                                        ("sha1", "hash weaker than SHA256")])
def test_a_key_that_is_no_longer_good(archive, tree, what, words):
    """The mirror's own key, as its keyring has it now."""
    with gpg_home() as k:
        k.gpg("--passphrase", "", "--pinentry-mode", "loopback", "--faked-system-time",
              "20200101T000000!", "--quick-generate-key", "Old <o@example.org>", "ed25519", "sign",
              "2021-01-01" if what == "expired" else "0")
        options = {"expired": ["--faked-system-time", "20200601T000000!"],
                   "sha1": ["--digest-algo", "SHA1"]}.get(what, [])
        gpg_sign(k.home, tree.archive, *options)
        if what == "revoked":
            (name,) = os.listdir(f"{k.home}/openpgp-revocs.d")
            with open(f"{k.home}/openpgp-revocs.d/{name}", encoding="utf-8") as f:
                text = f.read().replace(":-----BEGIN", "-----BEGIN")
            k.gpg("--import", input=text.encode())
        key = k.gpg("--export")
    path = archive.config["mirrors"][MIRROR]["signed-by"]
    with open(path, "rb") as f:
        before = f.read()
    try:
        TOOL.write(path, key)
        refused(archive, words)
    finally:
        TOOL.write(path, before)


# ---------------------------------------------------------------- older and replayed

def test_older_and_replayed(archive, tree, folders):
    h, kept = Host(tree), folders()
    shutil.copytree(tree.archive, f"{kept}/debian")
    tick()
    tree.add(SUITE, "nova", "2:32.0.1-1")
    assert archive.run()["state"] == "done"
    newest = h.read("Release").decode()
    # the tree of before, validly signed
    shutil.rmtree(tree.archive)
    shutil.copytree(f"{kept}/debian", tree.archive)
    refused(archive, "older than what was published: a replay")
    # the same Date, other content
    date = re.search("Date: .*", newest).group(0)
    h.edit_release(lambda t: re.sub("Date: .*", date, t))
    refused(archive, "has the Date of what was published and other content")
    # the way round
    done = archive.publish("--accept-older", SUITE)
    assert "is queued" in done.stdout
    archive.work_off()
    assert archive.versions(SUITE)["nova"] == "2:32.0.0-1"
    refused_again = archive.stack.psql("select count(*) from deb_status.suite_holds")
    assert refused_again == "0", "once"


def tick():
    """Until the clock's second is another: what is signed then is later than what was published."""
    start = int(time.time())
    wait_for(lambda: int(time.time()) > start, "the next second", interval=0.01)


# ---------------------------------------------------------------- indexes

def index_altered(h):
    h.host.add(SUITE, "nova", "2:32.4.0-1")
    h.write("main/source/Sources.gz", gzip.compress(b"Package: evil\n"))


def index_truncated(h):
    h.host.add(SUITE, "nova", "2:32.4.1-1")
    h.write("main/source/Sources", h.read("main/source/Sources")[:-10])


def index_missing(h):
    h.host.add(SUITE, "nova", "2:32.4.2-1")
    for end in ("", ".gz", ".bz2"):
        os.unlink(h.path("main/source/Sources" + end))


def index_older(h):
    """The signed text is new, an index that of the build before: a mirror that went half way."""
    was = {end: h.read("main/source/Sources" + end) for end in ("", ".gz", ".bz2")}
    h.host.add(SUITE, "nova", "2:32.4.4-1")
    for end, data in was.items():
        h.write("main/source/Sources" + end, data)


def index_replaced(h):
    h.host.add(SUITE, "nova", "2:32.4.5-1")
    for end in ("", ".gz", ".bz2"):
        shutil.copy(f"{h.host.archive}/dists/{OTHER}/main/source/Sources{end}",
                    h.path("main/source/Sources" + end))


def index_extra(h):
    h.host.add(SUITE, "nova", "2:32.4.6-1")
    text = h.read("main/binary-amd64/Packages").decode()
    TOOL.put_index(h.path("main/binary-amd64/Packages"),
                   (text + "\n" + text.replace("Package: nova", "Package: glance")).encode())


def index_link(h):
    h.host.add(SUITE, "nova", "2:32.4.3-1")
    for end in ("", ".gz", ".bz2"):
        os.rename(h.path("main/source/Sources" + end), h.path("main/source/x" + end))
        os.symlink("x" + end, h.path("main/source/Sources" + end))


def forms_differ(h):
    h.write("main/source/Sources.gz", gzip.compress(b"Package: evil\n"))
    h.release()


def bomb(h):
    h.write("main/source/Sources.gz", gzip.compress(b"\0" * (64 << 20)))
    h.release()


def not_packed(h):
    h.write("main/source/Sources.gz", b"plain text")
    h.release()


def filename(name):
    def change(h):
        h.edit_index("main/binary-amd64/Packages",
                     lambda t: re.sub("Filename: .*", "Filename: " + name, t))
    return change


def directory(h):
    h.edit_index("main/source/Sources", lambda t: re.sub("Directory: .*", "Directory: ../../etc", t))


def no_hash(h):
    h.edit_index("main/binary-amd64/Packages", lambda t: re.sub("SHA256: .*\n", "", t))


def two_hashes(h):
    h.edit_index("main/binary-amd64/Packages",
                 lambda t: t + "\n" + re.sub("SHA256: .*", "SHA256: " + "a" * 64, t))


def foreign_source(h):
    h.edit_index("main/source/Sources",
                 lambda t: t + "\n" + t.replace("Package: nova", "Package: bash"))


def foreign_binary(h):
    h.edit_index("main/binary-amd64/Packages",
                 lambda t: t.replace("Package: nova", "Package: bash\nSource: bash (1.0)"))


def no_text(h):
    h.edit_index("main/source/Sources", lambda t: "this is no index\n")


def no_version(h):
    h.edit_index("main/source/Sources", lambda t: re.sub("\nVersion: .*", "\nVersion: a b", t))


def many_files(h):
    def change(text):
        (one,) = re.findall("(?s)^Package: .*?SHA256: [0-9a-f]+\n", text)
        return "\n".join(one.replace("nova_", f"nova{n}_") for n in range(300))
    h.edit_index("main/binary-amd64/Packages", change)


def large_file(h):
    h.edit_index("main/binary-amd64/Packages",
                 lambda t: re.sub("Size: .*", "Size: 99999999999", t).replace("nova_", "nova2_"))


INDEXES = [
    (index_altered, "Sources.gz is not what the signed Release says"),
    (index_truncated, "Sources is not what the signed Release says"),
    (index_missing, "main/source/Sources, which the signed Release lists, is missing"),
    (index_older, "main/source/Sources[.a-z0-9]* is not what the signed Release says"),
    (index_replaced, "main/source/Sources[.a-z0-9]* is not what the signed Release says"),
    (index_extra, "main/binary-amd64/Packages[.a-z0-9]* is not what the signed Release says"),
    (index_link, "main/source/Sources, which the signed Release lists, is missing"),
    (forms_differ, "main/source/Sources.gz (unpacks to more|holds something else)"),
    (bomb, "main/source/Sources.gz unpacks to more than it should"),
    (not_packed, "main/source/Sources.gz (cannot be unpacked|holds something else)"),
    (filename("../../etc/passwd"), "path is not allowed"),
    (filename("/etc/passwd"), "path is not allowed"),
    (filename("pool/../../x.deb"), "path is not allowed"),
    (filename("pool/-x.deb"), "path is not allowed"),
    (filename("pool/.htaccess.deb"), "path is not allowed"),
    (filename("pool/a b.deb"), "path is not allowed"),
    (filename("pool/x.html"), "path is not allowed"),
    (filename("dists/" + OTHER + "/Release.deb"), "path is not allowed"),
    (filename("pool/x\n y.deb"), "path is not allowed"),
    (directory, "path is not allowed"), (no_hash, "no Size or no SHA256"),
    (two_hashes, "contradict each other"), (foreign_source, "may not bring source package bash"),
    (foreign_binary, "may not bring source package bash"), (no_text, "Sources, line 1"),
    (no_version, "Sources, nova"), (many_files, "more (files )?than the mirror's limits.files"),
    (large_file, "limits.bytes"),
]


@pytest.mark.parametrize("change,words", INDEXES, ids=range(len(INDEXES)))
def test_indexes(archive, tree, change, words):
    change(Host(tree))
    refused(archive, f"^{SUITE}: .*{words}")


# ---------------------------------------------------------------- pool files

def pool_altered(h):
    with open(h.pool("_all.deb"), "r+b") as f:
        f.write(b"?")


def pool_truncated(h):
    os.truncate(h.pool(".dsc"), 10)


def pool_missing(h):
    os.unlink(h.pool(".dsc"))


def pool_link(h):
    path = h.pool("_all.deb")
    os.rename(path, path + ".x")
    os.symlink(path + ".x", path)


def pool_folder(h):
    path = h.pool("_all.deb")
    os.unlink(path)
    os.mkdir(path)


def pool_fifo(h):
    path = h.pool("_all.deb")
    os.unlink(path)
    os.mkfifo(path)


def pool_older(h):
    """The package of before, under the new one's name."""
    path = h.pool("_all.deb")
    shutil.copy(f"{h.host.pristine}/debian/{os.path.relpath(path, h.host.archive)}"
                .replace(os.path.basename(path), "nova_32.0.0-1_all.deb"), path)


def pool_replaced(h):
    """By another package that is as good as this one."""
    folder = f"{h.host.archive}/pool/{OTHER}/main/p/python-oslo.config"
    shutil.copy(f"{folder}/python-oslo.config_10.0.0-1.dsc", h.pool(".dsc"))


def pool_larger(h):
    with open(h.pool(".dsc"), "ab") as f:
        f.write(b"x" * 100000)


POOL = [(pool_altered, "all.deb is not what its indexes say"),
        (pool_truncated, ".dsc is not what its indexes say"),
        (pool_missing, ".dsc, which its indexes name, is missing"),
        (pool_link, "all.deb, which its indexes name, is missing"),
        (pool_folder, "all.deb.*(missing|is not what)"), (pool_fifo, "all.deb.* is missing"),
        (pool_older, "all.deb.*(missing|is not what)"),
        (pool_replaced, ".dsc.*(missing|is not what)"),
        (pool_larger, ".dsc.*(missing|is not what)")]


@pytest.mark.parametrize("change,words", POOL, ids=[c.__name__ for c, _ in POOL])
def test_pool(archive, tree, change, words):
    # a version of its own: what an earlier test left in staging is not in the way
    tree.add(SUITE, "nova", f"2:32.5.{[c for c, _ in POOL].index(change)}-1")
    change(Host(tree))
    row = refused(archive, f"^{SUITE}: pool/.*{words}")
    assert row["detail"] or change is not pool_missing, "rsync's own words, for admins"


def index_lies(field, value, name="main/binary-amd64/Packages"):
    def change(h):
        h.edit_index(name, lambda t: re.sub(f"(?m)^{field}: .*", f"{field}: {value}", t))
    return change


def hides_the_source(h):
    h.edit_index("main/binary-amd64/Packages",
                 lambda t: t.replace("Package: nova\n", "Package: nova\nSource: glance\n"))


def make_essential(h, version):
    TOOL.write(h.pool("_all.deb"), TOOL.make_deb(
        TOOL.deb_control("nova", version, "nova", TOOL.MAINTAINER, "all", "")
        .replace("Section", "Essential: yes\nSection"), 100))
    TOOL.scan(h.host.dir, SUITE)


def hides_essential(h):
    """The package says it, the index does not."""
    make_essential(h, "2:32.6.3-1")
    h.edit_index("main/binary-amd64/Packages", lambda t: t.replace("Essential: yes\n", ""))


def no_package(h):
    with open(h.pool("_all.deb"), "wb") as f:
        f.write(b"!<arch>\nnothing of that kind")
    h.edit_index("main/binary-amd64/Packages", lambda t: re.sub(
        "(?m)^Size: .*", f"Size: {os.path.getsize(h.pool('_all.deb'))}", re.sub(
            "(?m)^SHA256: .*", "SHA256: " + sha256(h.pool("_all.deb")), t)))


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


LIES = [(hides_the_source, "_all.deb says Source: nova, its index says glance"),
        (index_lies("Version", "2:99-1"),
         "_all.deb says Version: 2:32.6.1-1, its index says 2:99-1"),
        (index_lies("Architecture", "amd64"), "_all.deb says Architecture: all, .*amd64"),
        (hides_essential, "_all.deb says Essential: yes, its index says no"),
        (index_lies("Version", "2:99-1", "main/source/Sources"),
         ".dsc says Version: 2:32.6.4-1, its index says 2:99-1"),
        (index_lies("Package", "glance", "main/source/Sources"),
         ".dsc says Source: nova, its index says glance"),
        (no_package, "_all.deb: it is no Debian package")]


@pytest.mark.parametrize("n", range(len(LIES)))
def test_indexes_that_lie_about_packages(archive, tree, n):
    tick()
    tree.add(SUITE, "nova", f"2:32.6.{n}-1")
    change, words = LIES[n]
    change(Host(tree))
    with mirror_from(archive, sources=["*"]):  # whatever it may bring
        row = refused(archive, words)
    assert f"pool/{SUITE}/main/n/nova/nova_32.6.{n}-1" in row["error"]


def test_packages_that_are_what_the_indexes_say(archive, tree):
    """New ones are read; what is published already was."""
    tick()
    tree.add(SUITE, "glance", "2:30.9.0-1")
    assert archive.run()["state"] == "done"
    tick()
    tree.add(SUITE, "nova", "2:32.6.9-1")
    row = archive.run()
    assert row["state"] == "done", row["error"]
    assert archive.versions(SUITE)["nova"] == "2:32.6.9-1"


def test_other_content_needs_a_new_version(archive, tree):
    tick()
    tree.add(SUITE, "nova", "2:32.0.0-1", "--size", "300")
    refused(archive, "nova_32.0.0-1.* is published with other content: build with a new version")
    archive.config["mirrors"][MIRROR]["replace"] = True
    archive.rewrite()
    try:
        row = archive.run()
    finally:
        del archive.config["mirrors"][MIRROR]["replace"]
        archive.rewrite()
    assert row["state"] == "done" and "is replaced" in row["lines"]
    with open(Host(tree).pool("_all.deb"), "rb") as f:
        data = f.read()
    assert archive.read(f"pool/{SUITE}/main/n/nova/nova_32.0.0-1_all.deb") == data
    assert archive.publish("--check").returncode == 0


def test_what_no_index_names_is_not_taken(archive, tree):
    tick()
    tree.add(SUITE, "nova", "2:32.5.8-1")
    h = Host(tree)
    for name in ("main/extra", "extra.html", "by-hash"):
        h.write(name, b"x")
    TOOL.write(f"{tree.archive}/pool/{SUITE}/main/n/nova/extra_1_all.deb", b"x")
    TOOL.write(f"{tree.archive}/extra", b"x")
    row = archive.run()
    assert row["state"] == "done", row["error"]
    assert not [p for p in archive.tree() if "extra" in p or "by-hash" in p]


def test_nothing_that_is_served_lies_in_staging(archive, tree):
    """A transfer may write there: that of the next suite, too."""
    tick()
    tree.add(SUITE, "nova", "2:32.5.7-1")
    tree.add(OTHER, "python-oslo.config", "1:10.5.7-1")
    TOOL.write(f"{tree.archive}/dists/{OTHER}/main/source/Sources.gz", b"x")
    row = archive.run()
    assert row["state"] == "failed" and OTHER in row["error"]
    assert archive.versions(SUITE)["nova"] == "2:32.5.7-1"
    left = archive.staging()
    assert [p for p in left if "/indexes/" in p] and [p for p in left if "/signed/" in p]
    assert [p for p in left if os.stat(p).st_nlink > 1] == []


def test_essential_is_reported(archive, tree):
    tick()
    tree.add(SUITE, "nova", "2:32.5.9-1")
    make_essential(Host(tree), "2:32.5.9-1")
    row = archive.run()
    assert row["state"] == "done" and "nova is marked Essential" in row["lines"], row["error"]


# ---------------------------------------------------------------- ways to the host

@contextlib.contextmanager
def mirror_from(archive, **settings):
    mirror = archive.config["mirrors"][MIRROR]
    before = dict(mirror)
    mirror.update(settings)
    archive.rewrite()
    try:
        yield
    finally:
        archive.config["mirrors"][MIRROR] = before
        archive.rewrite()


def test_a_local_path(archive, tree):
    tick()
    tree.add(SUITE, "nova", "2:32.6.0-1")
    with mirror_from(archive, **{"from": tree.archive}):
        assert archive.run()["state"] == "done"
    assert archive.versions(SUITE)["nova"] == "2:32.6.0-1"


@pytest.mark.parametrize("address,words", [
    ("rsync://127.0.0.1:{port}/debian", "refused the connection"),
    ("rsync://no-such-host.invalid/debian", "name is unknown"),
    ("{served}x", "no such rsync module"),
    ("/no/such/folder", "could not find the build host's folder"),
])
def test_ways_that_lead_nowhere(archive, tree, address, words):
    served = archive.config["mirrors"][MIRROR]["from"]
    with mirror_from(archive, **{"from": address.format(port=free_port(), served=served)}):
        row = refused(archive, words)
    assert row["detail"], "rsync's own words, for admins"


@pytest.fixture(scope="module")
def sshd(folders):
    """An sshd of its own: (folder of keys, its address). HOST:PATH has no place for a port, so it
    has an address of its own in 127.0.0.0/8 and the usual one."""
    if os.getuid() != 0:
        pytest.skip("only root may listen on ssh's port")
    folder = folders()
    address = f"127.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250}.7"
    for name in ("host", "client", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"],
                       check=True)
        shutil.chown(f"{folder}/{name}", "root" if name == "host" else "daemon")
    shutil.copy(f"{folder}/client.pub", f"{folder}/authorized")
    for name in ("host", "other"):
        with open(f"{folder}/{name}.pub", encoding="ascii") as f:
            TOOL.write(f"{folder}/known-{name}", f"{address} {f.read()}".encode())
    TOOL.write(f"{folder}/config", (
        f"Port 22\nListenAddress {address}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n").encode())
    os.makedirs("/run/sshd", exist_ok=True)
    daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/config"],
                              stderr=subprocess.DEVNULL)
    wait_for(lambda: subprocess.run(["ssh-keyscan", address], check=False,
                                    capture_output=True).stdout, "sshd answers")
    yield folder, address
    daemon.terminate()
    daemon.wait()


def test_over_ssh(archive, tree, sshd):
    folder, address = sshd
    tick()
    tree.add(SUITE, "nova", "2:32.7.0-1")

    def over(key="client", known="known-host"):
        return mirror_from(archive, **{"from": f"root@{address}:{tree.archive}", "ssh": {
            "key": f"{folder}/{key}", "known-hosts": f"{folder}/{known}"}})
    with over(known="known-other"):
        refused(archive, "ssh key is not the known one")
    with over(key="other"):
        refused(archive, "does not let our ssh key in")
    with over():
        row = archive.run()
    assert row["state"] == "done", row
    assert archive.versions(SUITE)["nova"] == "2:32.7.0-1"


# ---------------------------------------------------------------- stalls, cut off, goes on

def find(pattern):
    out = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False)
    return out.stdout.split()


def read(path):
    with contextlib.suppress(OSError):
        with open(path, encoding="ascii") as f:
            return f.read()
    return ""


def test_a_host_that_stalls(archive, tree):
    """It takes the connection and says nothing: found by the lack of progress."""
    ours, status, limits = f"rsync.*{archive.work}/staging", "", ""
    with mirror_from(archive, limits={"bytes": "20M", "files": 100, "time": "8s"}):
        archive.work_off()  # the changed configuration
        job = archive.enqueue()
        os.kill(tree.daemon.pid, signal.SIGSTOP)
        try:
            process = archive.start_worker()
            while process.poll() is None:
                for pid in find(ours):
                    status = read(f"/proc/{pid}/status") or status
                    limits = read(f"/proc/{pid}/limits") or limits
                time.sleep(0.05)
        finally:
            os.kill(tree.daemon.pid, signal.SIGCONT)
    row = archive.job(job)
    assert row["state"] == "failed" and "stalled" in row["error"], row
    assert not find(ours), "nothing of the transfer is left"
    assert "NoNewPrivs:\t1" in status
    assert re.search(r"Max file size +[0-9]+ ", limits), limits
    assert re.search(r"Max address space +[0-9]+ ", limits), limits
    tick()
    tree.add(SUITE, "nova", "2:32.8.0-1")
    assert archive.run()["state"] == "done"
    assert not archive.staging()


class SlowLink(threading.Thread):
    """A way to the host's daemon on which, once a connection has brought so many bytes, a few come at a
    time."""

    def __init__(self, address, fast_bytes, piece, pause_s):
        super().__init__(daemon=True)
        self.to = urllib.parse.urlsplit(address)
        self.fast_bytes, self.piece, self.pause_s = fast_bytes, piece, pause_s
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"rsync://127.0.0.1:{self.listener.getsockname()[1]}{self.to.path}"
        self.pieces = 0

    def run(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                here, _ = self.listener.accept()
                there = socket.create_connection((self.to.hostname, self.to.port))
                threading.Thread(target=self.pass_on, args=(here, there, False), daemon=True).start()
                threading.Thread(target=self.pass_on, args=(there, here, True), daemon=True).start()

    def pass_on(self, source, sink, slow):
        passed = 0
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(self.piece if slow and passed >= self.fast_bytes else 4096):
                sink.sendall(data)
                passed += len(data)
                if slow and passed > self.fast_bytes:
                    self.pieces += 1
                    time.sleep(self.pause_s)


def test_a_link_that_is_slow_is_no_stall(archive, tree):
    """What rsync writes comes in pieces of 256 KB: until one is there, only what it reads tells."""
    tick()
    tree.add(SUITE, "nova", "2:32.8.1-1", "--size", "40000000")  # that packs well
    assert 30000 < os.path.getsize(Host(tree).pool("32.8.1-1_all.deb")) < 60000
    link = SlowLink(archive.config["mirrors"][MIRROR]["from"], 8192, 1000, 0.7)
    link.start()
    try:
        # a stall would be a quarter of it
        with mirror_from(archive, **{"from": link.address, "limits": {
                "bytes": "20M", "files": 100, "time": "60s"}}):
            row = archive.run()
    finally:
        link.listener.close()
    assert row["state"] == "done", (row["error"], link.pieces)
    assert link.pieces * link.pause_s > 15, "the file took longer than a stall may"


def test_what_was_fetched_is_not_fetched_again(archive, tree):
    """A pool file is missing: the others wait in staging for the next run."""
    tick()
    tree.add(SUITE, "nova", "2:32.9.0-1", "--size", "1000000")
    dsc = Host(tree).pool("32.9.0-1.dsc")
    os.rename(dsc, dsc + ".away")
    refused(archive, "is missing at the host")
    assert any(p.endswith("_all.deb") for p in archive.staging())
    os.rename(dsc + ".away", dsc)
    row = archive.run()
    assert row["state"] == "done" and row["published"][0]["bytes"] < 100000
    assert not archive.staging()
