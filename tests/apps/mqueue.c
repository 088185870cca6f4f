/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX message queues: names, limits, priorities, waiting, notification, as files. */
#include "check.h"
#include <mqueue.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static char name[32];

static void take(mqd_t q, size_t size)
{
    char buf[9000] = "";
    unsigned int priority = 99;
    errno = 0;
    long got = mq_receive(q, buf, size, &priority);
    if (got < 0)
        printf("take: errno %d\n", errno);
    else
        printf("take: %ld bytes, priority %u, \"%s\"\n", got, priority, buf);
}

static void show(mqd_t q)
{
    struct mq_attr a;
    NEED(mq_getattr(q, &a) == 0);
    printf("%ld %ld %ld %ld\n", a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
}

static struct timespec in_ms(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms * 1000000l;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void names(void)
{
    struct mq_attr small = {0, 3, 20, 0}, none = {0, 0, 20, 0}, no_size = {0, 5, 0, 0};
    CALL(mq_open(name, O_RDWR));
    CALL(mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
    CALL(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
    CALL(mq_open("noslash", O_RDWR | O_CREAT, 0600, NULL));
    CALL(mq_open(name, O_RDWR | O_CREAT, 0600, &none));
    CALL(mq_open(name, O_RDWR | O_CREAT, 0600, &no_size));
    mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0640, &small);
    CHECK(q >= 0 && fcntl(q, F_GETFD) == FD_CLOEXEC);
    show(q);
    CALL(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
    mqd_t reader = mq_open(name, O_RDONLY | O_NONBLOCK), writer = mq_open(name, O_WRONLY);
    CALL(mq_send(reader, "x", 1, 0));
    take(writer, 20);
    CALL(mq_send(0, "x", 1, 0));
    CALL(mq_send(99, "x", 1, 0));
    take(reader, 20);
    take(reader, 19);
    CALL(mq_send(q, "a message of 21 bytes", 21, 0));
    CALL(mq_send(q, "x", 1, 32768));
    CALL(mq_send(q, NULL, 1, 1));
    struct stat st;
    VALUE(fstat(q, &st));
    printf("%o %ld\n", st.st_mode, (long)st.st_size);
    char text[100] = "";
    VALUE(mq_send(q, "12345", 5, 0));
    VALUE(read(q, text, sizeof(text)) > 0);
    printf("%s", text);
    VALUE(read(q, text, sizeof(text)));
    take(q, 20);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        CALL(mq_open(name, O_RDONLY));
        CALL(mq_unlink(name) == 0 ? 0 : -1);
        struct mq_attr many = {0, 11, 20, 0}, large = {0, 2, 8193, 0};
        CALL(mq_open("/apps-mq-other", O_RDWR | O_CREAT, 0600, &many));
        CALL(mq_open("/apps-mq-other", O_RDWR | O_CREAT, 0600, &large));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    struct mq_attr beyond = {0, 65537, 1, 0};
    CALL(mq_open("/apps-mq-other", O_RDWR | O_CREAT, 0600, &beyond));
    VALUE(mq_unlink(name));
    CALL(mq_unlink(name));
    CALL(mq_open(name, O_RDWR));
    VALUE(mq_send(q, "still there", 11, 0));
    take(reader, 20);
    close(q);
    close(reader);
    close(writer);
    q = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
    show(q);
    close(q);
    mq_unlink(name);
}

static void order(void)
{
    struct mq_attr small = {0, 5, 20, 0}, set = {O_NONBLOCK, 9, 9, 9}, old, bad = {1, 0, 0, 0};
    mqd_t q = mq_open(name, O_RDWR | O_CREAT, 0600, &small);
    struct pollfd p = {q, POLLIN | POLLOUT, 0};
    VALUE(poll(&p, 1, 0));
    VALUE(p.revents);
    VALUE(mq_send(q, "low", 3, 1));
    VALUE(mq_send(q, "high", 4, 7));
    VALUE(mq_send(q, "high too", 8, 7));
    VALUE(mq_send(q, "", 0, 32767));
    VALUE(mq_send(q, "middle", 6, 3));
    VALUE(poll(&p, 1, 0));
    VALUE(p.revents);
    show(q);
    struct timespec t = in_ms(20), invalid = {0, 1000000000}, past = {1, 0};
    CALL(mq_timedsend(q, "x", 1, 1, &t));
    CALL(mq_timedsend(q, "x", 1, 1, &past));
    CALL(mq_timedsend(q, "x", 1, 1, &invalid));
    VALUE(mq_setattr(q, &set, &old));
    printf("%ld %ld %ld\n", old.mq_flags, old.mq_maxmsg, old.mq_curmsgs);
    show(q);
    CALL(mq_setattr(q, &bad, NULL));
    CALL(mq_send(q, "x", 1, 0));
    for (int i = 0; i < 6; i++)
        take(q, 20);
    set.mq_flags = 0;
    VALUE(mq_setattr(q, &set, NULL));
    char buf[20];
    t = in_ms(20);
    CALL(mq_timedreceive(q, buf, 20, NULL, &t));
    fflush(stdout);
    if (fork() == 0) {
        usleep(20000);
        _exit(mq_send(q, "woken", 5, 2));
    }
    take(q, 20);
    wait(NULL);
    for (int i = 0; i < 5; i++)
        NEED(mq_send(q, "fill", 4, 1) == 0);
    if (fork() == 0) {
        int error = mq_send(q, "waited", 6, 9);
        _exit(error);
    }
    usleep(20000);
    take(q, 20);
    int status;
    NEED(wait(&status) > 0);
    VALUE(status);
    take(q, 20);
    close(q);
    mq_unlink(name);
}

static volatile int got_signo, got_code, got_value;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    got_signo = number;
    got_code = info->si_code;
    got_value = info->si_value.sival_int;
}

static void notification(void)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 77}};
    mqd_t q = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    VALUE(mq_notify(q, &event));
    CALL(mq_notify(q, &event));
    VALUE(mq_send(q, "one", 3, 0));
    printf("%d %d %d\n", got_signo, got_code == SI_MESGQ, got_value);
    got_signo = 0;
    VALUE(mq_send(q, "two", 3, 0)); /* the registration was for one */
    VALUE(mq_notify(q, &event));
    VALUE(mq_send(q, "three", 5, 0)); /* not empty before */
    VALUE(got_signo);
    CALL(mq_notify(q, &event));
    VALUE(mq_notify(q, NULL));
    VALUE(mq_notify(q, &event));
    int other = dup(q);
    close(other); /* any close ends it */
    VALUE(mq_notify(q, &event));
    event.sigev_signo = 99;
    CALL(mq_notify(q, &event));
    event.sigev_notify = 55;
    CALL(mq_notify(q, &event));
    CALL(mq_notify(0, NULL));
    close(q);
    mq_unlink(name);
}

int main(void)
{
    snprintf(name, sizeof(name), "/apps-mq-%d", (int)getpid());
    mq_unlink("/apps-mq-other");
    mq_unlink("noslash");
    names();
    order();
    notification();
    return 0;
}
