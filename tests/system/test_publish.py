# SPDX-License-Identifier: Apache-2.0
"""What is published, as apt clients, the database and those who announce builds see it."""
import email.utils
import glob
import os
import re
import shutil
import stat
import subprocess
import time

import pytest

from archive import TOOL, Apt, Archive, give
from conftest import TOP, request, wait_for

SUITE = "bookworm-epoxy-backports"


@pytest.fixture(scope="module")
def host(build_host):
    h = build_host(SUITE)
    h.add(SUITE, "nova", "2:31.0.0-1~bpo12+1")
    h.add(SUITE, "python-oslo.config", "1:9.7.0-1~bpo12+1")
    return h


@pytest.fixture(scope="module")
def archive(make_stack, folders, host):
    """Signs itself; what is published at first is the first generation."""
    a = Archive(make_stack, folders, {"bookworm-epoxy": ([SUITE], {
        "from": host.serve(), "signed-by": host.key, "release": {"label": "ours"}})}, sign=True,
        worker={"attempts": 5})
    row = a.run()
    assert row["state"] == "done", row
    return a


@pytest.fixture(scope="module")
def apt(archive, folders):
    client = Apt(folders(), archive.stack.archive, SUITE, archive.path("archive-keyring.gpg"))
    done = client.update()
    assert done.returncode == 0, done.stderr
    return client


def test_records_what_was_published(archive):
    row = archive.generations(SUITE)[0]
    assert row["generation"] == 1 and row["own_signature"] and row["bytes"] > 1000
    assert archive.versions(SUITE) == {"nova": "2:31.0.0-1~bpo12+1",
                                       "python-oslo.config": "1:9.7.0-1~bpo12+1"}
    event = archive.stack.psql("select kind, series, target, text from deb_status.events "
                               "where kind = 'published'")
    assert event == f"published|epoxy|ours|{SUITE} generation 1: 2 sources"


def test_what_hosts_brought_does_nothing_in_the_sites_name(archive):
    answer = request(archive.stack.archive + "/dists/")
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nobody_else_can_hold_its_locks(archive):
    """flock(2) needs a file that is open, for reading too: who could read a lock stops all runs."""
    locks = f"{archive.work}/locks"
    assert os.listdir(locks)
    assert stat.S_IMODE(os.stat(locks).st_mode) == 0o700
    assert all(stat.S_IMODE(os.stat(f"{locks}/{name}").st_mode) == 0o600 for name in os.listdir(locks))


def test_leaves_nothing_behind(archive):
    assert not archive.staging()
    assert not os.path.exists(f"{archive.work}/gpg") or not os.listdir(f"{archive.work}/gpg")


def test_a_build_reaches_the_client(archive, host, apt):
    host.add(SUITE, "nova", "2:31.1.0-1~bpo12+1")
    job = archive.announce("nova", "2:31.1.0-1~bpo12+1", url="https://ci.example.org/job/7")
    archive.work_off()
    row = archive.job(job)
    assert row["state"] == "done" and row["deliveries"][0]["fulfilled"], row
    published = row["published"][0]
    assert published["sources"] == [{"source": "nova", "from": "2:31.0.0-1~bpo12+1",
                                     "to": "2:31.1.0-1~bpo12+1"}]
    assert published["url"] == "https://ci.example.org/job/7" and published["seconds"] > 0
    assert apt.update().returncode == 0
    assert apt.version("nova") == "2:31.1.0-1~bpo12+1"
    done = apt.download("nova")
    assert done.returncode == 0, done.stderr
    assert apt("apt-get", "source", "--download-only", "-q", "nova").returncode == 0


def test_unchanged_costs_the_signed_text(archive):
    before = archive.tree()
    row = archive.run()
    assert row["state"] == "done" and not row["published"]
    assert archive.tree() == before
    assert row["step"] == "fetch"


