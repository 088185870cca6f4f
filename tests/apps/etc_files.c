/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files of /etc that the C library reads, and /tmp as programs expect it. */
#include "check.h"
#include <netdb.h>
#include <pwd.h>

int main(void)
{
    struct stat st;

    CHECK(access("/etc/passwd", R_OK) == 0 && access("/etc/group", R_OK) == 0);
    struct passwd *root = getpwnam("root");
    CHECK(root && root->pw_uid == 0);
    VALUE(stat("/tmp", &st));
    printf("%o\n", st.st_mode);
    CHECK(access("/tmp", R_OK | W_OK | X_OK) == 0);
    FILE *file = tmpfile();
    CHECK(file && fprintf(file, "text") == 4);
    rewind(file);
    char text[8] = "";
    CHECK(fgets(text, 8, file) && !strcmp(text, "text"));
    char name[] = "/tmp/checkXXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    CHECK(getpwnam("nobody-of-this-name") == NULL);
    return 0;
}
