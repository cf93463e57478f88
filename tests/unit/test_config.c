// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/config/config.h"
#include "core/config/reader.h"

static char folder[] = "/tmp/deb-status-config-XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct err e;
    if (file_write(at(name), text, strlen(text), 0644, &e) != 0)
        fail_msg("%s", e.text);
}

static void start_anew(void)
{
    struct err e;
    if (file_remove_tree(at("conf"), &e) != 0 ||
        file_make_dirs(at("conf/releases.d"), 0755, &e) != 0)
        fail_msg("%s", e.text);
}

static struct config *load(enum config_parts parts)
{
    struct err e;
    struct config *c = config_load(at("conf/deb-status.yaml"), parts, &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    return c;
}

/* ---- tests/unit/data/config.data ---- */

static int check_case(const char *what, const char *expected)
{
    struct err e = {0};
    struct config *c = config_load(at("conf/deb-status.yaml"), CONFIG_ALL, &e);
    const char *got = c ? "ok" : e.text;
    int wrong = c == NULL && e.code != ERR_INPUT;
    wrong |=
        strncmp(got, expected, strlen(expected)) != 0 || (c != NULL) != !strcmp(expected, "ok");
    if (wrong)
        fprintf(stderr, "%s: expected '%s', got '%s'\n", what, expected, got);
    config_free(c);
    return wrong;
}

static void test_data(void **state)
{
    (void)state;
    FILE *f = fopen("tests/unit/data/config.data", "r");
    assert_non_null(f);
    char line[1024], what[1024] = "", file[256] = "conf/deb-status.yaml";
    struct buf text = BUF_INIT;
    int wrong = 0, seen = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*line == '#')
            continue;
        if (strncmp(line, "== ", 3) == 0) {
            start_anew();
            snprintf(what, sizeof(what), "%s", line + 3);
            snprintf(file, sizeof(file), "conf/deb-status.yaml");
        } else if (strncmp(line, "@ ", 2) == 0 || strncmp(line, "= ", 2) == 0) {
            put(file, buf_str(&text));
            buf_reset(&text);
            snprintf(file, sizeof(file), "conf/%.200s", line + 2);
            if (*line == '=')
                wrong += check_case(what, line + 2), seen++;
        } else {
            buf_addf(&text, "%s\n", line);
        }
    }
    buf_free(&text);
    fclose(f);
    assert_true(seen > 50);
    assert_int_equal(wrong, 0);
}

/* ---- what is read ---- */

static void test_defaults(void **state)
{
    (void)state;
    start_anew();
    put("conf/deb-status.yaml", "");
    struct config *c = load(CONFIG_ALL);
    assert_string_equal(c->database, "dbname=deb-status");
    assert_null(c->database_read);
    assert_int_equal(c->upstream.refresh_s, 900);
    assert_int_equal(c->keep_jobs_s, 90 * 86400);
    assert_int_equal(c->worker_jobs, 4);
    assert_int_equal(c->team_count, 1);
    assert_string_equal(c->teams[0].vcs, "salsa.debian.org/openstack-team/");
    assert_null(c->publish_root);
    assert_int_equal(c->series_count, 0);
    config_free(c);
}

