# SPDX-License-Identifier: Apache-2.0
"""Chromium without a screen, for tests, screenshots and axe."""
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic
--no-first-run --disable-background-networking --disable-component-update --disable-sync
--disable-extensions --hide-scrollbars --force-color-profile=srgb""".split()

# every kind of page, as seen from a site's base; {series} {target} {repo} {job} are filled in
PAGES = {
    "overview": "/",
    "series": "/{series}",
    "series-grouped": "/{series}?group=team&masked=1&unreleased=1&sort=-released",
    "series-none": "/{series}?q=there-is-no-such-name",
    "target": "/{series}/{target}",
    "target-outdated": "/{series}/{target}?state=outdated&sort=-days_behind",
    "target-then": "/{series}/{target}?at={day}",
    "changes": "/{series}/changes",
    "project": "/project/{repo}",
    "queue": "/queue",
    "job": "/jobs/{job}",
    "api": "/api/",
    "not-found": "/{series}x",
}


class Browser:
    """A driver with a profile of its own, gone at the end."""

    def __init__(self, width=1280, height=900, script=True):
        self.profile = tempfile.mkdtemp(prefix="ds-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS + [f"--window-size={width},{height}",
                             f"--user-data-dir={self.profile}"]:
            options.add_argument(flag)
        if not script:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.size(width, height)

    def size(self, width, height):
        """The page's own size, whatever the window's frame takes."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def picture(self, path, whole=True):
        import base64
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": whole})
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quit()


def addresses(series, target, repo, job, day):
    return {name: path.format(series=series, target=target, repo=repo, job=job, day=day)
            for name, path in PAGES.items()}


def make_folder(path):
    os.makedirs(path, exist_ok=True)
    return path
