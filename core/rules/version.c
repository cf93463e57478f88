// SPDX-License-Identifier: Apache-2.0
#include "core/rules/version.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NUMBER_DIGITS_MAX 254 /* the key has one byte for a number's length */

/* Tags that end a branch (zed-eom); they name no code of their own. */
static const char *const end_suffixes[] = {"-eol", "-eom", "-em", "-last"};

/* What upstream puts before a final release, as PEP 440 and older habits spell it. */
static const char *const prerelease_words[] = {"alpha", "beta", "dev", "pre", "rc", "a", "b", "c"};

static bool is_end_tag(const char *version)
{
    size_t len = strlen(version);
    for (size_t i = 0; i < sizeof(end_suffixes) / sizeof(end_suffixes[0]); i++) {
        size_t n = strlen(end_suffixes[i]);
        if (len > n && strcmp(version + len - n, end_suffixes[i]) == 0)
            return true;
    }
    return false;
}

static const char *skip_digits(const char *p)
{
    while (isdigit((unsigned char)*p))
        p++;
    return p;
}

/* The end of `N.N.N` from p on; *last is where its last number starts, *count how many. */
static const char *skip_numbers(const char *p, const char **last, int *count)
{
    *count = 0;
    for (;;) {
        *last = p;
        p = skip_digits(p);
        (*count)++;
        if (p[0] != '.' || !isdigit((unsigned char)p[1]))
            return p;
        p++;
    }
}

/* A pre-release's word and number at p (`rc1`, `b2`, `dev10`, `rc.1`): its end, or NULL. */
static const char *match_prerelease(const char *p, struct buf *debian)
{
    for (size_t i = 0; i < sizeof(prerelease_words) / sizeof(prerelease_words[0]); i++) {
        size_t n = strlen(prerelease_words[i]);
        if (strncasecmp(p, prerelease_words[i], n) != 0)
            continue;
        const char *digits = p[n] == '.' ? p + n + 1 : p + n;
        const char *end = skip_digits(digits);
        if (end == digits)
            digits = end = p + n;
        /* PEP 440: c1 is another spelling of rc1 */
        buf_addf(debian, "~%s%.*s",
                 strcmp(prerelease_words[i], "c") == 0 ? "rc" : prerelease_words[i],
                 (int)(end - digits), digits);
        return end;
    }
    return NULL;
}

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

/* Everything behind the numbers: pre-releases, then nothing else; `.post1` is a final release. */
static bool convert_rest(const char *p, enum version_kind *kind, struct buf *debian)
{
    if (strncmp(p, ".post", 5) == 0 && skip_digits(p + 5)[0] == '\0') {
        buf_add_str(debian, p);
        return true;
    }
    while (*p != '\0') {
        p = match_prerelease(is_separator(*p) ? p + 1 : p, debian);
        if (p == NULL)
            return false;
        *kind = VERSION_PRERELEASE;
    }
    return true;
}

int version_from_upstream(const char *version, enum version_kind *kind, struct buf *debian,
                          struct err *e)
{
    if (is_end_tag(version)) {
        *kind = VERSION_END;
        return 0;
    }
    const char *p = *version == 'v' || *version == 'V' ? version + 1 : version;
    if (!isdigit((unsigned char)*p))
        return err_set(e, ERR_INPUT, "'%.80s' is no version", version);
    const char *last;
    int count;
    const char *end = skip_numbers(p, &last, &count);
    const char *word = is_separator(*end) ? end + 1 : end;
    const char *cut = end;
    /* pbr writes a pre-release of 31.0.0 as 31.0.0.0rc1 */
    if (count >= 4 && end - last == 1 && *last == '0' && isalpha((unsigned char)*word) &&
        strncmp(end, ".post", 5) != 0)
        cut = last - 1;
    size_t before = debian->len;
    buf_add(debian, p, (size_t)(cut - p));
    *kind = VERSION_FINAL;
    if (convert_rest(end, kind, debian))
        return 0;
    debian->len = before;
    debian->data[before] = '\0';
    return err_set(e, ERR_INPUT, "'%.80s' is no version", version);
}

/* ---- a Debian version's upstream part ---- */

struct view {
    const char *data;
    size_t len;
};

static bool starts_with(struct view v, const char *word)
{
    size_t n = strlen(word);
    return v.len >= n && memcmp(v.data, word, n) == 0;
}

static struct view view_from(struct view v, size_t at)
{
    return (struct view){v.data + at, v.len - at};
}

/* epoch:upstream-revision (Policy 5.6.12): *revision has len 0 and data NULL if there is none.
 */