static void test_mirrors(void **state)
{
    (void)state;
    start_anew();
    put("conf/deb-status.yaml",
        "publish: {root: archive, url: http://example.org/x/, sign-with: \"\"}\n"
        "mirror-defaults:\n"
        "  from: rsync://{name}.example.org/{name}\n"
        "  suites: [\"{name}-backports\"]\n"
        "  signed-by: keys/{name}.gpg\n"
        "  limits: {bytes: 1G}\n"
        "mirrors:\n"
        "  a: {}\n"
        "  b: {from: b.example.org:/srv/b, limits: {files: 7}, release: {not-automatic: yes}}\n"
        "  c: {from: tree, suites: [c1, c2], state: frozen, sources: [\"nova\"]}\n"
        "senders:\n"
        "  a: {secrets: [secrets/a]}\n"
        "  d: {secrets: [/s/d], mirrors: [], releases: true, body-limit: 1M}\n");
    struct config *c = load(CONFIG_ALL);
    const struct config_mirror *a = config_mirror_find(c, "a"), *b = config_mirror_find(c, "b");
    assert_string_equal(a->from, "rsync://a.example.org/a");
    assert_string_equal(a->suites.items[0], "a-backports");
    assert_string_equal(a->signed_by, at("conf/keys/a.gpg"));
    assert_string_equal(a->sources.items[0], "*");
    assert_int_equal(a->limit_bytes, 1 << 30);
    assert_int_equal(a->limit_files, 200000);
    assert_string_equal(b->from, "b.example.org:/srv/b");
    assert_int_equal(b->limit_files, 7);
    assert_int_equal(b->limit_bytes, 1 << 30);
    assert_string_equal(b->release.not_automatic, "yes");
    assert_string_equal(config_mirror_find(c, "c")->from, at("conf/tree"));
    assert_true(config_mirror_find(c, "c")->frozen);
    assert_null(config_mirror_find(c, "x"));
    assert_string_equal(c->publish_root, at("conf/archive"));
    assert_string_equal(c->publish_url, "http://example.org/x");
    assert_null(c->publish_sign_with);
    const struct config_sender *d = &c->senders[c->sender_count - 1];
    assert_string_equal(d->name, "d");
    assert_string_equal(c->senders[0].mirrors.items[0], "a");
    assert_int_equal(d->mirrors.count, 0);
    assert_int_equal(d->body_limit, 1 << 20);
    assert_string_equal(d->secrets.items[0], "/s/d");
    config_free(c);
}

static void test_targets(void **state)
{
    (void)state;
    start_anew();
    put("conf/deb-status.yaml", "suites:\n"
                                "  sid: [deb http://example.org/debian/ sid main]\n"
                                "  both:\n"
                                "    - deb http://example.org/debian a main contrib\n"
                                "    - deb [signed-by=k.gpg arch=amd64 check-valid-until=no] "
                                "http://example.org/debian b main\n");
    put("conf/releases.d/b.yaml",
        "series: b\ntargets: {both: , own: [deb http://example.org/o x main]}\n"
        "mask: [a, {mask: b, reason: why}]\nteam: {vcs: x}\n");
    put("conf/releases.d/a.yaml", "list: a\ntargets: [sid]\n");
    put("conf/releases.d/ignored.txt", "nonsense: [");
    struct config *c = load(CONFIG_ALL);
    assert_int_equal(c->series_count, 2);
    assert_string_equal(c->series[0].name, "a");
    assert_true(c->series[0].is_list);
    const struct config_series *b = &c->series[1];
    assert_int_equal(b->target_count, 2);
    const struct config_suite *second = &b->targets[0].suites[1];
    assert_string_equal(c->series[0].targets[0].suites[0].uri, "http://example.org/debian");
    assert_int_equal(b->targets[0].suites[0].components.count, 2);
    assert_string_equal(second->signed_by, at("conf/k.gpg"));
    assert_string_equal(second->arch, "amd64");
    assert_int_equal(second->check_valid_until, 0);
    assert_int_equal(second->where.line, 5);
    assert_string_equal(b->masks[1].reason, "why");
    assert_string_equal(b->masks[1].where.file, "releases.d/b.yaml");
    assert_int_equal(b->team_count, 1);
    config_free(c);
}

static void test_parts(void **state)
{
    (void)state;
    start_anew();
    put("conf/deb-status.yaml",
        "database: a\ndatabase-read: b\nsite: {title: T}\nmirrors: nonsense\n"
        "unknown: 1\nsenders: {s: {secrets: [x]}}\n");
    put("conf/releases.d/bad.yaml", "nonsense: [");
    struct config *hook = load(CONFIG_HOOK), *pages = load(CONFIG_PAGES);
    assert_int_equal(hook->sender_count, 1);
    assert_string_equal(hook->site_title, "T");
    assert_int_equal(pages->sender_count, 0);
    assert_string_equal(pages->database_read, "b");
    config_free(hook);
    config_free(pages);
    setenv("DEB_STATUS_DATABASE", "host=/x", 1);
    pages = load(CONFIG_PAGES);
    unsetenv("DEB_STATUS_DATABASE");
    assert_string_equal(pages->database, "host=/x");
    assert_null(pages->database_read);
    config_free(pages);
}

