// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/admin/command.h"

/* What command_print_text writes to stdout. */
static void printed(const char *text, char *out, size_t size)
{
    FILE *f = tmpfile();
    int before = dup(STDOUT_FILENO);
    fflush(stdout);
    assert_true(f && before >= 0 && dup2(fileno(f), STDOUT_FILENO) >= 0);
    command_print_text(text);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(f);
    out[fread(out, 1, size - 1, f)] = '\0';
    fclose(f);
}

/* A host's words may hold the control sequences of a terminal, in one byte or as U+0080 to U+009F.
 */
static void prints_no_control_characters(void **state)
{
    (void)state;
    char out[64];
    printed("a\x1b[2J\tb\rc\x7f\n\xc2\x9b"
            "1m \xc2\xa0\xc3\xa9",
            out, sizeof out);
    assert_string_equal(out, "a [2J b c \n 1m \xc2\xa0\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(prints_no_control_characters)};
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