static void split(const char *version, struct view *epoch, struct view *upstream,
                  struct view *revision)
{
    const char *colon = strchr(version, ':');
    const char *start = colon ? colon + 1 : version;
    const char *hyphen = strrchr(start, '-');
    *epoch = (struct view){version, colon ? (size_t)(colon - version) : 0};
    *upstream = (struct view){start, hyphen ? (size_t)(hyphen - start) : strlen(start)};
    *revision = hyphen ? (struct view){hyphen + 1, strlen(hyphen + 1)} : (struct view){NULL, 0};
}

/* `word` followed by a digit, another separator or the end: `ds1`, `dfsg`, not `dsa`. */
static bool is_word(struct view v, const char *word)
{
    if (!starts_with(v, word))
        return false;
    struct view rest = view_from(v, strlen(word));
    return rest.len == 0 || !isalpha((unsigned char)rest.data[0]);
}

/* A snapshot of a version control system: git20190419.78fb, 2017.04.10.git.de17, 20200131. */
static bool is_snapshot(struct view v)
{
    static const char *const systems[] = {"git", "hg", "svn", "bzr", "cvs"};
    size_t digits = 0;
    while (digits < v.len && (isdigit((unsigned char)v.data[digits]) || v.data[digits] == '.'))
        digits++;
    struct view rest = view_from(v, digits);
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
        if (starts_with(rest, systems[i]))
            return true;
    return digits >= 8 && starts_with(v, "20"); /* a date */
}

/* Does what packagers add begin at the separator v.data[0]? */
static bool is_packagers(struct view v)
{
    char separator = v.data[0];
    struct view w = view_from(v, 1);
    if (is_word(w, "dfsg") || is_word(w, "ds") || is_word(w, "debian") || is_word(w, "repack"))
        return true;
    bool digit_after_deb = starts_with(w, "deb") && w.len > 3 && isdigit((unsigned char)w.data[3]);
    if (separator == '+') /* +~cs7.0.0, +~0.1.2: further tarballs, as uscan writes them */
        return digit_after_deb || is_word(w, "nmu") || is_word(w, "ubuntu") || is_snapshot(w) ||
               starts_with(w, "~");
    if (separator == '~')
        return digit_after_deb || is_word(w, "bpo") || is_word(w, "ubuntu");
    return false;
}

/* 0.0.26.git.2024.10.25.85e1 follows the tag 0.0.26 as with '+'; 0.0.0~20210101.git55fe comes
 * before 0.0.0 and stays the snapshot that it is. */
static bool is_git_after_tag(struct view v, size_t at)
{
    return v.data[at] == '.' && is_word(view_from(v, at + 1), "git") &&
           memchr(v.data, '~', at) == NULL;
}

static struct view cut_packagers(struct view v)
{
    for (size_t i = 1; i + 1 < v.len; i++)
        if ((strchr("+~.-", v.data[i]) != NULL && is_packagers(view_from(v, i))) ||
            is_git_after_tag(v, i))
            return (struct view){v.data, i};
    return v;
}

/* 2.0+really1.2 means 1.2; others write ~really, .really. and +is-really-. */
static struct view resolve_really(struct view v)
{
    static const char word[] = "really";
    for (size_t i = v.len; i-- > 1;) {
        struct view rest = view_from(v, i);
        if (strchr("+~.-", v.data[i - 1]) == NULL || !starts_with(rest, word))
            continue;
        rest = view_from(rest, sizeof(word) - 1);
        if (rest.len > 0 && (rest.data[0] == '.' || rest.data[0] == '-'))
            rest = view_from(rest, 1);
        if (rest.len > 0 && isdigit((unsigned char)rest.data[0]))
            return rest;
    }
    return v;
}

static bool is_prerelease_word(struct view v)
{
    for (size_t i = 0; i < sizeof(prerelease_words) / sizeof(prerelease_words[0]); i++)
        if (is_word(v, prerelease_words[i]))
            return true;
    return false;
}

/* Writes 31.0.0~0rc1 and 31.0.0.0~rc1 as 31.0.0~rc1, the form that upstream's tag gets. */
static void add_prerelease(struct view v, size_t tilde, struct buf *out)
{
    const char *last;
    int count;
    const char *end =
        v.len > 0 && isdigit((unsigned char)v.data[0]) ? skip_numbers(v.data, &last, &count) : NULL;
    bool four = end == v.data + tilde && count >= 4 && end - last == 1 && *last == '0';
    struct view word = view_from(v, tilde + 1);
    while (word.len > 0 && word.data[0] == '0')
        word = view_from(word, 1);
    buf_add(out, v.data, four ? tilde - 2 : tilde);
    buf_add_char(out, '~');
    buf_add(out, word.data, word.len);
}

/* Some packages carry a pre-release as upstream writes it: 0.1.3.dev0, 0.0.12-rc5, 0.99.beta20. It
 * gets the form that upstream's tag gets. A letter alone (1.0b) may as well be a final release's.
 */
