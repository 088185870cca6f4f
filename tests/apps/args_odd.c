/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments and environment pass through unchanged, odd bytes included. */
/* clang-format off */
/* args: a "" " " "two words" "-x" "--" "tab	quote'back\\slash" "ünï ☃" "$HOME `id` %s %n" "=" "a=b" "*" "new
line" */
/* env: PLAIN=1 EMPTY= "SPACE=a b" "EQ=a=b=c" "UTF=☃" "ODD-NAME.x=y" "NL=a
b" */
/* clang-format on */
/* variants: dynamic musl */
#include "check.h"

static void show(const char *text)
{
    for (; *text; text++)
        printf(*text > 32 && *text < 127 && *text != '%' ? "%c" : "%%%02x", (unsigned char)*text);
    printf("\n");
}

int main(int argc, char **argv)
{
    const char *names[] = {"PLAIN", "EMPTY", "SPACE", "EQ", "UTF", "ODD-NAME.x", "NL", "ABSENT"};

    for (int i = 1; i < argc; i++)
        show(argv[i]);
    for (int i = 0; i < 8; i++) {
        const char *value = getenv(names[i]);
        printf("%s: ", names[i]);
        show(value ? value : "(null)");
    }
    setenv("NEW", "x", 1);
    unsetenv("PLAIN");
    CHECK(getenv("NEW") && !getenv("PLAIN"));
    return 0;
}
