/* SPDX-License-Identifier: BSD-2-Clause */
/* System V semaphores: values, sleeping, several operations at once, undo, removal, permissions. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static int one(int id, int number, int operation, int flags)
{
    struct sembuf b = {number, operation, flags};
    return semop(id, &b, 1);
}

static int value(int id, int number)
{
    return semctl(id, number, GETVAL);
}

static void until(int id, int number, int command, int wanted)
{
    for (int i = 0; i < 500 && semctl(id, number, command) != wanted; i++)
        usleep(2000);
}

static void owners(int id, key_t key)
{
    struct semid_ds ds;
    VALUE(semctl(id, 0, IPC_STAT, &ds));
    printf("%o %d %lu\n", ds.sem_perm.mode, ds.sem_perm.__key == key, ds.sem_nsems);
    CHECK(ds.sem_otime > 0 && ds.sem_ctime > 0);
    ds.sem_perm.mode = 0604;
    VALUE(semctl(id, 0, IPC_SET, &ds));
    VALUE(semctl(id, 0, IPC_STAT, &ds));
    printf("%o\n", ds.sem_perm.mode);
    fflush(stdout);
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        VALUE(value(id, 1));
        CALL(one(id, 0, 0, IPC_NOWAIT));
        CALL(one(id, 0, 1, 0));
        CALL(semctl(id, 0, IPC_RMID));
        CALL(semget(key, 1, 0200));
        CALL(semctl(id, 0, SETVAL, 1));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(semctl(id, 0, IPC_RMID));
    CALL(semctl(id, 0, IPC_RMID));
    CALL(semget(key, 1, 0));
}

static void calls(void)
{
    key_t key = 0x5e3a0000 + (getpid() & 0xffff);
    CALL(semget(key, 3, 0600));
    int id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
    CHECK(id >= 0);
    CALL(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600));
    CHECK(semget(key, 0, 0) == id);
    CHECK(semget(key, 3, IPC_CREAT | 0600) == id);
    CALL(semget(key, 4, 0));
    CALL(semget(IPC_PRIVATE, 0, 0600));
    CALL(semget(IPC_PRIVATE, -1, 0600));
    CALL(semget(IPC_PRIVATE, 32001, 0600));
    VALUE(value(id, 0));
    VALUE(semctl(id, 1, SETVAL, 5));
    VALUE(semctl(id, 1, GETPID) == getpid());
    CALL(semctl(id, 1, SETVAL, 32768));
    CALL(semctl(id, 1, SETVAL, -1));
    CALL(semctl(id, 3, SETVAL, 1));
    CALL(semctl(id, 3, GETVAL));
    CALL(semctl(id, -1, GETVAL));
    CALL(semctl(id, 0, 77));
    CALL(semctl(-1, 0, GETVAL));
    CALL(semctl(id + 1, 0, GETVAL));
    unsigned short all[3] = {7, 8, 9}, got[3];
    VALUE(semctl(id, 0, SETALL, all));
    VALUE(semctl(id, 0, GETALL, got));
    printf("%d %d %d\n", got[0], got[1], got[2]);
    all[1] = 40000;
    CALL(semctl(id, 0, SETALL, all));
    CALL(semctl(id, 0, GETALL, NULL));
    VALUE(value(id, 1));
    CALL(one(id, 0, -8, IPC_NOWAIT));
    CALL(one(id, 0, 0, IPC_NOWAIT));
    VALUE(one(id, 0, -7, 0));
    VALUE(one(id, 0, 0, 0));
    CALL(one(id, 0, 32767, 0));
    CALL(one(id, 0, 1, 0));
    CALL(one(id, 3, 1, 0));
    struct sembuf many[501] = {{0, 0, 0}};
    CALL(semop(id, many, 0));
    CALL(semop(id, many, 501));
    CALL(semop(id, NULL, 1));
    CALL(semop(-1, many, 1));
    struct sembuf mixed[3] = {{0, -32767, 0}, {1, -2, 0}, {2, -10, IPC_NOWAIT}};
    CALL(semop(id, mixed, 3)); /* the third cannot: none is done */
    printf("%d %d %d\n", value(id, 0), value(id, 1), value(id, 2));
    mixed[2].sem_op = -9;
    VALUE(semop(id, mixed, 3));
    printf("%d %d %d\n", value(id, 0), value(id, 1), value(id, 2));
    struct timespec ts = {0, 20000000}, bad = {0, 1000000000};
    struct sembuf b = {0, -1, 0};
    CALL(semtimedop(id, &b, 1, &ts));
    CALL(semtimedop(id, &b, 1, &bad));
    owners(id, key);
}

static int sleeper(int id, struct sembuf *b, int count)
{
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        int result = semop(id, b, count);
        _exit(result == 0 ? 0 : errno);
    }
    return pid;
}

