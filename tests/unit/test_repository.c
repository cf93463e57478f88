// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/upstream/repository.h"

enum { FILE_BYTES = 300000 };

/* libgit2 1.5 loses a match's data where a section of its configuration does not match: some of it
 * at each fetch, in a process that ends with its job. LeakSanitizer asks for this by name. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2-8.so\n";
}

static char top[] = "/tmp/deb-status-test.XXXXXX";
static struct arena arena = ARENA_INIT;

/* A repository with one commit of one file that cannot be packed smaller. */
static int make_upstream(const char *path)
{
    git_repository *repo = NULL;
    git_treebuilder *builder = NULL;
    git_tree *tree = NULL;
    git_signature *who = NULL;
    git_oid blob, id, commit;
    unsigned char *data = arena_alloc(&arena, FILE_BYTES);
    uint32_t x = 1;
    for (size_t i = 0; i < FILE_BYTES; i++)
        data[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
    int rc = git_repository_init(&repo, path, 1) ||
             git_blob_create_from_buffer(&blob, repo, data, FILE_BYTES) ||
             git_treebuilder_new(&builder, repo, NULL) ||
             git_treebuilder_insert(NULL, builder, "file", &blob, GIT_FILEMODE_BLOB) ||
             git_treebuilder_write(&id, builder) || git_tree_lookup(&tree, repo, &id) ||
             git_signature_new(&who, "x", "x@example.org", 1700000000, 0) ||
             git_commit_create_v(&commit, repo, "refs/heads/master", who, who, NULL, "x", tree, 0);
    git_signature_free(who);
    git_tree_free(tree);
    git_treebuilder_free(builder);
    git_repository_free(repo);
    return rc ? -1 : 0;
}

static int set_up(void **state)
{
    struct err e;
    (void)state;
    return !mkdtemp(top) || repository_init(&e) ||
                   make_upstream(arena_printf(&arena, "%s/upstream", top))
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    repository_shutdown();
    int rc = file_remove_tree(top, NULL);
    arena_free(&arena);
    return rc;
}

static void ignore_progress(void *data, unsigned done, unsigned total)
{
    (void)data, (void)done, (void)total;
}

static int fetch(int64_t bytes_max, struct err *e)
{
    const char *data = arena_printf(&arena, "%s/data-%d", top, (int)bytes_max);
    const struct repository_watch watch = {.progress = ignore_progress, .bytes_max = bytes_max};
    /* with an escape it is no path whose files are copied */
    const struct config_upstream config = {.kind = UPSTREAM_RELEASES,
                                           .repository =
                                               arena_printf(&arena, "file://%s/%%75pstream", top),
                                           .branch = "master"};
    const struct upstream u = {.name = "x", .config = &config};
    git_repository *repo = NULL;
    git_oid head;
    if (repository_open(data, &u, &arena, &repo, e))
        fail_msg("%s %s", e->text, e->detail);
    int rc = repository_fetch(repo, &u, &watch, &head, e);
    repository_close(data, &u, &arena, repo);
    return rc;
}

/* A server may send without end, and the disk may be the database's. */
static void gives_up_on_more_than_it_takes(void **state)
{
    struct err e = {0};
    (void)state;
    if (fetch(2 * FILE_BYTES, &e))
        fail_msg("%s %s", e.text, e.detail);
    assert_int_equal(fetch(FILE_BYTES / 2, &e), -1);
    assert_string_equal(e.text, "upstream sends more than it may (150000 bytes)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_up_on_more_than_it_takes)};
    return cmocka_run_group_tests_name("repository", tests, set_up, tear_down);
}
