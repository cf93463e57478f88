# SPDX-License-Identifier: Apache-2.0
"""A stack from nothing to all of it answering, and down again."""
import glob
import http.client
import os
import re
import shlex
import signal
import sys
import urllib.error
import urllib.request

from stack import apache, configuration, demo, postgres, processes, worker

ROLES = (("ADMIN", "owner"), ("WORKER", "worker"), ("HOOK", "hook"), ("PAGES", "pages"))


def up(layout, config, workers):
    layout.make()
    try:
        postgres.start(layout)
        layout.port = processes.free_port()
        config = config or demo.make(layout)
        layout.set_config_name(os.path.basename(config))
        data = configuration.copy(config, layout.folder, layout.url("/deb-status"),
                                  layout.conninfo())
        root = configuration.make_archive_root(data, layout.path("etc"))
        postgres.set_up(layout)
        worker.configure(layout)
        apache.start(layout, root, configuration.largest_body(data))
        write_env(layout)
        wait_until_it_answers(layout, root)
        for number in range(1, workers + 1):
            worker.start(layout, number)
    except BaseException:
        down(layout, keep=bool(os.environ.get("DEB_STATUS_KEEP")))
        raise


def write_env(layout):
    values = {"DEB_STATUS_URL": layout.url("/deb-status"), "DEB_STATUS_HOOK": layout.url("/hook"),
              "DEB_STATUS_ARCHIVE": layout.url("/debian"), "DEB_STATUS_CONFIG": layout.config(),
              "DEB_STATUS_DATABASE": layout.conninfo(), "DEB_STATUS_SHARE": layout.share}
    for part, role in ROLES:
        values[f"DEB_STATUS_{part}_DATABASE"] = layout.conninfo(role)
    with open(layout.path("env"), "w", encoding="utf-8") as f:
        f.writelines(f"export {k}={shlex.quote(v)}\n" for k, v in values.items())
        f.write(f"export PATH={shlex.quote(layout.bin)}:\"$PATH\"\n")
    os.chmod(layout.path("env"), 0o644)


def status_of(url):
    """The HTTP status of a GET, or why there was none."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code
    except (OSError, http.client.HTTPException) as e:
        return str(e)


def wait_until_it_answers(layout, root):
    answers = {"/deb-status/health": (200,), "/hook": (405,), "/deb-status/": (200,)}
    if root:
        answers["/debian/"] = (200, 403, 404)
    for path, expected in answers.items():
        processes.wait_for(path, lambda p=path, x=expected: status_of(layout.url(p)) in x)
    # our one GET of the hook was refused, and counted at once (as one of sender `default`, where
    # there is such a one): no refusal of a sender's
    processes.wait_for("the probe's refusal", lambda: postgres.query(
        layout, "delete from deb_status.refusals where reason = 'method' returning 1") == "1")


def print_sanitizer_reports(layout):
    """What the sanitizers said in any log; returns how many logs have such words."""
    found = 0
    for log in sorted(glob.glob(layout.path("log", "*.log"))):
        with open(log, errors="replace") as f:
            text = f.read()
        at = re.search(r"==\d+==ERROR: |runtime error: ", text)
        if at:
            found += 1
            print(f"stack: {log}:\n{text[at.start():at.start() + 8000]}", file=sys.stderr)
    return found


def down(layout, keep=False):
    """Stops what runs and removes what was made, unless keep. Returns how many logs have a
    sanitizer's report."""
    running = processes.Processes(layout.folder).read()
    for name in sorted(n for n in running if n.startswith("worker-")):
        processes.stop(layout.folder, name, signal.SIGTERM, 15)
    processes.stop(layout.folder, "apache", signal.SIGTERM, 15)
    processes.stop(layout.folder, "rsyncd", signal.SIGTERM, 5)
    processes.stop(layout.folder, "postgres", signal.SIGINT, 15)
    reports = print_sanitizer_reports(layout)
    if not keep:
        layout.remove()
    return reports
