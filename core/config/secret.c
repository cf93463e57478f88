// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"

static int check_file(int fd, const char *path, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, "look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "%s is no file", path);
    if (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
        return err_set(e, ERR_INPUT, "%s can be read or changed by others: chmod 0640", path);
    return 0;
}

static int read_line(int fd, const char *path, struct buf *out, struct err *e)
{
    char text[CONFIG_SECRET_BYTES + 1];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) != 0) {
        if (n < 0)
            return err_errno(e, "read %s", path);
        len += (size_t)n;
    }
    if (len > CONFIG_SECRET_BYTES)
        return err_set(e, ERR_INPUT, "%s is too long for a secret", path);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    if (len == 0)
        return err_set(e, ERR_INPUT, "%s is empty", path);
    buf_add(out, text, len);
    explicit_bzero(text, sizeof(text));
    return 0;
}

int config_read_secret(const char *path, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        err_errno(e, "open %s", path);
        if (e != NULL)
            e->code = ERR_INPUT;
        return -1;
    }
    int rc = check_file(fd, path, e);
    if (rc == 0)
        rc = read_line(fd, path, out, e);
    close(fd);
    return rc;
}

static int base64_value(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

long config_decode_secret(const char *text, unsigned char *out)
{
    static const char prefix[] = "whsec_";
    uint32_t bits = 0;
    int have = 0;
    long n = 0;
    if (!strncmp(text, prefix, sizeof(prefix) - 1))
        text += sizeof(prefix) - 1;
    size_t len = strlen(text);
    for (int padding = 0; len > 0 && text[len - 1] == '=' && padding < 2; padding++)
        len--;
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (unsigned char)(bits >> have);
        }
    }
    return n >= CONFIG_SECRET_LEAST && have < 6 ? n : -1;
}