static void end(const char *what, int pid)
{
    int status;
    NEED(waitpid(pid, &status, 0) == pid);
    printf("%s: %d\n", what, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void on_signal(int number)
{
    (void)number;
}

static void sleeping(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct sembuf two = {0, -2, 0}, less = {0, -1, 0}, zero = {0, 0, 0};
    struct sembuf both[2] = {{1, -1, 0}, {2, -1, 0}};
    int a = sleeper(id, &two, 1);
    until(id, 0, GETNCNT, 1);
    int b = sleeper(id, &less, 1);
    until(id, 0, GETNCNT, 2);
    VALUE(semctl(id, 0, GETNCNT));
    VALUE(one(id, 0, 1, 0)); /* enough for the second only */
    end("one", b);
    VALUE(value(id, 0));
    VALUE(one(id, 0, 2, 0));
    end("two", a);
    VALUE(value(id, 0));
    NEED(one(id, 0, 1, 0) == 0);
    int z = sleeper(id, &zero, 1);
    until(id, 0, GETZCNT, 1);
    VALUE(semctl(id, 0, GETZCNT));
    VALUE(one(id, 0, -1, 0));
    end("zero", z);
    int c = sleeper(id, both, 2);
    until(id, 1, GETNCNT, 1);
    printf("%d %d\n", semctl(id, 1, GETNCNT), semctl(id, 2, GETNCNT));
    VALUE(one(id, 1, 1, 0));
    printf("%d %d\n", semctl(id, 1, GETNCNT), semctl(id, 2, GETNCNT));
    VALUE(semctl(id, 2, SETVAL, 1));
    end("both", c);
    printf("%d %d\n", value(id, 1), value(id, 2));
    signal(SIGUSR1, on_signal);
    int s = sleeper(id, &less, 1);
    until(id, 0, GETNCNT, 1);
    kill(s, SIGUSR1);
    end("signal", s);
    VALUE(semctl(id, 0, GETNCNT));
    int k = sleeper(id, &less, 1);
    until(id, 0, GETNCNT, 1);
    kill(k, SIGKILL);
    end("kill", k);
    VALUE(semctl(id, 0, GETNCNT));
    int r = sleeper(id, &less, 1), r2 = sleeper(id, both, 2);
    until(id, 0, GETNCNT, 1);
    until(id, 1, GETNCNT, 1);
    VALUE(semctl(id, 0, IPC_RMID));
    end("removed", r);
    end("removed", r2);
}

static void undo(void)
{
    int id = semget(IPC_PRIVATE, 2, 0600);
    NEED(semctl(id, 0, SETVAL, 5) == 0);
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        NEED(one(id, 0, -3, SEM_UNDO) == 0 && one(id, 1, 4, SEM_UNDO) == 0 &&
             one(id, 0, 1, 0) == 0);
        printf("inside %d %d\n", value(id, 0), value(id, 1));
        fflush(stdout);
        if (fork() == 0)
            _exit(0); /* inherits nothing to undo */
        wait(NULL);
        printf("inside %d %d\n", value(id, 0), value(id, 1));
        fflush(stdout);
        _exit(0);
    }
    end("child", pid);
    printf("%d %d\n", value(id, 0), value(id, 1));
    struct sembuf lock = {1, -1, 0};
    int waits = sleeper(id, &lock, 1);
    pid = fork();
    if (pid == 0) {
        NEED(semctl(id, 1, SETVAL, 0) == 0 && one(id, 0, -6, SEM_UNDO) == 0);
        NEED(one(id, 0, -1, SEM_UNDO | IPC_NOWAIT) == -1);
        kill(getpid(), SIGKILL);
    }
    end("killed", pid);
    VALUE(value(id, 0));
    NEED(one(id, 1, 1, 0) == 0);
    end("waited", waits);
    pid = fork();
    if (pid == 0) { /* SETVAL forgets what was to be undone */
        NEED(one(id, 0, -1, SEM_UNDO) == 0 && semctl(id, 0, SETVAL, 2) == 0);
        _exit(0);
    }
    end("set", pid);
    VALUE(value(id, 0));
    pid = fork();
    if (pid == 0) { /* less than nothing is nothing */
        NEED(one(id, 0, 5, SEM_UNDO) == 0 && one(id, 0, -6, 0) == 0);
        _exit(0);
    }
    end("floor", pid);
    VALUE(value(id, 0));
    VALUE(semctl(id, 0, IPC_RMID));
}

static void lock_step(void)
{
    enum { PROCESSES = 6, TURNS = 200 };
    int id = semget(IPC_PRIVATE, 1, 0600), file;
    long count = 0;
    enter_scratch();
    file = open("count", O_RDWR | O_CREAT, 0600);
    NEED(file >= 0 && write(file, &count, sizeof(count)) == sizeof(count));
    NEED(semctl(id, 0, SETVAL, 1) == 0);
    fflush(stdout);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            for (int turn = 0; turn < TURNS; turn++) {
                NEED(one(id, 0, -1, SEM_UNDO) == 0);
                NEED(pread(file, &count, sizeof(count), 0) == sizeof(count));
                count++;
                NEED(pwrite(file, &count, sizeof(count), 0) == sizeof(count));
                NEED(one(id, 0, 1, SEM_UNDO) == 0);
            }
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    NEED(pread(file, &count, sizeof(count), 0) == sizeof(count));
    VALUE(count);
    VALUE(value(id, 0));
    VALUE(semctl(id, 0, IPC_RMID));
}

int main(void)
{
    calls();
    sleeping();
    undo();
    lock_step();
    return 0;
}
