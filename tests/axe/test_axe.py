# SPDX-License-Identifier: Apache-2.0
"""axe-core, the accessibility rules of the web, over every page, light and dark, wide and narrow.

It comes from npm into build/axe; where it cannot be had the test is skipped, with a message."""
import os
import shutil
import subprocess

import pytest
from conftest import TOP

from browser import addresses
from fixtures import browser, fill_stack  # noqa: F401

VERSION = "4.10.3"
PAGES = addresses("epoxy", "trixie", "openstack/project-021", "1", "2026-05-06")


@pytest.fixture(scope="module")
def filled(folders, make_stack):
    return fill_stack(folders, make_stack, 40, 6, 3)


@pytest.fixture(scope="module")
def axe():
    """The script's text."""
    folder = f"{TOP}/build/axe"
    path = f"{folder}/node_modules/axe-core/axe.min.js"
    if not os.path.exists(path):
        if not shutil.which("npm"):
            pytest.skip("npm is not installed: axe-core cannot be had")
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts",
                               "--prefix", folder, f"axe-core@{VERSION}"], capture_output=True, text=True, check=False)
        if done.returncode or not os.path.exists(path):
            pytest.skip("npm could not get axe-core: " + done.stderr.strip()[-200:])
    with open(path, encoding="utf-8") as f:
        return f.read()


def violations(driver, axe):
    driver.execute_script(axe)
    driver.set_script_timeout(60)
    found = driver.execute_async_script("""
      const done = arguments[arguments.length - 1];
      axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations), e => done(String(e)));""")
    assert isinstance(found, list), found
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]} ({len(v['nodes'])})" for v in found]


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_on_any_page(filled, browser, axe, scheme, width):
    found = {}
    browser.scheme(scheme)
    browser.size(width, 900)
    try:
        for name, path in PAGES.items():
            browser.driver.get(filled.url + path)
            browser.driver.execute_script(
                "document.querySelectorAll('main > details, main section > details, #more').forEach(d => d.open = true)")
            if v := violations(browser.driver, axe):
                found[name] = v
    finally:
        browser.size(1280, 900)
        browser.scheme("light")
    assert not found, "\n".join(f"{name}: {one}" for name, all_of in found.items() for one in all_of)


def test_axe_would_say_so(filled, browser, axe):
    """That the check itself works: a picture without words is a violation."""
    browser.driver.get(filled.url + "/queue")
    browser.driver.execute_script("document.querySelector('main').append(new Image())")
    assert any(v.startswith("image-alt") for v in violations(browser.driver, axe))
