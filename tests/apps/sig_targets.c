/* SPDX-License-Identifier: BSD-2-Clause */
/* kill(2) and its relatives: whom numbers name, who may, siginfo that may not be forged. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile int hits;

static void count(int signo)
{
    (void)signo;
    hits++;
}

static void groups(void)
{
    pid_t children[3];
    int status;

    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            pause();
            _exit(0);
        }
        NEED(setpgid(children[i], children[0]) == 0);
    }
    VALUE(kill(-children[0], 0));
    VALUE(kill(-children[0], SIGTERM));
    for (int i = 0; i < 3; i++) {
        NEED(waitpid(children[i], &status, 0) == children[i]);
        VALUE(WTERMSIG(status));
    }
    VALUE(kill(-children[0], SIGTERM));
    VALUE(kill(children[0], 0));
}

static void own_group(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        NEED(setpgid(0, 0) == 0);
        signal(SIGUSR1, count);
        NEED(kill(0, SIGUSR1) == 0);
        _exit(hits);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    VALUE(WEXITSTATUS(status));
}

static long queue(pid_t pid, int code)
{
    siginfo_t info;
    memset(&info, 0, sizeof(info));
    info.si_code = code;
    return syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info);
}

int main(void)
{
    pid_t self = getpid();

    signal(SIGUSR1, count);
    groups();
    own_group();
    VALUE(kill(self, 65));
    VALUE(kill(self, -1));
    VALUE(kill(1 << 22, 0));
    VALUE(kill(-(1 << 22), 0));
    VALUE(syscall(SYS_tgkill, self, self, 0));
    VALUE(syscall(SYS_tgkill, 1 << 22, self, 0));
    VALUE(syscall(SYS_tgkill, 0, self, 0));
    VALUE(syscall(SYS_tgkill, self, 0, SIGUSR1));
    VALUE(syscall(SYS_tkill, self, SIGUSR1));
    VALUE(syscall(SYS_tkill, 1 << 22, SIGUSR1));
    VALUE(syscall(SYS_tkill, 0, SIGUSR1));
    VALUE(hits);
    VALUE(queue(self, SI_QUEUE));
    VALUE(queue(self, SI_USER)); /* to oneself all is allowed */
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    VALUE(queue(pid, SI_USER));
    VALUE(queue(pid, SI_TKILL));
    VALUE(queue(pid, SI_KERNEL));
    VALUE(queue(pid, SI_QUEUE));
    NEED(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
    VALUE(hits);
    VALUE(syscall(SYS_rt_sigqueueinfo, self, SIGUSR1, (void *)8));
    VALUE(syscall(SYS_rt_tgsigqueueinfo, self, self, 65, &(siginfo_t){.si_code = SI_QUEUE}));
    VALUE(syscall(SYS_rt_tgsigqueueinfo, -1, self, SIGUSR1, &(siginfo_t){.si_code = SI_QUEUE}));
    return 0;
}