static bool add_as_upstream(struct view v, struct buf *out)
{
    char text[64];
    enum version_kind kind;
    size_t before = out->len;
    if (v.len >= sizeof(text) || memchr(v.data, '~', v.len) != NULL ||
        !isdigit((unsigned char)v.data[v.len - 1]))
        return false;
    memcpy(text, v.data, v.len);
    text[v.len] = '\0';
    if (version_from_upstream(text, &kind, out, NULL) == 0 && kind == VERSION_PRERELEASE)
        return true;
    out->len = before;
    return false;
}

int version_upstream_part(const char *debian, struct buf *out, struct err *e)
{
    struct view epoch, v, revision;
    split(debian, &epoch, &v, &revision);
    v = cut_packagers(resolve_really(v));
    if (v.len == 0)
        return err_set(e, ERR_INPUT, "'%.80s' has no upstream version", debian);
    const char *tilde = memchr(v.data, '~', v.len);
    if (tilde != NULL) {
        size_t at = (size_t)(tilde - v.data);
        struct view word = view_from(v, at + 1);
        while (word.len > 1 && word.data[0] == '0')
            word = view_from(word, 1);
        if (is_prerelease_word(word)) {
            add_prerelease(v, at, out);
            return 0;
        }
    }
    if (!add_as_upstream(v, out))
        buf_add(out, v.data, v.len);
    return 0;
}

bool version_is_patched(const char *debian)
{
    struct view epoch, upstream, revision;
    split(debian, &epoch, &upstream, &revision);
    struct view v = revision.data ? revision : upstream;
    for (size_t i = 0; i < v.len; i++) {
        if (!starts_with(view_from(v, i), "+deb"))
            continue;
        const char *digits = v.data + i + 4, *u = skip_digits(digits);
        if (u > digits && *u == 'u' && isdigit((unsigned char)u[1]))
            return true;
    }
    return false;
}

/* ---- the sort key ---- */

static int weight(char c)
{
    if (c >= 'A' && c <= 'Z')
        return 0x03 + (c - 'A');
    if (c >= 'a' && c <= 'z')
        return 0x1d + (c - 'a');
    switch (c) {
    case '~':
        return 0x01;
    case '+':
        return 0x37;
    case '-':
        return 0x38;
    case '.':
        return 0x39;
    case ':':
        return 0x3a;
    default:
        return -1;
    }
}

/* Takes the number at *v (no digits: 0). */
static int key_number(struct view *v, struct buf *key, struct err *e)
{
    while (v->len > 0 && v->data[0] == '0')
        *v = view_from(*v, 1);
    size_t n = 0;
    while (n < v->len && isdigit((unsigned char)v->data[n]))
        n++;
    if (n > NUMBER_DIGITS_MAX)
        return err_set(e, ERR_INPUT, "a number of more than %d digits", NUMBER_DIGITS_MAX);
    buf_add_char(key, (char)n);
    buf_add(key, v->data, n);
    *v = view_from(*v, n);
    return 0;
}

static int key_part(struct view v, struct buf *key, struct err *e)
{
    do {
        while (v.len > 0 && !isdigit((unsigned char)v.data[0])) {
            int w = weight(v.data[0]);
            if (w < 0)
                return err_set(e, ERR_INPUT, "a character that Debian's versions do not have");
            buf_add_char(key, (char)w);
            v = view_from(v, 1);
        }
        buf_add_char(key, 0x02);
        if (key_number(&v, key, e) != 0)
            return -1;
    } while (v.len > 0);
    buf_add_char(key, 0x02);
    return 0;
}

static int key_version(const char *debian, struct buf *key, struct err *e)
{
    struct view epoch, upstream, revision;
    split(debian, &epoch, &upstream, &revision);
    if (upstream.len == 0)
        return err_set(e, ERR_INPUT, "no upstream version");
    if (revision.data != NULL && revision.len == 0)
        return err_set(e, ERR_INPUT, "an empty revision");
    if (epoch.len == 0 && strchr(debian, ':') != NULL)
        return err_set(e, ERR_INPUT, "an empty epoch");
    if (revision.data != NULL && memchr(revision.data, ':', revision.len) != NULL)
        return err_set(e, ERR_INPUT, "a colon in the revision");
    if (key_number(&epoch, key, e) != 0)
        return -1;
    if (epoch.len != 0)
        return err_set(e, ERR_INPUT, "an epoch that is no number");
    if (key_part(upstream, key, e) != 0)
        return -1;
    return key_part(revision.data ? revision : (struct view){"", 0}, key, e);
}

int version_key(const char *debian, struct buf *key, struct err *e)
{
    size_t before = key->len;
    if (key_version(debian, key, e) == 0)
        return 0;
    key->len = before;
    if (key->data != NULL)
        key->data[before] = '\0';
    return err_context(e, "version '%.80s'", debian);
}
