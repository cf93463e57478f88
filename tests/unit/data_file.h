// SPDX-License-Identifier: Apache-2.0
/* Rules with many cases as data files: each line that is no comment goes to a check. */
#ifndef TESTS_UNIT_DATA_FILE_H
#define TESTS_UNIT_DATA_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* check() returns NULL, or what is wrong with the line. Returns how many lines failed; with no
 * line at all the file itself has failed. Tests run in the source tree's root. */
static inline int data_file_run(const char *path, const char *(*check)(char *line))
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    char *line = NULL;
    size_t cap = 0;
    int failed = 0, seen = 0, n = 0;
    while (getline(&line, &cap, f) > 0) {
        n++;
        line[strcspn(line, "\n")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        seen++;
        char shown[256];
        snprintf(shown, sizeof(shown), "%s", line);
        const char *wrong = check(line);
        if (wrong != NULL && ++failed > 0)
            fprintf(stderr, "%s:%d: '%s': %s\n", path, n, shown, wrong);
    }
    free(line);
    fclose(f);
    return seen == 0 ? 1 : failed;
}

/* Cuts the first word off *line (a NUL is written behind it); "" at the end. */
static inline char *data_file_word(char **line)
{
    char *word = *line + strspn(*line, " ");
    char *end = word + strcspn(word, " ");
    *line = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

#endif
