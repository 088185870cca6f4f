/* SPDX-License-Identifier: BSD-2-Clause */
/* rename: replacing, directories, what may not replace what, and renameat2's flags. */
#include "check.h"

int main(void)
{
    enter_scratch();
    write_file("a", "A");
    write_file("b", "B");
    CALL(rename("a", "b"));
    CALL(access("a", F_OK));
    show_file("b");
    CALL(rename("absent", "x"));
    CALL(rename("b", "b"));
    CALL(mkdir("d", 0755));
    CALL(mkdir("e", 0755));
    CALL(rename("b", "d"));
    CALL(rename("d", "b"));
    CALL(rename("d", "e"));
    CALL(access("d", F_OK));
    write_file("e/in", "inside");
    CALL(mkdir("f", 0755));
    CALL(rename("f", "e"));
    CALL(rename("e", "f"));
    show_file("f/in");
    CALL(rename("f", "f/g"));
    CALL(mkdir("f/g", 0755));
    CALL(rename("f", "f/g/h"));
    CALL(rename("f/in", "moved"));
    show_file("moved");
    CALL(rename("moved", "f/"));
    CALL(rename("moved", "absent/x"));
    CALL(rename("moved/", "y"));
    CALL(rename("", "y"));
    CALL(rename("f/g", "g"));
    CALL(access("g/.", F_OK));
    struct stat st;
    stat("f", &st);
    VALUE(st.st_nlink);
    CALL(symlink("moved", "link"));
    CALL(rename("link", "link2"));
    char target[16] = "";
    VALUE(readlink("link2", target, sizeof(target)));
    CALL(renameat2(AT_FDCWD, "moved", AT_FDCWD, "b", RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "moved", AT_FDCWD, "c", RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_EXCHANGE));
    show_file("b");
    show_file("c");
    CALL(rename(".", "z"));
    return 0;
}
