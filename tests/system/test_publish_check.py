# SPDX-License-Identifier: Apache-2.0
"""`deb-status publish --check` on a published tree that someone or something has damaged: each damage
is named, and the mirror's next run puts the tree right."""
import glob
import os

import pytest

from archive import Archive

SUITE = "bookworm-epoxy-backports"


@pytest.fixture(scope="module")
def archive(make_stack, folders, build_host):
    host = build_host(SUITE)
    host.add(SUITE, "nova", "2:31.0.0-1")
    a = Archive(make_stack, folders, {"bookworm-epoxy": ([SUITE], {
        "from": host.serve(), "signed-by": host.key})}, sign=True)
    assert a.run()["state"] == "done"
    return a


def change(path, old, new):
    with open(path, "rb") as f:
        data = f.read()
    assert old in data
    with open(path, "wb") as f:
        f.write(data.replace(old, new, 1))


def inrelease_altered(a, top):
    change(f"{top}/InRelease", b"Origin: Mirantis", b"Origin: Mirantix")


def release_altered(a, top):
    change(f"{top}/Release", b"Date: ", b"Date:  ")


def detached_truncated(a, top):
    os.truncate(f"{top}/Release.gpg", 60)


def no_signature(a, top):
    os.unlink(f"{top}/InRelease")
    os.unlink(f"{top}/Release.gpg")


def nothing_signed(a, top):
    for name in ("InRelease", "Release", "Release.gpg"):
        os.unlink(f"{top}/{name}")


def no_release_text(a, top):
    for name in ("InRelease", "Release"):
        with open(f"{top}/{name}", "w", encoding="ascii") as f:
            f.write("nothing\n")


def by_hash_missing(a, top):
    os.unlink(glob.glob(f"{top}/main/source/by-hash/SHA256/*")[0])


def by_hash_altered(a, top):
    """A file of its own: the index that it is a link of stays good."""
    path = sorted(glob.glob(f"{top}/main/source/by-hash/SHA256/*"))[0]
    size = os.path.getsize(path)
    os.unlink(path)
    with open(path, "wb") as f:
        f.write(b"x" * size)


def index_missing(a, top):
    os.unlink(f"{top}/main/source/Sources")


def record_gone(a, top):
    for path in glob.glob(f"{a.work}/records/{SUITE}/*"):
        os.unlink(path)


def key_gone(a, top):
    os.unlink(a.path("archive-keyring.gpg"))


DAMAGE = [
    # a signed file that no record knows: whose it was is not known either
    (inrelease_altered, f"{SUITE}/InRelease: "),
    (inrelease_altered, "nothing says which generation it is"),
    (release_altered, f"{SUITE}/Release.gpg: the signature does not fit the text"),
    (release_altered, f"{SUITE}: InRelease and Release do not tell the same"),
    (detached_truncated, f"{SUITE}/Release.gpg: "),
    (no_signature, f"{SUITE}: Release has no signature"),
    (nothing_signed, f"{SUITE} has no signed file"),
    (no_release_text, f"{SUITE}"),
    (by_hash_missing, "/by-hash/SHA256/"),
    (by_hash_altered, "/by-hash/SHA256/"),
    (index_missing, "main/source/Sources is missing"),
    (record_gone, "nothing says which generation it is"),
    (key_gone, f"{SUITE}: "),
]


@pytest.mark.parametrize("damage,words", DAMAGE, ids=[f"{d.__name__}{n}" for n, (d, _) in enumerate(DAMAGE)])
def test_damage_is_named_and_mended(archive, damage, words):
    assert archive.publish("--check").returncode == 0
    damage(archive, archive.path("dists", SUITE))
    done = archive.publish("--check", check=False)
    assert archive.run()["state"] == "done"
    after = archive.publish("--check", check=False)
    assert after.returncode == 0, after.stdout
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert done.returncode == 1 and any(words in line for line in errors), done.stdout
