/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit statuses, handlers at exit, and what is flushed. */
/* args: 0 */
/* args: 1 */
/* args: 2 */
/* args: 125 */
/* args: 126 */
/* args: 127 */
/* args: 128 */
/* args: 137 */
/* args: 255 */
/* args: 256 */
/* args: -1 */
/* args: 3 quick */
#include "check.h"

static void first(void)
{
    printf("first\n");
}

static void second(void)
{
    printf("second\n");
}

int main(int argc, char **argv)
{
    atexit(first);
    atexit(second);
    printf("main\n");
    int status = argc > 1 ? atoi(argv[1]) : 0;
    if (argc > 2)
        _exit(status);
    return status;
}
