// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

int main(void)
{
    fputs("deb-status-worker: cannot work yet\n", stderr);
    return 2;
}
