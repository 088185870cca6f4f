/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest honest program: one write, one exit; static and dynamic.  With
 * an argument it waits for the end of its input first, to be looked at.
 */
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char text[] = "hello\n";
    char byte;

    (void)argv;
    if (write(1, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
        return 1;
    while (argc > 1 && read(0, &byte, 1) > 0)
        ;
    return 0;
}
