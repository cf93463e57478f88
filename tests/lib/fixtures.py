# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the browser's tests, for them to import.

  filled   a stack without workers whose database SQL has filled (pages_data.py)
  browser  one Chromium per module
"""
import contextlib
import os

import pytest

import pages_data
from browser import Browser
from conftest import Stack

CONFIG = """\
database: dbname=deb-status
site: {title: OpenStack in Debian, url: "http://127.0.0.1/deb-status"}
upstream: {repository: /nonexistent}
"""


def write_config(folder):
    path = f"{folder}/deb-status.yaml"
    with open(path, "w", encoding="utf-8") as f:
        f.write(CONFIG)
    os.makedirs(f"{folder}/releases.d", exist_ok=True)
    return path


def fill_database(stack, projects, targets, rounds):
    # what `configure` made of the empty configuration goes: the rows bring their own
    stack.psql("truncate deb_status.jobs, deb_status.upstreams, deb_status.series, deb_status.revisions cascade;"
               " alter sequence deb_status.jobs_id_seq restart")
    stack.psql(pages_data.fill(projects, targets, rounds))


def fill_stack(folders, make_stack, projects, targets, rounds):
    stack = make_stack(config=write_config(folders()), workers=0)
    fill_database(stack, projects, targets, rounds)
    return stack


@contextlib.contextmanager
def filled_stack(folder):
    """For programs that are no tests: a stack below a folder, with a team's year in it."""
    os.chmod(folder, 0o755)
    os.mkdir(f"{folder}/etc")
    stack = Stack(f"{folder}/s", write_config(f"{folder}/etc"), 0)
    try:
        fill_database(stack, 277, 6, 3)
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def filled(folders, make_stack):
    return fill_stack(folders, make_stack, 277, 6, 3)


@pytest.fixture(scope="module")
def browser():
    with Browser() as b:
        yield b