def test_a_new_line_is_filled_without_a_publish(archive):
    """As after a target that was configured later."""
    before = archive.versions(SUITE)
    archive.stack.psql("delete from deb_status.sources; "
                       "update deb_status.suites set fingerprint = null where mirror is not null")
    row = archive.run()
    assert row["state"] == "done" and not row["published"]
    assert archive.versions(SUITE) == before


def test_signed_files_by_hash_and_key(archive):
    release = archive.read("dists", SUITE, "Release").decode()
    assert "Acquire-By-Hash: yes\n" in release and "SHA512" not in release and "MD5Sum" not in release
    assert "Label: ours\n" in release and "Origin: Mirantis\n" in release
    for line in release[release.index("SHA256:\n") + 8:].splitlines():
        sha, size, name = line.split()
        folder = os.path.dirname(name)
        data = archive.read("dists", SUITE, folder, "by-hash/SHA256", sha)
        assert len(data) == int(size) and data == archive.read("dists", SUITE, name)
    # the indexes of the generation before stay for the grace time
    assert len(glob.glob(archive.path("dists", SUITE, "main/source/by-hash/SHA256/*"))) == 6
    for name in ("archive-keyring.gpg", "archive-keyring.asc"):
        assert archive.stack.get()  # the stack answers
        shown = subprocess.run(["gpg", "--show-keys", "--with-colons", archive.path(name)],
                               capture_output=True, text=True, check=True).stdout
        assert "Archive key" in shown and "sec:" not in shown


def test_a_publish_right_after_the_last_has_a_later_second(archive, host):
    host.add(SUITE, "nova", "2:31.1.1-1~bpo12+1")
    assert archive.run()["state"] == "done"
    host.add(SUITE, "nova", "2:31.1.2-1~bpo12+1")
    last = int(time.time()) + 2  # as if the last publish were still to come: the job has to wait
    for name in ("InRelease", "Release", "Release.gpg"):
        os.utime(archive.path("dists", SUITE, name), (last, last))
    assert archive.run()["state"] == "done"
    assert os.stat(archive.path("dists", SUITE, "InRelease")).st_mtime > last


def test_time_moves_on(archive, host):
    """A client's If-Modified-Since must see each generation; none is from the future."""
    seen = []
    for n in range(2):
        host.add(SUITE, "nova", f"2:31.1.{n + 3}-1~bpo12+1")
        row = archive.run()
        assert row["state"] == "done", row["error"]
        stats = {os.stat(archive.path("dists", SUITE, f)).st_mtime
                 for f in ("InRelease", "Release", "Release.gpg")}
        assert len(stats) == 1 and stats.copy().pop() <= time.time()
        text = archive.read("dists", SUITE, "Release").decode()
        date = next(line[6:] for line in text.splitlines() if line.startswith("Date: "))
        seen.append((int(stats.pop()), int(email.utils.parsedate_to_datetime(date).timestamp())))
    assert seen[0][0] < seen[1][0] and seen[0][1] < seen[1][1]


EVIL = [("Origin", "Evil"), ("Label", "Evil"), ("Suite", "evil"), ("NotAutomatic", "yes"),
        ("ButAutomaticUpgrades", "yes"), ("Version", "13"), ("Components", "main evil"),
        ("Architectures", "all amd64 evil")]


def pinned(archive):
    """The Release as served, but for what each generation has of its own."""
    head, _, _ = archive.read("dists", SUITE, "Release").decode().partition("SHA256:\n")
    return [line for line in head.splitlines() if not line.startswith("Date: ")]


def test_a_host_changes_no_field_that_users_pin_on(archive, host, apt):
    before = pinned(archive)
    for damage in (None, "Release", "InRelease", "dists"):
        if damage == "dists":
            shutil.rmtree(archive.path("dists", SUITE))
        elif damage:
            with open(archive.path("dists", SUITE, damage), "w", encoding="ascii") as f:
                f.write("nothing\n")
        TOOL.release(host.dir, SUITE, EVIL)
        row = archive.run()
        assert row["state"] == "done", row
        assert pinned(archive) == before, damage
        done = apt.update()
        assert done.returncode == 0, "apt stops where such a field changes: " + done.stderr


