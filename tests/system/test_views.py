# SPDX-License-Identifier: Apache-2.0
"""The views for people, as psql prints them: with rows as long as real ones, each line fits into 120
columns, and what a column folds is all there."""
import os
import re
import subprocess

import pages_data
import pytest
from conftest import PSQL, TOP
from queue_storm import Database

WIDTH = 120
ERROR = ("bookworm-dalmatian-backports: the host announced python-django-horizon 3:25.1.0-2~bpo12+1, "
         "its index has 3:25.1.0-1~bpo12+1")
RAW = ("rsync: [generator] failed to set times on \"/srv/build/debian/dists/bookworm-dalmatian-backports/main/"
       "binary-amd64/Packages.xz\": Operation not permitted (1)\nrsync error: some files could not be transferred")
EMPTY = "truncate jobs, events, suites, upstreams, mirrors, set_aside_files, projects, revisions, teams, senders restart identity cascade"
ROWS = f"""
alter sequence jobs_id_seq restart 12345;
insert into jobs (kind, what, state, attempts, queued, started, ended, worker, step, progress_done, progress_total,
                  progress_unit, progress_note, error, detail, run_at) values
  ('mirror', 'bookworm-dalmatian', 'running', 2, now() - interval '30 hours', now() - interval '26 hours', null,
   'osbpo.debian.net:1234567', 'indexes', 117, 1234, 'files', '103.1 of 999.0 MB', '{ERROR}', null, now()),
  ('releases', '', 'running', 1, now(), now() - interval '26 hours', null, 'db:812', 'fetch', 6026, null, 'objects', null,
   null, null, now()),
  ('mirror', 'trixie-hibiscus', 'queued', 4, now() - interval '3 days', null, null, null, null, null, null, null, null,
   '{ERROR}', '{RAW}', now() + interval '1 hour'),
  ('archives', '', 'queued', 0, now(), null, null, null, null, null, null, null, null, null, null, now()),
  ('mirror', 'bookworm-dalmatian', 'failed', 5, now(), now(), now(), 'db:812', 'indexes', 117, 1234, 'files', null,
   '{ERROR}', '{RAW}', now());
insert into job_lines (job, attempt, level, step, text) values
  (12345, 1, 'info', 'indexes', 'bookworm-dalmatian-backports: generation 17 published'),
  (12345, 1, 'raw', 'compare', '{RAW}'), (12345, 2, 'error', 'transfer', '{ERROR}');
insert into events (kind, series, target, project, source, from_state, to_state, from_version, to_version, text, job) values
  ('state', 'gazpacho', 'bookworm-osbpo', 'openstack/nova', 'nova', 'unreleased', 'outdated', null, '2:31.0.0-6+deb13u3', null, 12345),
  ('version', 'gazpacho', 'bookworm-osbpo', 'openstack/python-django-horizon', 'python-django-horizon', 'ok', 'ok',
   '3:25.1.0-2~bpo12+1', '3:25.1.0-10~bpo12+1', null, 12345),
  ('published', 'gazpacho', 'bookworm-osbpo', null, 'python-openstackclient', null, null, '2:31.0.0-6+deb13u3',
   '3:25.1.0~rc1-2~bpo12+1', 'bookworm-gazpacho-backports generation 17: 12 sources', 12345),
  ('upstream', 'gazpacho', null, 'openstack/openstack-ansible-os_keystone', null, null, null, '31.0.0.0rc1', '31.0.0.0rc2',
   null, 12345),
  ('packaging', null, null, null, 'nova', null, null, null, null, 'packaging changed: debian/gazpacho in openstack-team/services/nova', null);
insert into senders (name) values ('bookworm-dalmatian');
insert into refusals values ('bookworm-dalmatian', 'not-allowed', 123456, now());
insert into suites (name, uri, suite, components, line, checked, error) values
  ('bookworm-dalmatian-backports-nochange', 'u', 's', '{{main}}', 'l', now() - interval '10 days', '{ERROR}');
insert into mirrors (name, checked) values ('bookworm-dalmatian', now());
insert into upstreams (name, kind, location, error) values
  ('openstack-releases (1)', 'openstack-releases', 'https://opendev.org/openstack/releases', '{ERROR}');
insert into set_aside_files (source, file, line, reason) values
  ('openstack-releases (1)', 'deliverables/gazpacho/openstack-ansible-roles.yaml', 1234, 'line 1234: did not find expected node content');
"""


