/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounts by descriptors: fsopen(2) to move_mount(2), open_tree(2), mount_setattr(2), fspick(2). */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

static void leave_host(void)
{
    if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) == 0)
        NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static int make(const char *option, const char *value)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);

    NEED(context >= 0);
    NEED(fsconfig(context, FSCONFIG_SET_STRING, "source", "from_fd", 0) == 0);
    NEED(fsconfig(context, FSCONFIG_SET_STRING, option, value, 0) == 0);
    NEED(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
    return context;
}

static void step_by_step(void)
{
    struct stat st;
    int context = fsopen("tmpfs", 0), mount_fd;

    CALL(fsconfig(context, FSCONFIG_SET_STRING, "mode", "700", 0));
    CALL(fsconfig(context, FSCONFIG_SET_FLAG, "rw", NULL, 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "size", "nonsense", 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "nosuch", "1", 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "source", "a", 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "source", "b", 0));
    CALL(fsmount(context, 0, 0));
    CALL(fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
    CALL(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    mount_fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
    CHECK(mount_fd >= 0);
    CALL(fsmount(context, 0, 0));
    close(context);
    NEED(fstat(mount_fd, &st) == 0);
    CHECK((st.st_mode & 07777) == 0700);
    CALL(mkdirat(mount_fd, "before", 0700));
    CALL(move_mount(mount_fd, "", AT_FDCWD, "at", 0));
    CALL(move_mount(mount_fd, "", AT_FDCWD, "missing", MOVE_MOUNT_F_EMPTY_PATH));
    CALL(move_mount(mount_fd, "", AT_FDCWD, "file", MOVE_MOUNT_F_EMPTY_PATH));
    CALL(move_mount(mount_fd, "", AT_FDCWD, "at", MOVE_MOUNT_F_EMPTY_PATH));
    CALL(access("at/before", F_OK));
    CALL(mkdirat(mount_fd, "after", 0700));
    CALL(rmdir("at/after"));
    CALL(faccessat(mount_fd, "after", F_OK, 0));
    close(mount_fd);
    CALL(umount2("at", 0));
    CALL(access("at/before", F_OK));
}

static unsigned long flags_at(const char *path)
{
    struct statvfs fs;

    NEED(statvfs(path, &fs) == 0);
    return fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_RELATIME);
}

static void attributes(void)
{
    int context = make("mode", "755");
    int fd = fsmount(context, 0, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOEXEC, .attr_clr = MOUNT_ATTR_NODEV};

    close(context);
    CALL(mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)));
    NEED(move_mount(fd, "", AT_FDCWD, "at", MOVE_MOUNT_F_EMPTY_PATH) == 0);
    close(fd);
    CHECK(flags_at("at") == (ST_NOEXEC | ST_NOATIME));
    attr = (struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = MOUNT_ATTR__ATIME};
    CALL(mount_setattr(AT_FDCWD, "at", 0, &attr, sizeof(attr)));
    CHECK(flags_at("at") == (ST_RDONLY | ST_NOEXEC | ST_RELATIME));
    CALL(mkdir("at/dir", 0700));
    attr = (struct mount_attr){.attr_set = MOUNT_ATTR_NOATIME};
    CALL(mount_setattr(AT_FDCWD, "at", 0, &attr, sizeof(attr)));
    attr = (struct mount_attr){.attr_set = 1ul << 40};
    CALL(mount_setattr(AT_FDCWD, "at", 0, &attr, sizeof(attr)));
    attr = (struct mount_attr){.attr_clr = MOUNT_ATTR_RDONLY};
    CALL(mount_setattr(AT_FDCWD, "at", 0, &attr, 8));
    CALL(mount_setattr(AT_FDCWD, "at", 0x10, &attr, sizeof(attr)));
    CALL(mount_setattr(AT_FDCWD, "other", 0, &attr, sizeof(attr)));
    CALL(mount_setattr(AT_FDCWD, "at", 0, &attr, sizeof(attr)));
    CALL(mkdir("at/dir", 0700));
}

static void trees(void)
{
    int fd = open_tree(AT_FDCWD, "at/dir", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    CHECK(fd >= 0);
    CALL(move_mount(fd, "", AT_FDCWD, "other", MOVE_MOUNT_F_EMPTY_PATH));
    close(fd);
    write_file("other/seen", "twice");
    show_file("at/dir/seen");
    fd = open_tree(AT_FDCWD, "other", 0);
    CALL(faccessat(fd, "seen", F_OK, 0));
    CALL(read(fd, &fd, 0));
    CALL(move_mount(fd, "", AT_FDCWD, "third", MOVE_MOUNT_F_EMPTY_PATH));
    CALL(access("third/seen", F_OK));
    CALL(access("other/seen", F_OK));
    close(fd);
    CALL(umount2("third", 0));
    CALL(open_tree(AT_FDCWD, "missing", OPEN_TREE_CLONE));
    CALL(open_tree(AT_FDCWD, "at", AT_RECURSIVE));
    CALL(open_tree(AT_FDCWD, "at", 0x40000000));
}

static void picked(void)
{
    int context = fspick(AT_FDCWD, "at", FSPICK_CLOEXEC);

    CHECK(context >= 0);
    CALL(fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0));
    CALL(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
    CALL(mkdir("at/more", 0700));
    close(context);
    CALL(fspick(AT_FDCWD, "third", 0));
    CALL(fspick(AT_FDCWD, "at", 0x100));
    CALL(umount2("at", 0));
}

static void mistakes(void)
{
    int context = fsopen("tmpfs", 0);

    CALL(fsopen("nosuchfs", 0));
    CALL(fsopen("tmpfs", 2));
    CALL(fsopen((char *)1, 0));
    CALL(fsconfig(-1, FSCONFIG_SET_FLAG, "ro", NULL, 0));
    CALL(fsconfig(context, 99, "ro", NULL, 0));
    CALL(fsconfig(context, FSCONFIG_SET_FLAG, NULL, NULL, 0));
    CALL(fsconfig(context, FSCONFIG_SET_FLAG, "ro", "x", 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "size", NULL, 0));
    CALL(fsconfig(context, FSCONFIG_SET_STRING, "size", "1m", 1));
    CALL(fsconfig(STDOUT_FILENO, FSCONFIG_SET_FLAG, "ro", NULL, 0));
    CALL(fsmount(STDOUT_FILENO, 0, 0));
    CALL(fsmount(context, 2, 0));
    CALL(fsmount(context, 0, 0x30));
    CALL(move_mount(AT_FDCWD, "at", AT_FDCWD, "other", 0x800));
    CALL(move_mount(AT_FDCWD, "at", AT_FDCWD, "other", 0));
    close(context);
}

int main(void)
{
    leave_host();
    enter_scratch();
    NEED(mkdir("at", 0755) == 0 && mkdir("other", 0755) == 0 && mkdir("third", 0755) == 0);
    write_file("file", "");
    step_by_step();
    attributes();
    trees();
    picked();
    mistakes();
    return 0;
}