def due(archive):
    """What the schedule queues when archives.refresh is over, and releases' is not."""
    return archive.stack.psql("select deb_status.queue_schedule(1000000, 0)").splitlines()


def test_a_lost_post_costs_no_build(archive, host):
    """The sweep finds what nobody announced."""
    host.add(SUITE, "nova", "2:31.0.0-1~bpo12+2")
    assert f"mirror {archive.mirror}" in due(archive)
    archive.work_off()
    assert archive.versions(SUITE)["nova"] == "2:31.0.0-1~bpo12+2"
    cause, lines = archive.stack.psql(
        "select cause || '|' || (select count(*) from deb_status.generations g where g.job = j.id) "
        "from deb_status.jobs j where kind = 'mirror' order by id desc limit 1").split("|")
    assert (cause, lines) == ("schedule", "1")


def trace(archive):
    (path,) = glob.glob(archive.path("project/trace/*"))
    with open(path, encoding="ascii") as f:
        return f.read()


def test_trace(archive):
    text = trace(archive)
    assert "Used-Tool: deb-status" in text
    written = email.utils.parsedate_to_datetime(text.splitlines()[0].replace("UTC", "+0000"))
    newest = archive.stack.psql("select extract(epoch from max(published))::bigint "
                                "from deb_status.generations")
    assert abs(written.timestamp() - int(newest)) < 30, text


def test_those_who_mirror_us(archive, host, folders, apt):
    """Pool first, then dists, removes last, as the manual has it: a client of the copy is content
    at each step."""
    with open(f"{TOP}/doc/admin.md", encoding="utf-8") as f:
        steps = re.findall("(?m)^rsync -rt .*", f.read())
    assert len(steps) == 2
    copy = folders()

    def step(line):
        words = [{"rsync://osbpo.example.org/osbpo/": archive.root + "/",
                  "/srv/osbpo/": copy + "/"}.get(w, w) for w in line.split()]
        subprocess.run(words, check=True)

    client = Apt(folders(), f"file:{copy}", SUITE, apt.key)
    for n, version in enumerate(["2:31.0.0-1~bpo12+3", "2:31.0.0-1~bpo12+4"]):
        step(steps[0])
        assert os.path.exists(f"{copy}/dists") == (n > 0), "pool first"
        host.add(SUITE, "nova", version)  # a build comes in between, once with nothing there yet
        assert archive.run()["state"] == "done"
        if n > 0:
            assert client.update().returncode == 0
            assert client.download("nova").returncode == 0, "what its dists names is there"
        step(steps[1])
        done = client.update()
        assert done.returncode == 0, done.stderr
        assert client.download("nova").returncode == 0
        assert client.version("nova") == version
    with open(glob.glob(f"{copy}/project/trace/*")[0], encoding="ascii") as f:
        assert f.read() == trace(archive)


def test_what_the_host_takes_away_is_taken_away(archive, host, apt):
    """Nothing new has to come for it; the pool's file stays for the grace time, for who just read the indexes."""
    host.add(SUITE, "horizon", "3:25.0.0-1~bpo12+1")
    assert archive.run()["state"] == "done"
    assert apt.update().returncode == 0 and apt.version("horizon") == "3:25.0.0-1~bpo12+1"
    host("remove", host.dir, SUITE, "horizon")
    row = archive.run()
    assert row["state"] == "done", row
    assert row["published"][0]["sources"] == [{"source": "horizon", "from": "3:25.0.0-1~bpo12+1", "to": None}]
    assert "horizon" not in archive.versions(SUITE)
    assert apt.download("horizon").returncode == 0, "who read the indexes before"
    assert apt.update().returncode == 0 and not apt.version("horizon")


# ---------------------------------------------------------------- announcements

