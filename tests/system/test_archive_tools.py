# SPDX-License-Identifier: Apache-2.0
"""Archives that reprepro and aptly made, as mirrors: what a transfer, the verification and a client
meet there, with several components, udebs, Contents and translations, Suite beside Codename, a pool
that suites share, and by-hash. Each tool's archive is published once as it is signed and once under
a key of ours."""
import itertools
import json
import os
import shutil
import subprocess
import types

import pytest

from archive import TOOL, Apt, Archive

OPTIONS = types.SimpleNamespace(maintainer=TOOL.MAINTAINER, homepage="",
                                vcs="https://salsa.debian.org/openstack-team/services/")
MAIN, EXTRA = "trixie-tools", "trixie-extra"


def control(source, version, binary, more="", component="main"):
    section = "misc" if component == "main" else f"{component}/misc"
    return TOOL.deb_control(source, version, binary, TOOL.MAINTAINER, "all", "").replace(
        "Section: misc\n", more or f"Section: {section}\n")


class Built:
    """What a build leaves: files of a source, its binary, its udeb."""

    def __init__(self, folder, source, version, udeb=False):
        self.dir, bare = f"{folder}/built-{source}-{version.replace(':', '.')}", version.split(":")[-1]
        for name, data in TOOL.make_source(source, version, source, OPTIONS).items():
            TOOL.write(f"{self.dir}/{name}", data)
        self.dsc = f"{self.dir}/{source}_{bare}.dsc"
        self.deb = f"{self.dir}/{source}_{bare}_all.deb"
        TOOL.write(self.deb, TOOL.make_deb(control(source, version, source), 200))
        self.udeb = None
        if udeb:
            self.udeb = f"{self.dir}/{source}-udeb_{bare}_all.udeb"
            TOOL.write(self.udeb, TOOL.make_deb(control(
                source, version, f"{source}-udeb", "Package-Type: udeb\nSection: debian-installer\n"), 200))


