// SPDX-License-Identifier: Apache-2.0
/* deb-status secret: makes a sender's secret. Prints where it is, never what it is. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/admin/command.h"
#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/name.h"

#define SECRET_BYTES   32
#define NAME_BYTES_MAX 199
#define SECRET_TEXT    (6 + 44 + 1) /* whsec_, base64, newline */

/* A sender's name as the configuration takes it; of its file's name the rotation needs some bytes.
 */
static bool is_name(const char *name)
{
    return strlen(name) <= NAME_BYTES_MAX && name_is_plain(name, strlen(name));
}

static int make_secret(unsigned char out[SECRET_TEXT + 1], struct err *e)
{
    unsigned char key[SECRET_BYTES];
    if (RAND_bytes(key, sizeof key) != 1)
        return err_set(e, ERR_SYSTEM, "no random bytes to be had");
    memcpy(out, "whsec_", 6);
    EVP_EncodeBlock(out + 6, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    out[SECRET_TEXT - 1] = '\n';
    out[SECRET_TEXT] = '\0';
    return 0;
}

/* The folder `secrets`, made if it is missing: its group is who may read what is in it. */
static int open_folder(const char *path, struct stat *st, struct err *e)
{
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return err_errno(e, "make %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, st) != 0) {
        err_errno(e, "open %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* The new secret under a name of its own, on disk, with its final owner and mode. */
static int write_new(int folder, const struct stat *st, const char *name, struct err *e)
{
    unsigned char text[SECRET_TEXT + 1];
    if (make_secret(text, e))
        return -1;
    unlinkat(folder, name, 0);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -1 : 0;
    /* the folder's group: who is no member of it cannot give it, and keeps his own */
    if (rc == 0 && fchown(fd, (uid_t)-1, st->st_gid) != 0 && errno != EPERM)
        rc = -1;
    if (rc == 0 &&
        (fchmod(fd, 0640) != 0 || file_write_all(fd, text, SECRET_TEXT) || fsync(fd) != 0))
        rc = -1;
    OPENSSL_cleanse(text, sizeof text);
    if (rc)
        err_errno(e, "write %s", name);
    if (fd >= 0)
        close(fd);
    if (rc && fd >= 0)
        unlinkat(folder, name, 0);
    return rc;
}

/* Both names are given by link(), which never replaces what is there. */
static int place(int folder, const char *new, const char *name, const char *old, struct err *e)
{
    if (old && linkat(folder, name, folder, old, 0) != 0) {
        if (errno == EEXIST)
            return err_set(e, ERR_DENIED,
                           "secrets/%s is still there, from the rotation before: remove it where "
                           "nobody signs with it any more (`deb-status check` says so)",
                           old);
        return err_errno(e, "keep secrets/%s as secrets/%s", name, old);
    }
    if (old && renameat(folder, new, folder, name) != 0) {
        err_errno(e, "write secrets/%s", name);
        unlinkat(folder, old, 0);
        return -1;
    }
    if (old)
        return 0;
    if (linkat(folder, new, folder, name, 0) == 0)
        return 0;
    if (errno == EEXIST)
        return err_set(e, ERR_DENIED,
                       "secrets/%s is there already: --rotate makes a new one and keeps it as "
                       "secrets/%s.old",
                       name, name);
    return err_errno(e, "write secrets/%s", name);
}

static int make(const char *config_path, const char *name, bool rotate, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct stat st;
    const char *path = arena_printf(&a, "%s/secrets", dirname(arena_strdup(&a, config_path)));
    const char *new = arena_printf(&a, ".%s.%ld", name, (long)getpid());
    const char *old = rotate ? arena_printf(&a, "%s.old", name) : NULL;
    int rc = -1, folder = open_folder(path, &st, e);
    if (folder < 0)
        goto out;
    rc = write_new(folder, &st, new, e);
    if (rc == 0) {
        rc = place(folder, new, name, old, e);
        unlinkat(folder, new, 0);
        fsync(folder);
    }
    close(folder);
out:
    arena_free(&a);
    return rc;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {{"rotate", no_argument, NULL, 'r'}, {0}};
    bool rotate = false;
    for (int o; (o = getopt_long(call->argc, call->argv, "", options, NULL)) != -1;) {
        if (o != 'r')
            return command_misuse(call, "no such option");
        rotate = true;
    }
    if (call->argc - optind != 1)
        return command_misuse(call, "the secret of which sender?");
    const char *name = call->argv[optind];
    if (!is_name(name))
        return command_misuse(call, "'%s' is no name for a sender", name);
    struct err e = {0};
    if (make(call->config_path, name, rotate, &e))
        return command_fail(&e);
    printf("secrets/%s written\n", name);
    if (rotate)
        printf("secrets/%s.old is the one before: keep both under senders until the new one has "
               "been used\n",
               name);
    return 0;
}

const struct command command_secret = {
    .name = "secret",
    .args = "NAME [--rotate]",
    .help = "make the secret of a sender",
    .more = "Writes secrets/NAME beside the configuration, mode 0640, with the folder's group: "
            "`whsec_`\n"
            "and the base64 of 32 random bytes. Copy the file to the build host by hand; it is "
            "printed\n"
            "nowhere. A secret that is there is never overwritten.\n"
            "--rotate keeps the present one as secrets/NAME.old. So that no delivery is refused:\n"
            "  1. senders: {NAME: {secrets: [secrets/NAME, secrets/NAME.old]}}\n"
            "  2. deb-status secret NAME --rotate, and copy secrets/NAME to the build host\n"
            "  3. when `deb-status check` says that the old one is not used any more: remove it\n",
    .run = run,
};
