/* SPDX-License-Identifier: BSD-2-Clause */
/* signal(7): which interrupted calls start again with SA_RESTART, and which never do. */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static int pipes[2], fired;

/* The second signal makes what was started again come to an end. */
static void on_alarm(int signo)
{
    (void)signo;
    if (++fired == 2)
        NEED(write(pipes[1], "x", 1) == 1);
}

static void arm(void)
{
    struct itimerval twice = {{0, 30000}, {0, 30000}};
    fired = 0;
    NEED(setitimer(ITIMER_REAL, &twice, NULL) == 0);
}

static void disarm(void)
{
    struct itimerval none = {{0, 0}, {0, 0}};
    char byte;
    NEED(setitimer(ITIMER_REAL, &none, NULL) == 0);
    NEED(fcntl(pipes[0], F_SETFL, O_NONBLOCK) == 0);
    while (read(pipes[0], &byte, 1) == 1)
        ;
    NEED(fcntl(pipes[0], F_SETFL, 0) == 0);
}

static pid_t child_for(int ms)
{
    pid_t pid = fork();
    if (pid == 0) {
        usleep((useconds_t)ms * 1000);
        _exit(4);
    }
    return pid;
}

#define TRY(call)                                                                               \
    do {                                                                                        \
        arm();                                                                                  \
        errno = 0;                                                                              \
        long try_result = (long)(call);                                                         \
        int try_errno = errno, try_fired = fired;                                               \
        disarm();                                                                               \
        printf("%s: %s, after %s\n", #call, try_result >= 0 ? "done" : strerrorname(try_errno), \
               try_fired >= 2 ? "several signals" : "one signal");                              \
    } while (0)

static const char *strerrorname(int number)
{
    return number == EINTR ? "EINTR" : number == ETIMEDOUT ? "ETIMEDOUT" : "another error";
}

static void all(void)
{
    char byte;
    struct pollfd poller = {.fd = pipes[0], .events = POLLIN};
    struct timespec second = {1, 0}, left = {0, 0}, end;
    fd_set set;
    sigset_t mask;
    int word = 0, epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};

    NEED(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event) == 0);
    TRY(read(pipes[0], &byte, 1));
    TRY(poll(&poller, 1, 1000));
    TRY(epoll_wait(epoll, &event, 1, 1000));
    FD_ZERO(&set);
    FD_SET(pipes[0], &set);
    TRY(select(pipes[0] + 1, &set, NULL, NULL, NULL));
    TRY(nanosleep(&second, &left));
    CHECK(left.tv_sec == 0 && left.tv_nsec > 100000000);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 1;
    errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0, 0}, NULL);
    arm();
    VALUE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL));
    disarm();
    TRY(pause());
    sigemptyset(&mask);
    TRY(sigsuspend(&mask));
    sigaddset(&mask, SIGUSR1);
    TRY(sigwaitinfo(&mask, NULL));
    pid_t pid = child_for(150);
    TRY(waitpid(pid, NULL, 0));
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    TRY(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &(struct timespec){0, 150000000}, NULL, 0));
    close(epoll);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

    alarm(0);
    NEED(pipe(pipes) == 0);
    printf("-- with SA_RESTART\n");
    NEED(sigaction(SIGALRM, &action, NULL) == 0);
    all();
    printf("-- without\n");
    action.sa_flags = 0;
    NEED(sigaction(SIGALRM, &action, NULL) == 0);
    all();
    return 0;
}
