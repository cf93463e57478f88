// SPDX-License-Identifier: Apache-2.0
// Keeps an open page current. It asks the page's own address with the ETag it has; a 304 costs
// nothing, anything else is laid over the page cell by cell, so that scroll position, focus,
// selection and open details stay. Moving between pages loads the content alone, and begins when a
// link is pointed at; pages that were left are kept and asked for news when they are back. Of a long
// table the first frame has the first screen, the next one the rest. Without it all pages work as
// well, by links, a form and meta refresh.
'use strict';
(() => {
  const QUIET_S = 60, MARK_MS = 6000, TYPING_MS = 150, POINTED_MS = 70, KEPT = 10, HEAD_PX = 200, ROW_PX = 26, LONG = 50000;
  const base = document.body.dataset.base;
  const live = document.getElementById('live'), away = document.getElementById('away');
  let etag = '', timer = 0, asking = null, lost = null, typing = 0, where = location.pathname + location.search, shown = where;

  const main = () => document.getElementById('main');
  const key = n => n.nodeType === 1 ? n.getAttribute('data-key') || n.id || '' : '';
  const like = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);

  // --- laying new content over old ---------------------------------------------------------------
  function attributes(old, now) {
    for (const { name } of [...old.attributes])
      if (!now.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS') && name !== 'class')
        old.removeAttribute(name);
    for (const { name, value } of now.attributes)
      if (old.getAttribute(name) !== value && !(name === 'value' && old === document.activeElement))
        old.setAttribute(name, value);
    if (!now.hasAttribute('class') && old.className !== 'changed' && old.hasAttribute('class')) old.removeAttribute('class');
  }

  function morph(old, now, changed) {
    if (old.nodeType !== 1) {
      if (old.data !== now.data) { old.data = now.data; if (changed) note(old, changed); }
      return;
    }
    if (old.isEqualNode(now)) return;
    if (old.nodeName === 'TIME') { // its text is counted here: compare what the server said
      if (old.dateTime !== now.dateTime) { note(old, changed); attributes(old, now); ages(old); }
      return;
    }
    attributes(old, now);
    if (old.nodeName === 'SELECT' || old.nodeName === 'INPUT') { if (old !== document.activeElement) field(old, now); }
    children(old, now, changed);
  }

  function field(old, now) {
    if (old.type === 'checkbox') old.checked = now.defaultChecked;
    else if (old.nodeName === 'INPUT') old.value = now.defaultValue;
  }

  function children(old, now, changed) {
    const kept = new Map();
    for (const n of [...old.childNodes]) if (key(n)) kept.set(n.nodeName + ' ' + key(n), n);
    const wanted = new Set([...now.childNodes].filter(key).map(n => n.nodeName + ' ' + key(n)));
    for (const [k, n] of kept) if (!wanted.has(k)) { n.remove(); kept.delete(k); note(old, changed); }
    let at = old.firstChild;
    for (const n of [...now.childNodes]) {
      const mine = key(n) ? kept.get(n.nodeName + ' ' + key(n)) : null;
      // the row at hand moved away: take it out of the way instead of moving all the others
      while (mine && at && at !== mine && key(at) && at.nextSibling === mine && !like(at, n)) {
        old.appendChild(at); at = mine;
      }
      if (mine) {
        if (mine === at) at = at.nextSibling; else old.insertBefore(mine, at);
        morph(mine, n, changed);
      } else if (at && !key(n) && !key(at) && like(at, n)) {
        const next = at.nextSibling; morph(at, n, changed); at = next;
      } else {
        const added = old.insertBefore(document.importNode(n, true), at);
        note(added, changed); ages(added);
      }
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; note(old, changed); }
  }

  // The cell that holds a change: what is marked and told.
  function note(node, changed) {
    const el = node.nodeType === 1 ? node : node.parentElement;
    const cell = el && el.closest('td, tbody th, li[data-key], dd');
    if (cell && changed) changed.add(cell);
  }

  function mark(changed) {
    const rows = new Set();
    for (const cell of changed) {
      if (!cell.isConnected) continue;
      cell.classList.add('changed');
      setTimeout(() => { cell.classList.remove('changed'); if (!cell.className) cell.removeAttribute('class'); }, MARK_MS);
      const row = cell.closest('tr');
      if (row && row.querySelector('.s-ok, .s-outdated, .s-missing, .s-ahead')) rows.add(row);
    }
    if (rows.size) live.textContent = rows.size > 3 ? rows.size + ' rows changed'
      : [...rows].map(r => [r.querySelector('th').textContent.trim(), ...[...r.querySelectorAll('[class^="s-"]')].map(s => s.textContent)].join(' ')).join('; ');
  }

  // A page's parts out of an answer's text, null where it is no page of ours. other: the server is
  // of another release than this script.
  function parse(text) {
    const doc = text && new DOMParser().parseFromString(text, 'text/html'), now = doc && doc.getElementById('main');
    return now && { title: doc.title, top: doc.getElementById('top'), main: now, other: now.dataset.build !== main().dataset.build };
  }

  function lay(now, marked) {
    const old = main();
    const sameOrigin = now.main.dataset.instance && now.main.dataset.instance === old.dataset.instance;
    if (marked && sameOrigin && +now.main.dataset.revision < +old.dataset.revision) return; // a standby that lags
    if (now.main.dataset.part) { // the jobs alone: all else is as it was
      const strip = document.getElementById('strip');
      if (strip) morph(strip, now.main.querySelector('#strip'), null);
      for (const k of ['revision', 'etag', 'poll']) old.dataset[k] = now.main.dataset[k];
    } else {
      const changed = marked ? new Set() : null, had = document.activeElement;
      document.title = now.title;
      morph(document.getElementById('top'), now.top, null);
      morph(old, now.main, changed);
      if (had && had !== document.activeElement && had.isConnected) had.focus({ preventScroll: true });
      if (changed) mark(changed);
    }
    known();
  }

  // When the next frame is out, or the first one of a tab that is looked at again, and nothing waits.
  const idle = window.requestIdleCallback ? f => requestIdleCallback(f, { timeout: 200 }) : f => setTimeout(f, 50);
  const painted = then => requestAnimationFrame(() => idle(then));

  // Rows of a table that the screen holds at most (the least heights count).
  const screenful = () => Math.max(0, Math.ceil((innerHeight - HEAD_PX) / ROW_PX));

  // Rows that are below the screen for certain wait for the frame after the first.
  function firstScreen(page) {
    const below = [...page.querySelectorAll('table.wide > tbody > tr')].slice(screenful());
    for (const row of below) row.dataset.below = '';
    if (below.length) painted(() => { for (const row of below) delete row.dataset.below; });
  }

  // A long page's text up to the last row of the first screen, '' where the page is not long. No
  // text or attribute of a page has a bare <, so that the tags are rows' ends.
  function beginning(text) {
    let end = text.indexOf('<tbody');
    for (let n = screenful(); n >= 0 && end >= 0; n--) end = text.indexOf('</tr>', end + 1);
    return end > 0 && text.length - end > LONG ? text.slice(0, end) : '';
  }

  // Another page takes the place of this one, which is kept as it stands. top: it is shown from its top.
  function swap(now, left, top) {
    if (!rest) keepPage(left, { title: document.title, top: document.getElementById('top').cloneNode(true), main: main() });
    document.title = now.title;
    morph(document.getElementById('top'), now.top, null);
    ages(now.main);
    if (top) firstScreen(now.main);
    main().replaceWith(now.main);
    known();
  }

  // The whole page over its beginning; rest: its text, '' once another page or its news came instead.
  let rest = '';
  function complete() {
    const now = rest && parse(rest);
    if (now) { lay(now, false); ages(main()); }
  }

  function known() { rest = ''; etag = main().dataset.etag ? '"' + main().dataset.etag + '"' : ''; }

  // --- asking ------------------------------------------------------------------------------------
  function fragment(url) {
    const u = new URL(url, location.href);
    u.hash = ''; u.searchParams.set('fragment', '1');
    return u;
  }

  async function load(url, headers, signal) {
    const answer = await fetch(fragment(url), { headers, cache: 'no-store', signal });
    if (answer.status === 304) return { same: true };
    const html = (answer.headers.get('Content-Type') || '').startsWith('text/html');
    return { ok: answer.ok, status: answer.status, text: html ? await answer.text() : null, url: answer.url };
  }

  async function ask(url, conditional) {
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    const limit = setTimeout(() => mine.abort(), 10000);
    try {
      return await load(url, conditional && etag ? { 'If-None-Match': etag } : {}, mine.signal);
    } finally {
      clearTimeout(limit);
      if (asking === mine) asking = null;
    }
  }

  function reached(yes) {
    if (yes) { lost = null; away.hidden = true; return; }
    lost = lost || new Date();
    away.hidden = false;
    away.textContent = 'The server has not been reached since ' + lost.toLocaleTimeString() + '. What you see is of that time.';
  }

  // With the script of the server's release.
  function anew() { history.scrollRestoration = 'auto'; location.reload(); }

  async function poll() {
    const asked = where;
    try {
      const answer = await ask(asked, true);
      if (asked !== where) return;
      reached(answer.same || answer.ok || answer.status === 404);
      const now = answer.ok ? parse(answer.text) : null;
      if (now && now.other) anew(); else if (now) lay(now, true);
    } catch (e) {
      if (asked === where && e.name !== 'AbortError') reached(false);
      else if (asked === where && !asking) reached(false);
    }
    plan();
  }

  function plan(soon) {
    clearTimeout(timer);
    let s = soon ? 0 : document.hidden ? QUIET_S : +(main().dataset.poll || 10) || 10;
    if (lost && !document.hidden) s = Math.max(s, 5);
    timer = setTimeout(poll, 1000 * s * (0.9 + 0.2 * Math.random()));
  }

  // --- moving ------------------------------------------------------------------------------------
  const ours = a => a && a.origin === location.origin && a.pathname.startsWith(base + '/')
    && !a.pathname.startsWith(base + '/static/') && !a.dataset.plain && !a.target && !a.hasAttribute('download')
    && !/\/(api\/v1\/|health$|metrics$)|\.(atom|svg)$/.test(a.pathname);

  // Pages that were left or are asked for ahead, by address, the newest last.
  const kept = new Map();
  let ahead = null, pointed = 0;
  function keepPage(at, page) {
    kept.delete(at);
    kept.set(at, page);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }

  // Where a link leads: a list's filter goes with the reader to the next list.
  function target(a) {
    const u = new URL(a.href);
    if (u.pathname !== location.pathname && isList(u.pathname) && isList(location.pathname) && !u.search) u.search = location.search;
    return u;
  }

  function prepare(a) {
    const u = target(a), at = u.pathname + u.search;
    if (u.pathname === location.pathname || kept.has(at) || (ahead && ahead.at === at)) return;
    const page = load(at, {}).then(answer => {
      const now = answer.ok && new URL(answer.url).pathname === u.pathname ? parse(answer.text) : null;
      if (now && !now.other) { ages(document.adoptNode(now.main)); keepPage(at, now); }
      return answer;
    }, () => null).finally(() => { if (ahead && ahead.page === page) ahead = null; });
    ahead = { at, page };
  }
  function point(e, wait) {
    const a = e.target.closest && e.target.closest('a[href]');
    clearTimeout(pointed);
    if (a && ours(a)) pointed = setTimeout(prepare, wait, a);
  }
  document.addEventListener('pointerover', e => { if (e.pointerType === 'mouse') point(e, POINTED_MS); });
  document.addEventListener('focusin', e => point(e, 2 * POINTED_MS));
  document.addEventListener('pointerdown', e => { if (!e.button) point(e, 0); });

  // Shows a page at an address; how: push, replace or back, as the history has it.
  async function go(url, how) {
    const u = new URL(url, location.href), left = shown, moved = u.pathname !== left.split('?')[0];
    where = u.pathname + u.search;
    const at = where;
    clearTimeout(timer);
    clearTimeout(pointed);
    if (moved && ahead && ahead.at === at) { await ahead.page; if (where !== at) return; }
    const top = how === 'push' && !u.hash;
    let now = moved ? kept.get(at) : null, end = u, text = '';
    const fresh = !now;
    if (!now) {
      let answer;
      try { answer = await ask(at, false); } catch (e) {
        if (e.name !== 'AbortError' || where === at && !asking) location.assign(u);
        return;
      }
      if (where !== at) return;
      const first = moved && top && answer.text ? beginning(answer.text) : '';
      now = parse(first || answer.text);
      if (first) text = answer.text;
      if (!now || now.other) { location.assign(u); return; }
      end = new URL(answer.url); end.searchParams.delete('fragment'); end.hash = u.hash;
      where = end.pathname + end.search;
    }
    kept.delete(at);
    if (how === 'push') history.pushState({ y: 0 }, '', end); else if (how === 'replace') history.replaceState(history.state, '', end);
    if (moved) swap(now, left, top); else { lay(now, false); ages(main()); }
    if (text) { rest = text; painted(complete); } // after known(), which forgets the last page's
    shown = where;
    reached(true); keep();
    if (moved && how === 'push') { scrollTo(0, 0); main().focus({ preventScroll: true }); live.textContent = document.title; }
    const part = how === 'push' && u.hash && document.getElementById(decodeURIComponent(u.hash.slice(1)));
    if (part) part.scrollIntoView();
    if (how === 'back') scrollTo(0, (history.state && history.state.y) || 0);
    plan(!fresh); // what was kept may be old
  }

  document.addEventListener('click', e => {
    if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = e.target.closest('a[href]');
    const open = document.querySelector('td details[open]');
    if (open && !open.contains(e.target)) open.open = false;
    if (!a || !ours(a) || (a.hash && a.pathname + a.search === location.pathname + location.search)) return;
    e.preventDefault();
    if (a.dataset.reset) forget();
    history.replaceState({ ...history.state, y: scrollY }, '');
    const u = target(a);
    go(u, u.pathname === location.pathname && a.closest('th') ? 'replace' : 'push');
  });
  document.addEventListener('keydown', e => {
    const open = e.key === 'Escape' && document.querySelector('td details[open]');
    if (open) { open.open = false; open.querySelector('summary').focus(); }
  });
  addEventListener('popstate', () => { if (location.pathname + location.search !== where) go(location.href, 'back'); });

  // --- the filter --------------------------------------------------------------------------------
  const isList = path => main().dataset.page === 'series' && path.startsWith(base + '/') && !/\/(queue|jobs|project|api|changes)(\/|$)/.test(path.slice(base.length)) && path !== base + '/';

  function filter(form) {
    const u = new URL(form.action, location.href);
    for (const [k, v] of new FormData(form)) if (v) u.searchParams.append(k, v);
    if (u.pathname + u.search !== where) go(u, 'replace');
  }
  document.addEventListener('input', e => {
    if (e.target.form && e.target.form.id === 'filter') {
      clearTimeout(typing);
      typing = setTimeout(filter, e.target.type === 'search' ? TYPING_MS : 0, e.target.form);
    }
  });
  document.addEventListener('submit', e => { if (e.target.id === 'filter') { e.preventDefault(); filter(e.target); } });

  // What was asked for stays for the next visit; at= and q= are of one visit.
  function keep() {
    if (main().dataset.page !== 'series') return;
    const s = new URLSearchParams(location.search);
    ['q', 'at', 'changed', 'fragment'].forEach(k => s.delete(k));
    try { if (`${s}`) localStorage.setItem('filter', s); else forget(); } catch (e) { /* no storage: no memory */ }
  }
  function forget() { try { localStorage.removeItem('filter'); } catch (e) { /* the same */ } }
  function recall() {
    let s = null;
    try { s = localStorage.getItem('filter'); } catch (e) { /* the same */ }
    if (s && main().dataset.page === 'series' && !location.search) go(location.pathname + '?' + s, 'replace');
    else keep();
  }

  // --- ages --------------------------------------------------------------------------------------
  function age(t, cls) {
    const s = Math.max(0, (Date.now() - t) / 1000), day = Math.floor(s / 86400);
    if (cls === 'late') return day + (day === 1 ? ' day' : ' days');
    if (cls === 'day') return new Date(t).toISOString().slice(0, 10);
    if (cls === 'clock') return new Date(t).toISOString().slice(11, 16);
    if (s < 60) return 'just now';
    if (s < 3600) return Math.floor(s / 60) + ' min ago';
    if (s < 86400) return Math.floor(s / 3600) + ' h ago';
    return day < 60 ? day + (day === 1 ? ' day ago' : ' days ago') : new Date(t).toISOString().slice(0, 10);
  }
  function until(t) {
    const s = Math.ceil((t - Date.now()) / 1000);
    return s < 120 ? 'in ' + s + ' s' : s < 7200 ? 'in ' + Math.round(s / 60) + ' min'
      : s < 172800 ? 'in ' + Math.round(s / 3600) + ' h' : 'in ' + Math.round(s / 86400) + ' days';
  }
  function ages(root) {
    const all = root.nodeType === 1 && root.nodeName === 'TIME' ? [root] : root.querySelectorAll ? root.querySelectorAll('time') : [];
    for (const el of all) {
      const t = Date.parse(el.dateTime);
      if (isNaN(t)) continue;
      const text = t > Date.now() + 1000 && !el.className ? until(t) : age(t, el.className);
      if (el.textContent !== text) el.textContent = text;
      if (!el.title) el.title = el.dateTime;
    }
  }

  document.documentElement.classList.add('live');
  if ('scrollRestoration' in history) history.scrollRestoration = 'manual';
  known();
  ages(document);
  setInterval(() => { if (!document.hidden) ages(document); }, 15000);
  document.addEventListener('visibilitychange', () => plan(!document.hidden));
  addEventListener('online', () => plan(true));
  recall();
  plan();
})();
