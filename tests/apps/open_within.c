/* SPDX-License-Identifier: BSD-2-Clause */
/* openat2(2): walks that may not leave a directory, follow links or cross mounts. */
#include "check.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

static int dir;

static long within(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

    if (fd >= 0)
        close((int)fd);
    return fd;
}

static void beneath(void)
{
    CALL(within("file", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("sub/../file", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("..", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("sub/../../top/file", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("/etc", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("inside", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("absolute", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("outside", O_RDONLY, 0, RESOLVE_BENEATH));
    CALL(within("outside", O_WRONLY | O_CREAT, 0600, RESOLVE_BENEATH));
    CALL(within("new", O_WRONLY | O_CREAT, 0600, RESOLVE_BENEATH));
    CALL(within("../new", O_WRONLY | O_CREAT, 0600, RESOLVE_BENEATH));
    CALL(within("inside_new", O_WRONLY | O_CREAT, 0600, RESOLVE_BENEATH));
    CALL(within("sub/made", O_RDONLY, 0, 0));
}

static void in_root(void)
{
    CALL(within("/file", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("../../file", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("/../sub/..//file", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("/proc/self/exe", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("absolute", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("rooted", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("outside", O_RDONLY, 0, RESOLVE_IN_ROOT));
    CALL(within("/made_in_root", O_WRONLY | O_CREAT, 0600, RESOLVE_IN_ROOT));
    CALL(within("made_in_root", O_RDONLY, 0, 0));
}

static void links(void)
{
    CALL(within("inside", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
    CALL(within("inside", O_RDONLY | O_NOFOLLOW | O_PATH, 0, RESOLVE_NO_SYMLINKS));
    CALL(within("linked_dir/made", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
    CALL(within("linked_dir/made", O_RDONLY, 0, 0));
    CALL(within("inside", O_WRONLY | O_CREAT, 0600, RESOLVE_NO_SYMLINKS));
    CALL(within("inside", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
    CALL(within("/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
    CALL(within("/proc/self/fd/0/x", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
    CALL(within("/proc/self/exe", O_RDONLY, 0, 0));
    CALL(within("/proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV));
    CALL(within("file", O_RDONLY, 0, RESOLVE_NO_XDEV));
    CALL(within("file", O_RDONLY, 0, RESOLVE_CACHED));
    CALL(within("file", O_WRONLY | O_TRUNC, 0, RESOLVE_CACHED));
}

static void mistakes(void)
{
    struct {
        struct open_how how;
        uint64_t more;
    } big = {.how = {.flags = O_RDONLY}};

    CALL(within("file", O_RDONLY, 0, 64));
    CALL(within("file", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
    CALL(within("file", O_RDONLY, 0600, 0));
    CALL(within("file", 1ul << 40, 0, 0));
    CALL(within("new", O_WRONLY | O_CREAT, 010000, 0));
    CALL(syscall(SYS_openat2, dir, "file", &big, sizeof(big)));
    big.more = 1;
    CALL(syscall(SYS_openat2, dir, "file", &big, sizeof(big)));
    CALL(syscall(SYS_openat2, dir, "file", &big, 8));
    CALL(syscall(SYS_openat2, dir, "file", (void *)1, sizeof(big.how)));
}

int main(void)
{
    char target[128];

    enter_scratch();
    NEED(mkdir("top", 0755) == 0 && chdir("top") == 0 && mkdir("sub", 0755) == 0);
    write_file("file", "in");
    write_file("../secret", "out");
    snprintf(target, sizeof(target), "%s/top/file", check_scratch_path);
    NEED(symlink(target, "absolute") == 0 && symlink("../secret", "outside") == 0);
    NEED(symlink("file", "inside") == 0 && symlink("sub/made", "inside_new") == 0);
    NEED(symlink("sub", "linked_dir") == 0 && symlink("/file", "rooted") == 0);
    dir = open(".", O_RDONLY | O_DIRECTORY);
    beneath();
    in_root();
    links();
    mistakes();
    return 0;
}
