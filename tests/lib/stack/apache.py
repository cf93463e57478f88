# SPDX-License-Identifier: Apache-2.0
"""The stack's Apache: a few lines of its own around the site that is installed."""
import os
import shutil

from stack import processes
from stack.layout import TOP
from stack.users import make_dir

WORKERS = 16
MODULES = ("mpm_event authn_core authz_core alias mime dir env headers rewrite setenvif deflate filter "
           "unique_id reqtimeout autoindex fcgid").split()


def write_configuration(layout, root, body_limit):
    """root: of the archive, or None; body_limit: the largest body of any sender, in bytes."""
    defines = {"DEB_STATUS_BIN": layout.bin, "DEB_STATUS_SHARE": layout.share,
               "DEB_STATUS_CONFIG": layout.config(),
               "DEB_STATUS_ARCHIVE_PATH": "/debian",
               "DEB_STATUS_ARCHIVE": root or layout.path("data"),
               "DEB_STATUS_BODY_LIMIT": str(body_limit)}
    run = make_dir(layout.path("apache"), "apache")
    empty = make_dir(os.path.join(run, "empty"), "apache")
    with open(layout.path("apache.conf"), "w", encoding="utf-8") as f:
        f.write(f"""ServerRoot "{run}"
DefaultRuntimeDir "{run}"
PidFile "{run}/pid"
Listen 127.0.0.1:{layout.port}
ServerName 127.0.0.1
DocumentRoot "{empty}"
ErrorLog "{layout.path('log', 'apache.log')}"
LogLevel warn authz_core:crit
{"".join(f'LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so' + chr(10) for m in MODULES)}
Mutex "file:{run}" default
FcgidIPCDir "{run}"
FcgidProcessTableFile "{run}/fcgid_shm"
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \\"%r\\" %>s %b %{{UNIQUE_ID}}e" stack
CustomLog "{layout.path('log', 'access.log')}" stack
# not more threads than the site's programs have processes: no request ever waits the second that
# mod_fcgid sleeps when all of a class are busy. More servers than one: after a reload a new one must
# not have to wait until the last request of the old one has ended. And as many as a minute of reloads
# can leave behind, where each meets a request that waits for its process (apache/deb-status.conf).
ServerLimit 40
StartServers 1
MinSpareThreads 1
MaxSpareThreads {WORKERS}
ThreadsPerChild {WORKERS}
MaxRequestWorkers {WORKERS}
# idle connections of open tabs hold no thread
AsyncRequestWorkerFactor 64
<Directory "/">
    Require all denied
</Directory>
# where Apache looks for PATH_INFO (PATH_TRANSLATED): denied, each request would log an error
<Directory "{empty}">
    Require all granted
</Directory>
{"".join(f'Define {k} "{v}"' + chr(10) for k, v in defines.items())}
Include "{layout.path('site.conf')}"
""")
    shutil.copy(os.path.join(TOP, "apache", "deb-status.conf"), layout.path("site.conf"))
    for name in ("apache.conf", "site.conf"):
        os.chmod(layout.path(name), 0o644)


def start(layout, root, body_limit):
    write_configuration(layout, root, body_limit)
    server = processes.start(layout.folder, "apache", "apache",
                             ["/usr/sbin/apache2", "-f", layout.path("apache.conf"), "-DFOREGROUND"],
                             {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                              "TZ": "UTC"})
    processes.wait_until_ready("Apache", layout.folder, "apache", server,
                               lambda: processes.is_listening(layout.port))