class Tool:
    """An archive in dir/debian, signed with dir/key.gpg."""

    def __init__(self, folder):
        self.dir, self.key, self.archive = folder, f"{folder}/key.gpg", f"{folder}/debian"
        TOOL.make_key(folder, type(self).__name__)
        self.keys = TOOL.Keyring(f"{folder}/secret.asc")
        self.env = {**os.environ, "GNUPGHOME": self.keys.home, "LC_ALL": "C.UTF-8", "HOME": folder}

    def run(self, *argv):
        done = subprocess.run(argv, env=self.env, cwd=self.dir, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def close(self):
        self.keys.__exit__()


class Reprepro(Tool):
    """Suite is no folder's name, pool/ is shared by the suites, indexes in three forms."""
    suite = "stable-tools"
    by_hash = False

    def __init__(self, folder):
        super().__init__(folder)
        paragraphs = []
        for codename, suite, components in ((MAIN, self.suite, "main contrib"), (EXTRA, "extra", "main")):
            paragraphs.append(
                f"Origin: Tools\nLabel: Tools of the team\nSuite: {suite}\nCodename: {codename}\n"
                f"Version: 13.1\nArchitectures: amd64 source\nComponents: {components}\n"
                "UDebComponents: main\nDescription: what reprepro makes of it\nSignWith: default\n"
                "ValidFor: 30d\nContents: . .gz\nDebIndices: Packages Release . .gz .xz\n"
                "UDebIndices: Packages . .gz\nDscIndices: Sources Release .gz .xz\n")
        TOOL.write(f"{folder}/conf/distributions",
                   "\n".join(paragraphs).encode())

    def add(self, suite, built, component="main"):
        base = ("reprepro", "-b", self.dir, "--outdir", self.archive, "-C", component)
        self.run(*base, "-S", "misc", "-P", "optional", "includedsc", suite, built.dsc)
        self.run(*base, "includedeb", suite, built.deb)
        if built.udeb:
            self.run(*base, "includeudeb", suite, built.udeb)


class Aptly(Tool):
    """Release says Acquire-By-Hash, and the host keeps such folders."""
    suite = MAIN
    by_hash = True

    def __init__(self, folder):
        super().__init__(folder)
        TOOL.write(f"{folder}/aptly.conf", json.dumps(
            {"rootDir": f"{folder}/aptly", "architectures": ["amd64", "source"], "gpgProvider": "gpg"}).encode())
        self.published = set()

    def aptly(self, *argv):
        return self.run("aptly", f"-config={self.dir}/aptly.conf", *argv)

    def add(self, suite, built, component="main"):
        parts = ("main", "contrib") if suite == MAIN else ("main",)
        if suite not in self.published:
            for part in parts:
                self.aptly("repo", "create", f"-component={part}", f"{suite}-{part}")
        files = [built.dsc, built.deb] + ([built.udeb] if built.udeb else [])
        self.aptly("repo", "add", f"{suite}-{component}", *files)
        if suite in self.published:
            self.aptly("publish", "update", "-batch", suite)
        else:
            self.aptly("publish", "repo", "-batch", "-acquire-by-hash", f"-distribution={suite}",
                       "-origin=Tools", "-label=Tools of the team", f"-component={','.join(parts)}",
                       *(f"{suite}-{part}" for part in parts))
            self.published.add(suite)
        shutil.rmtree(self.archive, ignore_errors=True)
        shutil.copytree(f"{self.dir}/aptly/public", self.archive)


def cases():
    for tool in (Reprepro, Aptly):
        needs = pytest.mark.skipif(not shutil.which(tool.__name__.lower()),
                                   reason=f"needs {tool.__name__.lower()}")
        for sign in (False, True):
            yield pytest.param((tool, sign), marks=needs,
                               id=f"{tool.__name__}-{'our key' if sign else 'its key'}")


class Components(Archive):
    """With a target that has all components of both suites."""

    def write_series(self):
        super().write_series()
        path = f"{self.etc}/releases.d/epoxy.yaml"
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(f"{MAIN} main", f"{MAIN} main contrib"))


class Served:
    """A tool's archive, and what a stack publishes of it."""

    def __init__(self, tool, archive):
        self.tool, self.archive = tool, archive

    def job(self):
        row = self.archive.run()
        assert row["state"] == "done", (row["error"], row["lines"])
        return row

    def release(self, suite=MAIN):
        text = self.archive.read("dists", suite, "InRelease").decode()
        return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and line[0] != " ")

    def apt(self, folder, suite=MAIN, components="main contrib"):
        ours = self.archive.config["publish"].get("sign-with")
        key = f"{self.archive.etc}/keys/key.gpg" if ours else self.tool.key
        made = Apt(folder, self.archive.stack.env["DEB_STATUS_ARCHIVE"], suite, key)
        with open(f"{folder}/sources.list", encoding="ascii") as f:
            text = f.read()
        with open(f"{folder}/sources.list", "w", encoding="ascii") as f:
            f.write(text.replace(" main\n", f" {components}\n"))
        return made


@pytest.fixture(scope="module", params=cases())
def served(request, make_stack, folders):
    make, sign = request.param
    tool = make(folders())
    try:
        nova = Built(tool.dir, "nova", "2:31.0.0-1", udeb=True)
        tool.add(MAIN, nova)
        tool.add(MAIN, Built(tool.dir, "glance", "2:30.0.0-1"), "contrib")
        tool.add(EXTRA, nova)
        made = Served(tool, Components(make_stack, folders, {"tools": ([MAIN, EXTRA], {
            "from": tool.archive, "signed-by": tool.key})}, sign=sign))
        made.job()
        yield made
    finally:
        tool.close()


