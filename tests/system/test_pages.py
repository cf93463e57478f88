# SPDX-License-Identifier: Apache-2.0
"""The pages: valid, the same rows as the API, sorted and filtered by the address, asked for with ETags."""
import re

import pytest

from pages_site import HTML, check_html, empty, site, start, table_rows, text_of  # noqa: F401


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
    before = check_html(site.page("/epoxy/trixie?at=2001-01-01").text)
    assert "its history begins later" in text_of(before.find(".//p[@id='nothing']")) and before.find(".//p[@id='none']") is None
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
        assert not any("old data" in text_of(r) for r in overview), "there is none"
        project = check_html(site.page("/project/openstack/project-021").text).findall(".//table/tbody/tr")
        states = {r.get("data-key"): text_of(r[3]) for r in project}
        assert states["epoxy/bookworm"].startswith("not read yet") and not states["epoxy/trixie"].startswith("not read yet")
        states = {r["state"] for r in site.get("/api/v1/status/epoxy/bookworm").json()["projects"]}
        assert "missing" in states, "the API's states stay those of the contract"
    finally:
        site.sql("update deb_status.suites s set checked = k.checked from deb_status.keep_suites k where k.id = s.id; "
                 "drop table deb_status.keep_suites")


def test_releases_of_a_project_by_series(site):
    """As upstream went on: 2015.1.4 came before 12.0.0, though it is the higher number."""
    numbers = "update deb_status.releases r set key = {} from deb_status.deliverables d join deb_status.series s on s.id = d.series " \
              "where d.id = r.deliverable and s.name = 'dalmatian'"
    site.sql(numbers.format("'\\x00ff'::bytea || r.key"))
    try:
        rows = check_html(site.page("/project/openstack/project-021").text).findall(".//ul[@id='released']/li")
        found = list(dict.fromkeys(r.get("data-key").split()[0] for r in rows))
        assert [s for s in ("gazpacho", "flamingo", "epoxy", "dalmatian") if s in found] == [s for s in found if s not in ("zed", "hibiscus")]
        assert "dalmatian" in found and found.index("dalmatian") > 0
    finally:
        site.sql(numbers.format("substr(r.key, 3)"))


def test_one_day_is_no_picture(site):
    assert check_html(site.page("/epoxy/trixie").text).find(".//h2[@id='pictures']") is not None
    site.sql("create table deb_status.keep_targets as select id, complete_since from deb_status.targets; "
             "update deb_status.targets set complete_since = now()")
    try:
        assert check_html(site.page("/epoxy/trixie").text).find(".//h2[@id='pictures']") is None
    finally:
        site.sql("update deb_status.targets t set complete_since = k.complete_since from deb_status.keep_targets k where k.id = t.id; "
                 "drop table deb_status.keep_targets")


def test_apt_lines(site):
    text = site.page("/epoxy/trixie").text
    assert "deb http://ftp.example.org/debian trixie main\n" in text
    assert "Types: deb\nURIs: http://ftp.example.org/debian\nSuites: trixie\nComponents: main\n" in text


def test_what_is_not_shown_is_said(site):
    def shown(query):
        return text_of(check_html(site.page("/epoxy" + query).text).find(".//span[@id='shown']"))
    assert shown("").endswith(" unreleased or masked everywhere")
    count, total = shown("?masked=1&unreleased=1").split(" of ")
    assert count == total != "0"


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
    # a job that another one asked for leads to it
    for path in ("/jobs/3", "/queue"):
        causes = [a.get("href") for a in check_html(site.page(path).text).iter("a") if text_of(a) == "job 1"]
        assert causes == ["/deb-status/jobs/1"], path


def test_errors_are_pages_with_near_names(site):
    a = site.get("/epoxi")
    tree = check_html(a.text)
    assert a.status == 404 and [x.get("href") for x in tree.findall(".//main/ul/li/a")] == ["/deb-status/epoxy"]
    ways = [text_of(x) for x in tree.findall(".//nav/ul/li/a")]
    assert ways == [text_of(x) for x in check_html(site.page("/epoxy").text).findall(".//nav/ul/li/a")] and "epoxy" in ways
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
    with open(site.config, encoding="utf-8") as f:
        config = f.read()
    try:
        with open(site.config, "w", encoding="utf-8") as f:
            f.write(config.replace("OpenStack in Debian", "Renamed"))
        renamed = tags()
    finally:
        with open(site.config, "w", encoding="utf-8") as f:
            f.write(config)
    assert all(renamed[p] != moved[p] for p in pages) and tags() == moved


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
