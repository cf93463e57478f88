# SPDX-License-Identifier: Apache-2.0
"""pages.fcgi as a plain CGI program on databases that SQL has filled: what it answers, whether that
is valid, and what happens to names, versions and addresses that want to be something else."""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import html5lib
import jsonschema
import pytest

import pages_data
from conftest import TOP

ATOM = "{http://www.w3.org/2005/Atom}"
SVG = "{http://www.w3.org/2000/svg}"
BIN = os.path.abspath(os.environ.get("DEB_STATUS_BUILD") or os.path.join(
    TOP, "build", os.environ.get("FLAVOR") or "default")) + "/bin"

HTML = ["/", "/epoxy", "/epoxy/trixie", "/epoxy?group=team&masked=1&unreleased=1&sort=-released",
        "/epoxy/trixie?sort=state&state=outdated,missing", "/epoxy/trixie?at=2026-05-01", "/epoxy/changes",
        "/queue", "/jobs/1", "/jobs/2", "/api/"]


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.headers = {}
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            assert name.lower() not in self.headers, f"{name} twice"
            self.headers[name.lower()] = value
        self.status = int(self.headers.pop("status"))

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


class Site:
    """A private database with the schema, and the program run once for each request."""

    def __init__(self, folder):
        self.dir = folder
        self.config = f"{folder}/deb-status.yaml"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"database: host={folder}/pg dbname=deb-status\n"
                    "site: {title: OpenStack in Debian, url: https://example.org/deb-status}\n")
        self.pg("start")
        self.env = {"PATH": "/usr/bin:/bin", "DEB_STATUS_CONFIG": self.config,
                    "DEB_STATUS_SHARE": TOP}
        subprocess.run([f"{BIN}/deb-status", "migrate"], check=True, env=self.env, cwd="/")

    def pg(self, command):
        subprocess.run([f"{TOP}/tests/pg", command, f"{self.dir}/pg"], check=True,
                       stdout=subprocess.DEVNULL)

    def sql(self, text):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", f"{self.dir}/pg",
                               "-U", "deb_status_owner", "-d", "deb-status"], input=text,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get(self, path, method="GET", **headers):
        path, _, query = path.partition("?")
        env = {**self.env, "REQUEST_METHOD": method, "SCRIPT_NAME": "/deb-status",
               "PATH_INFO": path, "QUERY_STRING": query}
        env.update({f"HTTP_{k.upper()}": v for k, v in headers.items()})
        done = subprocess.run([f"{BIN}/pages.fcgi"], stdin=subprocess.DEVNULL, env=env, cwd="/",
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        self.log = done.stderr.decode()
        return Answer(done.stdout)

    def page(self, path, **headers):
        a = self.get(path, **headers)
        assert a.status == 200, f"{path}: {a.status} {a.text[:600]} {self.log}"
        return a


def start(folders):
    folder = folders()
    return Site(folder)


@pytest.fixture(scope="module")
def site(folders):
    made = start(folders)
    made.sql(pages_data.fill(60, 6, 8))
    yield made
    made.pg("stop")


@pytest.fixture(scope="module")
def evil(folders):
    made = start(folders)
    made.sql(pages_data.hostile())
    yield made
    made.pg("stop")


@pytest.fixture(scope="module")
def empty(folders):
    made = start(folders)
    yield made
    made.pg("stop")


def parse_html(text):
    """A strict HTML5 parser: any parse error fails."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def check_html(text):
    tree = parse_html(text)
    ids = [e.get("id") for e in tree.iter() if isinstance(e.tag, str) and e.get("id")]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name in ("aria-labelledby", "aria-describedby"):
            for one in (element.get(name) or "").split():
                assert one in ids, f"{name}={one} names nothing"
        for name in element.keys():
            assert not name.startswith("on") and name != "style", f"{element.tag} {name}"
        assert element.tag != "script" or element.get("src"), "a script in the page"
        href = element.get("href") or element.get("src") or ""
        assert not re.match(r"\s*(javascript|data|vbscript):", href, re.I), href
        if element.tag == "img":
            assert element.get("alt")
        keys = [c.get("data-key") for c in element if c.get("data-key")]
        assert len(keys) == len(set(keys)), f"{element.tag}: {keys}"
    assert tree.find(".//h1") is not None and len(tree.findall(".//h1")) == 1
    assert tree.find(".//main").get("id") == "main"
    assert tree.find(".//title").text
    return tree


def text_of(element):
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def table_rows(tree):
    """{project: {column: text}} of a series page."""
    rows = {}
    for row in tree.findall(".//table[@id='table']/tbody/tr"):
        if row.get("data-key") == " group":
            continue
        rows[row.get("data-key")] = {c.get("data-key"): text_of(c) for c in row}
    return rows


# ---------------------------------------------------------------- pages

@pytest.mark.parametrize("path", HTML + ["/project/openstack/project-021"])
def test_html_is_valid(site, path):
    a = site.page(path)
    assert a.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in a.headers["content-security-policy"]
    assert "unsafe" not in a.headers["content-security-policy"]
    assert a.headers["x-content-type-options"] == "nosniff"
    check_html(a.text)
    assert site.log == "", site.log


@pytest.mark.parametrize("path", ["/", "/epoxy", "/queue", "/api/", "/health", "/metrics", "/feed.atom"])
def test_an_empty_database(empty, path):
    a = empty.get(path)
    if path == "/epoxy":
        assert a.status == 404
    else:
        assert a.status == 200, a.text
    if path in ("/", "/queue", "/api/"):
        check_html(a.text)
    if path == "/":
        assert "No series is configured yet" in a.text


def test_the_table_says_what_the_api_says(site):
    """Both come from the same rows: package, version, state of every project that is shown."""
    rows = table_rows(check_html(site.page("/epoxy/trixie?masked=1&unreleased=1").text))
    status = site.get("/api/v1/status/epoxy/trixie").json()
    assert set(rows) == {r["project"] for r in status["projects"]}
    for r in status["projects"]:
        shown = rows[r["project"]]
        assert r["state"] in shown["s"].split()
        assert not r["debian"] or r["debian"] in shown["v"]
        assert not r["upstream"] or shown["u"].startswith(r["upstream"])
        assert not r["behind"] or r["behind"] in shown["s"]
        assert r["days_behind"] is None or shown["d"] == f"{r['days_behind']} days"
        assert ("masked: deploys from git" in shown["n"]) == r["masked"]


def test_counts_are_of_the_rows(site):
    for series in site.get("/api/v1/series").json():
        for target in series["targets"]:
            s = site.get(f"/api/v1/status/{series['series']}/{target}").json()
            mine = {k: 0 for k in s["counts"]}
            for r in s["projects"]:
                if r["moved"] is None:
                    mine["masked" if r["masked"] else r["state"]] += 1
            assert mine == s["counts"]


def test_masked_and_unreleased_are_hidden_until_asked(site):
    plain = table_rows(check_html(site.page("/epoxy/trixie").text))
    masked = table_rows(check_html(site.page("/epoxy/trixie?masked=1").text))
    both = table_rows(check_html(site.page("/epoxy/trixie?masked=1&unreleased=1").text))
    assert set(plain) < set(masked) < set(both)
    assert all("masked" not in r["n"] and "unreleased" not in r["s"] for r in plain.values())
    assert any("masked: deploys from git, nothing to package" in r["n"] for r in masked.values())
    only = table_rows(check_html(site.page("/epoxy/trixie?state=unreleased").text))
    assert only and all("unreleased" in r["s"] for r in only.values())


@pytest.mark.parametrize("query, fits", [
    ("state=outdated", lambda r: r["state"] == "outdated"),
    ("state=outdated,missing", lambda r: r["state"] in ("outdated", "missing")),
    ("behind=series,prerelease", lambda r: r["behind"] in ("series", "prerelease")),
    ("behind=series", lambda r: r["behind"] == "series"),
    ("carries=flamingo", lambda r: r["carries"] == "flamingo"),
    ("team=cinder", lambda r: r["team"] == "cinder"),
    ("type=library", lambda r: r["type"] == "library"),
    ("q=PROJECT-01", lambda r: "project-01" in r["project"]),
    ("state=ahead,ok&team=nova&q=project-0", lambda r: r["state"] in ("ahead", "ok") and r["team"] == "nova"),
])
def test_filters_are_the_same_on_page_and_api(site, query, fits):
    everything = site.get("/api/v1/status/epoxy/trixie").json()["projects"]
    api = site.get(f"/api/v1/status/epoxy/trixie?{query}").json()["projects"]
    page = table_rows(check_html(site.page(f"/epoxy/trixie?{query}&masked=1&unreleased=1").text))
    expected = {r["project"] for r in everything if fits(r)}
    assert expected and {r["project"] for r in api} == expected == set(page)


@pytest.mark.parametrize("field", ["source", "upstream", "released", "debian", "state", "days_behind",
                                   "since", "team", "type"])
def test_sorting_down_is_sorting_up_turned_round(site, field):
    """But for rows without a value, which come last both ways."""
    value = {"source": "n", "upstream": "u", "debian": "v", "days_behind": "d", "team": "t", "type": "y"}
    up = table_rows(check_html(site.page(f"/epoxy/trixie?sort={field}").text))
    down = table_rows(check_html(site.page(f"/epoxy/trixie?sort=-{field}").text))
    assert set(up) == set(down)
    if field in value:
        key = value[field]
        a = [r[key] for r in up.values() if r[key] and not r[key].startswith("in ")]
        b = [r[key] for r in down.values() if r[key] and not r[key].startswith("in ")]
        assert len(set(a)) > 1 and a[0] == b[-1] and a[-1] == b[0]


def test_versions_sort_in_debians_order(site):
    keys = dict(line.split("|") for line in site.sql(
        "select distinct debian, encode(debian_key, 'hex') from deb_status.status where debian is not null").splitlines())
    shown = [r["v"].split()[0] for r in table_rows(check_html(site.page(
        "/epoxy/trixie?sort=debian").text)).values() if r["v"] and not r["v"].startswith("in ")]
    assert len(shown) > 10 and [keys[v] for v in shown] == sorted(keys[v] for v in shown)
    assert shown != sorted(shown), "plain text order would do as well: choose other versions"


def test_sort_links_carry_the_filter(site):
    text = site.page("/epoxy?state=outdated&team=nova&sort=source").text
    tree = check_html(text)
    link = tree.find(".//table[@id='table']/thead//a").get("href")
    assert link == "/deb-status/epoxy?state=outdated&team=nova&sort=-source"
    assert tree.find(".//table[@id='table']/thead//th").get("aria-sort") == "ascending"


def test_presets_count_what_they_show(site):
    for path in ("/epoxy", "/epoxy/trixie"):
        tree = check_html(site.page(path).text)
        presets = tree.findall(".//p[@id='presets']/a")
        assert len(presets) == 7
        for preset in presets[:-1]:
            href = preset.get("href").removeprefix("/deb-status")
            shown = table_rows(check_html(site.page(href).text))
            assert str(len(shown)) == text_of(preset).split()[-1], href


def test_at_shows_the_past(site):
    now = site.get("/api/v1/status/epoxy/trixie").json()["counts"]
    then = site.get("/api/v1/status/epoxy/trixie?at=2026-04-01").json()
    assert then["counts"] != now
    rows = table_rows(check_html(site.page("/epoxy/trixie?at=2026-04-01&masked=1&unreleased=1").text))
    assert {p: r["s"].split()[0] for p, r in rows.items()} == {
        r["project"]: r["state"] for r in then["projects"]}
    assert "As it was at" in site.page("/epoxy/trixie?at=2026-04-01").text
    assert site.get("/epoxy/trixie?at=yesterday").status == 400
    assert site.get("/api/v1/status/epoxy/trixie?at=yesterday").json() == {"error": "input"}


def test_a_release_id_leads_to_the_series(site):
    a = site.get("/2025.1/trixie?q=a%26b&sort=-debian")
    assert (a.status, a.headers["location"]) == (301, "/deb-status/epoxy/trixie?q=a%26b&sort=-debian")
    a = site.get("/api/v1/status/2025.1/trixie")
    assert (a.status, a.headers["location"]) == (301, "/deb-status/api/v1/status/epoxy/trixie")
    assert site.get("/2025.1").headers["location"] == "/deb-status/epoxy"
    assert site.get("/2025.1/changes").headers["location"] == "/deb-status/epoxy/changes"
    assert site.get("").headers["location"] == "/deb-status/"


def test_apt_lines(site):
    text = site.page("/epoxy/trixie").text
    assert "deb http://ftp.example.org/debian trixie main\n" in text
    assert "Types: deb\nURIs: http://ftp.example.org/debian\nSuites: trixie\nComponents: main\n" in text


def test_links_of_a_row(site):
    tree = check_html(site.page("/epoxy/trixie?behind=series").text)
    links = [a.get("href") for a in tree.findall(".//table[@id='table']/tbody/tr")[0].findall(".//a")]
    for start_of in ("/deb-status/project/openstack/", "https://tracker.debian.org/pkg/",
                     "https://salsa.debian.org/", "https://opendev.org/openstack/project-", "https://tarballs.opendev.org/"):
        assert any(x.startswith(start_of) for x in links), (start_of, links)
    compared = [x for x in links if "/compare/" in x]
    # the hash of the package's own version may not be known: then there is no comparison
    assert all(re.search(r"/compare/[0-9a-f]{40}\.\.\.[0-9a-f]{40}$", x) for x in compared)


def test_overview(site):
    tree = check_html(site.page("/").text)
    heads = [text_of(h).split()[0] for h in tree.findall(".//table[@class='overview']/thead/tr/th")]
    assert heads == ["Series", "upstream", "experimental", "unstable", "testing", "stable", "the"]
    rows = tree.findall(".//table[@class='overview']/tbody/tr")
    assert [r.get("data-key") for r in rows] == ["hibiscus", "gazpacho", "flamingo", "epoxy"]
    assert all(len(list(r)) == len(heads) for r in rows)
    epoxy = text_of(rows[3])
    assert "carries" in epoxy and "missing" in epoxy
    ended = text_of(tree.find(".//details[@id='ended']"))
    assert ended.startswith("2 series at their end") and "dalmatian" in ended and "zed" in ended
    todo = {li.get("data-key"): text_of(li) for li in tree.findall(".//ul[@id='todo']/li")}
    assert "job mirror trixie-flamingo" in todo and "suite bookworm" in todo and "aside" in todo
    assert any(k.startswith("wait ") for k in todo)
    assert "mirror bookworm-epoxy running pool" in text_of(tree.find(".//ul[@id='strip']"))


def test_nothing_to_do(site):
    site.sql("""begin; set search_path = deb_status; create table keep_jobs as select id, state, error from jobs;
      create table keep_suites as select id, error, checked from suites;
      create table keep_status as select target, project, behind, released from status;
      create table keep_files as select * from set_aside_files; delete from set_aside_files;
      update jobs set state = 'cancelled' where state in ('failed', 'queued'); update suites set error = null, checked = now(); update mirrors set key_expires = null;
      update status set behind = null, released = null; commit""")
    try:
        tree = check_html(site.page("/").text)
        assert text_of(tree.find(".//p[@id='calm']")) == "Nothing to do."
        assert list(tree.find(".//ul[@id='todo']")) == []
    finally:
        site.sql("""begin; set search_path = deb_status; update jobs j set state = k.state from keep_jobs k where k.id = j.id;
          update suites s set error = k.error, checked = k.checked from keep_suites k where k.id = s.id;
          update status s set behind = k.behind, released = k.released from keep_status k where k.target = s.target and k.project = s.project;
          insert into set_aside_files select * from keep_files; update mirrors set key_expires = now() + interval '9 days';
          drop table keep_jobs, keep_suites, keep_status, keep_files; commit""")


def test_changes_against_the_series_before(site):
    """Against sets made of the API's rows alone."""
    def projects(series, target):
        return {r["project"] for r in site.get(f"/api/v1/status/{series}/{target}").json()["projects"]}
    epoxy, dalmatian = projects("epoxy", "trixie"), projects("dalmatian", "trixie")
    tree = check_html(site.page("/epoxy/changes").text)
    assert "against dalmatian" in text_of(tree.find(".//h1"))
    for part, expected in (("new", epoxy - dalmatian), ("gone", dalmatian - epoxy)):
        keys = {li.get("data-key").split()[0] for li in tree.findall(f".//details[@id='{part}']/ul/li")}
        assert expected and keys == expected


def test_job_page_and_its_log(site):
    text = site.page("/jobs/1").text
    tree = check_html(text)
    assert "raw words" not in text
    assert [text_of(li).split(" ", 3)[3] for li in tree.findall(".//ol[@class='log']/li")] == [
        "fetch InRelease of bookworm-epoxy-backports is new", "verify Release.gpg is missing", "publish published generation 8"]
    published = [text_of(li) for li in tree.findall(".//section[@aria-labelledby='published']/ul/li")]
    assert published == ["project-021 2:31.3.0-1~bpo12+1 → 2:31.3.1-1~bpo12+1", "project-022 22.1.2-1", "project-900 1.0-1 → gone"]
    assert "not yet" in text_of(check_html(site.page("/jobs/4").text).find(".//div[@aria-labelledby='deliveries']"))


def test_errors_are_pages_with_near_names(site):
    a = site.get("/epoxi")
    tree = check_html(a.text)
    assert a.status == 404 and [x.get("href") for x in tree.findall(".//main/ul/li/a")] == ["/deb-status/epoxy"]
    a = site.get("/project/project-02l")
    near = [x.get("href") for x in check_html(a.text).findall(".//main/ul/li/a")]
    assert a.status == 404 and "/deb-status/project/openstack/project-021" in near and len(near) <= 6
    assert site.get("/epoxy/trixi").status == 404
    assert site.get("/api/v1/status/epoxy/nosuch").json() == {"error": "not-found"}
    assert site.get("/api/v1/projects/openstack/nosuch").status == 404
    for path in ("/jobs/0", "/jobs/x", "/jobs/99999999999999999999", "/api/v1/jobs/999"):
        assert site.get(path).status == 404, path
    a = site.get("/", method="POST")
    assert a.status == 405 and check_html(a.text) is not None
    assert site.get("/epoxy?q=%00").status == 400


def test_database_away(folders):
    away = start(folders)
    away.pg("stop")
    for path in ("/", "/epoxy", "/jobs/1"):
        a = away.get(path)
        assert a.status == 503 and a.headers["retry-after"] and a.headers["cache-control"] == "no-store"
        tree = check_html(a.text)
        assert "database" in text_of(tree.find(".//main"))
        assert away.dir not in a.text
    a = away.get("/health")
    assert a.status == 503 and a.json()["status"] == "down" and a.json()["reasons"]
    assert away.get("/api/v1/series").json() == {"error": "database"}


# ---------------------------------------------------------------- ETag

@pytest.mark.parametrize("path", ["/", "/epoxy", "/epoxy/trixie?sort=-debian", "/queue", "/jobs/1", "/epoxy/changes",
                                  "/project/openstack/project-021", "/feed.atom", "/api/v1/status/epoxy/trixie",
                                  "/epoxy/trixie/badge.svg", "/epoxy/states.svg", "/api/v1/schema.json", "/api/"])
def test_conditional_requests(site, path):
    a = site.page(path)
    etag = a.headers["etag"]
    assert re.fullmatch(r'"[0-9A-Za-z.-]+"', etag)
    assert "Accept-Encoding" in a.headers["vary"]
    for sent in (etag, f"W/{etag}", f'"x", {etag}', f'{etag[:-1]}-gzip"', f'W/"a",W/{etag[:-1]}-gzip" , "b"', "*"):
        b = site.get(path, if_none_match=sent)
        assert (b.status, b.body, b.headers["etag"]) == (304, b"", etag), sent
    for sent in ('"x"', etag[:-2] + '"', etag.strip('"'), f'{etag[:-1]}-br"'):
        assert site.get(path, if_none_match=sent).status == 200, sent
    head = site.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"") and head.headers["content-length"] == str(len(a.body))


