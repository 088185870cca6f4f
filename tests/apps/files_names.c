/* SPDX-License-Identifier: BSD-2-Clause */
/* Odd names and odd paths. */
#include "check.h"

int main(void)
{
    enter_scratch();
    const char *names[] = {" ",  "a b",      "new\nline", "\xff\xfe", "...",
                           "-x", "\xc3\xa9", "*",         "tab\t"};
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        write_file(names[i], "x");
        printf("%d", access(names[i], F_OK));
    }
    printf("\n");
    CALL(mkdir("d", 0755));
    CALL(access("d//", F_OK));
    CALL(access(".//d/./../d/.", F_OK));
    CALL(access("///tmp", F_OK));
    CALL(access("/../../tmp", F_OK));
    CALL(access(" /x", F_OK));
    char path[5000];
    for (int i = 0; i < 4094; i += 2)
        memcpy(path + i, "./", 2);
    path[4094] = 'd';
    path[4095] = 0;
    CALL(access(path, F_OK));
    memcpy(path + 4094, "/d", 3);
    CALL(access(path, F_OK));
    path[0] = 0;
    for (int i = 0; i < 30; i++) {
        NEED(mkdir("deep", 0755) == 0 && chdir("deep") == 0);
    }
    write_file("bottom", "b");
    char *cwd = getcwd(path, sizeof(path));
    CHECK(cwd && strlen(cwd) > 150);
    char *real = realpath("../deep/./bottom", NULL);
    CHECK(real && !strcmp(real + strlen(real) - 12, "/deep/bottom"));
    return 0;
}
