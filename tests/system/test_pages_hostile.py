# SPDX-License-Identifier: Apache-2.0
"""Names, versions, addresses and errors that want to be something else stay text everywhere."""
import csv
import io
import os
import re
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

import pages_data
from conftest import TOP
from pages_site import (HTML, check_feed, check_html, check_metrics, check_svg, evil, promtool, schema, site,  # noqa: F401
                        validate)


def all_text(element):
    return "".join(element.itertext())


@pytest.mark.parametrize("path", HTML + ["/project/openstack/plain", "/epoxyx", "/jobs/1", "/epoxy?sort=" + "%22%3E%3Cscript%3E",
                                         "/epoxy?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&team=%27&at=2026-01-01"])
def test_hostile_text_stays_text_in_html(evil, path):
    a = evil.get(path)
    assert a.status == (404 if path == "/epoxyx" else 200), evil.log
    tree = check_html(a.text)
    assert len(tree.findall(".//script")) == 1 and "alert(1)" not in (tree.find(".//script").text or "")
    for c in a.text:
        assert c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u061c\u200e\u200f"
                                   or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"), repr(c)
    assert "rawwords" not in a.text
    if path == "/epoxy":
        assert pages_data.EVIL in all_text(tree.find(".//table[@id='table']"))
    for link in tree.findall(".//a"):
        href = link.get("href")
        assert re.match(r"(/deb-status(/|$)|https?://|#)", href), href


def test_hostile_names_have_pages(evil):
    for name in (f"openstack/{pages_data.EVIL}", f"openstack/{pages_data.FORMULA}"):
        a = evil.get("/project/" + name)
        assert a.status == 200
        tree = check_html(a.text)
        assert name in all_text(tree.find(".//h1"))
        api = [x.get("href") for x in tree.findall(".//a") if "/api/v1/projects/" in x.get("href")][0]
        assert urllib.parse.unquote_plus(api).endswith(name)
        check_feed(evil.page("/project/" + name + "/feed.atom").text)


def test_hostile_text_in_formats(evil, schema):
    rows = evil.get("/api/v1/status/epoxy/trixie").json()
    validate(schema, "status", rows)
    assert {r["project"] for r in rows["projects"]} == {
        f"openstack/{n}" for n in (pages_data.EVIL, pages_data.TURNED, pages_data.FORMULA, "plain")}
    raw = evil.get("/api/v1/status/epoxy/trixie?format=csv").text
    table = list(csv.reader(io.StringIO(raw)))
    assert len(table) == 5 and all(len(r) == len(table[0]) for r in table)
    for cell in (c for r in table for c in r):
        assert not re.match(r"[=+\-@\t\r]", cell), cell
        assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069]", cell)
    for form in ("txt", "list"):
        text = evil.get(f"/api/v1/status/epoxy/trixie?format={form}").text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    for path, name in (("/api/v1/jobs/1", "job"), ("/health", "health"), ("/api/v1/series", "series")):
        validate(schema, name, evil.get(path).json())
    text = evil.get("/api/v1/jobs/1?format=txt").text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "rawwords" not in text
    metrics = evil.page("/metrics").text
    check_metrics(metrics)
    promtool(metrics)


def test_hostile_text_in_xml(evil):
    feed = evil.page("/feed.atom").text
    check_feed(feed)
    assert pages_data.EVIL in all_text(ET.fromstring(feed))
    check_feed(evil.page("/epoxy/feed.atom").text)
    for path in ("/epoxy/trixie/badge.svg", "/epoxy/states.svg", "/epoxy/trixie/behind.svg"):
        check_svg(evil.page(path).text)


def test_templates_escape():
    """Each starts with the pragma, none switches it off."""
    folder = f"{TOP}/templates"
    names = sorted(os.listdir(folder))
    assert len(names) > 15
    for name in names:
        with open(f"{folder}/{name}", encoding="utf-8") as f:
            text = f.read()
        assert re.match(r'\{\{%AUTOESCAPE context="(HTML|XML)"\}\}', text), name
        assert ":none" not in text, name
