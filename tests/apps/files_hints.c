/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that order or hint check their arguments all the same; so do copies between files. */
#include "check.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int file, dir, pipes[2], null_fd, write_only;

static void hints(void)
{
    CALL(readahead(file, 0, 1));
    CALL(readahead(write_only, 0, 1));
    CALL(readahead(dir, 0, 1));
    CALL(readahead(pipes[0], 0, 1));
    CALL(readahead(null_fd, 0, 1));
    CALL(-posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM));
    CALL(-posix_fadvise(file, 0, 0, 77));
    CALL(-posix_fadvise(pipes[0], 0, 0, POSIX_FADV_RANDOM));
    CALL(-posix_fadvise(file, 0, -1, POSIX_FADV_RANDOM));
    CALL(sync_file_range(file, 0, 1, SYNC_FILE_RANGE_WRITE));
    CALL(sync_file_range(file, -1, 1, SYNC_FILE_RANGE_WRITE));
    CALL(sync_file_range(file, 0, -1, SYNC_FILE_RANGE_WRITE));
    CALL(sync_file_range(file, 0, 1, 8));
    CALL(sync_file_range(pipes[1], 0, 1, SYNC_FILE_RANGE_WRITE));
    CALL(sync_file_range(null_fd, 0, 1, SYNC_FILE_RANGE_WRITE));
    CALL(syncfs(file));
    CALL(syncfs(-1));
    CALL(fdatasync(pipes[0]));
}

static void copies(void)
{
    off_t zero = 0, far = 0x7fffffffffffffffl - 10;
    int to = open("to", O_CREAT | O_RDWR, 0600);
    int append = open("to", O_WRONLY | O_APPEND);

    VALUE(copy_file_range(file, &zero, to, NULL, 100, 0));
    CALL(copy_file_range(file, NULL, to, NULL, 1, 1));
    CALL(copy_file_range(dir, NULL, to, NULL, 1, 0));
    CALL(copy_file_range(file, NULL, dir, NULL, 1, 0));
    CALL(copy_file_range(pipes[0], NULL, to, NULL, 1, 0));
    CALL(copy_file_range(file, NULL, pipes[1], NULL, 1, 0));
    CALL(copy_file_range(file, NULL, null_fd, NULL, 1, 0));
    CALL(copy_file_range(file, NULL, append, NULL, 1, 0));
    CALL(copy_file_range(write_only, NULL, to, NULL, 1, 0));
    CALL(copy_file_range(-1, NULL, to, NULL, 1, 0));
    zero = 0;
    CALL(copy_file_range(file, &zero, to, &far, ~0ul, 0));
    CALL(ioctl(to, FICLONE, -1));
    CALL(ioctl(to, FICLONE, dir));
    CALL(ioctl(to, FICLONE, pipes[0]));
    close(append);
    close(to);
}

static void positions(void)
{
    char byte;
    struct iovec one = {&byte, 1};

    CALL(pread(pipes[0], &byte, 1, 0));
    CALL(pread(pipes[1], &byte, 1, 0));
    CALL(pwrite(pipes[0], &byte, 1, 0));
    CALL(pread(write_only, &byte, 1, 0));
    CALL(pread(file, &byte, 1, -1));
    CALL(preadv(pipes[1], &one, 1, 0));
    CALL(pwritev(pipes[0], &one, 1, 0));
    CALL(pread(dir, &byte, 1, 0));
}

static void removed_directory(void)
{
    char buf[256];

    NEED(mkdir("gone", 0700) == 0);
    int gone = open("gone", O_RDONLY);
    NEED(rmdir("gone") == 0);
    CALL(syscall(SYS_getdents64, gone, buf, sizeof(buf)));
    CALL(openat(gone, "x", O_CREAT | O_WRONLY, 0600));
    CALL(mkdirat(gone, "x", 0700));
    close(gone);
    NEED(symlink("file", "link") == 0);
    CALL(syscall(SYS_getdents64, file, buf, sizeof(buf)));
    CALL(syscall(SYS_getdents64, dir, buf, 1));
    CALL(linkat(AT_FDCWD, "gone", AT_FDCWD, "x", 0));
    CALL(link(".", "dir"));
    CALL(link(".", "x"));
}

int main(void)
{
    enter_scratch();
    write_file("file", "contents");
    NEED(mkdir("dir", 0700) == 0);
    file = open("file", O_RDWR);
    write_only = open("file", O_WRONLY);
    dir = open(".", O_RDONLY);
    null_fd = open("/dev/null", O_RDWR);
    NEED(pipe(pipes) == 0);
    hints();
    copies();
    positions();
    removed_directory();
    return 0;
}
