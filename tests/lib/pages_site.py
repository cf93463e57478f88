# SPDX-License-Identifier: Apache-2.0
"""pages.fcgi as a plain CGI program on databases that SQL has filled, and what its answers have to be.

  site, evil, empty, schema   fixtures, to be imported
  check_html, check_feed, check_svg, check_metrics, promtool, validate"""
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


@pytest.fixture(scope="module")
def schema():
    with open(f"{TOP}/static/schema.json", encoding="utf-8") as f:
        return json.load(f)


def validate(schema, name, document):
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}).validate(document)
    jsonschema.Draft202012Validator({"anyOf": schema["anyOf"], "$defs": schema["$defs"]}).validate(document)


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
