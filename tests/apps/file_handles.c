/* SPDX-License-Identifier: BSD-2-Clause */
/* name_to_handle_at(2) and back by open_by_handle_at(2), on a file system in memory. */
#include "check.h"

static struct {
    struct file_handle handle;
    unsigned char bytes[128];
} it;

static int take(const char *path, int flags)
{
    int mount_id;

    it.handle.handle_bytes = sizeof(it.bytes);
    return name_to_handle_at(AT_FDCWD, path, &it.handle, &mount_id, flags);
}

static void there_and_back(void)
{
    struct stat before, after;

    NEED(stat("dir/deep/file", &before) == 0);
    CALL(take("dir/deep/file", 0));
    NEED(rename("dir/deep/file", "dir/moved") == 0);
    int fd = open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY);
    NEED(fd >= 0 && fstat(fd, &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    close(fd);
    NEED(unlink("dir/moved") == 0);
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
    CALL(take("dir", 0));
    fd = open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY | O_DIRECTORY);
    CALL(faccessat(fd, "deep", F_OK, 0));
    close(fd);
    CALL(take("link", 0));
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
    CALL(take("link", AT_SYMLINK_FOLLOW));
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
}

static void mistakes(void)
{
    int mount_id;

    it.handle.handle_bytes = 0;
    CALL(name_to_handle_at(AT_FDCWD, "dir", &it.handle, &mount_id, 0));
    CHECK(it.handle.handle_bytes > 0 && it.handle.handle_bytes <= 128);
    it.handle.handle_bytes = 129;
    CALL(name_to_handle_at(AT_FDCWD, "dir", &it.handle, &mount_id, 0));
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
    it.handle.handle_bytes = 0;
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
    CALL(take("missing", 0));
    CALL(take("dir", 0x80));
    CALL(take("", 0));
    CALL(take("", AT_EMPTY_PATH));
    CALL(take("/proc/version", 0));
    CALL(take("dir", 0));
    CALL(open_by_handle_at(-1, &it.handle, O_RDONLY));
    CALL(name_to_handle_at(-1, "dir", &it.handle, &mount_id, 0));
    CALL(name_to_handle_at(AT_FDCWD, "dir", (struct file_handle *)8, &mount_id, 0));
    NEED(seteuid(1) == 0);
    CALL(open_by_handle_at(AT_FDCWD, &it.handle, O_RDONLY));
    NEED(seteuid(0) == 0);
}

int main(void)
{
    NEED(chdir("/dev/shm") == 0);
    check_remove_tree(AT_FDCWD, "file_handles");
    rmdir("file_handles");
    NEED(mkdir("file_handles", 0755) == 0 && chdir("file_handles") == 0);
    NEED(mkdir("dir", 0755) == 0 && mkdir("dir/deep", 0755) == 0 && symlink("dir", "link") == 0);
    write_file("dir/deep/file", "x");
    there_and_back();
    mistakes();
    NEED(chdir("..") == 0);
    check_remove_tree(AT_FDCWD, "file_handles");
    CALL(rmdir("file_handles"));
    return 0;
}
