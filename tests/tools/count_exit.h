// SPDX-License-Identifier: Apache-2.0
/*
 * For the build that counts lines (FLAVOR=cov), included before each source: processes that end by
 * _exit write their counters too. Includes nothing, so that no source sees more than it asked for.
 */
#ifndef TESTS_TOOLS_COUNT_EXIT_H
#define TESTS_TOOLS_COUNT_EXIT_H

extern void __gcov_dump(void);
extern void _exit(int code) __attribute__((__noreturn__));

__attribute__((__noreturn__, __unused__)) static void count_exit(int code)
{
    __gcov_dump();
    _exit(code);
}

#define _exit count_exit

#endif
