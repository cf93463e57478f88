# SPDX-License-Identifier: Apache-2.0
"""Addresses as people type them: with a slash too many, or one too few."""
import pytest

from pages_site import site  # noqa: F401


def test_the_folder_of_the_api(site):
    a = site.get("/api")
    assert (a.status, a.headers["location"]) == (301, "/deb-status/api/")


@pytest.mark.parametrize("path", ["/epoxy", "/epoxy/trixie", "/epoxy/changes", "/queue", "/jobs/1", "/api/v1/series",
                                  "/project/openstack/project-021", "/health"])
def test_a_slash_at_the_end_leads_to_the_page(site, path):
    a = site.get(path + "/?q=a%26b")
    assert (a.status, a.headers["location"]) == (308, f"/deb-status{path}?q=a%26b")
    a = site.get(path + "//", method="HEAD")
    assert (a.status, a.headers["location"]) == (308, f"/deb-status{path}")
    assert site.get(path).status == 200


def test_slashes_elsewhere_lead_nowhere(site):
    for path in ("//example.org/", "/a/b/c/d/", "/project//nova/"):
        assert site.get(path).status == 404, path
