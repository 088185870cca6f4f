/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mount's flags forbid below it: devices, links, other users' programs; chroot and ".." */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static void flags(unsigned long set)
{
    NEED(mount(NULL, "at", NULL, MS_REMOUNT | MS_BIND | set, NULL) == 0);
}

static void in_child(const char *what, void (*function)(void))
{
    int status;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        function();
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    printf("%s: status %d\n", what, status);
}

static void run_script(void)
{
    CALL(execl("at/script", "script", NULL));
    CALL(access("at/script", X_OK));
}

static void outside(void)
{
    char path[256];

    NEED(chroot("at") == 0);
    CHECK(getcwd(path, sizeof(path)) == NULL || path[0] == '(');
    CALL(access("at", F_OK));
    CALL(access("/file", F_OK));
    CALL(access("/../../file", F_OK));
    NEED(chdir("/") == 0);
    CHECK(getcwd(path, sizeof(path)) && !strcmp(path, "/"));
    CALL(access("at", F_OK));
    CALL(chroot("missing"));
    CALL(chroot("file"));
}

int main(void)
{
    if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) == 0)
        NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    enter_scratch();
    NEED(mkdir("at", 0755) == 0 && mount("t", "at", "tmpfs", 0, NULL) == 0);
    write_file("at/file", "x");
    write_file("at/script", "#!/no/such/interpreter\n");
    NEED(chmod("at/script", 0755) == 0 && symlink("file", "at/link") == 0);
    NEED(mknod("at/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
    CALL(open("at/null", O_RDWR));
    CALL(open("at/link", O_RDONLY));
    in_child("exec", run_script);
    flags(MS_NODEV);
    CALL(open("at/null", O_RDWR));
    CALL(access("at/null", R_OK));
    CALL(open("at/null", O_PATH));
    flags(MS_NOEXEC);
    in_child("noexec", run_script);
    flags(256); /* MS_NOSYMFOLLOW */
    CALL(open("at/link", O_RDONLY));
    CALL(open("at/link", O_RDWR | O_CREAT, 0600));
    CALL(open("at/link", O_PATH | O_NOFOLLOW));
    CALL(access("at/link", F_OK));
    CALL(readlink("at/link", (char[16]){0}, 16));
    CALL(rename("at/link", "at/other"));
    flags(0);
    in_child("chroot", outside);
    CALL(umount("at"));
    return 0;
}
