/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals and threads: who gets them, and that the fatal ones end all. */
/* variants: dynamic static */
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static volatile pid_t hit;

static void note_thread(int number)
{
    (void)number;
    hit = gettid();
}

static void *wait_for_signal(void *mask)
{
    int number = 0;
    sigwait(mask, &number);
    return (void *)(long)number;
}

static void *wait_until_hit(void *tid)
{
    *(volatile pid_t *)tid = gettid();
    while (hit != gettid())
        usleep(1000);
    return NULL;
}

static void *wait_for_ever(void *unused)
{
    pause();
    return unused;
}

static void *end_process(void *unused)
{
    usleep(10000);
    _exit(21);
    return unused;
}

static void delivery(void)
{
    volatile pid_t victim = 0;
    sigset_t mask;
    pthread_t thread;
    void *result;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    pthread_create(&thread, NULL, wait_for_signal, &mask);
    usleep(5000);
    kill(getpid(), SIGUSR1);
    pthread_join(thread, &result);
    CHECK((long)result == SIGUSR1);

    signal(SIGUSR2, note_thread);
    pthread_create(&thread, NULL, wait_until_hit, (void *)&victim);
    while (!victim)
        usleep(100);
    CALL(tgkill(getpid(), victim, SIGUSR2));
    pthread_join(thread, NULL);
    CHECK(hit == victim);
    CALL(tgkill(getpid(), getpid(), 99));
    CALL(tgkill(getpid(), 1 << 30, 0));
}

static int in_child(void *(*entry)(void *), int number)
{
    int status = -1;
    pid_t child = fork();

    if (!child) {
        pthread_t thread;
        pthread_create(&thread, NULL, entry, NULL);
        usleep(1000);
        if (number)
            kill(getpid(), number);
        pause();
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void stop_and_go(void)
{
    int status;
    pid_t child = fork();

    if (!child) {
        pthread_t thread;
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, wait_for_ever, NULL);
        for (;;)
            pause();
    }
    usleep(10000);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    kill(child, SIGINT);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

int main(void)
{
    delivery();
    VALUE(in_child(wait_for_ever, SIGABRT));
    VALUE(in_child(wait_for_ever, SIGKILL));
    VALUE(in_child(end_process, 0));
    stop_and_go();
    return 0;
}