def test_an_etag_follows_what_the_page_shows(site):
    pages = ["/", "/epoxy", "/epoxy/trixie", "/epoxy/sid", "/gazpacho", "/queue"]

    def tags():
        return {p: site.get(p).headers["etag"] for p in pages}
    before = tags()
    site.sql("select deb_status.raise_revisions('{epoxy/trixie}')")
    after = tags()
    assert [p for p in pages if before[p] != after[p]] == ["/", "/epoxy", "/epoxy/trixie", "/queue"]
    site.sql("update deb_status.jobs set progress_done = progress_done + 1 where state = 'running' and what = 'bookworm-epoxy'")
    moved = tags()
    assert moved["/"] != after["/"] and moved["/queue"] != after["/queue"]


def test_while_a_job_runs_the_rows_are_not_sent_again(site):
    site.sql("insert into deb_status.jobs (kind, state, step, progress_done, progress_total) values ('archives', 'running', 'a', 1, 9)")
    try:
        a = site.page("/epoxy?fragment=1")
        site.sql("update deb_status.jobs set progress_done = 2 where kind = 'archives' and state = 'running'")
        b = site.page("/epoxy?fragment=1", if_none_match=a.headers["etag"])
        assert 'data-part="1"' in b.text and "<table" not in b.text and 'value="2"' in b.text
        assert len(b.body) < 2500
        assert 'data-poll="2"' in a.text and 'data-poll="2"' in b.text
        assert site.get("/epoxy?fragment=1", if_none_match=b.headers["etag"]).status == 304
        site.sql("select deb_status.raise_revisions('{epoxy}')")
        assert "<table" in site.page("/epoxy?fragment=1", if_none_match=b.headers["etag"]).text
    finally:
        site.sql("delete from deb_status.jobs where kind = 'archives' and state = 'running'")


