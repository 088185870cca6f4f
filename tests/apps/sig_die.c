/* SPDX-License-Identifier: BSD-2-Clause */
/* Death by each signal, and by its causes: the status that the outside sees. */
/* variants: static */
/* args: 1 */
/* args: 2 */
/* args: 3 */
/* args: 4 */
/* args: 5 */
/* args: 6 */
/* args: 8 */
/* args: 9 */
/* args: 10 */
/* args: 11 */
/* args: 13 */
/* args: 14 */
/* args: 15 */
/* args: 24 */
/* args: 31 */
/* args: 34 */
/* args: 64 */
/* args: abort */
/* args: null */
/* args: blocked-null */
/* args: ignored-null */
/* args: divide */
/* args: pipe */
#include "check.h"

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    int number = atoi(how);
    sigset_t all;

    printf("dying: %s\n", how);
    fflush(stdout);
    if (number)
        kill(getpid(), number);
    sigfillset(&all);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "blocked-null"))
        sigprocmask(SIG_BLOCK, &all, NULL);
    if (!strcmp(how, "ignored-null"))
        signal(SIGSEGV, SIG_IGN);
    if (strstr(how, "null"))
        *(volatile int *)0 = 1;
    volatile int zero = 0;
    if (!strcmp(how, "divide"))
        zero = 1 / zero;
    int pipes[2];
    if (pipe(pipes) == 0 && close(pipes[0]) == 0 && write(pipes[1], "x", 1) < 0)
        printf("still here\n");
    return 77 + 1;
}
