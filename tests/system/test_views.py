# SPDX-License-Identifier: Apache-2.0
"""The views for people, as psql prints them: with rows as long as real ones and psql's own folding
(`\\pset format wrapped`, doc/admin.md), each line fits into 120 columns, and every value is whole."""
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


def psql(database, *commands, options=()):
    """What psql prints for people."""
    argv = [PSQL, "-X", *options, "-P", "pager=off", "-v", "ON_ERROR_STOP=1", "-d",
            f"host={database.dir} dbname=deb-status user=deb_status_owner"]
    done = subprocess.run([*argv, *(a for c in commands for a in ("-c", c))], capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    return done.stdout


FOLDED = ("-P", f"columns={WIDTH}", "-P", "format=wrapped")


def widest(text):
    return max(text.splitlines(), key=len)


@pytest.fixture(scope="module")
def filled(database):
    psql(database, EMPTY, ROWS)
    return database


VIEWS = ["queue", "failed", "job_log", "recent", "senders_seen", "freshness", "set_aside"]


def columns(database, view):
    return psql(database, f"select attname from pg_attribute where attrelid = '{view}'::regclass and attnum > 0",
                options=["-At"]).split()


@pytest.mark.parametrize("view", VIEWS)
def test_lines_fit(filled, view):
    shown = psql(filled, f"select * from {view}", options=FOLDED)
    assert shown.splitlines()[0].count("|") + 1 == len(columns(filled, view)), "in columns, not on its side"
    assert "rows)" in shown or "(1 row)" in shown
    assert len(widest(shown)) <= WIDTH, shown


def test_values_are_whole(filled):
    """Whoever searches or compares finds what the tables have."""
    for view, where in (("failed", f"error = '{ERROR}'"), ("queue", f"error = '{ERROR}'"),
                        ("job_log", f"text = '{RAW}'"), ("freshness", f"error = '{ERROR}'"),
                        ("recent", "project = 'openstack/python-django-horizon' and \"to\" = '3:25.1.0-10~bpo12+1'"),
                        ("recent", "project = 'python-openstackclient' and kind = 'published'"),
                        ("queue", "progress = 'indexes 117/1234 files (103.1 of 999.0 MB)' and worker = 'osbpo.debian.net:1234567'"),
                        ("queue", "running_for::text like '26:%'"), ("queue", "waiting::text like '72:%'"),
                        ("set_aside", "file = 'deliverables/gazpacho/openstack-ansible-roles.yaml'")):
        assert "(0 rows)" not in psql(filled, f"select 1 from {view} where {where}"), (view, where)


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
