# SPDX-License-Identifier: Apache-2.0
"""An open page: it follows what changes, and whoever reads it notices nothing else."""
import http.client
import random
import subprocess

import pytest
from conftest import TOP, wait_for
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Browser
from fixtures import browser, filled  # noqa: F401

ROUNDS = 6  # the soak does a hundred

# What a reader has under his eyes and fingers.
STATE = """
const s = getSelection(), a = document.activeElement;
return {
  // where the row at hand is on the screen: one above the screen that grew a line is no reason to move it
  x: scrollX, y: a && a.closest('tr') ? Math.round(a.closest('tr').getBoundingClientRect().top) : scrollY, focus: a ? a.outerHTML.slice(0, 200) : '', caret: a && a.selectionStart,
  selection: s.toString(), open: [...document.querySelectorAll('details[open]')].map(d => d.id || d.closest('tr').dataset.key),
  query: location.search, q: (document.querySelector('[name=q]') || {}).value || '',
  sorted: [...document.querySelectorAll('[aria-sort]')].map(h => h.textContent + h.getAttribute('aria-sort')),
};
"""
# Text of each cell, and the nodes themselves, to see which of them were touched.
CELLS = """
window.cells = {}; window.nodes = {};
window.said = c => c.textContent + [...c.querySelectorAll('time')].map(t => t.dateTime).join();
for (const r of document.querySelectorAll('#table tbody tr[data-key]:not(.group)')) for (const c of r.children) {
  const k = r.dataset.key + ' ' + c.dataset.key;
  window.cells[k] = window.said(c); window.nodes[k] = c;
}
window.touched = new Set();
window.watch && window.watch.disconnect();
window.watch = new MutationObserver(list => { for (const m of list) {
  const n = m.target.nodeType === 1 ? m.target : m.target.parentElement, c = n && n.closest('#table td, #table tbody th');
  // not the mark of a change, nor an age that goes on
  if (c && (m.type === 'attributes' ? m.attributeName !== 'class' && m.attributeName !== 'title' : !n.closest('time'))) window.touched.add(c.parentElement.dataset.key + ' ' + c.dataset.key);
} });
window.watch.observe(document.getElementById('table'), {subtree: true, childList: true, characterData: true, attributes: true});
"""
CHANGED = """
const out = {changed: [], replaced: [], touched: [...window.touched].sort()};
for (const r of document.querySelectorAll('#table tbody tr[data-key]:not(.group)')) for (const c of r.children) {
  const k = r.dataset.key + ' ' + c.dataset.key;
  if (window.cells[k] !== window.said(c)) out.changed.push(k);
  if (window.nodes[k] && window.nodes[k] !== c) out.replaced.push(k);
}
return out;
"""


@pytest.fixture(autouse=True)
def nothing_remembered(filled, browser):
    """No filter of the test before."""
    browser.driver.get(filled.url + "/static/icon.svg")
    browser.driver.execute_script("localStorage.clear()")
    browser.driver.get_log("browser")


def js(browser, text, *args):
    return browser.driver.execute_script(text, *args)


def revision(browser):
    return int(js(browser, "return document.getElementById('main').dataset.revision"))


def refresh(browser):
    """Asks now, as coming back to the tab does."""
    js(browser, "document.dispatchEvent(new Event('visibilitychange'))")


def no_errors(browser):
    assert [e for e in browser.driver.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]] == []


def change(stack, rows, series="epoxy", target="trixie"):
    """Gives some rows of a target another version and state, as a comparison does."""
    stack.psql(f"""
      update deb_status.status st set debian = case when debian like '%+x' then left(debian, -2) else debian || '+x' end, state = case when state = 'ok' then 'ahead' else 'ok' end,
             behind = null, since = now(), since_known = true
        from deb_status.targets t join deb_status.series s on s.id = t.series
       where t.id = st.target and s.name = '{series}' and t.name = '{target}'
         and st.project in (select st2.project from deb_status.status st2 where st2.target = t.id and st2.debian is not null
                             and st2.upstream is not null and not st2.masked order by md5(st2.project::text || '{random.random()}') limit {rows});
      select deb_status.raise_revisions('{{{series},{series}/{target}}}')""")


