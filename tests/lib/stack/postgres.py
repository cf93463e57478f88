# SPDX-License-Identifier: Apache-2.0
"""The stack's PostgreSQL: a server of its own on a socket in DIR/run, roles, database and schema."""
import glob
import os
import subprocess

from stack import processes
from stack.layout import TOP
from stack.users import Failure, as_user, make_dir


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                   key=lambda p: int(p.split("/")[4]) if p.split("/")[4].isdigit() else 0)
    if not found:
        raise Failure("no PostgreSQL server in /usr/lib/postgresql: run `make deps`")
    return found[-1]


def start(layout):
    data = make_dir(layout.path("postgres"), "postgres", 0o700)
    done = subprocess.run(
        as_user("postgres", [f"{programs()}/initdb", "-D", data, "-U", "postgres", "-A", "trust",
                             "--locale=C.UTF-8", "-E", "UTF8", "--no-sync", "--no-instructions"]),
        cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"initdb: {done.stderr}")
    server = processes.start(layout.folder, "postgres", "postgres",
                             [f"{programs()}/postgres", "-D", data, "-c", "listen_addresses=", "-c",
                              f"unix_socket_directories={layout.run}", "-c", "max_connections=120"],
                             {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    processes.wait_until_ready(
        "PostgreSQL", layout.folder, "postgres", server,
        lambda: subprocess.run([f"{programs()}/pg_isready", "-q", "-h", layout.run], cwd="/",
                               check=False).returncode == 0)


def psql(*args, text=None):
    """What psql prints; a failure carries its words."""
    done = subprocess.run([f"{programs()}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *args],
                          input=text, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise Failure(f"psql: {done.stderr}")
    return done.stdout.strip()


def query(layout, sql):
    """The rows of a query by the superuser, as psql -At prints them."""
    return psql("-d", layout.conninfo() + " user=postgres", text=sql)


def set_up(layout):
    """Roles and database as an admin makes them, and the schema."""
    psql("-v", "dbname=deb-status", "-h", layout.run, "-U", "postgres", "-d", "postgres", "-f",
         os.path.join(TOP, "sql", "setup.sql"))
    layout.program("deb-status", "migrate")
