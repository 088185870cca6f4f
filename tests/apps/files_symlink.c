/* SPDX-License-Identifier: BSD-2-Clause */
/* Symbolic links: followed, not followed, relative, dangling, in loops. */
#include "check.h"

int main(void)
{
    char text[16];
    struct stat st;

    enter_scratch();
    write_file("file", "data");
    CALL(symlink("file", "link"));
    show_file("link");
    memset(text, '#', sizeof(text));
    VALUE(readlink("link", text, sizeof(text)));
    CHECK(!memcmp(text, "file#", 5));
    VALUE(readlink("link", text, 2));
    CALL(readlink("file", text, sizeof(text)));
    CALL(readlink("link", text, 0));
    CALL(readlink("absent", text, sizeof(text)));
    VALUE(lstat("link", &st));
    CHECK(S_ISLNK(st.st_mode));
    VALUE(st.st_size);
    VALUE(st.st_mode & 0777);
    VALUE(stat("link", &st));
    CHECK(S_ISREG(st.st_mode));
    CALL(symlink("nowhere", "dangling"));
    CALL(open("dangling", O_RDONLY));
    CALL(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
    CALL(open("dangling", O_CREAT | O_WRONLY, 0644));
    CALL(access("nowhere", F_OK));
    CALL(symlink("file", "link"));
    CALL(symlink("loop2", "loop1"));
    CALL(symlink("loop1", "loop2"));
    CALL(open("loop1", O_RDONLY));
    CALL(open("link", O_RDONLY | O_NOFOLLOW));
    CALL(mkdir("d", 0755));
    CALL(symlink("../file", "d/up"));
    show_file("d/up");
    CALL(symlink("d", "dlink"));
    show_file("dlink/up");
    CALL(open("dlink", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    CALL(rmdir("dlink"));
    CALL(symlink("", "empty"));
    CALL(unlink("link"));
    show_file("file");
    CALL(chdir("dlink"));
    char cwd[256];
    NEED(getcwd(cwd, sizeof(cwd)));
    CHECK(!strcmp(cwd + strlen(cwd) - 2, "/d"));
    CALL(chdir(".."));
    char name[24], target[24];
    snprintf(target, sizeof(target), "file");
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof(name), "chain%d", i);
        NEED(symlink(target, name) == 0);
        snprintf(target, sizeof(target), "%s", name);
    }
    CALL(open("chain38", O_RDONLY));
    CALL(open("chain39", O_RDONLY));
    CALL(open("chain40", O_RDONLY));
    return 0;
}