def test_announced_before_the_indexes_are_rebuilt(archive, host):
    """The POST came first: tried again, and done when the host has caught up."""
    host.add(SUITE, "glance", "2:30.0.0-1", "--no-scan")
    archive.config["worker"]["attempts"] = 30  # a slow machine's scan takes longer than a few
    archive.rewrite()
    job = archive.announce("glance", "2:30.0.0-1")
    archive.stack.worker("start")
    try:
        wait_for(lambda: archive.job(job)["attempts"] >= 1 and
                 "glance 2:30.0.0-1 was announced" in (archive.job(job)["error"] or ""),
                 "the job is tried again")
        host.scan(SUITE)
        row = archive.stack.wait_job(job)
    finally:
        archive.stack.worker("stop")
        archive.config["worker"]["attempts"] = 3
        archive.rewrite()
    assert row["state"] == "done" and row["deliveries"][0]["fulfilled"]


def test_announced_and_never_built(archive, host):
    """Each delivery is judged by itself; at last the job fails with both versions named."""
    host.add(SUITE, "nova", "2:31.2.0-1~bpo12+1")
    job = archive.announce("nova", "2:31.2.0-1~bpo12+1")
    assert archive.announce("nova", "2:99.0.0-1") == job
    assert archive.announce("glance", "2:29.0.0-1") == job  # older than what is there
    assert archive.announce("heat") == job
    archive.work_off()
    row = archive.job(job)
    assert row["state"] == "failed"
    assert "nova 2:99.0.0-1 was announced" in row["error"]
    assert f"{SUITE} has 2:31.2.0-1~bpo12+1" in row["error"]
    assert "heat was announced, but no suite of the host has it" in row["error"]
    assert [d["fulfilled"] for d in row["deliveries"]] == [True, False, True, False]
    assert archive.versions(SUITE)["nova"] == "2:31.2.0-1~bpo12+1", "what is there is published"


# ---------------------------------------------------------------- going back

def test_rollback_and_hold(archive, host, apt):
    before = archive.versions(SUITE)["nova"]
    host.add(SUITE, "nova", "2:31.3.0-1~bpo12+1")
    assert archive.run()["state"] == "done"
    assert apt.update().returncode == 0 and apt.version("nova") == "2:31.3.0-1~bpo12+1"
    out = archive.publish("--rollback", SUITE).stdout
    assert "is published, with the content of" in out
    assert apt.update().returncode == 0
    assert apt.version("nova") == before
    assert archive.versions(SUITE)["nova"] == before
    row = archive.run()
    assert row["state"] == "done" and not row["published"] and "held after a rollback" in row["lines"]

    # the host builds something else: the suite follows it again
    host.add(SUITE, "nova", "2:31.3.1-1~bpo12+1")
    assert archive.run()["published"]
    assert apt.update().returncode == 0 and apt.version("nova") == "2:31.3.1-1~bpo12+1"

    # or an admin lets go; root leaves no file in the way of the worker
    archive.publish("--rollback", SUITE, user="root")
    if os.getuid() == 0:
        owners = {os.stat(p).st_uid for top in (archive.root, archive.work)
                  for p in glob.glob(f"{top}/**", recursive=True)}
        assert owners == {os.stat(archive.root).st_uid}
    done = archive.publish("--release", SUITE)
    assert "is queued" in done.stdout
    archive.work_off()
    assert archive.versions(SUITE)["nova"] == "2:31.3.1-1~bpo12+1"
    assert archive.publish("--release", SUITE, check=False).returncode == 1
    assert archive.publish("--rollback", "no-such-suite", check=False).returncode == 1
    assert archive.publish("--rollback", check=False).returncode == 2


# ---------------------------------------------------------------- looking at it

