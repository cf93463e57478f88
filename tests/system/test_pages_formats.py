# SPDX-License-Identifier: Apache-2.0
"""What programs read: JSON by its schema, CSV, text, feeds, pictures, metrics, health."""
import csv
import io
import json
import re
import xml.etree.ElementTree as ET

import jsonschema
import pytest

from pages_site import (ATOM, SVG, check_feed, check_metrics, check_svg, promtool, schema, site,  # noqa: F401
                        validate)


def test_the_schema_is_published(site, schema):
    a = site.page("/api/v1/schema.json")
    assert a.headers["content-type"] == "application/schema+json" and a.json() == schema
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path, name", [
    ("/api/v1/series", "series"), ("/api/v1/status/epoxy/trixie", "status"),
    ("/api/v1/status/epoxy/bookworm?at=2026-05-01", "status"), ("/api/v1/status/hibiscus/sid?q=nothing-fits", "status"),
    ("/api/v1/projects/openstack/project-021", "project"), ("/api/v1/jobs/1", "job"), ("/api/v1/jobs/4", "job"),
    ("/api/v1/revision", "revision"), ("/health", "health"), ("/api/v1/nosuch", "error")])
def test_documents_follow_the_schema(site, schema, path, name):
    a = site.get(path)
    validate(schema, name, a.json())
    if name not in ("health", "error"):
        assert a.headers["access-control-allow-origin"] == "*"
        assert a.headers["content-type"] == "application/json"


def test_field_order(site):
    """The order of the fields is part of the contract; new ones come last."""
    rows = site.get("/api/v1/status/epoxy/trixie")
    fields = ["project", "deliverable", "artifact", "team", "type", "source", "upstream", "debian", "state", "behind",
              "carries", "patched", "awaited", "ended", "elsewhere", "masked", "since", "since_known", "rule", "moved",
              "mask_reason", "released", "days_behind"]
    document = json.loads(rows.text, object_pairs_hook=lambda pairs: pairs)
    assert [k for k, _ in document] == ["series", "target", "revision", "checked", "carries", "counts", "projects"]
    assert all([k for k, _ in row][:len(fields)] == fields for row in dict(document)["projects"])
    table = list(csv.reader(io.StringIO(site.get("/api/v1/status/epoxy/trixie?format=csv").text)))
    assert table[0][:len(fields)] == fields
    assert [r[0] for r in table[1:]] == [r["project"] for r in rows.json()["projects"]]


def test_formats_have_the_same_rows(site):
    base = "/api/v1/status/epoxy/trixie?state=outdated&sort=-days_behind"
    rows = site.get(base).json()["projects"]
    assert [r["days_behind"] for r in rows] == sorted((r["days_behind"] for r in rows), reverse=True)
    names = site.get(base + "&format=list").text.split("\n")
    assert names[:-1] == [r["source"] for r in rows] and names[-1] == ""
    text = site.get(base + "&format=txt").text.splitlines()
    assert text[0].startswith("epoxy on trixie: ok ")
    assert [line.split()[0] for line in text[2:]] == [r["project"] for r in rows]
    table = list(csv.DictReader(io.StringIO(site.get(base + "&format=csv").text)))
    for got, row in zip(table, rows, strict=True):
        assert got["source"] == row["source"] and got["since"] == row["since"]
        assert got["masked"] == str(row["masked"]).lower() and got["days_behind"] == str(row["days_behind"])
    assert site.get(base + "&format=xml").status == 400


def test_masked_in_the_api(site):
    rows = site.get("/api/v1/status/epoxy/trixie?masked=1").json()["projects"]
    assert rows and all(r["masked"] and r["mask_reason"] == "deploys from git, nothing to package" for r in rows)


def test_project_in_all_series(site):
    rows = site.get("/api/v1/projects/openstack/project-021").json()["rows"]
    for r in rows:
        status = site.get(f"/api/v1/status/{r['series']}/{r['target']}?q=project-021").json()["projects"]
        assert status == [{k: v for k, v in r.items() if k not in ("series", "target")}]


def test_job_as_text(site):
    lines = dict(line.split(": ", 1) for line in site.get("/api/v1/jobs/1?format=txt").text.splitlines() if line)
    assert lines["job"] == "1" and lines["state"] == "done" and lines["kind"] == "mirror"
    assert lines["delivery"] == "bookworm-epoxy msg_1 fulfilled"


def test_feeds(site):
    everything = check_feed(site.page("/feed.atom").text)
    epoxy = check_feed(site.page("/epoxy/feed.atom").text)
    project = check_feed(site.page("/project/openstack/project-021/feed.atom").text)
    assert len(epoxy) > 1 and project and epoxy & everything
    # what one job changed on one day is one entry
    jobs = site.sql("select count(distinct (at at time zone 'UTC')::date) from deb_status.events where job = 1 and series = 'epoxy'")
    assert len([i for i in epoxy if "/job-1/" in i]) == int(jobs) > 0
    # ids stay when more comes
    site.sql("insert into deb_status.events (at, kind, series, target, project, source, to_version) values "
             "(now(), 'version', 'epoxy', 'trixie', 'openstack/project-021', 'project-021', '99-1')")
    after = check_feed(site.page("/epoxy/feed.atom").text)
    assert len(after - epoxy) == 1
    assert site.get("/project/openstack/nosuch/feed.atom").status == 404


