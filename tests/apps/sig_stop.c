/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping and going on: what cancels what, who is told, and what a stopped process still gets. */
#include "check.h"
#include <sys/wait.h>

static volatile int got_cont, got_usr1;

static void on_cont(int signo)
{
    (void)signo;
    got_cont++;
}
static void on_usr1(int signo)
{
    (void)signo;
    got_usr1++;
}

static void show(const char *what, pid_t pid, int options)
{
    siginfo_t info;
    memset(&info, 0, sizeof(info));
    int result = waitid(P_PID, (id_t)pid, &info, options);
    printf("%s: %d, code %d, status %d\n", what, result, info.si_code, info.si_status);
}

static int steps[2]; /* a pipe: what the child has done */

static pid_t start_child(void)
{
    char byte;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCONT, on_cont);
        signal(SIGUSR1, on_usr1);
        for (int i = 0; i < 2; i++) {
            NEED(write(steps[1], "s", 1) == 1);
            while (got_usr1 <= i)
                usleep(1000);
        }
        _exit(got_cont);
    }
    NEED(read(steps[0], &byte, 1) == 1);
    return pid;
}

static void basics(void)
{
    char byte;
    NEED(pipe(steps) == 0);
    pid_t pid = start_child();
    NEED(kill(pid, SIGSTOP) == 0);
    show("stopped", pid, WSTOPPED);
    show("told once", pid, WSTOPPED | WNOHANG);
    NEED(kill(pid, SIGUSR1) == 0); /* waits until it goes on */
    show("not ended", pid, WEXITED | WNOHANG);
    NEED(kill(pid, SIGCONT) == 0);
    show("continued", pid, WCONTINUED | WNOWAIT);
    show("continued", pid, WCONTINUED);
    show("told once", pid, WCONTINUED | WNOHANG);
    NEED(read(steps[0], &byte, 1) == 1);
    NEED(kill(pid, SIGUSR1) == 0);
    show("ended", pid, WEXITED | WNOWAIT);
    show("no news of the dead", pid, WSTOPPED | WCONTINUED);
    show("ended", pid, WEXITED);

    pid = start_child();
    NEED(kill(pid, SIGSTOP) == 0);
    show("stopped", pid, WSTOPPED | WNOWAIT);
    NEED(kill(pid, SIGKILL) == 0);
    show("killed while stopped", pid, WEXITED);
}

/* A pending stop goes when SIGCONT comes, and the other way round. */
static void cancelling(void)
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, SIGTSTP);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGCONT, on_cont);
    raise(SIGTSTP);
    raise(SIGCONT);
    sigpending(&pending);
    printf("pending: tstp %d cont %d\n", sigismember(&pending, SIGTSTP),
           sigismember(&pending, SIGCONT));
    raise(SIGTSTP);
    sigpending(&pending);
    printf("pending: tstp %d cont %d\n", sigismember(&pending, SIGTSTP),
           sigismember(&pending, SIGCONT));
    raise(SIGCONT);
    NEED(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    VALUE(got_cont);
}

/* SIGTSTP does not stop a process of an orphaned group; SIGSTOP does. */
static void orphaned(void)
{
    int pipes[2];
    char byte = 0;
    NEED(pipe(pipes) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        raise(SIGTSTP);
        NEED(write(pipes[1], "g", 1) == 1);
        _exit(0);
    }
    NEED(read(pipes[0], &byte, 1) == 1);
    CHECK(byte == 'g');
    show("ended", pid, WEXITED | WSTOPPED);
}

static void no_stop_signals(void)
{
    struct sigaction action = {.sa_handler = on_usr1, .sa_flags = SA_NOCLDSTOP};
    NEED(sigaction(SIGCHLD, &action, NULL) == 0);
    got_usr1 = 0;
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    show("stopped", pid, WSTOPPED);
    VALUE(got_usr1);
    NEED(kill(pid, SIGCONT) == 0);
    int result;
    do
        result = waitpid(pid, NULL, 0);
    while (result < 0 && errno == EINTR);
    VALUE(got_usr1);
}

int main(void)
{
    alarm(30);
    basics();
    cancelling();
    orphaned();
    no_stop_signals();
    return 0;
}
