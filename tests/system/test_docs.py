# SPDX-License-Identifier: Apache-2.0
"""What README and the pages in doc/ tell people to type works, and prints what they show.

Blocks of ```sh are run here, on a stack. Those with a word behind it are run elsewhere:
```sh root, restore, build-host and database in a bare Debian with the packages (make chroot), ```sh clone
in a fresh clone (CI).
"""
import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess

import pytest
from conftest import wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ["README.md", "doc/admin.md", "doc/build-hosts.md", "doc/other-teams.md"]
ELSEWHERE = {"root", "clone", "restore", "build-host", "database"}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def blocks(path):
    """(language, word, text, next block's text) of each fenced block."""
    found = [(m[1], m[2].strip(), m[3])
             for m in re.finditer(r"^```(\w*)([^\n]*)\n(.*?)^```$", read(path), re.M | re.S)]
    return [(*row, found[i + 1][2] if i + 1 < len(found) and not found[i + 1][0] else "")
            for i, row in enumerate(found)]


def commands(path, language="sh"):
    return [(text, after) for kind, word, text, after in blocks(path)
            if kind == language and word not in ELSEWHERE]


@pytest.fixture(scope="module")
def live(stack):
    """The stack, and what the pages' example names stand for on it."""
    secret = f"{stack.etc}/secrets/bookworm-epoxy"
    names = {"https://status.example.org/hook": stack.env["DEB_STATUS_HOOK"],
             "/etc/deb-status-notify/secret": secret,
             "'dbname=deb-status user=deb_status_owner'": "\"$DEB_STATUS_ADMIN_DATABASE\""}

    def run(text, check=True):
        for name, here in names.items():
            text = text.replace(name, here)
        # never as root: what is typed as root is for a Debian of its own
        drop = ["setpriv", "--reuid=daemon", "--regid=daemon", "--init-groups"]
        done = subprocess.run((drop if os.getuid() == 0 else []) + ["sh", "-eu", "-c", text],
                              cwd=stack.etc, env=stack.env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert not check or done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout
    stack.run_page = run
    return stack


def build(stack, version):
    host = f"{stack.dir}/demo/build-host"
    subprocess.run([f"{TOP}/tests/demo/build-host", "add", host, "bookworm-epoxy-backports", "nova",
                    version], check=True, capture_output=True)


def test_every_block_is_run_somewhere():
    for path in PAGES:
        for language, word, _, _ in blocks(path):
            assert language in ("", "sh", "sql", "yaml", "groovy"), f"{path}: {language}"
            assert language != "sh" or word == "" or word in ELSEWHERE, f"{path}: {word}"


def test_readme_and_build_hosts(live):
    build(live, "2:31.2.0-1~bpo12+1")
    for path in ("README.md", "doc/build-hosts.md"):
        for text, _ in commands(path):
            if "X-Signature" in text:
                continue
            live.run_page(text)
    nova = live.status("epoxy", "bookworm-osbpo")["openstack/nova"]
    assert nova["debian"] == "2:31.2.0-1~bpo12+1"


def test_one_id_follows_a_build(live):
    """From Apache's line over the hook's, the delivery and the job to the worker's."""
    rows = live.psql("select d.request_id, j.id from deb_status.deliveries d join deb_status.jobs j on j.id = d.job "
                     "where d.fulfilled is not null and j.kind = 'mirror'").splitlines()
    assert rows, "test_readme_and_build_hosts has announced"
    for request, job in (row.split("|") for row in rows):
        assert f"request={request}" in live.log("apache"), "the hook's line"
        assert any(line.endswith(request) and " 202 " in line for line in live.log("access").splitlines())
        ended = [line for line in live.log("worker-1").splitlines() if f"request_id={request}" in line]
        assert any(f"job={job} " in line for line in ended), "the worker's line"
        assert all(line.startswith("deb-status-worker: ") for line in live.log("worker-1").splitlines())


def test_plain_curl(live):
    """The sender's profile is another one for the time of the test."""
    (text,) = [t for t, _ in commands("doc/build-hosts.md") if "X-Signature" in t]
    path = f"{live.etc}/deb-status.yaml"
    with open(path, encoding="utf-8") as f:
        before = f.read()
    line = "bookworm-epoxy: {secrets: [secrets/bookworm-epoxy]}"
    assert line in before
    with open(path, "w", encoding="utf-8") as f:
        f.write(before.replace(line, line[:-1] + ", profile: hmac, header: X-Signature}"))
    try:
        wait_for(lambda: '"job"' in live.run_page(text, check=False), "the hook takes the profile")
    finally:
        with open(path, "w", encoding="utf-8") as f:
            f.write(before)


def header(text):
    return [column.strip() for column in text.split("\n", 1)[0].split("|")]


def test_admin_page_sql(live):
    """Each statement is right, and its columns are those that the page shows."""
    waiting = live.psql("select enqueue('mirror', 'trixie-flamingo')")
    known = {"41": waiting, "42": waiting}
    for text, shown in commands("doc/admin.md", "sql"):
        for example, here in known.items():
            text = re.sub(rf"\b{example}\b", here, text)
        for statement in filter(str.strip, re.sub(r"--.*", "", text).split(";")):
            if "retry(" in statement or "cancel(" in statement:
                statement = statement.replace(waiting, live.psql("select enqueue('archives')"))
            done = subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1",
                                   live.env["DEB_STATUS_ADMIN_DATABASE"], "-c", statement],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0 or "can be tried again" in done.stderr \
                or "already" in done.stderr, f"{statement}\n{done.stderr}"
            if shown:
                assert header(done.stdout) == header(shown), statement


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_admin_page_commands(live):
    secret = f"{live.etc}/secrets/bookworm-epoxy"
    shutil.copy(f"{live.etc}/keys/build-host.gpg", f"{live.etc}/new-host.gpg")
    shutil.copy2(secret, f"{secret}.before")
    for name in ("new-secret.asc", "old-secret.asc"):
        with open(f"{live.etc}/{name}", "w", encoding="ascii") as f:
            f.write("a key\n")
    try:
        for text, _ in commands("doc/admin.md"):
            # what is to be cancelled must not be done before
            with stopped(live.pids()["worker-1"]) if "--cancel" in text else contextlib.nullcontext():
                live.run_page(text)
    finally:
        shutil.copy2(f"{secret}.before", secret)