def test_no_text_depends_on_the_clock(site):
    """The same ETag, the same text: whatever second it is."""
    first = {p: site.page(p) for p in HTML}
    for path, a in first.items():
        b = site.page(path)
        assert b.headers["etag"] != a.headers["etag"] or b.body == a.body, path


# ---------------------------------------------------------------- for programs

@pytest.fixture(scope="module")
def schema(site):
    a = site.page("/api/v1/schema.json")
    assert a.headers["content-type"] == "application/schema+json"
    jsonschema.Draft202012Validator.check_schema(a.json())
    return a.json()


def validate(schema, name, document):
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}).validate(document)
    jsonschema.Draft202012Validator({"anyOf": schema["anyOf"], "$defs": schema["$defs"]}).validate(document)


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


def check_feed(text, site_url="https://example.org/deb-status"):
    """RFC 4287: what a feed and its entries must have."""
    root = ET.fromstring(text)
    assert root.tag == ATOM + "feed"
    one = {c: root.findall(ATOM + c) for c in ("id", "title", "updated", "author")}
    assert all(len(v) == 1 for v in one.values()), one
    assert one["author"][0].find(ATOM + "name").text
    links = {x.get("rel"): x for x in root.findall(ATOM + "link")}
    assert set(links) == {"self", "alternate"} and links["self"].get("type") == "application/atom+xml"
    assert links["self"].get("href").startswith(site_url)
    times = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    ids = set()
    for entry in root.findall(ATOM + "entry"):
        for name in ("id", "title", "updated", "content"):
            assert len(entry.findall(ATOM + name)) == 1, name
        assert entry.find(ATOM + "title").text
        assert times.match(entry.find(ATOM + "updated").text)
        assert entry.find(ATOM + "content").get("type") == "text" and not list(entry.find(ATOM + "content"))
        assert entry.find(ATOM + "link").get("href").startswith(site_url)
        identity = entry.find(ATOM + "id").text
        assert re.match(r"^[a-z]+://[^ ]+$", identity) and identity not in ids
        ids.add(identity)
    assert times.match(one["updated"][0].text)
    newest = [e.find(ATOM + "updated").text for e in root.findall(ATOM + "entry")]
    assert newest == sorted(newest, reverse=True)
    assert not newest or one["updated"][0].text == newest[0]
    return ids


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


