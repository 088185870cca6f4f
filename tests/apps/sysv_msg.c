/* SPDX-License-Identifier: BSD-2-Clause */
/* System V message queues: types, sizes, full queues, sleepers, signals, removal. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct text {
    long type;
    char text[9000];
};

static int put(int id, long type, const char *text, int flags)
{
    struct text m = {.type = type};
    strcpy(m.text, text);
    return msgsnd(id, &m, strlen(text), flags);
}

static void take(int id, long type, size_t size, int flags)
{
    struct text m = {0};
    errno = 0;
    long got = msgrcv(id, &m, size, type, flags);
    if (got < 0)
        printf("take %ld: errno %d\n", type, errno);
    else
        printf("take %ld: %ld bytes of type %ld \"%.20s\"\n", type, got, m.type, m.text);
}

static long waiting(int id)
{
    struct msqid_ds ds;
    NEED(msgctl(id, IPC_STAT, &ds) == 0);
    return (long)ds.msg_qnum;
}

static void on_signal(int number)
{
    (void)number;
}

static void calls(void)
{
    key_t key = 0x35600000 + (getpid() & 0xffff);
    CALL(msgget(key, 0600));
    int id = msgget(key, IPC_CREAT | 0620);
    CHECK(id >= 0 && msgget(key, 0) == id);
    CALL(msgget(key, IPC_CREAT | IPC_EXCL));
    VALUE(put(id, 3, "three", 0));
    VALUE(put(id, 1, "one", 0));
    VALUE(put(id, 2, "two", 0));
    VALUE(put(id, 1, "", 0));
    VALUE(put(id, 5, "five", 0));
    take(id, 2, 100, 0);
    take(id, -2, 100, 0);
    take(id, 3, 100, MSG_EXCEPT);
    take(id, 0, 2, 0);
    take(id, 0, 2, MSG_COPY | IPC_NOWAIT | MSG_NOERROR);
    take(id, 1, 100, MSG_COPY | IPC_NOWAIT);
    take(id, 9, 100, MSG_COPY | IPC_NOWAIT);
    take(id, 1, 100, MSG_COPY);
    take(id, 0, 2, MSG_NOERROR);
    take(id, -4, 100, IPC_NOWAIT);
    take(id, 7, 100, IPC_NOWAIT);
    take(id, -9, 100, IPC_NOWAIT);
    take(id, 0, 100, IPC_NOWAIT);
    CALL(put(id, 0, "x", 0));
    CALL(put(id, -1, "x", 0));
    CALL(put(-1, 1, "x", 0));
    CALL(put(id + 1, 1, "x", 0));
    struct text big = {.type = 1};
    CALL(msgsnd(id, &big, 8193, 0));
    VALUE(msgsnd(id, &big, 8192, 0));
    VALUE(msgsnd(id, &big, 8192, 0));
    CALL(put(id, 1, "x", IPC_NOWAIT));
    CALL(msgsnd(id, NULL, 1, 0));
    CALL(msgrcv(id, NULL, 8192, 0, 0)); /* the message is lost */
    CALL(msgrcv(id, &big, -1, 0, 0));
    VALUE(waiting(id));
    struct msqid_ds ds;
    VALUE(msgctl(id, IPC_STAT, &ds));
    printf("%o %lu %lu\n", ds.msg_perm.mode, ds.__msg_cbytes, ds.msg_qbytes);
    CHECK(ds.msg_lspid == getpid() && ds.msg_lrpid == getpid());
    ds.msg_qbytes = 8193;
    ds.msg_perm.mode = 0602;
    VALUE(msgctl(id, IPC_SET, &ds));
    CALL(put(id, 1, "ab", IPC_NOWAIT));
    VALUE(put(id, 1, "a", IPC_NOWAIT));
    fflush(stdout);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        take(id, 0, 10, IPC_NOWAIT);
        CALL(put(id, 1, "abc", IPC_NOWAIT));
        CALL(msgctl(id, IPC_STAT, &ds));
        CALL(msgctl(id, IPC_RMID, NULL));
        CALL(msgget(key, 0400));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    CALL(msgctl(id, 77, &ds));
    CALL(msgctl(id, IPC_STAT, NULL));
    VALUE(msgctl(id, IPC_RMID, NULL));
    CALL(msgctl(id, IPC_RMID, NULL));
    take(id, 0, 10, IPC_NOWAIT);
}

/* Until the process sleeps, which our children do in one call only. */
static void until_asleep(int pid)
{
    char path[40], state = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    for (int i = 0; i < 1000 && state != 'S'; i++) {
        usleep(5000);
        FILE *f = fopen(path, "r");
        NEED(f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1);
        fclose(f);
    }
}

static int receiver(int id, long type, int flags)
{
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        struct text m;
        long got = msgrcv(id, &m, 4, type, flags);
        _exit(got < 0 ? errno : 100 + (int)m.type);
    }
    until_asleep(pid);
    return pid;
}

static void end(const char *what, int pid)
{
    int status;
    NEED(waitpid(pid, &status, 0) == pid);
    printf("%s: %d\n", what, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void sleeping(void)
{
    int id = msgget(IPC_PRIVATE, 0600);
    int a = receiver(id, 5, 0), b = receiver(id, 0, 0), c = receiver(id, -3, 0);
    VALUE(put(id, 7, "b", 0));
    end("any", b);
    VALUE(put(id, 5, "a", 0));
    end("five", a);
    VALUE(put(id, 4, "stays", 0));
    VALUE(put(id, 2, "c", 0));
    end("at most three", c);
    VALUE(waiting(id));
    take(id, 0, 100, 0);
    int small = receiver(id, 0, 0), cut = receiver(id, 0, MSG_NOERROR);
    VALUE(put(id, 9, "too long", 0));
    end("too small", small);
    end("cut", cut);
    VALUE(waiting(id));
    signal(SIGUSR1, on_signal);
    int s = receiver(id, 0, 0);
    kill(s, SIGUSR1);
    end("signal", s);
    struct text big = {.type = 1};
    NEED(msgsnd(id, &big, 8192, 0) == 0 && msgsnd(id, &big, 8192, 0) == 0);
    fflush(stdout);
    int sender = fork();
    if (sender == 0)
        _exit(put(id, 6, "waited", 0) ? errno : 0);
    until_asleep(sender);
    VALUE(waiting(id));
    NEED(msgrcv(id, &big, 8192, 0, 0) == 8192);
    end("sender", sender);
    VALUE(waiting(id));
    NEED(msgsnd(id, &big, 8100, IPC_NOWAIT) == 0);
    sender = fork();
    if (sender == 0)
        _exit(msgsnd(id, &big, 8192, 0) ? errno : 0);
    until_asleep(sender);
    int r = receiver(id, 99, 0);
    VALUE(msgctl(id, IPC_RMID, NULL));
    end("removed sender", sender);
    end("removed receiver", r);
}

int main(void)
{
    calls();
    sleeping();
    return 0;
}
