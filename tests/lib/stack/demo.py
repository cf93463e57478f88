# SPDX-License-Identifier: Apache-2.0
"""The demo's upstream, Debian and build host, made on the spot, and the build host's rsync daemon."""
import os
import shutil
import subprocess

from stack import processes
from stack.layout import TOP
from stack.users import Failure, make_dir


def make(layout):
    """Returns the path of the demo's configuration."""
    demo, port = layout.path("demo"), processes.free_port()
    done = subprocess.run(
        [os.path.join(TOP, "tests", "demo", "make-demo"), demo, "--rsync-port", str(port),
         "--url", layout.url("/debian")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"make-demo: {done.stderr}")
    host = make_dir(os.path.join(demo, "build-host"), "worker")
    make_dir(os.path.join(demo, "publish"), "worker")
    tool = shutil.copy(os.path.join(TOP, "tests", "demo", "build-host"),
                       os.path.join(demo, "build-host-tool"))
    daemon = processes.start(layout.folder, "rsyncd", "worker", [tool, "rsyncd", host, str(port)],
                             {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    processes.wait_until_ready("rsync daemon", layout.folder, "rsyncd", daemon,
                               lambda: processes.is_listening(port))
    return os.path.join(demo, "etc", "deb-status.yaml")