def test_check_finds_damage_and_the_next_run_mends_it(archive):
    assert archive.publish("--check").stdout.count("error: ") == 0
    (deb,) = glob.glob(archive.path(f"pool/{SUITE}/main/g/glance/*.deb"))
    (dsc,) = glob.glob(archive.path(f"pool/{SUITE}/main/g/glance/*.dsc"))
    (index,) = glob.glob(archive.path("dists", SUITE, "main/source/Sources.gz"))
    os.unlink(dsc)
    with open(deb, "r+b") as f:
        f.write(b"x")
    done = archive.publish("--check", check=False)
    assert done.returncode == 1
    assert f"{os.path.relpath(deb, archive.root)}, which {SUITE} names, is not what" in done.stdout
    assert f"{os.path.relpath(dsc, archive.root)}, which {SUITE} names, is missing" in done.stdout
    assert archive.run()["state"] == "done"
    assert archive.publish("--check").returncode == 0
    with open(index, "r+b") as f:
        f.write(b"x")
    done = archive.publish("--check", check=False)
    assert done.returncode == 1 and "main/source/Sources.gz is not what Release says" in done.stdout
    assert archive.run()["state"] == "done"
    assert archive.publish("--check").returncode == 0


def test_old_files_go_after_the_grace_time(archive, host):
    host.add(SUITE, "nova", "2:31.4.0-1~bpo12+1")
    assert archive.run()["state"] == "done"
    assert glob.glob(archive.path(f"pool/{SUITE}/main/n/nova/*31.3.1*")), "within the grace time"
    archive.stack.psql("update deb_status.pool_files set unnamed = unnamed - interval '2 days'")
    row = archive.run()
    assert row["state"] == "done" and "pool files removed" in row["lines"]
    names = [os.path.basename(p) for p in glob.glob(archive.path(f"pool/{SUITE}/main/n/nova/*"))]
    assert names and all("31.4.0" in n for n in names), names
    assert archive.publish("--check").stdout.count("note: ") == 0


# ---------------------------------------------------------------- disk and database

def test_what_a_failed_try_took_in_goes_as_well(archive, host):
    """Its pool files were there before the switch that failed, and the host has a newer build."""
    path = f"pool/{SUITE}/main/p/python-oslo.config/python-oslo.config_9.7.1-1_all.deb"
    generations = f"{archive.work}/generations/{SUITE}"
    host.add(SUITE, "python-oslo.config", "1:9.7.1-1")
    os.chmod(generations, 0o500)
    try:
        assert archive.run()["state"] == "failed"
    finally:
        os.chmod(generations, 0o755)
    assert os.path.exists(archive.path(path))
    host.add(SUITE, "python-oslo.config", "1:9.7.2-1")
    assert archive.run()["state"] == "done"
    unnamed = archive.stack.psql(f"select unnamed is not null from deb_status.pool_files where path = '{path}'")
    assert unnamed == "t", "it goes after the grace time"
    assert not archive.staging()


def test_a_restored_database_with_an_empty_disk(archive, apt):
    shutil.rmtree(archive.root)
    shutil.rmtree(archive.work)
    before = archive.generations(SUITE)[-1]["generation"]
    row = archive.run()
    assert row["state"] == "done", row
    assert "Origin and the like come from the host" in row["lines"]
    assert archive.generations(SUITE)[-1]["generation"] == before + 1
    assert apt.update().returncode == 0 and apt.download("nova").returncode == 0
    assert archive.publish("--check").returncode == 0


def test_an_older_database_follows_the_disk(archive, host):
    host.add(SUITE, "nova", "2:31.4.1-1~bpo12+1")
    last = archive.generations(SUITE)[-1]
    assert archive.run()["state"] == "done"
    newest = archive.generations(SUITE)[-1]
    # as a backup from before that publish would have it
    archive.stack.psql(
        f"delete from deb_status.generations where id = {newest['id']};"
        f"update deb_status.generations set current = true where id = {last['id']};"
        "update deb_status.sources set version = '2:31.4.0-1~bpo12+1' where name = 'nova';"
        "update deb_status.suites set fingerprint = 'older' where mirror is not null;")
    row = archive.run()
    assert row["state"] == "done" and "was on the disk and not in the database" in row["lines"]
    again = archive.generations(SUITE)[-1]
    assert (again["generation"], again["published_sha256"]) == \
        (newest["generation"], newest["published_sha256"])
    assert row["published"][0]["sources"] == [{"source": "nova", "from": "2:31.4.0-1~bpo12+1",
                                               "to": "2:31.4.1-1~bpo12+1"}]
    assert archive.versions(SUITE)["nova"] == "2:31.4.1-1~bpo12+1"