def test_a_cell_changes_after_a_build(stack, browser):
    """The demo: POST, rsync, verify, publish, compare, and the open page shows it by itself."""
    browser.driver.get(stack.url + "/epoxy/bookworm-osbpo")
    cell = "return document.querySelector('#table tr[data-key=\"openstack/nova\"] td[data-key=v]').textContent.trim()"
    assert js(browser, cell) == "2:31.1.0-1~bpo12+1"
    js(browser, "window.same = document.querySelector('#table tr[data-key=\"openstack/nova\"]')")
    done = subprocess.run([f"{TOP}/tests/demo/build", stack.dir, "bookworm-epoxy", "nova", "2:31.2.0-1~bpo12+1"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: js(browser, cell) == "2:31.2.0-1~bpo12+1", "the cell changes by itself", 30)
    row = browser.driver.find_element(By.CSS_SELECTOR, '#table tr[data-key="openstack/nova"]')
    assert "ok" in row.text and js(browser, "return window.same === arguments[0]", row)
    assert js(browser, "return document.querySelector('td.changed') !== null")
    assert "nova" in js(browser, "return document.getElementById('live').textContent")
    no_errors(browser)


@pytest.mark.parametrize("path", ["/epoxy?sort=-upstream", "/epoxy/trixie?sort=state&group=team"])
def test_a_refresh_disturbs_nobody(filled, browser, path):
    """Scroll position, focus, selection, open details, sort and filter, over refreshes with changes;
    the cells that changed, and no others, are touched."""
    browser.driver.get(filled.url + path)
    js(browser, """
      document.getElementById('more').open = true;
      const rows = document.querySelectorAll('#table tbody tr[data-key]:not(.group)');
      rows[70].querySelector('details').open = true;
      rows[60].querySelector('a').focus({preventScroll: true});
      // it is the first on the screen: what grows below it moves what is below, as it has to
      scrollTo(60, scrollY + rows[60].getBoundingClientRect().top + 5);
      const v = rows[64].querySelector('.v').firstChild, r = document.createRange();
      r.setStart(v, 0); r.setEnd(v, v.data.length); getSelection().removeAllRanges(); getSelection().addRange(r);""")
    before = js(browser, STATE)
    assert js(browser, "return scrollY") > 500 and before["selection"] and len(before["open"]) == 2
    for n in range(ROUNDS):
        js(browser, CELLS)
        had = revision(browser)
        # in another target of the page, so that the selected version itself stays
        change(filled, 1 + n, target="sid" if path.startswith("/epoxy?") else "trixie")
        refresh(browser)
        wait_for(lambda h=had: revision(browser) > h, "the page is current")
        seen = js(browser, CHANGED)
        assert seen["replaced"] == [] and set(seen["touched"]) == set(seen["changed"])
        if path.startswith("/epoxy?"):
            assert len(seen["changed"]) == 1 + n, seen
            assert all(k.endswith(" sid") for k in seen["changed"])
            after = js(browser, STATE)
            assert after == before
        else:
            after = js(browser, STATE)
            for key in ("x", "focus", "open", "query", "sorted"):
                assert after[key] == before[key], key
    marked = browser.driver.find_elements(By.CSS_SELECTOR, "#table .changed")
    assert marked
    no_errors(browser)


def test_typing_goes_on_over_refreshes(filled, browser):
    browser.driver.get(filled.url + "/epoxy/trixie")
    field = browser.driver.find_element(By.NAME, "q")
    field.send_keys("project-0")
    wait_for(lambda: "q=project-0" in browser.driver.current_url, "the filter is in the address")
    had = revision(browser)
    change(filled, 2)
    field.send_keys("2")
    refresh(browser)
    wait_for(lambda: revision(browser) > had and "q=project-02" in browser.driver.current_url, "both arrive")
    assert js(browser, "return document.activeElement.name + document.activeElement.value + document.activeElement.selectionStart") == \
        "qproject-0210"
    rows = js(browser, "return [...document.querySelectorAll('#table tbody tr[data-key]:not(.group)')].map(r => r.dataset.key)")
    assert rows and all("project-02" in r for r in rows)
    field.send_keys(Keys.BACKSPACE * 10)
    wait_for(lambda: "q=" not in browser.driver.current_url, "the filter is gone")


def test_nothing_changed_costs_little(filled, browser):
    browser.driver.get(filled.url + "/epoxy")
    etag = js(browser, "return document.getElementById('main').dataset.etag")
    host = filled.url.split("/")[2]
    c = http.client.HTTPConnection(host)
    for encoding in ("", "gzip, deflate, br, zstd"):
        c.request("GET", "/deb-status/epoxy?fragment=1", headers={"If-None-Match": f'"{etag}"', "Accept-Encoding": encoding})
        r = c.getresponse()
        size = sum(len(f"{k}: {v}\r\n") for k, v in r.getheaders()) + len("HTTP/1.1 304 Not Modified\r\n\r\n") + len(r.read())
        assert r.status == 304, r.status
        assert len(r.headers.keys()) == len({k.lower() for k in r.headers.keys()}), r.getheaders()  # none twice
        assert size < 300, r.getheaders()
    js(browser, "window.kept = document.querySelector('#table tbody tr')")
    log = len(filled.log("access").splitlines())
    refresh(browser)
    wait_for(lambda: any(" 304 " in row for row in filled.log("access").splitlines()[log:]), "it is answered 304")
    assert js(browser, "return window.kept.isConnected")


def test_moving_without_a_reload(filled, browser):
    """Between series, targets and projects: address, title, back and forward."""
    d = browser.driver
    d.get(filled.url + "/")
    js(browser, "window.same = 1")
    d.find_element(By.CSS_SELECTOR, "nav a[href$='/gazpacho']").click()
    wait_for(lambda: d.title.startswith("gazpacho"), "another series")
    d.find_element(By.CSS_SELECTOR, "nav a[href$='/epoxy']").click()
    wait_for(lambda: d.current_url.endswith("/epoxy") and d.title.startswith("epoxy"), "the series is there")
    d.find_element(By.CSS_SELECTOR, "table.targets a[href$='/trixie']").click()
    wait_for(lambda: d.title.startswith("epoxy in trixie"), "the target is there")
    d.find_element(By.CSS_SELECTOR, "#table tbody th a").click()
    wait_for(lambda: d.title.startswith("openstack/project-"), "the project is there")
    assert js(browser, "return document.activeElement.id + scrollY") == "main0"
    project = d.current_url
    d.back()
    wait_for(lambda: d.title.startswith("epoxy in trixie") and d.find_elements(By.ID, "table"), "back")
    d.back()
    wait_for(lambda: d.title.startswith("epoxy –"), "back again")
    d.forward()
    d.forward()
    wait_for(lambda: d.current_url == project and d.title.startswith("openstack/project-"), "forward")
    assert js(browser, "return window.same") == 1, "a page was loaded anew"
    assert d.find_element(By.CSS_SELECTOR, "h1").text.startswith("openstack/project-")
    # a place in the page is another address, and no other page
    log = len(filled.log("access").splitlines())
    js(browser, "document.querySelector('a.skip').click()")
    assert js(browser, "return location.hash") == "#main"
    d.back()
    wait_for(lambda: js(browser, "return location.hash") == "", "back to the page without it")
    assert not any("/project/" in row and " 200 " in row for row in filled.log("access").splitlines()[log:])
    assert js(browser, "return window.same") == 1
    no_errors(browser)


FIRST_FRAME = """
  new MutationObserver((_, seen) => {
    if (!document.getElementById('table')) return;
    seen.disconnect();
    requestAnimationFrame(() => { // of the first frame, before it is laid out
      const rows = [...document.querySelectorAll('#table tbody tr')];
      window.first = rows.map(r => 'below' in r.dataset);
      window.low = rows.filter((r, n) => window.first[n]).every(r => r.getBoundingClientRect().top >= innerHeight);
      window.bottom = rows.at(-1).getBoundingClientRect().bottom;
      window.row0 = rows[0];
    });
  }).observe(document.body, {subtree: true, childList: true});"""


def test_a_move_shows_the_first_screen_first(filled, browser):
    """Of a long page that comes now the first screen is parsed and shown before the rest."""
    d = browser.driver
    d.get(filled.url + "/epoxy")
    keys = "return [...document.querySelectorAll('#table tbody tr')].map(r => r.dataset.key)"
    rows = js(browser, keys)
    d.get(filled.url + "/queue")
    js(browser, FIRST_FRAME)
    js(browser, "document.querySelector(\"nav a[href$='/epoxy']\").click()")  # without pointing at it
    first = wait_for(lambda: js(browser, "return window.first"), "the first frame")
    assert 15 < len(first) < 60 and not any(first)
    assert js(browser, "return window.bottom >= innerHeight"), "a row of the first screen had to wait"
    wait_for(lambda: js(browser, keys) == rows, "the rest")
    assert js(browser, "return window.row0.isConnected && document.activeElement.id") == "main"
    assert not d.find_elements(By.CSS_SELECTOR, ".changed"), "the rest is no news"
    # who goes on before the rest is there finds the whole page when coming back
    d.get(filled.url + "/queue")
    js(browser, """
      new MutationObserver((_, seen) => {
        if (!document.getElementById('table')) return;
        seen.disconnect();
        window.first = document.querySelectorAll('#table tbody tr').length;
        document.querySelector("nav a[href$='/queue']").click();
      }).observe(document.body, {subtree: true, childList: true});
      document.querySelector("nav a[href$='/epoxy']").click();""")
    wait_for(lambda: js(browser, "return history.length > 2 && document.title.startsWith('Queue') && window.first"), "gone on")
    d.back()
    wait_for(lambda: d.title.startswith("epoxy") and js(browser, keys) == rows, "the whole page")
    no_errors(browser)


def test_a_page_that_is_there_shows_the_first_screen_first(filled, browser):
    """All rows are there at once; those below the screen are laid out a frame later."""
    d = browser.driver
    d.get(filled.url + "/queue")
    log = len(filled.log("access").splitlines())
    link = d.find_element(By.CSS_SELECTOR, "nav a[href$='/epoxy']")
    ActionChains(d).move_to_element(link).perform()
    wait_for(lambda: asked(filled, "/epoxy", log) == ["200"], "it is asked for ahead")
    js(browser, FIRST_FRAME)
    link.click()
    first = wait_for(lambda: js(browser, "return window.first"), "the first frame")
    assert len(first) > 200 and not any(first[:15]) and all(first[40:])
    assert js(browser, "return window.low"), "a row of the first screen had to wait"
    wait_for(lambda: not d.find_elements(By.CSS_SELECTOR, "[data-below]"), "the second frame")
    js(browser, "scrollTo(0, document.documentElement.scrollHeight)")
    shown = "return document.querySelector('#table tbody tr:last-child td').checkVisibility({contentVisibilityAuto: true})"
    wait_for(lambda: js(browser, shown), "the last row is laid out")
    # what is shown where it was left waits for nothing: its place is among all rows
    js(browser, "document.querySelector('#table tbody tr:last-child a').click()")
    wait_for(lambda: d.title.startswith("openstack/project-"), "away")
    js(browser, "window.waited = 0; new MutationObserver(list => { window.waited += list.length; })"
                ".observe(document.body, {subtree: true, attributeFilter: ['data-below']})")
    d.back()
    wait_for(lambda: d.title.startswith("epoxy") and js(browser, shown), "back at the last row")
    assert js(browser, "return window.waited") == 0
    no_errors(browser)


def asked(stack, path, since=0):
    """Status of each request for a page's content, in order."""
    return [row.split('" ')[1].split()[0] for row in stack.log("access").splitlines()[since:]
            if f"GET /deb-status{path}?fragment=1 " in row]


def test_a_link_that_is_pointed_at_is_asked_for_ahead(filled, browser):
    d = browser.driver
    log = len(filled.log("access").splitlines())  # the pointer may be there already, from the test before
    d.get(filled.url + "/queue")
    link = d.find_element(By.CSS_SELECTOR, "nav a[href$='/flamingo']")
    ActionChains(d).move_to_element(link).perform()
    wait_for(lambda: asked(filled, "/flamingo", log) == ["200"], "it is asked for")
    assert d.current_url.endswith("/queue") and d.title.startswith("Queue")
    link.click()
    wait_for(lambda: d.title.startswith("flamingo"), "the page is there")
    # what came ahead is shown, and then asked whether it is still so
    wait_for(lambda: asked(filled, "/flamingo", log) == ["200", "304"], "not loaded twice")
    assert d.current_url.endswith("/flamingo") and d.find_elements(By.ID, "table")
    no_errors(browser)


def test_a_page_that_was_left_is_current_when_it_is_back(filled, browser):
    d = browser.driver
    d.get(filled.url + "/gazpacho/sid")
    js(browser, "window.row = document.querySelector('#table tbody tr'); document.getElementById('more').open = true; scrollTo(0, 700)")
    js(browser, "document.querySelector('#table tbody tr:nth-child(40) a').click()")  # without scrolling to it
    wait_for(lambda: d.title.startswith("openstack/project-"), "away")
    # nothing changed: the very same rows, where they were
    log = len(filled.log("access").splitlines())
    d.back()
    wait_for(lambda: asked(filled, "/gazpacho/sid", log) == ["304"], "back, and asked for news")
    assert js(browser, "return window.row.isConnected && document.getElementById('more').open")
    assert d.title.startswith("gazpacho in sid") and abs(js(browser, "return scrollY") - 700) < 3
    # something did, while nobody looked
    d.forward()
    wait_for(lambda: d.title.startswith("openstack/project-"), "away again")
    change(filled, 3, series="gazpacho", target="sid")
    d.back()
    wait_for(lambda: len(d.find_elements(By.CSS_SELECTOR, "#table td[data-key=v].changed")) == 3, "the changes arrive and are marked")
    no_errors(browser)


def test_sort_filter_and_presets_are_in_the_address(filled, browser):
    d = browser.driver
    d.get(filled.url + "/epoxy/trixie")
    js(browser, "window.same = 1")
    d.find_element(By.CSS_SELECTOR, "#table thead th[data-key=v] a").click()
    wait_for(lambda: d.current_url.endswith("?sort=debian%40trixie") or d.current_url.endswith("?sort=debian"), "sorted")
    wait_for(lambda: d.find_elements(By.CSS_SELECTOR, "th[data-key=v][aria-sort=ascending]"), "said so")
    d.find_element(By.CSS_SELECTOR, "#table thead th[data-key=v] a").click()
    wait_for(lambda: d.find_elements(By.CSS_SELECTOR, "th[data-key=v][aria-sort=descending]"), "turned round")
    js(browser, "const s = document.querySelector('[name=state]'); s.value = 'outdated'; s.dispatchEvent(new Event('input', {bubbles: true}))")
    wait_for(lambda: "state=outdated" in d.current_url and "sort=-debian" in d.current_url, "filtered")
    address = d.current_url
    states = "return [...document.querySelectorAll('#table tbody td[data-key=s]')].map(c => c.textContent.trim().split(' ')[0])"
    wait_for(lambda: set(js(browser, states)) == {"outdated"}, "only those")
    order = js(browser, "return [...document.querySelectorAll('#table tbody tr:not(.group)')].map(r => r.dataset.key)")
    assert js(browser, "return window.same") == 1
    with Browser() as other:  # the address shows the same to somebody else
        other.driver.get(address)
        assert other.driver.execute_script("return [...document.querySelectorAll('#table tbody tr:not(.group)')].map(r => r.dataset.key)") == order
    # kept for the next visit, and for another target
    d.get(filled.url + "/gazpacho/sid")
    wait_for(lambda: "state=outdated" in d.current_url, "remembered")
    d.find_element(By.CSS_SELECTOR, "#presets a[data-reset]").click()
    wait_for(lambda: "state" not in d.current_url, "forgotten")
    d.get(filled.url + "/epoxy/trixie")
    assert "state" not in d.current_url
    no_errors(browser)


def test_the_server_is_away_and_comes_back(filled, browser):
    d = browser.driver
    d.get(filled.url + "/epoxy")
    away = d.find_element(By.ID, "away")
    assert not away.is_displayed()
    d.execute_cdp_cmd("Network.enable", {})
    try:
        d.execute_cdp_cmd("Network.emulateNetworkConditions",
                          {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
        refresh(browser)
        wait_for(away.is_displayed, "it says that the server is away")
        assert "not been reached since" in away.text
        assert d.find_elements(By.CSS_SELECTOR, "#table tbody tr"), "what was there stays"
    finally:
        d.execute_cdp_cmd("Network.emulateNetworkConditions",
                          {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    wait_for(lambda: not away.is_displayed(), "it goes on by itself")
    d.get_log("browser")


def test_an_older_revision_is_not_shown(filled, browser):
    """A standby that lags may answer: what the reader has seen does not go back."""
    browser.driver.get(filled.url + "/epoxy/trixie")
    js(browser, "document.getElementById('main').dataset.revision = 999999; window.row = document.querySelector('#table tbody tr').textContent")
    change(filled, 200)
    log = len(filled.log("access").splitlines())
    refresh(browser)
    wait_for(lambda: any("fragment=1" in row and " 200 " in row for row in filled.log("access").splitlines()[log:]), "it was asked for")
    wait_for(lambda: js(browser, "return document.getElementById('away').hidden"), "and arrived")
    assert js(browser, "return document.querySelector('#table tbody tr').textContent === window.row")


def test_keyboard_alone(filled, browser):
    """From the overview to a project and back into a row's links, by Tab, Enter and Escape."""
    d = browser.driver
    d.get(filled.url + "/")
    active = "const a = document.activeElement; return a.matches('a.skip') ? 'skip' : a.getAttribute('href') || a.tagName + (a.id ? '#' + a.id : '')"

    def tab_to(wanted, limit=80, keys=Keys.TAB):
        for _ in range(limit):
            d.switch_to.active_element.send_keys(keys)
            if wanted(js(browser, active)):
                outline = js(browser, "const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.outlineWidth")
                assert outline not in ("none0px", "auto0px"), "the focus cannot be seen"
                return
        raise AssertionError("not reached by Tab")
    d.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert js(browser, active) == "skip"
    d.switch_to.active_element.send_keys(Keys.ENTER)
    tab_to(lambda a: a.endswith("/epoxy"))
    d.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(lambda: d.title.startswith("epoxy –") and js(browser, active) == "MAIN#main", "the series has the focus")
    tab_to(lambda a: a.endswith("/epoxy/trixie"))
    d.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(lambda: d.title.startswith("epoxy in trixie"), "the target")
    tab_to(lambda a: a.startswith("SUMMARY") and "apt" in js(browser, "return document.activeElement.textContent"))
    d.switch_to.active_element.send_keys(Keys.ENTER)
    assert d.find_element(By.CSS_SELECTOR, "#apt[open] pre").is_displayed()
    tab_to(lambda a: a == "INPUT" and js(browser, "return document.activeElement.name") == "q")
    d.switch_to.active_element.send_keys("project-02")
    wait_for(lambda: "q=project-02" in d.current_url, "filtered while typing")
    assert js(browser, "return document.activeElement.name") == "q"
    tab_to(lambda a: a == "SUMMARY" and js(browser, "return !!document.activeElement.closest('td')"))
    d.switch_to.active_element.send_keys(Keys.ENTER)
    assert d.find_element(By.CSS_SELECTOR, "td details[open] a").is_displayed()
    d.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not d.find_elements(By.CSS_SELECTOR, "td details[open]") and js(browser, active) == "SUMMARY"
    for path in ("/", "/epoxy/changes", "/queue", "/jobs/1", "/api/", "/project/openstack/project-021", "/nosuch"):
        d.get(filled.url + path)
        wanted = js(browser, """
          window.seen = new Set();
          document.addEventListener('focusin', e => {
            const s = getComputedStyle(e.target);
            if (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) window.seen.add(e.target);
          });
          return [...document.querySelectorAll('a[href], summary, button, input, select, [tabindex="0"]')]
            .filter(e => e.getClientRects().length && (e.nodeName === 'SUMMARY' || !e.closest('details:not([open])'))).length""")
        d.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB * min(wanted, 60))
        assert js(browser, "return window.seen.size") == min(wanted, 60), path
    d.get_log("browser")


ROWS = "return [...document.querySelectorAll('#table tbody tr[data-key]:not(.group)')].map(r => [...r.children].filter(c => c.dataset.key !== 'l')" \
       ".map(c => [...c.querySelectorAll('.v, [class^=\"s-\"], a')].map(e => e.textContent.trim()).join(' ')).join('|'))"


def test_without_script_the_rows_are_the_same(filled, browser):
    for path in ("/epoxy", "/flamingo/trixie?state=outdated&sort=-debian", "/gazpacho/sid?group=team&masked=1"):
        browser.driver.get(filled.url + path)
        with_script = js(browser, ROWS)
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            browser.driver.get(filled.url + path)
            browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
            without = js(browser, ROWS)
            assert with_script == without and len(without) > 10
            assert browser.driver.find_element(By.CSS_SELECTOR, "#filter button").is_displayed()
            assert "now" not in browser.driver.find_element(By.CSS_SELECTOR, "table.targets time").text
        finally:
            browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def arrives(driver, there):
    """A click may return before the page that it leads to has begun; its footer comes last."""
    wait_for(lambda: there(driver.current_url) and driver.find_elements(By.TAG_NAME, "footer"),
             "the page that a click leads to")


def test_without_script_form_and_links_work(filled, browser):
    d = browser.driver
    d.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        d.get(filled.url + "/epoxy/trixie?sort=-debian")
        d.find_element(By.NAME, "q").send_keys("project-02")
        d.find_element(By.CSS_SELECTOR, "#filter button").click()
        arrives(d, lambda url: "q=project-02" in url and "sort=-debian" in url)
        keys = [r.get_attribute("data-key") for r in d.find_elements(By.CSS_SELECTOR, "#table tbody tr")]
        assert keys and all("project-02" in k for k in keys)
        d.find_element(By.CSS_SELECTOR, "#table thead th.name a").click()
        arrives(d, lambda url: "sort=source" in url and "q=project-02" in url)
        d.find_element(By.CSS_SELECTOR, "#presets a").click()
        arrives(d, lambda url: url.endswith("?state=missing"))
        assert d.find_elements(By.CSS_SELECTOR, "noscript meta, meta[http-equiv=refresh]")
    finally:
        d.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_cut_off(filled, browser, width):
    """On a phone no page is wider than the screen; only tables in a box of their own scroll."""
    browser.size(width, 800)
    try:
        for path in ("/", "/epoxy", "/epoxy/trixie", "/epoxy/changes", "/project/openstack/project-021", "/queue", "/jobs/1", "/api/", "/nosuch"):
            browser.driver.get(filled.url + path)
            wide = js(browser, "return document.documentElement.scrollWidth")
            if width < 600:  # nor is anything cut off in a box: what scrolls there are tables of numbers
                cut = js(browser, "return [...document.querySelectorAll('.cards td, .cards tbody th')].filter(c => c.getBoundingClientRect().right > innerWidth).map(c => c.textContent)")
                assert cut == [], path
            # six targets side by side may need more than a small desktop has; the page scrolls then
            assert wide <= width or (width > 600 and path == "/epoxy"), (path, wide)
    finally:
        browser.size(1280, 900)


@pytest.mark.parametrize("width", [718, 1047])  # A4 upright and across, with a printer's edges
def test_printed(filled, browser, width):
    """On paper nothing is cut off or squeezed, all rows are there, and nothing that is to be clicked."""
    browser.size(width, 1000)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for path in ("/epoxy", "/epoxy/trixie", "/epoxy/bookworm?group=team", "/project/openstack/project-021", "/", "/queue"):
            browser.driver.get(filled.url + path)
            assert js(browser, "return document.documentElement.scrollWidth") <= width, path
            assert js(browser, "return Math.max(0, ...[...document.querySelectorAll('table .v')].map(v => v.getClientRects()[0] ? v.getClientRects()[0].height : 0))") < 40, path
            assert js(browser, "return [...document.querySelectorAll('#table td')].every(c => c.dataset.key === 'l' || c.classList.contains('wideonly') || c.checkVisibility({contentVisibilityAuto: true}))"), path
            assert not js(browser, "return [...document.querySelectorAll('nav, form, #apt')].some(e => e.getClientRects().length)"), path
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.size(1280, 900)


def test_usable_at_once(filled, browser):
    """250 rows and six targets: bytes over the wire, and what a browser has to lay out (tests/bench has the times)."""
    size = 0
    connection = http.client.HTTPConnection(filled.url.split("/")[2])
    browser.driver.get(filled.url + "/epoxy")
    build = js(browser, "return document.getElementById('main').dataset.build")
    for path in ("/deb-status/epoxy", f"/deb-status/static/style.css?v={build}", f"/deb-status/static/live.js?v={build}"):
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert answer.getheader("Content-Encoding") == "gzip"
        names = [name.lower() for name, _ in answer.getheaders()]
        assert len(names) == len(set(names)), f"a header twice: {sorted(names)}"
        assert answer.getheader("Content-Security-Policy").startswith("default-src 'self';")
        size += len(answer.read())
    print("bytes", size)
    assert size < 150_000
    rows = js(browser, "return document.querySelectorAll('#table tbody tr').length")
    assert rows > 200
    # what is out of view is neither laid out nor painted, and is there for whoever looks for it
    shown = "return document.querySelector('#table tbody tr:%s-child td').checkVisibility({contentVisibilityAuto: true})"
    assert js(browser, shown % "first") and not js(browser, shown % "last")
    js(browser, "document.querySelector('#table tbody tr:last-child').scrollIntoView()")
    wait_for(lambda: js(browser, shown % "last"), "the last row is laid out")


def test_a_job_moves_over_the_page(filled, browser):
    """Every 2 s while it runs, and of the rows nothing is sent: they are the same nodes after."""
    d = browser.driver
    d.get(filled.url + "/epoxy")
    js(browser, CELLS)
    filled.psql("insert into deb_status.jobs (kind, state, step, progress_done, progress_total, progress_unit) "
                "values ('archives', 'running', 'sid', 1, 9, 'suites')")
    try:
        refresh(browser)
        wait_for(lambda: "archives running sid" in d.find_element(By.ID, "strip").text, "the job is shown")
        assert js(browser, "return document.getElementById('main').dataset.poll") == "2"
        log = len(filled.log("access").splitlines())
        filled.psql("update deb_status.jobs set progress_done = 5 where kind = 'archives' and state = 'running'")
        wait_for(lambda: "5 of 9 suites" in d.find_element(By.ID, "strip").text, "it moves by itself", 15)
        sent = [int(row.split('" 200 ')[1].split()[0]) for row in filled.log("access").splitlines()[log:]
                if "fragment=1" in row and '" 200 ' in row]
        assert sent and max(sent) < 2000, sent
        assert js(browser, "return document.querySelectorAll('#table tbody tr').length") > 200
    finally:
        filled.psql("delete from deb_status.jobs where kind = 'archives' and state = 'running'")
    wait_for(lambda: "archives" not in d.find_element(By.ID, "strip").text, "it is over", 15)
    seen = js(browser, CHANGED)
    assert seen["replaced"] == seen["touched"] == []
    assert js(browser, "return document.getElementById('main').dataset.poll") == "10"
    no_errors(browser)