@pytest.fixture(scope="module")
def database(folders):
    database = Database(folders())
    yield database
    database.stop()


def psql(database, *commands):
    """What psql prints for people, in its default format."""
    argv = [PSQL, "-X", "-P", "pager=off", "-v", "ON_ERROR_STOP=1", "-d",
            f"host={database.dir} dbname=deb-status user=deb_status_owner"]
    done = subprocess.run([*argv, *(a for c in commands for a in ("-c", c))], capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def widest(text):
    return max(text.splitlines(), key=len)


def cells(text):
    """The rows of an aligned table, each cell's lines joined without what separated them."""
    _, _, *lines = text.splitlines()
    found, begins = [], True
    for line in lines:
        if line.startswith("("):
            break
        parts = line.split("|")
        if begins:
            found.append([""] * len(parts))
        found[-1] = [a + re.sub(r"\+$", "", b).strip() for a, b in zip(found[-1], parts)]
        begins = not any(p.endswith("+") for p in parts)
    return found


@pytest.fixture(scope="module")
def filled(database):
    psql(database, EMPTY, ROWS)
    return database


VIEWS = ["queue", "failed", "job_log", "recent", "senders_seen", "freshness", "set_aside"]


@pytest.mark.parametrize("view", VIEWS)
def test_lines_fit(filled, view):
    shown = psql(filled, f"select * from {view}")
    assert "rows)" in shown or "(1 row)" in shown
    assert len(widest(shown)) <= WIDTH, shown


def test_names_and_versions_are_whole(filled):
    rows = cells(psql(filled, "select * from recent"))
    shown = {tuple(c.replace(" ", "") for c in row[4:7]) for row in rows}
    assert shown == {
        ("openstack/nova", "unreleased", "outdated"), ("nova", "", ""),
        ("openstack/python-django-horizon", "3:25.1.0-2~bpo12+1", "3:25.1.0-10~bpo12+1"),
        ("python-openstackclient", "2:31.0.0-6+deb13u3", "3:25.1.0~rc1-2~bpo12+1"),
        ("openstack/openstack-ansible-os_keystone", "31.0.0.0rc1", "31.0.0.0rc2")}
    rows = {row[2] + row[3]: row for row in cells(psql(filled, "select * from queue"))}
    running, waiting = rows["bookworm-dalmatianrunning"], rows["trixie-hibiscusbackoff"]
    assert running[7:9] == ["osbpo.debian.net:1234567", "indexes117/1234files(103.1 of999.0 MB)"]
    assert running[6].startswith("26:") and waiting[5].startswith("72:") and waiting[9].endswith("…")
    for text, view, column in ((ERROR, "failed", 5), (RAW, "job_log", 5), (ERROR, "freshness", 3)):
        found = [re.sub(r"\s", "", row[column]) for row in cells(psql(filled, f"select * from {view}"))]
        assert re.sub(r"\s", "", text) in found


def test_statuses_turned_on_their_side(database):
    """The one view that cannot fit: the line that its comment and doc/admin.md name makes it."""
    psql(database, EMPTY, pages_data.fill(12, 2, 2))
    psql(database, "update projects set repo = 'openstack/python-django-horizon' where id = (select min(id) from projects)")
    comment = psql(database, "select obj_description('statuses'::regclass)")
    (turn,) = re.findall(r"`(.*)`", comment)
    with open(f"{TOP}/doc/admin.md", encoding="utf-8") as f:
        assert turn in f.read()
    shown = psql(database, rf"\pset columns {WIDTH}", *re.findall(r"\\[^\\]+", turn), "select * from statuses")
    assert "openstack/python-django-horizon" in shown and len(widest(shown)) <= WIDTH
    (named,) = re.findall(r"(select .* from statuses)", comment)
    assert len(widest(psql(database, named))) <= WIDTH
