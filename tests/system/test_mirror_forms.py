# SPDX-License-Identifier: Apache-2.0
"""Archives of other shapes than pkgos-scan-repo's: signed by Release.gpg alone, indexes of which only
a packed form is listed or there. What they bring is verified as strictly."""
import gzip
import lzma
import os
import re
import shutil

import pytest

from archive import TOOL, Archive, Apt

SUITE = "bookworm-epoxy-backports"
ENDS = ("", ".gz", ".bz2")


class Host:
    """A build host that builds a new version and then changes what it shows."""

    def __init__(self, host):
        self.host, self.top, self.built = host, f"{host.archive}/dists/{SUITE}", 0

    def build(self):
        """Rebuilds as the tool does; returns the new version."""
        self.built += 1
        version = f"2:31.0.{self.built}-1"
        self.host.add(SUITE, "nova", version)
        return version

    def path(self, name):
        return os.path.join(self.top, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def indexes(self):
        return "main/source/Sources", "main/binary-amd64/Packages"

    def drop(self, *ends):
        for index in self.indexes():
            for end in ends:
                if os.path.exists(self.path(index + end)):
                    os.unlink(self.path(index + end))

    def sign(self):
        """Release over what is there now."""
        TOOL.release(self.host.dir, SUITE)


@pytest.fixture(scope="module")
def host(build_host):
    return Host(build_host(SUITE))


@pytest.fixture(scope="module")
def archive(make_stack, folders, host):
    host.build()
    return Archive(make_stack, folders, {"bookworm-epoxy": ([SUITE], {
        "from": host.host.serve(), "signed-by": host.host.key})})


@pytest.fixture(autouse=True)
def as_the_tool_leaves_it(archive, host):
    yield
    host.drop(".xz")


def published(archive, version):
    row = archive.run()
    assert row["state"] == "done", str(row)
    assert archive.versions(SUITE) == {"nova": version}
    return row


def refused(archive, words):
    before = archive.tree()
    row = archive.run()
    assert row["state"] == "failed" and re.search(words, row["error"]), row
    assert archive.tree() == before
    return row


# ---------------------------------------------------------------- the signature

def test_release_and_its_signature_alone(archive, host, folders):
    """The first publish, and a further one over it."""
    for _ in range(2):
        version = host.build()
        os.unlink(host.path("InRelease"))
        published(archive, version)
        assert "InRelease" not in os.listdir(archive.path("dists", SUITE))
        assert archive.read("dists", SUITE, "Release") == host.read("Release")
    apt = Apt(folders(), archive.stack.archive, SUITE, host.host.key)
    done = apt.update()
    assert done.returncode == 0, done.stderr
    assert apt.version("nova") == version


@pytest.mark.parametrize("change,words", [
    (lambda h: os.unlink(h.path("Release.gpg")), "Release has no Release.gpg"),
    (lambda h: TOOL.write(h.path("Release"), h.read("Release").replace(b"Mirantis", b"Mirantix")),
     "Release.gpg: .*signature does not fit the text"),
    (lambda h: TOOL.write(h.path("Release.gpg"), b""), "Release.gpg: "),
    (lambda h: TOOL.write(h.path("Release.gpg"), b"-----BEGIN PGP SIGNATURE-----\n"), "Release.gpg: "),
], ids=["none", "altered", "empty", "cut off"])
def test_a_release_alone_that_no_signature_covers(archive, host, change, words):
    host.build()
    os.unlink(host.path("InRelease"))
    change(host)
    refused(archive, words)


def test_a_release_alone_by_another_key(archive, host, folders):
    host.build()
    other = folders()
    TOOL.make_key(other, "Someone else")
    TOOL.sign(other, host.top)
    os.unlink(host.path("InRelease"))
    refused(archive, "Release.gpg: no key that this mirror trusts signed it")


# ---------------------------------------------------------------- the indexes

def test_only_a_packed_form_is_listed(archive, host):
    """Which apt does not take; that is between the host and its users. More than once: the tree
    before is read as well, and has the same names."""
    for _ in range(3):
        version = host.build()
        host.drop("", ".bz2")
        host.sign()
        published(archive, version)


def test_only_xz(archive, host):
    for _ in range(2):
        version = host.build()
        for index in host.indexes():
            TOOL.write(host.path(index + ".xz"), lzma.compress(host.read(index)))
        host.drop(*ENDS)
        host.sign()
        published(archive, version)


def test_the_plain_form_is_listed_and_not_there(archive, host, folders):
    """As reprepro leaves it. The tree before is read as well, and has the same names."""
    for _ in range(3):
        version = host.build()
        host.drop("", ".bz2")
        published(archive, version)
    apt = Apt(folders(), archive.stack.archive, SUITE, host.host.key)
    done = apt.update()
    assert done.returncode == 0, done.stderr
    assert apt.version("nova") == version


def test_the_packed_form_is_another_text(archive, host):
    """The signed Release lists both, and each fits its own hash."""
    for change, words in ((lambda t: t.replace(b"nova", b"evil"), "Sources.gz holds something else"),
                          (lambda t: t[:-20], "Sources.gz holds something else"),
                          (lambda t: t + b"\nPackage: evil\n", "Sources.gz unpacks to more")):
        host.build()
        text = host.read("main/source/Sources")
        TOOL.write(host.path("main/source/Sources.gz"), gzip.compress(change(text)))
        host.sign()
        host.drop("", ".bz2")
        refused(archive, words)


def test_both_forms_are_there_and_differ_by_a_word(archive, host):
    """As long as each other: only what they say tells them apart."""
    host.build()
    text = host.read("main/source/Sources")
    TOOL.write(host.path("main/source/Sources.gz"), gzip.compress(text.replace(b"nova", b"evil")))
    host.sign()
    refused(archive, "Sources.gz holds something else")


def test_a_packed_form_that_is_none(archive, host):
    host.build()
    host.drop("", ".bz2")
    TOOL.write(host.path("main/source/Sources.gz"), b"no gzip")
    host.sign()
    refused(archive, "Sources.* (cannot be unpacked|line 1)")


def test_fields_that_are_no_utf8(archive, host):
    """Each such paragraph is set aside with its line; names of any letters are read as they are."""
    bad = (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80",
           b"\xf5\x80\x80\x80", b"\xe2\x82", b"\xe2\x28\xa1", b"\x80")
    name = "J\u00e9r\u00f4me \u20ac \U0001f600 <j@example.org>"

    def edit(change):
        parts = [change(p.strip(b"\n") + b"\n")
                 for p in host.read("main/source/Sources").split(b"\n\n") if p.strip()]
        TOOL.put_index(host.path("main/source/Sources"), b"\n".join(parts))
        host.sign()

    def first(part):
        found = re.search(rb"^Package: bad(\d)$", part, re.M)
        if found:
            return part + b"Homepage: https://example.org/" + bad[int(found[1])] + b"\n"
        part = re.sub(b"\nMaintainer: .*", b"\nMaintainer: " + name.encode(), part)
        return part + b"Build-Depends: a (>= 1),\n b\nBuild-Depends-Indep: c\nUploaders: x \n"
    try:
        for n in range(len(bad)):
            host.host.add(SUITE, f"bad{n}", "1-1", "--no-scan")
        version = host.build()
        edit(first)
        published(archive, version)
        row = archive.stack.psql("select maintainer, build_depends from deb_status.sources "
                                 "where name = 'nova'")
        assert row == name + "|a (>= 1), b, c"
        aside = archive.stack.psql("select count(*), min(reason) from deb_status.set_aside "
                                   "where file like '%bad%'")
        assert aside == f"{len(bad)}|Homepage is not valid UTF-8"
        # the last that could be read stays
        host.build()
        edit(lambda part: part + b"Homepage: \xff\n")
        published(archive, version)
    finally:
        for n in range(len(bad)):
            shutil.rmtree(TOOL.pool_folder(host.host.dir, SUITE, f"bad{n}"), ignore_errors=True)
