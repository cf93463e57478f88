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


def test_a_target_that_was_never_read(site):
    """It says so, and counts nothing as missing."""
    site.sql("create table deb_status.keep_suites as select id, checked from deb_status.suites; "
             "update deb_status.suites set checked = null where name = 'bookworm'")
    try:
        tree = check_html(site.page("/epoxy").text)
        rows = table_rows(tree)
        assert rows and all(r["bookworm"].startswith("not read yet") and "missing" not in r["bookworm"] for r in rows.values())
        assert any("missing" in r["trixie"] for r in rows.values())
        target = [r for r in tree.findall(".//table[@class='targets']/tbody/tr") if r.get("data-key") == "bookworm"][0]
        assert "missing" not in text_of(target) and "not yet" in text_of(target)
        assert "✕" not in text_of(target) and text_of(target).split()[1] != "0"
        missing = [p for p in tree.findall(".//p[@id='presets']/a") if p.get("data-key") == "missing"][0]
        shown = table_rows(check_html(site.page("/epoxy?state=missing").text))
        assert text_of(missing) == f"missing {len(shown)}" and any(r["trixie"].startswith("missing") for r in shown.values())
        assert table_rows(check_html(site.page("/epoxy/bookworm?state=missing").text)) == {}
        overview = check_html(site.page("/").text).findall(".//table[@class='overview']/tbody/tr")
        assert all("not read yet" in text_of(r) for r in overview)
        states = {r["state"] for r in site.get("/api/v1/status/epoxy/bookworm").json()["projects"]}
        assert "missing" in states, "the API's states stay those of the contract"
    finally:
        site.sql("update deb_status.suites s set checked = k.checked from deb_status.keep_suites k where k.id = s.id; "
                 "drop table deb_status.keep_suites")


def test_one_day_is_no_picture(site):
    assert check_html(site.page("/epoxy/trixie").text).find(".//h2[@id='pictures']") is not None
    site.sql("create table deb_status.keep_targets as select id, complete_since from deb_status.targets; "
             "update deb_status.targets set complete_since = now()")
    try:
        assert check_html(site.page("/epoxy/trixie").text).find(".//h2[@id='pictures']") is None
    finally:
        site.sql("update deb_status.targets t set complete_since = k.complete_since from deb_status.keep_targets k where k.id = t.id; "
                 "drop table deb_status.keep_targets")
