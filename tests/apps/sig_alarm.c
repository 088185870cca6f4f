/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm and setitimer; sleeping calls that they interrupt; SA_RESTART. */
#include "check.h"
#include <sys/time.h>
#include <time.h>

static volatile int rings;
static int pipes[2];

static void on_alarm(int number)
{
    (void)number;
    rings++;
}

static void on_alarm_write(int number)
{
    (void)number;
    rings++;
    NEED(write(pipes[1], "w", 1) == 1);
}

int main(void)
{
    struct timespec long_time = {30, 0}, rest = {0, 0};
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {{0, 0}, {0, 50000}}, old;

    sigaction(SIGALRM, &action, NULL);
    VALUE(alarm(100));
    CHECK(alarm(0) >= 99);
    VALUE(alarm(0));
    VALUE(setitimer(ITIMER_REAL, &timer, NULL));
    CALL(nanosleep(&long_time, &rest));
    CHECK(rest.tv_sec >= 20 && rest.tv_sec < 30);
    VALUE(rings);
    setitimer(ITIMER_REAL, &timer, NULL);
    CALL(pause());
    NEED(pipe(pipes) == 0);
    char c;
    setitimer(ITIMER_REAL, &timer, NULL);
    CALL(read(pipes[0], &c, 1));
    action = (struct sigaction){.sa_handler = on_alarm_write, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    VALUE(read(pipes[0], &c, 1));
    VALUE(rings);
    timer.it_interval.tv_usec = 20000;
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    while (rings < 10)
        ;
    timer = (struct itimerval){0};
    VALUE(setitimer(ITIMER_REAL, &timer, &old));
    VALUE(old.it_interval.tv_usec);
    timer.it_value.tv_usec = 1000000;
    CALL(setitimer(ITIMER_REAL, &timer, NULL));
    CALL(setitimer(99, &timer, NULL));
    VALUE(getitimer(ITIMER_REAL, &old));
    VALUE(old.it_value.tv_usec);
    return 0;
}
