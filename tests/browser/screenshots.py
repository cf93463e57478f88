#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of every page into screenshots/: 1280 and 360 wide, light and dark.

  screenshots.py [--url URL --series S --target T --repo R --job N] [--only NAME] [FOLDER]

Without --url the demo is started for it.
"""
import argparse
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/lib")
from browser import Browser, addresses, make_folder  # noqa: E402


def take(url, pages, folder, only, whole):
    for width in (1280, 360):
        with Browser(width, 900) as b:
            for scheme in ("light", "dark"):
                b.scheme(scheme)
                for name, path in pages.items():
                    if only and name != only:
                        continue
                    b.driver.get(url + path)
                    b.picture(f"{folder}/{name}-{width}-{scheme}.png", whole)


def demo(use):
    folder = tempfile.mkdtemp(prefix="ds-")
    os.chmod(folder, 0o755)
    stack = os.path.join(TOP, "tests", "stack")
    try:
        subprocess.run([stack, "up", "--dir", folder], check=True)
        with open(f"{folder}/env", encoding="utf-8") as f:
            url = [row.split("=", 1)[1].strip().strip("'\"") for row in f
                   if row.startswith("export DEB_STATUS_URL=")][0]
        subprocess.run([os.path.join(TOP, "tests", "demo", "build"), folder], check=True)
        use(url)
    finally:
        subprocess.run([stack, "down", "--dir", folder], check=False)
        if os.path.isdir(folder):
            os.rmdir(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--series", default="epoxy")
    parser.add_argument("--target", default="trixie")
    parser.add_argument("--repo", default="openstack/nova")
    parser.add_argument("--job", default="1")
    parser.add_argument("--day", default="2026-05-06")
    parser.add_argument("--only")
    parser.add_argument("--first", action="store_true", help="the first screen alone")
    parser.add_argument("folder", nargs="?", default=os.path.join(TOP, "screenshots"))
    args = parser.parse_args()
    pages = addresses(args.series, args.target, args.repo, args.job, args.day)
    make_folder(args.folder)

    def use(url):
        take(url, pages, args.folder, args.only, not args.first)
    if args.url:
        use(args.url)
    else:
        demo(use)
    print(f"{len(pages)} pages in {args.folder}")


if __name__ == "__main__":
    main()
