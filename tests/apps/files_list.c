/* SPDX-License-Identifier: BSD-2-Clause */
/* getdents64 through readdir: every entry once, types, positions, growing directories. */
#include "check.h"

int main(void)
{
    char name[32], seen[700] = "";

    enter_scratch();
    NEED(mkdir("big", 0755) == 0);
    for (int i = 0; i < 700; i++) {
        snprintf(name, sizeof(name), "big/entry-number-%d", i);
        write_file(name, "");
    }
    DIR *dir = opendir("big");
    NEED(dir);
    struct dirent *entry;
    int others = 0, twice = 0, count = 0;
    while ((entry = readdir(dir)) != NULL) {
        int number;
        if (sscanf(entry->d_name, "entry-number-%d", &number) == 1 && number < 700) {
            twice += seen[number]++;
            count++;
        } else {
            others++;
        }
    }
    VALUE(count);
    VALUE(twice);
    VALUE(others);
    rewinddir(dir);
    NEED(readdir(dir) && readdir(dir) && readdir(dir));
    long where = telldir(dir);
    entry = readdir(dir);
    NEED(entry);
    snprintf(name, sizeof(name), "%s", entry->d_name);
    readdir(dir);
    seekdir(dir, where);
    entry = readdir(dir);
    CHECK(entry && !strcmp(entry->d_name, name));
    closedir(dir);

    NEED(mkdir("few", 0755) == 0 && chdir("few") == 0);
    mkdir("d", 0755);
    write_file("f", "");
    symlink("f", "l");
    mkfifo("p", 0644);
    const char *names[] = {".", "..", "d", "f", "l", "p"};
    for (int i = 0; i < 6; i++) {
        dir = opendir(".");
        while ((entry = readdir(dir)) != NULL)
            if (!strcmp(entry->d_name, names[i]))
                printf("%s type %d\n", names[i], entry->d_type);
        closedir(dir);
    }
    CHECK(!opendir("f") && errno == ENOTDIR);
    CHECK(!opendir("absent") && errno == ENOENT);
    int fd = open(".", O_RDONLY);
    char small[8];
    CALL(read(fd, small, 1));
    CALL(getdents64(fd, small, sizeof(small)));
    CALL(getdents64(0, small, sizeof(small)));
    struct dirent **list;
    VALUE(scandir("..", &list, NULL, alphasort));
    return 0;
}
