# SPDX-License-Identifier: Apache-2.0
"""Pages from a process that has made them before are the same pages, and never old ones."""
import http.client

from fixtures import filled  # noqa: F401


def get(connection, path, **headers):
    connection.request("GET", f"/deb-status{path}", headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    body = answer.read().decode()
    return answer.status, {k: v for k, v in answer.getheaders() if k != "Date"}, body


def test_a_kept_page_is_the_page(filled):
    connection = http.client.HTTPConnection(filled.url.split("/")[2])
    for path in ("/", "/epoxy", "/epoxy?fragment=1", "/epoxy/trixie?state=outdated", "/epoxy/changes", "/jobs/1"):
        first, again = get(connection, path), get(connection, path)
        assert first[0] == 200 and first == again, path
    whole, part = get(connection, "/epoxy")[2], get(connection, "/epoxy?fragment=1")[2]
    assert "<head>" in whole and "<head>" not in part and part.count("<tr") == whole.count("<tr")


def test_a_kept_page_is_never_old(filled):
    connection = http.client.HTTPConnection(filled.url.split("/")[2])
    before = [get(connection, "/epoxy/trixie") for _ in range(2)][1]
    filled.psql("""update deb_status.status st set debian = '99:1-1' from deb_status.targets t join deb_status.series s on s.id = t.series
      where t.id = st.target and s.name = 'epoxy' and t.name = 'trixie' and st.state = 'ok' and not st.masked;
      select deb_status.raise_revisions('{epoxy/trixie}')""")
    after = get(connection, "/epoxy/trixie")
    assert "99:1-1" not in before[2] and "99:1-1" in after[2] and after[1]["ETag"] != before[1]["ETag"]
    # a job that moves is another page as well, and the part with the jobs alone does not take the page's place
    filled.psql("insert into deb_status.jobs (kind, state, step) values ('archives', 'running', 'one')")
    try:
        page = get(connection, "/epoxy/trixie?fragment=1")
        filled.psql("update deb_status.jobs set step = 'two' where kind = 'archives' and state = 'running'")
        part = get(connection, "/epoxy/trixie?fragment=1", If_None_Match=page[1]["ETag"])
        assert "two" in part[2] and "<table" not in part[2]
        assert "<table" in get(connection, "/epoxy/trixie?fragment=1")[2]
        # within one large file nothing but the note moves
        for note in ("3.1 of 900.0 MB", "7.2 of 900.0 MB"):
            filled.psql(f"update deb_status.jobs set progress_done = 0, progress_total = 2, progress_unit = 'files', "
                        f"progress_note = '{note}' where kind = 'archives' and state = 'running'")
            part = get(connection, "/epoxy/trixie?fragment=1", If_None_Match=part[1]["ETag"])
            assert part[0] == 200 and note in part[2]
    finally:
        filled.psql("delete from deb_status.jobs where kind = 'archives' and state = 'running'")