def test_everything_listed_is_served(served):
    assert served.archive.versions(MAIN) == {"nova": "2:31.0.0-1", "glance": "2:30.0.0-1"}
    assert served.archive.versions(EXTRA) == {"nova": "2:31.0.0-1"}
    tree = served.archive.tree()
    names = {os.path.basename(p) for p in tree if p.startswith("pool/")}
    assert {"nova_31.0.0-1.dsc", "nova_31.0.0-1_all.deb", "glance_30.0.0-1_all.deb",
            "nova-udeb_31.0.0-1_all.udeb", "nova_31.0.0.orig.tar.xz"} <= names
    dists = {p for p in tree if p.startswith(f"dists/{MAIN}/")}
    assert f"dists/{MAIN}/main/debian-installer/binary-amd64/Packages" in dists
    assert any("Contents-" in p for p in dists)
    assert served.archive.publish("--check").returncode == 0


def test_what_clients_pin_on(served):
    fields = served.release()
    assert fields["Origin"] == "Tools" and fields["Label"] == "Tools of the team"
    assert fields["Codename"] == MAIN and fields.get("Suite", served.tool.suite) == served.tool.suite
    assert set(fields["Components"].split()) == {"main", "contrib"}
    assert "amd64" in fields["Architectures"].split()


def test_apt_reads_all_of_it(served, folder):
    apt = served.apt(folder)
    done = apt.update()
    assert done.returncode == 0 and "W:" not in done.stderr, done.stderr
    assert apt.version("nova") == "2:31.0.0-1" and apt.version("glance") == "2:30.0.0-1"
    for package in ("nova", "glance"):
        done = apt.download(package)
        assert done.returncode == 0, done.stderr
    done = apt("apt-get", "source", "-q", "--download-only", "nova")
    assert done.returncode == 0, done.stderr
    assert {"nova_31.0.0-1.dsc", "nova_31.0.0.orig.tar.xz"} <= set(os.listdir(f"{folder}/got"))
    if served.tool.by_hash or served.archive.config["publish"].get("sign-with"):
        assert served.release()["Acquire-By-Hash"] == "yes"
        done = apt("apt-get", "indextargets", "--format", "$(IDENTIFIER) $(METAKEY)")
        assert "main/binary-amd64/Packages" in done.stdout


def test_every_by_hash_name_is_there(served):
    """Where the Release says so, a client asks for nothing else."""
    if served.release().get("Acquire-By-Hash") != "yes":
        assert not served.tool.by_hash and not any("/by-hash/" in p for p in served.archive.tree())
        return
    tree, top = served.archive.tree(), f"dists/{MAIN}"
    text = served.archive.read(top, "InRelease").decode()
    kind = "SHA512" if "\nSHA512:\n" in text else "SHA256"  # apt asks for the strongest
    section = text.split(f"\n{kind}:\n")[1].splitlines()
    listed = [line.split() for line in itertools.takewhile(lambda s: s.startswith(" "), section)]
    there = [(digest, name) for digest, _, name in listed if f"{top}/{name}" in tree]
    assert len(there) > 6
    for digest, name in there:
        path = os.path.join(top, os.path.dirname(name), "by-hash", kind, digest)
        assert tree.get(path) == tree[f"{top}/{name}"], name


def test_a_new_version_and_a_client_between(served, folder):
    apt = served.apt(folder)
    assert apt.update().returncode == 0
    before = set(os.listdir(served.archive.path("dists")))
    version = "2:31.1.0-1"
    served.tool.add(MAIN, Built(served.tool.dir, "nova", version))
    job = served.job()
    assert [p["suite"] for p in job["published"]] == [MAIN]
    assert served.archive.versions(MAIN)["nova"] == version
    assert served.archive.versions(EXTRA)["nova"] == "2:31.0.0-1", "shares the pool, and is as it was"
    # what the client has read it can still fetch
    done = apt.download("nova=2:31.0.0-1")
    assert done.returncode == 0, done.stderr
    assert apt.update().returncode == 0 and apt.version("nova") == version
    assert set(os.listdir(served.archive.path("dists"))) == before
    assert served.job()["published"] == [], "nothing is new"