def check_svg(text):
    root = ET.fromstring(text)
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    assert root.find(SVG + "title").text
    for element in root.iter():
        assert element.tag.startswith(SVG) and element.tag != SVG + "script"
        assert not any(k.startswith("on") or "href" in k for k in element.keys())
        for name in ("x", "y", "width", "height"):
            assert element.get(name) is None or re.fullmatch(r"-?\d+(\.\d+)?", element.get(name)), ET.tostring(element)
    return root


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


def test_states_over_time_are_those_of_the_days(site):
    """A bar of the picture against the API at that day's end."""
    root = check_svg(site.page("/epoxy/trixie/states.svg").text)
    for group in root.findall(SVG + "g")[5:-1:12]:
        day, said = group.find(SVG + "title").text.split(": ")
        counts = site.get(f"/api/v1/status/epoxy/trixie?at={day}").json()["counts"]
        assert said == ", ".join(f"{counts[k]} {k}" for k in ("missing", "outdated", "ok", "ahead")), day


def check_metrics(text):
    """Prometheus' text format 0.0.4: HELP and TYPE once before a family's samples, no sample twice."""
    families, samples, current = {}, set(), None
    label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
    sample = re.compile(r"([a-z_:][a-z0-9_:]*)(\{%s(?:,%s)*\})? (-?[0-9.e+]+|NaN)$" % (label, label))
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in families, line
            families[current] = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and families[name] is None and kind in ("gauge", "counter")
            families[name] = kind
        else:
            m = sample.match(line)
            assert m and m[1] == current and families[m[1]], line
            assert (m[1], m[2]) not in samples, line
            assert families[m[1]] != "counter" or m[1].endswith("_total"), line
            samples.add((m[1], m[2]))
    return families


def promtool(text):
    program = shutil.which("promtool")
    if program:
        done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


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


# ---------------------------------------------------------------- hostile text

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
    import urllib.parse
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