# Whose data has which form: a format's name, no rule and no choice.
FORMATS = r"openstack[-/]releases|os_ver_uri: https://releases.openstack.org"
CHOICES = "core/config/defaults.h"


def test_code_is_nobodys():
    """What one team does differently is configuration: no code names it but what a setting left out
    begins with, and the reader of a format."""
    found = []
    for folder in ("core", "cgi", "apache", "notify", "sql/queries", "sql/functions"):
        for path in glob.glob(f"{folder}/**/*.*", root_dir=TOP, recursive=True):
            text = re.sub(FORMATS, "", read(path))
            if re.search("openstack|puppet|osbpo", text, re.I) and path != CHOICES:
                found.append(path)
    assert os.path.exists(f"{TOP}/{CHOICES}") and not found


def test_readme_shows_the_example():
    assert read("doc/examples/openstack/deb-status.yaml") in read("README.md")


def test_readme_picture_is_of_this_page():
    """README's picture has each state's shape and colours as the page has them."""
    style, picture = read("static/style.css"), read("doc/page.svg")
    shapes = dict(re.findall(r'\.s-(\w+)::before { content: "(\S+) "', style))
    shown = set(re.findall(r">(\S) (ok|outdated|missing|ahead|unreleased)\b", picture))
    assert {state for _, state in shown} >= {"ok", "outdated", "missing"}
    assert {(shapes[state], state) for _, state in shown} == shown
    for state in ("ok", "outdated", "missing"):
        colours = re.findall(rf"--{state}: (#\w+);", style)
        assert len(colours) == 2, "light and dark"
        assert re.findall(rf"\.{state} {{ fill: (#\w+)", picture) == colours


def test_each_reason_of_health_has_a_line_for_admins():
    """The words of /health, as the query has them, stand in the table of faults."""
    query = re.sub(r"--.*", "", read("sql/queries/api_health.sql"))
    reasons = re.findall(r"^  select (\d+\b.*)$", query, re.M)
    assert len(reasons) >= 10
    table = read("doc/admin.md").partition("## Faults")[2].partition("\n## ")[0]
    for reason in reasons:
        for words in re.findall(r"'([^']*)'", reason):
            words = words.partition(",")[0].strip(" :") or words.strip(" :,")
            assert words in table, f"{reason}: {words}"


def test_links_lead_somewhere():
    for path in PAGES + ["CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", read(path)):
            assert "://" in link or os.path.exists(
                os.path.join(TOP, os.path.dirname(path), link)), f"{path}: {link}"


def test_man_pages_name_every_command_and_option(stack):
    """deb-status(1) has all commands, and each page the options of its program's own help."""
    listed = re.findall(r"^  ([a-z-]+) ", stack.run("deb-status", "--help").stdout, re.M)
    page = read("doc/deb-status.1")
    for name in listed:
        assert f".It Ic {name}" in page, name
        options = re.findall(r"--([a-z-]+)", stack.run("deb-status", name, "--help").stdout)
        for option in options:
            assert option in ("help", "version", "config") or \
                f"-{option}" in page, f"{name} --{option}"
    for program, path in (("deb-status-worker", "doc/deb-status-worker.8"),
                          ("deb-status-notify", "doc/deb-status-notify.1")):
        done = subprocess.run([program, "--help"], env=stack.env, capture_output=True, text=True,
                              check=True)
        for option in re.findall(r"--([a-z-]+)", done.stdout + done.stderr):
            assert option in ("help", "version") or f"-{option}" in read(path), option


def test_man_pages_are_right():
    pages = glob.glob(f"{TOP}/doc/*.[158]") + glob.glob(f"{TOP}/build/default/doc/*.5")
    assert len(pages) >= 4
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout
