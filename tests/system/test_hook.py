# SPDX-License-Identifier: Apache-2.0
"""The hook through the real Apache: what is refused and why, what is accepted, what happens when the
database, a client or a secret's file does not behave."""
import base64
import concurrent.futures
import contextlib
import json
import os
import re
import subprocess
import threading
import time
import uuid

import pytest
from conftest import request, wait_for
from hook_site import (BUILT, Postgres, changed, chunked, connect, encode, hexmac, hook_processes,
                       make_config, new_secret, raw, read_answer, signed, write_secret)

KB64 = 65536


@pytest.fixture(scope="module")
def site(folders, make_stack):
    """A stack with all kinds of senders and no worker: jobs stay where the hook puts them."""
    return make_stack(config=make_config(folders()), workers=0)


def counts(site):
    """Deliveries, jobs, events: what a refused request may not add to."""
    return site.psql("select (select count(*) from deb_status.deliveries), "
                     "(select count(*) from deb_status.jobs), "
                     "(select count(*) from deb_status.events)")


def refused(site):
    """{reason: how many} as written so far."""
    rows = site.psql("select reason, sum(refused) from deb_status.refusals group by 1").split()
    return {r: int(n) for r, n in (row.split("|") for row in rows)}


def long_id():
    return "x" * 257


# ---------------------------------------------------------------- what is refused

def cases():
    """(name, sender, how the request differs from a good one, status, reason). `how` gets the site
    and the good headers of BUILT for sender `one`; it returns arguments of raw()."""
    good = encode(BUILT)

    def headers(**new):
        return lambda site, h: {"headers": changed(h, **new), "body": good}

    def method(name, body=b"", **new):
        return lambda site, h: {"method": name, "body": body, "headers": [
            (k.replace("_", "-"), v) for k, v in new.items()]}

    def body(text, secret="one", **new):
        return lambda site, h: {"headers": changed(signed(site.secret(secret), text), **new),
                                "body": text}

    def at(offset):
        return lambda site, h: {"body": good, "headers": signed(
            site.secret("one"), good, timestamp=int(time.time()) + offset)}

    def raw_time(text):
        return lambda site, h: {"body": good,
                                "headers": signed(site.secret("one"), good, timestamp=text)}

    def with_id(text):
        return lambda site, h: {"body": good,
                                "headers": signed(site.secret("one"), good, delivery=text)}

    def signature(change):
        return lambda site, h: {"body": good, "headers": changed(
            h, webhook_signature=change(dict(h)["webhook-signature"]))}

    def flipped(site, h):
        wrong = bytearray(good)
        wrong[9] ^= 1
        return {"headers": h, "body": bytes(wrong)}

    def rewritten(site, h):
        return {"body": good,
                "headers": changed(h, webhook_timestamp=str(int(dict(h)["webhook-timestamp"]) + 1))}

    def to_hex(s):
        return "v1," + base64.b64decode(s[3:]).hex()

    def field(**fields):
        return body(encode({**BUILT, **fields}))
    other = "v1," + base64.b64encode(bytes(32)).decode()
    return [
        *[(f"method {m}", "one", method(m), 405, "method")
          for m in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO")],
        ("GET of no sender", "", method("GET"), 405, "method"),
        ("PUT with a body", "one", method("PUT", good, Content_Length=str(len(good))), 405, "method"),
        ("PUT with 2 MB", "one", method("PUT", b"x" * 2000000, Content_Length="2000000"), 405,
         "method"),
        ("PUT chunked", "one", method("PUT", chunked(good), Transfer_Encoding="chunked"), 405,
         "method"),
        ("no length", "one", headers(Content_Length=None), 411, "length"),
        ("chunked", "one", lambda site, h: {"body": chunked(good), "headers": changed(
            h, Content_Length=None, Transfer_Encoding="chunked")}, 411, "length"),
        ("chunked, of no sender", "nobody", lambda site, h: {"body": chunked(good), "headers": [
            ("Transfer-Encoding", "chunked")]}, 411, "length"),
        ("64 KiB + 1", "one", body(b" " * (KB64 + 1)), 413, "size"),
        ("64 KiB + 1 of an unknown sender", "nobody", body(b" " * (KB64 + 1)), 413, "size"),
        ("1 MiB + 1 where 1 MiB is allowed", "lab", body(b" " * (16 * KB64 + 1), "lab"), 413, "size"),
        ("a length of 18 digits", "one", headers(Content_Length="9" * 18), 413, "size"),
        ("no type", "one", headers(Content_Type=None), 415, "type"),
        ("form data", "one", headers(Content_Type="application/x-www-form-urlencoded"), 415, "type"),
        ("text", "one", headers(Content_Type="text/plain"), 415, "type"),
        ("two types", "one", headers(Content_Type=["application/json"] * 2), 415, "type"),
        ("type before signature", "nobody", headers(Content_Type="text/json"), 415, "type"),
        *[(f"{state} {h}", "one", headers(**{h: value}), 401, "signature")
          for h in ("webhook-id", "webhook-timestamp", "webhook-signature")
          for state, value in (("no", None), ("empty", ""))],
        ("two ids", "one", lambda site, h: {"body": good, "headers": changed(
            h, webhook_id=[dict(h)["webhook-id"]] * 2)}, 401, "signature"),
        ("two timestamps", "one", lambda site, h: {"body": good, "headers": changed(
            h, webhook_timestamp=[dict(h)["webhook-timestamp"]] * 2)}, 401, "signature"),
        ("two signature headers", "one", lambda site, h: {"body": good, "headers": changed(
            h, webhook_signature=[dict(h)["webhook-signature"]] * 2)}, 401, "signature"),
        ("301 s ago", "one", at(-301), 401, "signature"),
        ("302 s ahead", "one", at(302), 401, "signature"),
        ("milliseconds", "one", lambda site, h: raw_time(str(int(time.time() * 1000)))(site, h), 401,
         "signature"),
        ("timestamp rewritten", "one", rewritten, 401, "signature"),
        ("timestamp with a leading zero", "one",
         lambda site, h: raw_time(f"0{int(time.time())}")(site, h), 401, "signature"),
        ("timestamp with letters behind", "one",
         lambda site, h: raw_time(f"{int(time.time())}abc")(site, h), 401, "signature"),
        ("timestamp with a sign", "one",
         lambda site, h: raw_time(f"+{int(time.time())}")(site, h), 401, "signature"),
        ("timestamp in hex", "one",
         lambda site, h: raw_time(hex(int(time.time())))(site, h), 401, "signature"),
        ("01614265330", "one", raw_time("01614265330"), 401, "signature"),
        ("1614265330abc", "one", raw_time("1614265330abc"), 401, "signature"),
        ("id with a dot", "one", with_id("msg.1"), 401, "signature"),
        ("id with a space", "one", with_id("msg 1"), 401, "signature"),
        ("id of 257 bytes", "one", with_id(long_id()), 401, "signature"),
        ("wrong prefix", "one", signature(lambda s: "v2" + s[2:]), 401, "signature"),
        ("prefix in upper case", "one", signature(lambda s: "V1" + s[2:]), 401, "signature"),
        ("no prefix", "one", signature(lambda s: s[3:]), 401, "signature"),
        ("hex for base64", "one", signature(to_hex), 401, "signature"),
        ("bytes behind the signature", "one", signature(lambda s: s + "AAAA"), 401, "signature"),
        ("padding cut off", "one", signature(lambda s: s[:-1]), 401, "signature"),
        ("a word behind", "one", signature(lambda s: s + " x"), 401, "signature"),
        ("one letter changed", "one",
         signature(lambda s: s[:9] + ("A" if s[9] != "A" else "B") + s[10:]), 401, "signature"),
        ("100 signatures", "one", signature(lambda s: " ".join([other] * 99 + [s])), 401,
         "signature"),
        ("one bit of the body flipped", "one", flipped, 401, "signature"),
        ("unknown sender", "nobody", headers(), 401, "signature"),
        ("sender in upper case", "ONE", headers(), 401, "signature"),
        ("sender with a slash behind", "one/", headers(), 401, "signature"),
        ("sender that is no UTF-8", "%ff", headers(), 401, "signature"),
        ("the right key of another sender", "two", headers(), 401, "signature"),
        ("standard headers for profile github", "hub", headers(), 401, "signature"),
        ("no signature, profile github", "hub", lambda site, h: {"body": good, "headers": h[:2]}, 401,
         "signature"),
        ("sha1, profile github", "hub", lambda site, h: {"body": good, "headers": h[:2] + [
            ("X-Hub-Signature", "sha1=" + "0" * 40)]}, 401, "signature"),
        ("another body, profile github", "hub", lambda site, h: {"body": good, "headers": h[:2] + [
            ("X-Hub-Signature-256", "sha256=" + hexmac(site.secret("hub"), b"x"))]}, 401, "signature"),
        ("another key, profile hmac", "mac", lambda site, h: {"body": good, "headers": h[:2] + [
            ("X-Mac", hexmac(site.secret("hub"), good))]}, 401, "signature"),
        ("another header, profile hmac", "mac", lambda site, h: {"body": good, "headers": h[:2] + [
            ("X-Hub-Signature-256", hexmac(site.secret("mac"), good))]}, 401, "signature"),
        *[(f"no JSON object: {text[:20]!r}", "one", body(text), 400, "body") for text in (
            b"", b"x", b"[]", b'"x"', b"17", b"null", b'{"type": "package.built"', b"\xff\xfe{}",
            b'{"type": "package.built", "mirror": "one"}\0', b'\0', b"[" * 40000,
            b'{"a":' * 13000, b'{"type": "package.built\\u0000", "mirror": "one"}',
            b'{"\\ud800": 1, "type": "x"}', b'{"x": 1e999999, "type": "x"}')],
        *[(f"not allowed: {value}", "one", body(encode(value)), 403, "not-allowed") for value in (
            {**BUILT, "mirror": "two"}, {**BUILT, "mirror": "cold"}, {**BUILT, "mirror": "none"},
            {**BUILT, "mirror": "One"}, {**BUILT, "mirror": "two", "source": 1},
            {"type": "releases.changed"})],
        *[(f"wrong field: {str(f)[:40]}", "one", field(**f), 400, "body") for f in (
            {"mirror": None}, {"mirror": 1}, {"type": 1}, {"type": None}, {"source": 1},
            {"source": "No"}, {"source": "a b"}, {"source": "x" * 200}, {"version": "1"},
            {"source": "nova", "version": "x"}, {"source": "nova", "version": "1\n2"},
            {"url": "javascript:alert(1)"}, {"url": "http://x/ y"}, {"url": "https://x/" + "y" * 3000})],
        ("no mirror", "one", body(b'{"type": "package.built"}'), 400, "body"),
        ("no type", "one", body(b'{"mirror": "one"}'), 400, "body"),
        ("1e131071 as a mirror", "one", body(b'{"type": "package.built", "mirror": 1e131071}'), 400,
         "body"),
    ]


def test_refused(site):
    before, seen, wrong, expected = counts(site), refused(site), [], {}
    table = cases()
    assert len(table) >= 100
    for name, sender, how, status, reason in table:
        h = signed(site.secret("one"), BUILT)
        answer = raw(site.hook, path=f"/hook/{sender}" if sender else "/hook", **how(site, h))
        expected[reason] = expected.get(reason, 0) + 1
        said = None
        if answer and answer.body:
            with contextlib.suppress(ValueError):
                said = answer.json()
        if answer is None or answer.status != status or (
                said != {"error": reason} and not name.endswith("HEAD")) or (
                answer.headers.get("Content-Type") != "application/json"):
            wrong.append((name, answer and (answer.status, answer.body[:80]), status, reason))
    assert not wrong, "\n".join(map(str, wrong))
    assert counts(site) == before, "a refused request left something"

    # Each is counted by its reason, once, within the ten seconds between two writes.
    def counted():
        now = refused(site)
        return all(now.get(r, 0) - seen.get(r, 0) >= n for r, n in expected.items()) and now
    now = wait_for(counted, f"counted: {expected}", 20)
    for reason, n in expected.items():
        slack = 4 if reason == "method" else 0  # `tests/stack up` asks with GET, too
        assert n <= now[reason] - seen.get(reason, 0) <= n + slack, reason
    rows = site.psql("select string_agg(format('<%s>', sender), ' ' order by sender) "
                     "from deb_status.senders_seen where refused > 0")
    assert rows == "<> <default> <hub> <lab> <mac> <one> <two>", "unknown ones under no name"
    metrics = site.get("/metrics").text
    n = site.psql("select refused from deb_status.refusals where sender = 'hub'")
    assert f'deb_status_refused_total{{sender="hub",reason="signature"}} {n}\n' in metrics


def test_what_apache_refuses_by_itself(site):
    """Before any program: its own page, whatever it is, and nothing of ours."""
    before, good = counts(site), encode(BUILT)
    h = signed(site.secret("one"), good)
    for name, headers, path, status in (
            ("NUL in a header", changed(h, x_a="a\0b"), "/hook/one", 400),
            ("200 headers", h + [(f"X-{i}", "1") for i in range(200)], "/hook/one", 400),
            ("a header of 10 kB", h + [("X", "x" * 10000)], "/hook/one", 400),
            ("two lengths", changed(h, Content_Length=["1", "2"]), "/hook/one", 400),
            ("a length of 99 digits", changed(h, Content_Length="9" * 99), "/hook/one", 400),
            ("a negative length", changed(h, Content_Length="-1"), "/hook/one", 400),
            ("NUL in the path", h, "/hook/%00", 404),
            ("an encoded slash", h, "/hook/a%2Fb", 404),
            ("a path that leaves", h, "/hook/../../etc/passwd", 400),
            ("a path of 9 kB", h, "/hook/" + "x" * 9000, 414)):
        answer = raw(site.hook, headers, good, path=path)
        assert answer.status == status, (name, answer.status, answer.body)
    assert counts(site) == before


def test_an_unread_body_is_no_next_request(site):
    """What Apache refuses unread ends the connection: the body must not be taken for a request."""
    inner = b"GET /deb-status/health HTTP/1.1\r\nHost: x\r\n\r\n"
    for head in ("PUT /hook/one HTTP/1.1\r\nContent-Length: 49",
                 f"PUT /hook/one HTTP/1.1\r\nContent-Length: {len(inner)}",
                 "POST /hook/one HTTP/1.1\r\nContent-Length: 999999999",
                 "POST /hook/one HTTP/1.1\r\nTransfer-Encoding: chunked",
                 "POST /hook/one HTTP/1.1\r\nX: y"):
        with connect(site.hook, 5) as s:
            s.sendall(head.encode() + b"\r\nHost: x\r\n\r\n" + inner)
            with s.makefile("rb") as stream:
                assert read_answer(stream).status in (405, 411, 413)
                with contextlib.suppress(ConnectionResetError):
                    assert read_answer(stream) is None, head


# ---------------------------------------------------------------- what is accepted

def test_accepted(site):
    """The variants of a good request, each its own delivery."""
    other = "v1," + base64.b64encode(bytes(32)).decode()
    now, good, secret = int(time.time()), encode(BUILT), site.secret("one")
    h = signed(secret, good)
    mine = dict(h)["webhook-signature"]
    jobs = set()
    for name, headers in (
            ("plain", h),
            ("parameters", changed(signed(secret, good), Content_Type="application/json; charset=utf-8")),
            ("type in capitals", changed(signed(secret, good), Content_Type="Application/JSON")),
            ("299 s ago", signed(secret, good, timestamp=now - 295)),
            ("299 s ahead", signed(secret, good, timestamp=now + 299)),
            ("an odd id", signed(secret, good, delivery="a:b/c=~!'\"<script>")),
            ("an id of 256 bytes", signed(secret, good, delivery=long_id()[1:])),
            ("one of many signatures", None), ("headers in capitals", None)):
        if name == "one of many signatures":
            headers = signed(secret, good)
            mine = dict(headers)["webhook-signature"]
            headers = changed(headers, webhook_signature=" ".join(
                ["v1a,bm90aGluZw=="] + [other] * 13 + [mine, "v9,x"]))
        elif name == "headers in capitals":
            headers = [(n.upper(), v) for n, v in signed(secret, good)]
        answer = raw(site.hook, headers, good, path="/hook/one")
        assert answer.status == 202, (name, answer.status, answer.body)
        said = answer.json()
        assert list(said) == ["job", "state", "url"] and said["state"] == "queued", name
        assert said["url"] == f"{site.url}/jobs/{said['job']}"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Vary" not in answer.headers and "Retry-After" not in answer.headers
        jobs.add(said["job"])
    assert len(jobs) == 1, "equal pending jobs are one"
    waiting = site.psql("select kind, what from deb_status.jobs where state = 'queued' "
                        "and (what = 'one' or kind = 'releases') order by kind")
    assert waiting == "mirror|one\nreleases|"


def test_large_bodies(site):
    filler = {**BUILT, "x": ""}
    for sender, size, status in (("one", KB64, 202), ("lab", 16 * KB64, 403)):
        body = encode({**filler, "x": "y" * (size - len(encode(filler)))})
        assert len(body) == size
        assert site.post(sender, body).status == status
    body = encode({"type": "x", "x": "y" * 1000000})
    assert site.post("lab", body).json() == {"ignored": "type"}
    assert site.psql("select max(octet_length(body)) from deb_status.deliveries "
                     "where sender = 'lab'") == str(len(body)), "kept as it came"


def test_expect_continue(site):
    """curl asks before it sends a large body; Apache answers 100 first."""
    body = encode({**BUILT, "x": "y" * 2000})
    with connect(site.hook, 10) as s:
        head = "".join(f"{n}: {v}\r\n" for n, v in signed(site.secret("one"), body))
        s.sendall(f"POST /hook/one HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{head}\r\n".encode())
        with s.makefile("rb") as stream:
            assert stream.readline().startswith(b"HTTP/1.1 100")
            stream.readline()
            s.sendall(body)
            assert read_answer(stream).status == 202


def test_default_sender(site):
    body = encode(BUILT)
    for path in ("/hook", "/hook/", "/hook/default"):
        assert raw(site.hook, signed(site.secret("default"), body), body, path=path).status == 202
    assert raw(site.hook, signed(site.secret("one"), body), body, path="/hook").status == 401


def test_rights_come_from_the_sender(site):
    two = {"type": "package.built", "mirror": "two", "sender": "one", "source": "nova",
           "version": "2:31.3.1-1~bpo12+1", "url": "https://ci.example.org/job/17/"}
    answer = site.post("two", two)
    assert answer.status == 202
    row = site.psql("select sender, mirror, source, version, url from deb_status.deliveries "
                    f"where job = {answer.json()['job']}")
    assert row == "two|two|nova|2:31.3.1-1~bpo12+1|https://ci.example.org/job/17/"
    assert site.post("two", {"type": "releases.changed"}).status == 202
    assert site.post("two", {"type": "package.built", "mirror": "cold"}).json() == {"ignored": "frozen"}
    assert site.post("two", {"type": "package.built", "mirror": "one"}).status == 403
    assert site.post("mac", BUILT).status == 401


def test_replay(site):
    delivery, body = f"msg_{uuid.uuid4().hex}", encode({"type": "package.built", "mirror": "two"})
    first = site.post("two", body, delivery)
    assert first.status == 202
    job = first.json()["job"]
    again = site.post("two", body, delivery)
    assert (again.status, again.json()) == (200, first.json()), "fresh signature, same delivery"
    site.psql(f"update deb_status.jobs set state = 'running', token = nextval('deb_status.job_tokens') "
              f"where id = {job}")
    assert site.post("two", body, delivery).json()["state"] == "running"
    later = site.post("two", body).json()["job"]
    assert later != job, "what comes during the run makes another job"
    token = site.psql(f"select token from deb_status.jobs where id = {job}")
    site.psql(f"select deb_status.queue_finish({job}, {token}, 'retry', 'x', null, 5)")
    again = site.post("two", body, delivery)
    assert (again.status, again.json()["job"], again.json()["state"]) == (200, later, "queued")
    reused = site.post("two", body + b" ", delivery)
    assert (reused.status, reused.json()) == (409, {"error": "id-reused"})
    wait_for(lambda: f"id-reused sender=two id={delivery}" in site.log("apache"), "a line in the log")
    wait_for(lambda: any("two" in r and "id" in r for r in site.get("/health").json()["reasons"]),
             "a reason in /health", 15)
    one = site.post("one", BUILT, delivery)
    assert one.status == 202, "another sender's ids are its own"
    assert site.psql(f"select count(*) from deb_status.deliveries where delivery = '{delivery}'") == "2"


def test_replay_at_once(site):
    """Sixteen at the same time: one is new, one row."""
    for _ in range(5):
        delivery = f"msg_{uuid.uuid4().hex}"
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _, d=delivery: site.post("one", BUILT, d), range(16)))
        assert sorted(a.status for a in answers) == [200] * 15 + [202]
        assert len({a.json()["job"] for a in answers}) == 1
        assert site.psql("select count(*) from deb_status.deliveries "
                         f"where delivery = '{delivery}'") == "1"


def test_profile_github(site):
    def post(body, event="push", secret=None):
        raw_body = encode(body)
        mac = hexmac(secret or site.secret("hub"), raw_body)
        return request(f"{site.hook}/hub", raw_body, {
            "Content-Type": "application/json", "X-GitHub-Event": event,
            "X-Hub-Signature-256": f"sha256={mac}"})
    assert post({"zen": "x"}, "ping").json() == {"ignored": "event"}
    assert post({"ref": "refs/heads/master"}).json() == {"ignored": "event"}
    first = post({"type": "releases.changed", "n": 1})
    assert first.status == 202
    again = post({"type": "releases.changed", "n": 1})
    assert (again.status, again.json()["job"]) == (200, first.json()["job"]), "by the body's hash"
    assert post({"type": "releases.changed", "n": 2}).status == 202
    assert post({"type": "releases.changed", "n": 3}, secret="x").status == 401
    assert post(BUILT).status == 403
    assert request(f"{site.hook}/hub", b"", {"Content-Type": "application/json",
                   "X-Hub-Signature-256": "sha256=" + hexmac(site.secret("hub"), b"")}).status == 400


def test_an_event_that_is_no_text(site):
    """The one word from outside that the database may not take: the sender's fault, not ours."""
    body = b'{"type": "releases.changed"}'
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))),
               ("X-Hub-Signature-256", "sha256=" + hexmac(site.secret("hub"), body))]
    answer = raw(f"{site.hook}/hub", headers + [("X-GitHub-Event", "p\xffsh")], body)
    assert (answer.status, answer.json()) == (400, {"error": "body"})
    assert raw(f"{site.hook}/hub", headers + [("X-GitHub-Event", "push")], body).status in (200, 202)


def test_profile_hmac(site):
    def post(body, upper=False):
        mac = hexmac(site.secret("mac"), body)
        return request(f"{site.hook}/mac", encode(body), {
            "Content-Type": "application/json", "X-Mac": mac.upper() if upper else mac})

    def twice():
        minute = int(time.time()) // 60
        body = {**BUILT, "x": uuid.uuid4().hex}
        answers = post(body), post(body, upper=True)
        return answers if int(time.time()) // 60 == minute else None
    first, again = twice() or twice()  # the replay key is body and minute
    assert (first.status, again.status) == (202, 200)
    assert first.json() == again.json()


def test_gitlab_events(site):
    """Pushes and tags of allowed projects become events; the rest is ignored. GitLab signs as
    Standard Webhooks do."""
    push = {"object_kind": "push", "ref": "refs/heads/debian/epoxy", "after": "1" * 40,
            "project": {"path_with_namespace": "openstack-team/services/nova",
                        "web_url": "https://salsa.debian.org/openstack-team/services/nova"},
            "commits": [{"message": "x" * 100000}]}
    header = {"X-Gitlab-Event": "Push Hook"}
    assert site.post("lab", push, headers=header).json() == {"ignored": "packaging"}
    tag = {**push, "object_kind": "tag_push", "ref": "refs/tags/debian/2%31.3.1-1"}
    assert site.post("lab", tag, headers={"X-Gitlab-Event": "Tag Push Hook"}).status == 200
    other = {**push, "project": {"path_with_namespace": "python-team/nova"}}
    assert site.post("lab", other, headers=header).json() == {"ignored": "event"}
    assert site.post("lab", {"object_kind": "note"}, headers=header).json() == {"ignored": "event"}
    assert site.post("one", push, headers=header).status == 413
    assert site.psql("select kind, project from deb_status.recent") == "packaging changed|nova\npackaging changed|nova"
    assert site.psql("select text from deb_status.events order by text").split("\n") == [
        "packaging changed: debian/2%31.3.1-1 in openstack-team/services/nova",
        "packaging changed: debian/epoxy in openstack-team/services/nova"]


def test_request_id_follows(site):
    answer = site.post("one", BUILT, delivery := f"msg_{uuid.uuid4().hex}",
                       headers={"X-Request-Id": "theirs"})
    assert answer.status == 202
    rid = site.psql(f"select request_id from deb_status.deliveries where delivery = '{delivery}'")
    assert re.fullmatch(r"[A-Za-z0-9@_-]{20,40}", rid), "mod_unique_id's, not the client's"
    wait_for(lambda: rid in site.log("access"), "Apache's access log has it")
    line = next(x for x in site.log("apache").splitlines() if delivery in x)
    assert f"request={rid}" in line and "status=202" in line
    assert site.psql("select count(*) from deb_status.jobs j join deb_status.deliveries d "
                     "on d.job = j.id and d.request_id = j.request_id where j.kind = 'mirror'") != "0"


# ---------------------------------------------------------------- secrets

def test_rotation(site):
    path = f"{site.etc}/secrets/two-old"
    old, new = site.secret("two-old"), site.secret("two")
    body = {"type": "package.built", "mirror": "two"}
    assert site.post("two", body, secret=old).status == 202
    assert site.post("two", body, secret=new).status == 202
    used = site.psql("select secret from deb_status.secrets_used where sender = 'two' order by 1")
    assert used == "two\ntwo-old"
    third = new_secret()
    write_secret(path, third)
    wait_for(lambda: site.post("two", body, secret=third).status == 202, "a new secret is taken", 5)

    def all_refuse(secret):
        """Every process looks at the files once a second."""
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return all(pool.map(lambda _: site.post("two", body, secret=secret).status == 401,
                                range(32)))
    wait_for(lambda: all_refuse(old), "the old one is refused", 10)
    os.chmod(path, 0o644)
    wait_for(lambda: all_refuse(third), "a secret that others can read is not used", 10)
    assert "two-old can be read or changed by others" in site.log("apache")
    assert site.post("two", body, secret=new).status == 202, "the other one goes on"
    os.chmod(path, 0o640)
    wait_for(lambda: site.post("two", body, secret=third).status == 202, "and is used again", 5)
    for text in (old, new, third):
        for log in ("apache", "access", "postgres"):
            assert text.strip()[6:] not in site.log(log), "a secret in a log"


def test_bad_configuration_keeps_the_old(site):
    with open(site.config, encoding="utf-8") as f:
        text = f.read()
    try:
        with open(site.config, "a", encoding="utf-8") as f:
            f.write("  more: {secrets: [secrets/one], nonsense: 1}\n")
        wait_for(lambda: (site.post("one", BUILT).status == 202
                          and "unknown setting 'nonsense'" in site.log("apache")), "said in the log", 10)
    finally:
        with open(site.config, "w", encoding="utf-8") as f:
            f.write(text)
    assert site.post("one", BUILT).status == 202


def test_a_sender_that_the_database_does_not_know_yet(site):
    """Its file is there, the job `configure` is not done: to be tried again."""
    with open(site.config, encoding="utf-8") as f:
        text = f.read()
    try:
        with open(site.config, "a", encoding="utf-8") as f:
            f.write("  new: {secrets: [secrets/one], mirrors: [one]}\n")

        def known():
            answer = site.post("new", BUILT, secret=site.secret("one"))
            return answer.status != 401 and answer
        answer = wait_for(known, "the hook knows the sender", 10)
        assert (answer.status, answer.json()) == (503, {"error": "database"})
        assert answer.headers["Retry-After"] == "5"
    finally:
        with open(site.config, "w", encoding="utf-8") as f:
            f.write(text)


def test_without_a_configuration(site, folder):
    """A process that never read one (here as plain CGI) takes nothing."""
    def answer(method):
        env = {"PATH": site.env["PATH"], "DEB_STATUS_CONFIG": f"{folder}/deb-status.yaml",
               "REQUEST_METHOD": method, "SCRIPT_NAME": "/hook", "PATH_INFO": "//x",
               "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
        return subprocess.run(["hook.fcgi"], input="{}", env=env, capture_output=True, text=True,
                              check=True).stdout
    refused_post = answer("POST")
    assert "Status: 503" in refused_post and "Retry-After: 5" in refused_post
    assert '{"error": "database"}' in refused_post
    assert "Status: 405" in answer("GET")


# ---------------------------------------------------------------- clients and databases that misbehave

def test_slow_and_endless_bodies_hold_no_process(site):
    """A slow client holds a thread of Apache's, for ten seconds, and no process of ours."""
    head = "".join(f"{n}: {v}\r\n" for n, v in signed(site.secret("one"), BUILT))
    before = counts(site)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(site.hook, 30)) for _ in range(8)]
        began = time.monotonic()
        for s in slow:
            s.sendall(f"POST /hook/one HTTP/1.1\r\nHost: x\r\n{head}\r\n{{".encode())
        spent = []
        for _ in range(20):
            t = time.monotonic()
            assert site.post("one", b"{}").status == 400
            spent.append(time.monotonic() - t)
        assert sorted(spent)[10] < 0.5, spent
        for s in slow:
            with s.makefile("rb") as stream:
                answer = read_answer(stream)
                assert answer is None or answer.status in (400, 408, 500), answer.status
        assert time.monotonic() - began < 25
    with connect(site.hook, 5) as s:  # and one that goes away in the middle
        s.sendall(f"POST /hook/one HTTP/1.1\r\nHost: x\r\n{head}\r\n{{".encode())
    assert site.post("one", b"{}").status == 400
    assert counts(site) == before


def timed(site, n, threads=16):
    """[(status, Retry-After, reason, seconds)] of n good posts at once."""
    def one(_):
        began = time.monotonic()
        a = site.post("one", BUILT)
        return a.status, a.headers.get("Retry-After"), a.json().get("error"), time.monotonic() - began
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(n)))


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def test_database_hangs(site):
    timed(site, 64)  # all processes are there, with their connections
    usual = max(a[3] for a in timed(site, 64))  # what this machine takes at present, beside our own limit
    database = Postgres(site)
    with database.hanging():
        first = timed(site, 32)
        assert {a[:3] for a in first} == {(503, "5", "database")}
        assert max(a[3] for a in first) < 3 + 4 * usual, (usual, sorted(a[3] for a in first))
        wait_for(lambda: max(a[3] for a in timed(site, 32)) < 1.5, "then nobody waits any more", 20)
        pids = hook_processes(site)
        busy = cpu_seconds(pids)
        began = time.monotonic()
        rest = timed(site, 16)
        wait_for(lambda: time.monotonic() - began > 2, "two seconds")
        assert cpu_seconds(pids) - busy < 1, "busy processes"
        assert {a[:3] for a in rest} == {(503, "5", "database")}
    wait_for(lambda: all(a[0] == 202 for a in timed(site, 16)), "accepted again", 10)