static void test_stale(void **state)
{
    (void)state;
    start_anew();
    put("conf/deb-status.yaml", "");
    put("conf/releases.d/a.yaml", "series: a\n");
    struct config *c = load(CONFIG_ALL);
    assert_false(config_is_stale(c));
    put("conf/releases.d/a.yaml", "series: b\n");
    assert_true(config_is_stale(c));
    struct config *changed = load(CONFIG_ALL);
    assert_string_not_equal(c->hash, changed->hash);
    put("conf/releases.d/b.yaml", "series: c\n");
    assert_true(config_is_stale(changed));
    config_free(c);
    config_free(changed);
    changed = load(CONFIG_ALL);
    unlink(at("conf/deb-status.yaml"));
    assert_true(config_is_stale(changed));
    config_free(changed);
}

/* What was saved is read again, whatever the files have become. */
static void test_saved(void **state)
{
    (void)state;
    struct err e;
    start_anew();
    put("conf/deb-status.yaml", "data: here\nmask: [x]\n");
    put("conf/releases.d/a.yaml", "series: a\n");
    put("conf/releases.d/b.yaml", "series: b\n");
    struct config *c = load(CONFIG_ALL);
    int fd = config_save(c, &e);
    assert_true(fd >= 0);
    put("conf/deb-status.yaml", "[");
    unlink(at("conf/releases.d/a.yaml"));
    for (int turn = 0; turn < 2; turn++) { /* read anew by each who inherits it */
        struct config *again = config_load_saved(fd, &e);
        assert_non_null(again);
        assert_string_equal(again->hash, c->hash);
        assert_string_equal(again->data, at("conf/here"));
        assert_int_equal(again->series_count, 2);
        assert_string_equal(again->series[1].name, "b");
        assert_string_equal(again->masks[0].where.file, "deb-status.yaml");
        assert_false(config_is_stale(again));
        config_free(again);
    }
    assert_int_not_equal(ftruncate(fd, 30), 0);
    close(fd);
    put("cut", "0123456789");
    fd = open(at("cut"), O_RDONLY);
    assert_null(config_load_saved(fd, &e));
    assert_int_equal(e.code, ERR_INPUT);
    close(fd);
    config_free(c);
}

