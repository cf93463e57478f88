# SPDX-License-Identifier: Apache-2.0
"""An Apache that has no mod_fcgid (it is only recommended, and comes switched off where it was there
before Apache) with apache/deb-status.conf: the host's other sites go on."""
import pytest
from conftest import request
from hook_site import BUILT, encode
from web import TOP, Apache


@pytest.fixture(scope="module")
def apache(stack, folders):
    server = Apache(f"{folders()}/apache", [], f"""
Define DEB_STATUS_BIN "{stack.env['PATH'].split(':')[0]}"
Define DEB_STATUS_SHARE "{stack.env['DEB_STATUS_SHARE']}"
Define DEB_STATUS_ARCHIVE "{stack.dir}"
Include "{TOP}/apache/deb-status.conf"
""")
    yield server
    server.stop()


def test_nothing_of_the_programs_is_served(apache):
    """503: a sender tries again, where 403 or 404 would be a refusal."""
    for path in ("/deb-status/", "/deb-status/epoxy", "/deb-status/health", "/hook", "/hook/one"):
        answer = request(apache.url + path)
        assert answer.status in ((503, 405) if path.startswith("/hook") else (503,)), path
        assert b"ELF" not in answer.body, path
    answer = request(f"{apache.url}/hook/one", encode(BUILT), headers={"Content-Type": "application/json"})
    assert answer.status == 503 and b"ELF" not in answer.body


def test_static_files_are(apache):
    assert request(f"{apache.url}/deb-status/static/style.css").status == 200
