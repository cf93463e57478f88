// SPDX-License-Identifier: Apache-2.0
#include "core/archive/ownrelease.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct release *published(const struct suite *s)
{
    return s->now.exists ? &s->now.release : s->earlier.exists ? &s->earlier.release : NULL;
}

bool ownrelease_asks_host(const struct suite *s)
{
    return published(s) == NULL;
}

/* The configuration's, else the published one's, else (nothing was published yet) the host's. */
static const char *pick(const struct suite *s, const char *configured, const char *before,
                        const char *host)
{
    const char *value = configured ? configured : published(s) ? before : host;
    return value && *value ? value : NULL;
}

static void add_field(struct buf *out, const char *name, const char *value)
{
    if (value)
        buf_addf(out, "%s: %s\n", name, value);
}

static void add_date(struct buf *out, time_t date)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    gmtime_r(&date, &tm);
    buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d UTC\n", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Words of one field, each once, in order. */
static bool add_word(struct buf *words, const char *word, size_t len)
{
    for (const char *at = buf_str(words); *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, len) == 0)
            return false;
        at += n + strspn(at + n, " ");
    }
    if (words->len)
        buf_add_char(words, ' ');
    buf_add(words, word, len);
    return true;
}

/* Components and architectures as the indexes' names have them: main/binary-amd64/Packages. */
static void collect_names(const struct suite *s, struct buf *components, struct buf *architectures)
{
    for (size_t i = 0; i < s->indexes.count; i++) {
        const struct index_file *f = &s->indexes.files[i];
        const char *slash = strchr(f->plain, '/');
        if (f->where == INDEX_MISSING || !slash)
            continue;
        if (f->entry->kind == PATHS_PACKAGES || f->entry->kind == PATHS_SOURCES)
            add_word(components, f->plain, (size_t)(slash - f->plain));
        if (f->entry->kind == PATHS_PACKAGES && strncmp(slash, "/binary-", 8) == 0)
            add_word(architectures, slash + 8, strcspn(slash + 8, "/"));
    }
}

static void add_listing(const struct suite *s, struct buf *out)
{
    buf_add_str(out, "SHA256:\n");
    for (size_t i = 0; i < s->indexes.count; i++) {
        const struct index_file *f = &s->indexes.files[i];
        if (f->where != INDEX_MISSING)
            buf_addf(out, " %s %" PRId64 " %s\n", f->entry->sums[HASH_SHA256], f->entry->size,
                     f->entry->name);
    }
}

void ownrelease_write(const struct run *r, const struct suite *s, time_t date, struct buf *out)
{
    const struct config_release *c = &r->mirror->release;
    static const struct release none;
    const struct release *before = published(s) ? published(s) : &none, *host = &s->release;
    struct buf components = BUF_INIT, architectures = BUF_INIT;
    collect_names(s, &components, &architectures);
    add_field(out, "Origin", pick(s, c->origin, before->origin, host->origin));
    add_field(out, "Label", pick(s, c->label, before->label, host->label));
    add_field(out, "Suite", pick(s, c->suite, before->suite, host->suite));
    add_field(out, "Codename", pick(s, c->codename, before->codename, host->codename));
    add_date(out, date);
    add_field(out, "NotAutomatic",
              pick(s, c->not_automatic, before->not_automatic, host->not_automatic));
    add_field(out, "ButAutomaticUpgrades",
              pick(s, c->but_automatic_upgrades, before->but_automatic_upgrades,
                   host->but_automatic_upgrades));
    add_field(out, "Acquire-By-Hash", "yes");
    /* a host's Release may name neither: then what its indexes are */
    const char *words = pick(s, c->components, before->components, host->components);
    add_field(out, "Components", words ? words : components.len ? buf_str(&components) : NULL);
    words = pick(s, c->architectures, before->architectures, host->architectures);
    add_field(out, "Architectures",
              words               ? words
              : architectures.len ? buf_str(&architectures)
                                  : NULL);
    add_listing(s, out);
    buf_free(&components);
    buf_free(&architectures);
}