def test_a_feed_is_cut_between_entries(site):
    """What a reader has fetched once never shrinks: an entry that the limit would cut is left out."""
    def entries():
        root = ET.fromstring(site.page("/zed/feed.atom").text)
        return {e.find(ATOM + "title").text: e.find(ATOM + "content").text.splitlines() for e in root.findall(ATOM + "entry")}

    def add(job, count):
        site.sql("insert into deb_status.events (at, kind, series, target, project, source, to_version, job) select now(), "
                 f"'version', 'zed', 'trixie', 'openstack/p' || n, 'p' || n, '1-' || n, {job} from generate_series(1, {count}) n")
    site.sql("create table deb_status.keep_events as select * from deb_status.events where series = 'zed'; "
             "delete from deb_status.events where series = 'zed'")
    try:
        add(1, 10)
        assert list(entries()) == ["10 changes in zed"]
        add(2, 1495)
        found = entries()
        assert list(found) == ["1495 changes in zed"]
        lines = found["1495 changes in zed"]
        assert len(lines) == 301 and lines[-1] == "and 1195 more"
        add(2, 10)
        assert list(entries()) == ["more than 1500 changes in zed"]
    finally:
        site.sql("delete from deb_status.events where series = 'zed'; insert into deb_status.events overriding system value "
                 "select * from deb_status.keep_events; drop table deb_status.keep_events")


@pytest.mark.parametrize("path", ["/epoxy/trixie/badge.svg", "/epoxy/states.svg", "/epoxy/trixie/states.svg", "/epoxy/trixie/behind.svg"])
def test_pictures(site, path):
    a = site.page(path)
    assert a.headers["content-type"] == "image/svg+xml"
    root = check_svg(a.text)
    counts = site.get("/api/v1/status/epoxy/trixie").json()["counts"]
    if path == "/epoxy/trixie/badge.svg":
        total = sum(counts[k] for k in ("ok", "outdated", "missing", "ahead"))
        assert root.find(SVG + "title").text == f"epoxy in trixie: {counts['ok']} of {total}"
    if path == "/epoxy/trixie/states.svg":
        last = root.findall(SVG + "g")[-2].find(SVG + "title").text
        assert last.split(": ")[1] == ", ".join(f"{counts[k]} {k}" for k in ("missing", "outdated", "ok", "ahead"))
        assert len(root.findall(f".//{SVG}rect")) > 40


def test_badges(site):
    """What is right where there is nothing to count as well."""
    def badge(series, target):
        return check_svg(site.page(f"/{series}/{target}/badge.svg").text).find(SVG + "title").text.split(": ")[1]
    seen = set()
    for series, target in (pair.split("|") for pair in site.sql(
            "select s.name || '|' || t.name from deb_status.targets t join deb_status.series s on s.id = t.series").splitlines()):
        status = site.get(f"/api/v1/status/{series}/{target}").json()
        counts = status["counts"]
        moved_on = status["carries"] not in (None, series)
        total = sum(counts[k] for k in ("ok", "outdated", "missing", "ahead"))
        assert badge(series, target) == (f"carries {status['carries']}" if moved_on else f"{counts['ok']} of {total}")
        seen.add(moved_on)
    assert seen == {True, False}
    checked = site.sql("select checked from deb_status.suites where name = 'trixie'")
    try:
        site.sql("update deb_status.suites set checked = null where name = 'trixie'")
        assert site.get("/api/v1/status/epoxy/trixie").json()["checked"] is None
        assert badge("epoxy", "trixie") == "not yet read"
    finally:
        site.sql(f"update deb_status.suites set checked = '{checked}' where name = 'trixie'")


def test_states_over_time_are_those_of_the_days(site):
    """A bar of the picture against the API at that day's end."""
    root = check_svg(site.page("/epoxy/trixie/states.svg").text)
    for group in root.findall(SVG + "g")[5:-1:12]:
        day, said = group.find(SVG + "title").text.split(": ")
        counts = site.get(f"/api/v1/status/epoxy/trixie?at={day}").json()["counts"]
        assert said == ", ".join(f"{counts[k]} {k}" for k in ("missing", "outdated", "ok", "ahead")), day


def test_metrics(site):
    a = site.page("/metrics")
    assert a.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = check_metrics(a.text)
    for name in ("jobs", "queue_oldest_seconds", "deliveries", "refused_total", "job_seconds", "job_step_seconds",
                 "published_bytes_total", "data_age_seconds", "key_expiry_seconds", "projects", "set_aside_files", "workers"):
        assert f"deb_status_{name}" in families, name
    promtool(a.text)


def test_health(site):
    a = site.page("/health")
    assert a.json()["status"] == "degraded"
    assert "suite bookworm: ftp.example.org does not answer" in a.json()["reasons"]
    assert a.headers["cache-control"] == "no-store"