static void test_unreadable(void **state)
{
    (void)state;
    struct err e;
    start_anew();
    assert_null(config_load(at("conf/deb-status.yaml"), CONFIG_ALL, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_non_null(strstr(e.text, "deb-status.yaml"));
    put("conf/deb-status.yaml", "");
    assert_int_equal(symlink("nowhere", at("conf/releases.d/a.yaml")), 0);
    assert_null(config_load(at("conf/deb-status.yaml"), CONFIG_ALL, &e));
    assert_non_null(strstr(e.text, "releases.d/a.yaml"));
}

static void test_secret(void **state)
{
    (void)state;
    struct err e;
    struct buf secret = BUF_INIT;
    start_anew();
    put("conf/s", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    assert_int_equal(config_read_secret(at("conf/s"), &secret, &e), -1);
    assert_non_null(strstr(e.text, "chmod 0640"));
    static const mode_t open_modes[] = {0644, 0642, 0660};
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        assert_int_equal(chmod(at("conf/s"), open_modes[i]), 0);
        assert_int_equal(config_read_secret(at("conf/s"), &secret, &e), -1);
    }
    assert_int_equal(chmod(at("conf/s"), 0640), 0);
    assert_int_equal(config_read_secret(at("conf/s"), &secret, &e), 0);
    assert_string_equal(buf_str(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    put("conf/s", "\n");
    assert_int_equal(chmod(at("conf/s"), 0640), 0);
    assert_int_equal(config_read_secret(at("conf/s"), &secret, &e), -1);
    assert_int_equal(config_read_secret(at("conf/none"), &secret, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    buf_free(&secret);
}

/* The documented sample is read, and shows every setting that there is. */
static void check_shown(const struct setting *table, const char *text)
{
    for (; table->name != NULL; table++) {
        const char *dot = strrchr(table->name, '.');
        char key[80];
        snprintf(key, sizeof(key), "%s:", dot ? dot + 1 : table->name);
        const char *found = strstr(text, key);
        while (found != NULL && found > text && strchr(" \n{`", found[-1]) == NULL)
            found = strstr(found + 1, key); /* `lease:` is no part of `release:` */
        if (found == NULL)
            fail_msg("the sample does not show %s", table->name);
        if (table->doc == NULL || *table->doc == '\0')
            fail_msg("%s has no doc", table->name);
    }
}

static void test_sample(void **state)
{
    (void)state;
    struct err e;
    struct buf text = BUF_INIT;
    struct config *c = config_load("doc/deb-status.yaml", CONFIG_ALL, &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->series_count, 1);
    config_free(c);
    assert_int_equal(file_read("doc/deb-status.yaml", 1 << 20, &text, &e), 0);
    check_shown(config_settings, buf_str(&text));
    check_shown(config_mirror_settings, buf_str(&text));
    check_shown(config_sender_settings, buf_str(&text));
    assert_int_equal(file_read("doc/releases.d/epoxy.yaml", 1 << 20, &text, &e), 0);
    check_shown(config_series_settings, buf_str(&text));
    check_shown(config_upstream_settings, buf_str(&text));
    buf_free(&text);
}

static void test_examples(void **state)
{
    (void)state;
    struct err e;
    struct config *c = config_load("doc/examples/openstack/deb-status.yaml", CONFIG_ALL, &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    config_free(c);
    c = config_load("doc/examples/team/deb-status.yaml", CONFIG_ALL, &e);
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->series_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(c->series[i].is_list);
        assert_int_equal(c->series[i].target_count, 3);
    }
    assert_string_equal(c->series[0].upstream->kind, "file");
    assert_int_equal(c->series[1].upstream->repository_count, 3);
    assert_string_equal(c->series[1].upstream->repositories[2].tags, "release/*");
    config_free(c);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static void decodes_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long len;
    } rows[] = {
        {"whsec_AAECAwQFBgcICQoLDA0ODw==", 16},
        {"AAECAwQFBgcICQoLDA0ODw==", 16},
        {"whsec_AAECAwQFBgcICQoLDA0ODw", 16}, /* padding is not needed */
        {"whsec_AAECAwQFBgcICQoLDA0ODxA=", 17},
        {"whsec_AAECAwQFBgcICQoLDA0=", -1}, /* 14 bytes */
        {"whsec_AAECAwQFBgcICQoLDA0ODw===", -1},
        {"whsec_AAECAwQFBgcICQoLDA0OD-==", -1},
        {"whsec_AAECAwQFBgcICQoLDA0ODw== ", -1},
        {"whsec_ AAECAwQFBgcICQoLDA0ODw==", -1},
        {"whsec_AAECAwQFBgcICQoLDA0ODxA", 17},
        {"whsec_AAECAwQFBgcICQoLDA0ODxAAA", -1}, /* a digit too many */
        {"whsec_", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char out[128];
        long len = config_decode_secret(rows[i].text, out);
        if (len != rows[i].len)
            fail_msg("'%s': %ld, not %ld", rows[i].text, len, rows[i].len);
        for (long b = 0; b < len; b++)
            assert_int_equal(out[b], b);
    }
}

int main(void)
{
    unsetenv("DEB_STATUS_DATABASE"); /* the caller's would win over the files' */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),       cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_mirrors),    cmocka_unit_test(test_targets),
        cmocka_unit_test(test_parts),      cmocka_unit_test(test_stale),
        cmocka_unit_test(test_unreadable), cmocka_unit_test(test_secret),
        cmocka_unit_test(test_sample),     cmocka_unit_test(test_saved),
        cmocka_unit_test(test_examples),   cmocka_unit_test(decodes_secrets),
    };
    return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
