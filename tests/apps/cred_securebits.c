/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capabilities(7): securebits and their locks, what a change of user leaves, ambient
 * capabilities, and the rules of capset(2).
 */
#include "check.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
static struct __user_cap_data_struct caps[2];

static int has_effective(int capability)
{
    NEED(syscall(SYS_capget, &header, caps) == 0);
    return (int)(caps[capability / 32].effective >> (capability % 32) & 1);
}

static int has_permitted(int capability)
{
    NEED(syscall(SYS_capget, &header, caps) == 0);
    return (int)(caps[capability / 32].permitted >> (capability % 32) & 1);
}

static void run(const char *name, void (*body)(void))
{
    printf("-- %s\n", name);
    fflush(stdout);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
}

static void plain(void)
{
    VALUE(prctl(PR_GET_SECUREBITS));
    VALUE(syscall(SYS_setresuid, 1000, 1000, 1000));
    VALUE(has_permitted(CAP_CHOWN));
    VALUE(prctl(PR_SET_SECUREBITS, 0));
}

static void keep(void)
{
    VALUE(prctl(PR_GET_KEEPCAPS));
    VALUE(prctl(PR_SET_KEEPCAPS, 1));
    VALUE(prctl(PR_SET_KEEPCAPS, 2));
    VALUE(prctl(PR_GET_SECUREBITS));
    VALUE(syscall(SYS_setresuid, 1000, 1000, 1000));
    VALUE(has_permitted(CAP_CHOWN));
    VALUE(has_effective(CAP_CHOWN));
}

static void no_fixup(void)
{
    VALUE(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
    VALUE(syscall(SYS_setresuid, -1, 1000, -1));
    VALUE(has_effective(CAP_CHOWN));
}

static void locks(void)
{
    VALUE(prctl(PR_SET_SECUREBITS, 0x10000));
    VALUE(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
    VALUE(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS));
    VALUE(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
    VALUE(prctl(PR_SET_KEEPCAPS, 0));
    VALUE(prctl(PR_GET_KEEPCAPS));
}

static void ambient(void)
{
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    NEED(syscall(SYS_capget, &header, caps) == 0);
    caps[0].inheritable = 1u << CAP_CHOWN;
    VALUE(syscall(SYS_capset, &header, caps));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    VALUE(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    VALUE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 999, 0, 0));
}

static void sets(void)
{
    NEED(syscall(SYS_capget, &header, caps) == 0);
    caps[0] = (struct __user_cap_data_struct){
        .effective = 1u << CAP_KILL, .permitted = 1u << CAP_KILL, .inheritable = 1u << CAP_KILL};
    caps[1] = (struct __user_cap_data_struct){0};
    VALUE(syscall(SYS_capset, &header, caps));
    caps[0].inheritable |= 1u << CAP_NET_RAW;
    VALUE(syscall(SYS_capset, &header, caps));
    caps[0].inheritable = 0;
    caps[0].effective |= 1u << CAP_CHOWN;
    VALUE(syscall(SYS_capset, &header, caps));
    caps[0].permitted |= 1u << CAP_CHOWN;
    VALUE(syscall(SYS_capset, &header, caps));
}

int main(void)
{
    run("plain", plain);
    run("keep", keep);
    run("no fixup", no_fixup);
    run("locks", locks);
    run("ambient", ambient);
    run("sets", sets);
    return 0;
}
