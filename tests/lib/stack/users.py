# SPDX-License-Identifier: Apache-2.0
"""Who runs which part of a stack, and the owners and modes of its files. Called by root each part
has a user of its own; called by anybody else all of them are the caller's."""
import os
import pwd
import stat
import tempfile

USERS = {"postgres": "postgres", "apache": "www-data", "worker": "daemon"}


class Failure(Exception):
    """A sentence for the caller: the stack cannot be what was asked for."""


def is_root():
    return os.getuid() == 0


def user_of(part):
    """The passwd row of who runs a part: its own user under root, else the caller."""
    return pwd.getpwnam(USERS[part]) if is_root() else pwd.getpwuid(os.getuid())


def as_user(part, argv):
    if not is_root():
        return argv
    user = user_of(part)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups",
            "--"] + argv


def give(path, part, mode, group=None):
    os.chmod(path, mode)
    if is_root():
        os.chown(path, user_of(part).pw_uid, user_of(group or part).pw_gid)


def make_dir(path, part, mode=0o755):
    os.makedirs(path, exist_ok=True)
    give(path, part, mode)
    return path


def make_passable(path):
    """Lets the parts' users through to path. Only folders of the caller's below the temporary
    folder (mkdtemp, pytest: 0700) are opened; any other closed one is an error."""
    if not is_root():
        return
    temporary = os.path.realpath(tempfile.gettempdir()) + "/"
    folder = os.path.realpath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while folder != "/":
        if os.path.isdir(folder):
            mode = os.stat(folder).st_mode
            if not mode & stat.S_IXOTH:
                if not (folder + "/").startswith(temporary):
                    raise Failure(f"{folder} lets only its owner through, and the parts of the "
                                  f"stack run as other users: chmod a+x {folder}")
                os.chmod(folder, stat.S_IMODE(mode) | 0o111)
        folder = os.path.dirname(folder)


def is_open(path):
    """True where every user can read path and pass to it."""
    path = os.path.realpath(path)
    if not os.stat(path).st_mode & stat.S_IROTH:
        return False
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
    return True
