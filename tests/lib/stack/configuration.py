# SPDX-License-Identifier: Apache-2.0
"""The stack's copy of a configuration: DIR/etc, with what is this stack's own replaced, and the owners
and modes that its parts need."""
import os
import shutil
import tempfile

from stack.users import Failure, give, is_root, make_passable
from stack.yaml_text import Text


def strings(value):
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def section(data, key):
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def private_files(data):
    """(path, readers) of the configuration's secret files: hook reads senders' secrets, the
    worker alone signing and ssh keys."""
    rows = []
    for name, sender in section(data, "senders").items():
        secrets = strings((sender or {}).get("secrets")) if isinstance(sender, dict) else []
        rows += [(s.replace("{name}", str(name)), "apache") for s in secrets]
    rows += [(s, None) for s in strings(section(data, "publish").get("sign-with"))]
    mirrors = section(data, "mirrors")
    for name, mirror in list(mirrors.items()) + [("", data.get("mirror-defaults"))]:
        ssh = section(mirror, "ssh") if isinstance(mirror, dict) else {}
        for key in strings(ssh.get("key")):
            rows += [(key.replace("{name}", str(n)), None) for n in ([name] if name else mirrors)]
    return rows


def public_paths(data):
    """Files and folders outside that the parts read: upstream, archives by path, keys."""
    paths = strings(section(data, "upstream").get("repository"))
    paths += strings(section(data, "archives").get("keyring"))
    for mirror in list(section(data, "mirrors").values()) + [data.get("mirror-defaults")]:
        if isinstance(mirror, dict):
            paths += strings(mirror.get("from")) + strings(mirror.get("signed-by"))
    return [p[7:] if p.startswith("file://") else p for p in paths]


def copy(source, folder, url, database):
    """Copies the folder of `source` to DIR/etc, with what is this stack's own replaced. Returns
    the settings."""
    source = os.path.abspath(source)
    if not os.path.isfile(source):
        raise Failure(f"{source}: no such file")
    target = os.path.join(folder, "etc")
    main = Text(source)
    copy_tree(os.path.dirname(source), target, folder)
    main.set(["database"], database)
    if Text.child(main.root, "database-read") is not None:
        main.set(["database-read"], database)
    main.set(["data"], os.path.join(folder, "data"))
    main.set(["site", "url"], url)
    outside_paths(main, os.path.dirname(source))
    main.write(os.path.join(target, os.path.basename(source)))
    guard_copy(main.data, target)
    for path in public_paths(main.data):
        if os.path.isabs(path) and os.path.exists(path):
            make_passable(path)
    return main.data


def copy_tree(source, target, folder):
    """Regular files and folders; DIR itself, where it lies inside, is left out."""
    def skip(parent, names):
        return [n for n in names if os.path.realpath(os.path.join(parent, n)) in
                (os.path.realpath(folder), os.path.realpath(target))
                or not (os.path.isfile(os.path.join(parent, n))
                        or os.path.isdir(os.path.join(parent, n)))]
    shutil.copytree(source, target, ignore=skip)


def outside_paths(text, source_folder):
    """Relative paths that leave the folder (../x) would not be found from the copy."""
    for node in text.scalars():
        if node.value.startswith("../"):
            text.replace(node, os.path.normpath(os.path.join(source_folder, node.value)))


def guard_copy(data, target):
    """Owners and modes: all is readable, but secrets are only by whom they concern."""
    for parent, folders, files in os.walk(target):
        give(parent, "worker", 0o755)
        for name in files:
            give(os.path.join(parent, name), "worker", 0o644)
    for path, reader in private_files(data):
        full = os.path.join(target, path)
        if os.path.isfile(full) and os.path.realpath(full).startswith(os.path.realpath(target)):
            give(full, "worker", 0o640 if reader else 0o600, group=reader)


def largest_body(data):
    """The largest body-limit of any sender, in bytes: Apache refuses what is above."""
    largest = 65536
    for sender in section(data, "senders").values():
        text = str(sender.get("body-limit", "")) if isinstance(sender, dict) else ""
        factor = {"K": 1024, "M": 1024 * 1024}.get(text[-1:].upper(), 1)
        digits = text.rstrip("KkMm")
        if digits.isdigit():
            largest = max(largest, int(digits) * factor)
    return largest


def make_archive_root(data, etc):
    """publish.root, where set: made when missing, the worker's. Staging lies beside it, so that
    its parent is made the worker's too where the stack makes it."""
    root = section(data, "publish").get("root")
    if not root:
        return None
    root = os.path.normpath(os.path.join(etc, root))
    made = []
    folder = root
    while not os.path.isdir(folder):
        made.append(folder)
        folder = os.path.dirname(folder)
    os.makedirs(root, exist_ok=True)
    make_passable(root)
    temporary = os.path.realpath(tempfile.gettempdir()) + "/"
    for path in made + [root, os.path.dirname(root)]:
        if path in made or (is_root() and os.stat(path).st_uid == 0
                            and os.path.realpath(path).startswith(temporary)):
            give(path, "worker", 0o755)
    return root