def test_database_away(site):
    database = Postgres(site)
    database.end()
    answers = timed(site, 32)
    assert {a[:3] for a in answers} == {(503, "5", "database")}
    assert max(a[3] for a in answers) < 3
    assert site.get("/health").status == 503
    database.start()
    wait_for(lambda: all(a[0] == 202 for a in timed(site, 16)), "accepted again", 10)


def test_refusals_are_rate_limited_in_the_log(site):
    before = site.log("apache").count(" refused reason=")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: raw(site.hook, [("Content-Length", "2"), ("Content-Type", "text/x")], b"{}"),
                      range(600)))
    lines = site.log("apache").count(" refused reason=") - before
    assert 0 < lines < 400, lines


def test_sigterm_finishes_the_request_in_hand(site):
    """A process that is told to stop while it waits for the database answers first."""
    timed(site, 64)
    with contextlib.ExitStack() as stack:
        lock = threading.Event()
        done = threading.Event()

        def hold():
            # the row that each delivery has to read; released while the request waits
            import psycopg2
            with contextlib.closing(psycopg2.connect(site.env["DEB_STATUS_ADMIN_DATABASE"])) as db:
                cursor = db.cursor()
                cursor.execute("lock table deb_status.deliveries in exclusive mode")
                lock.set()
                done.wait(10)
        holder = threading.Thread(target=hold)
        holder.start()
        stack.callback(holder.join)
        stack.callback(done.set)
        assert lock.wait(10)
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(1))
        answer = pool.submit(site.post, "one", BUILT)

        def waiting():
            return site.psql("select count(*) from pg_locks where not granted") == "1"
        wait_for(waiting, "a request waits", 1, 0.01)
        pids = hook_processes(site)
        for pid in pids:
            os.kill(pid, 15)
        done.set()
        assert answer.result(10).status == 202
    # mod_fcgid may yet hand a request or two to a process that is gone
    wait_for(lambda: site.post("one", BUILT).status == 202, "new processes answer", 10)


def post_once(site, sender, body, delivery, timeout):
    raw_body = encode(body)
    return request(f"{site.hook}/{sender}", raw_body, timeout=timeout,
                   headers=dict(signed(site.secret(sender), raw_body, delivery)))


def test_graceful_reload_loses_nothing(site):
    """Apache reloads under steady posts: what was answered 2xx is there, and a retry heals the rest.
    (A reload while mod_fcgid starts a process can leave that request without an answer for ever.)"""
    accepted, errors, stop = [], [], threading.Event()

    def client():
        while not stop.is_set():
            delivery = f"msg_{uuid.uuid4().hex}"
            for _ in range(10):
                try:
                    a = post_once(site, "one", BUILT, delivery, 8)
                except OSError as e:
                    errors.append(str(e))
                    continue
                if a.status in (200, 202):
                    accepted.append(delivery)
                    break
                errors.append(a.status)
            else:
                errors.append("given up")
                return
            stop.wait(0.02)
    threads = [threading.Thread(target=client) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        for _ in range(2):
            n = len(accepted)
            os.kill(site.pids()["apache"], 10)  # SIGUSR1: graceful
            wait_for(lambda n=n: len(accepted) > n + 40, "posts go on", 30)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert "given up" not in errors, errors
    with_row = site.psql("select delivery from deb_status.deliveries").split("\n")
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) <= set(with_row)


def test_an_unknown_sender_takes_the_same_work(site):
    """Not measured here (it would fail by chance; test_hook.c counts the keys): the answer is the
    same, byte for byte."""
    body = encode(BUILT)
    answers = [raw(site.hook, signed(site.secret("hub"), body), body, path=f"/hook/{s}")
               for s in ("one", "nobody", "two", "hub")]
    heads = [{k: v for k, v in a.headers.items() if k != "Date"} for a in answers]
    assert all(a.status == 401 and a.body == answers[0].body for a in answers)
    assert all(h == heads[0] for h in heads)
    assert json.loads(answers[0].body) == {"error": "signature"}
