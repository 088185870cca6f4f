/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers and clocks: numbers that are refused, what is read back, what fork and exec keep. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static volatile int alarms;

static void on_alarm(int signo)
{
    (void)signo;
    alarms++;
}

static void clocks(void)
{
    static const int ids[] = {CLOCK_REALTIME,
                              CLOCK_MONOTONIC,
                              CLOCK_PROCESS_CPUTIME_ID,
                              CLOCK_THREAD_CPUTIME_ID,
                              CLOCK_MONOTONIC_RAW,
                              CLOCK_REALTIME_COARSE,
                              CLOCK_MONOTONIC_COARSE,
                              CLOCK_BOOTTIME,
                              11,
                              10,
                              12,
                              99,
                              -1};
    struct timespec t, past = {0, 0}, left = {7, 7};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        int get = (int)syscall(SYS_clock_gettime, ids[i], &t), get_errno = get ? errno : 0;
        int res = (int)syscall(SYS_clock_getres, ids[i], NULL), res_errno = res ? errno : 0;
        int nap = (int)syscall(SYS_clock_nanosleep, ids[i], TIMER_ABSTIME, &past, NULL);
        int nap_errno = nap ? errno : 0;
        printf("clock %d: gettime %d getres %d nanosleep %d\n", ids[i], get_errno, res_errno,
               nap_errno);
    }
    VALUE(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8));
    VALUE(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (void *)8, NULL));
    t = (struct timespec){-1, 0};
    VALUE(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &left));
    t = (struct timespec){0, 1000000000};
    VALUE(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    CHECK(left.tv_sec == 7);
}

static void posix(void)
{
    int id = -1;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 70};
    struct itimerspec spec = {{0, 0}, {100, 0}}, old;

    VALUE(syscall(SYS_timer_create, 99, NULL, &id));
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, NULL, &id));
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, NULL, &id));
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    event.sigev_signo = SIGUSR1;
    event.sigev_notify = 99;
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC, (void *)8, &id));
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, (void *)8));
    event.sigev_notify = SIGEV_NONE;
    VALUE(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    VALUE(syscall(SYS_timer_settime, id, 0, &spec, &old));
    VALUE(old.it_value.tv_sec);
    VALUE(syscall(SYS_timer_gettime, id, &old));
    CHECK(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
    spec.it_value.tv_nsec = -1;
    VALUE(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    VALUE(syscall(SYS_timer_settime, id, 0, NULL, NULL));
    VALUE(syscall(SYS_timer_gettime, 999, &old));
    VALUE(syscall(SYS_timer_gettime, id, (void *)8));
    VALUE(syscall(SYS_timer_getoverrun, id));
    fflush(stdout);
    if (fork() == 0) { /* timers are not inherited */
        VALUE(syscall(SYS_timer_gettime, id, &old));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(syscall(SYS_timer_delete, id));
    VALUE(syscall(SYS_timer_delete, id));
}

static void interval(void)
{
    struct itimerval value = {{0, 0}, {0, 1000000}}, old;

    signal(SIGALRM, on_alarm);
    VALUE(setitimer(ITIMER_REAL, &value, NULL));
    VALUE(syscall(SYS_setitimer, 9, NULL, NULL));
    VALUE(syscall(SYS_getitimer, 9, &old));
    VALUE(syscall(SYS_getitimer, ITIMER_REAL, (void *)8));
    VALUE(alarm(100));
    value.it_value = (struct timeval){50, 0};
    VALUE(setitimer(ITIMER_REAL, &value, &old));
    CHECK(old.it_value.tv_sec >= 98);
    VALUE(alarm(0));
    VALUE(getitimer(ITIMER_REAL, &old));
    VALUE(old.it_value.tv_sec);
    value = (struct itimerval){{0, 10000}, {0, 10000}};
    NEED(setitimer(ITIMER_REAL, &value, NULL) == 0);
    fflush(stdout);
    if (fork() == 0) {
        NEED(getitimer(ITIMER_REAL, &old) == 0);
        CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
        fflush(stdout);
        _exit(0);
    }
    while (wait(NULL) < 0)
        ;
    while (alarms < 3)
        pause();
    value = (struct itimerval){{0, 0}, {0, 0}};
    VALUE(setitimer(ITIMER_REAL, &value, NULL));
}

static void descriptors(void)
{
    struct itimerspec spec = {{0, 0}, {0, 1000000000}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    char small[4];

    VALUE(timerfd_create(99, 0));
    VALUE(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    VALUE(timerfd_create(CLOCK_MONOTONIC, 77));
    VALUE(timerfd_settime(fd, 0, &spec, NULL));
    spec.it_value = (struct timespec){1, 0};
    VALUE(timerfd_settime(fd, 77, &spec, NULL));
    VALUE(timerfd_settime(0, 0, &spec, NULL));
    VALUE(timerfd_settime(999, 0, &spec, NULL));
    VALUE(syscall(SYS_timerfd_settime, fd, 0, (void *)8, NULL));
    VALUE(read(fd, small, sizeof(small)));
    VALUE(write(fd, "12345678", 8));
    VALUE(pread(fd, small, 8, 0));
    close(fd);
}

int main(void)
{
    clocks();
    posix();
    interval();
    descriptors();
    return 0;
}