def test_an_empty_database_follows_the_disk(archive):
    newest = archive.generations(SUITE)[-1]
    archive.stack.psql("truncate deb_status.generations, deb_status.generation_sources, "
                       "deb_status.pool_files; delete from deb_status.sources")
    assert archive.run()["state"] == "done"
    assert archive.generations(SUITE)[-1]["published_sha256"] == newest["published_sha256"]
    assert "nova" in archive.versions(SUITE)
    assert int(archive.stack.psql("select count(*) from deb_status.pool_files "
                                  "where unnamed is null")) > 5
    assert archive.publish("--check").returncode == 0


# ---------------------------------------------------------------- both signatures for a time

def test_users_who_know_another_key(archive, folders):
    """The file of sign-with holds both keys, the new first: old and new clients are content."""
    old = folders()
    TOOL.make_key(old, "Key that users know")
    with open(f"{archive.etc}/keys/secret.asc", encoding="ascii") as f:
        new_key = f.read()
    with open(f"{old}/secret.asc", encoding="ascii") as f:
        both = new_key + f.read()
    path = f"{archive.stack.etc}/keys/secret.asc"
    with open(path, "w", encoding="ascii") as f:
        f.write(both)
    # the host has nothing new: the other key alone has it published anew
    assert archive.run()["published"]
    for key in (f"{old}/key.gpg", archive.path("archive-keyring.gpg")):
        client = Apt(folders(), archive.stack.archive, SUITE, key)
        done = client.update()
        assert done.returncode == 0, done.stderr
        assert client.download("nova").returncode == 0
    shown = subprocess.run(["gpg", "--show-keys", archive.path("archive-keyring.gpg")],
                           capture_output=True, text=True, check=True).stdout
    assert "Archive key" in shown and "Key that users know" not in shown
    # the time is over
    with open(path, "w", encoding="ascii") as f:
        f.write(new_key)
    assert archive.run()["published"] and not archive.run()["published"]
    client = Apt(folders(), archive.stack.archive, SUITE, f"{old}/key.gpg")
    assert client.update().returncode != 0


# ---------------------------------------------------------------- frozen, gone, unreachable

def test_a_damaged_tree_is_put_right(archive, host, apt):
    for name in glob.glob(archive.path("dists", SUITE, "main/binary-amd64/Packages*")):
        os.unlink(name)
    host.add(SUITE, "nova", "2:31.1.1-1~bpo12+1")
    row = archive.run()
    assert row["state"] == "done", row
    assert apt.update().returncode == 0


def test_unreachable_is_shown_with_its_age(archive, host):
    host.stop()
    job = archive.stack.psql("select deb_status.queue_enqueue('mirror', 'bookworm-epoxy', 'schedule')")
    archive.work_off()
    row = archive.job(job)
    assert row["state"] == "done", "a sweep that met nobody is no failure"
    state = archive.stack.psql("select error, checked < tried from deb_status.mirrors")
    assert state == "the build host refused the connection|t"
    assert archive.run()["error"] == "the build host refused the connection"


def test_frozen_and_orphaned_suites_stay(archive, host):
    archive.config["mirrors"]["bookworm-epoxy"]["state"] = "frozen"
    archive.rewrite()
    before = archive.tree()
    archive.work_off()
    assert due(archive) == ["archives"], "it is not swept"
    assert archive.stack.run("deb-status", "enqueue", "mirror", "bookworm-epoxy",
                             check=False).returncode == 1
    give(archive.parent)
    shutil.copytree(archive.path("dists", SUITE), archive.path("dists/old-suite"))
    give(archive.parent)
    done = archive.publish("--check", check=False)
    assert "old-suite is published and no mirror has it" in done.stdout
    shutil.rmtree(archive.path("dists/old-suite"))
    assert archive.tree() == before
