/* SPDX-License-Identifier: BSD-2-Clause */
/* System V shared memory: segments, attaching where and how, removal, what fork and exec do. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

static long attached(int id)
{
    struct shmid_ds ds;
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    return (long)ds.shm_nattch;
}

static void *at(int id, void *address, int flags)
{
    errno = 0;
    return shmat(id, address, flags);
}

static int bad_at(int id, void *address, int flags)
{
    void *p = at(id, address, flags);
    return p == (void *)-1 ? -errno : 0;
}

static void owners(int id, key_t key, char *q)
{
    struct shmid_ds ds;
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    ds.shm_perm.mode = 0604;
    VALUE(shmctl(id, IPC_SET, &ds));
    if (fork() == 0) {
        NEED(setgid(1000) == 0 && setuid(1000) == 0);
        VALUE(bad_at(id, NULL, 0));
        VALUE(bad_at(id, NULL, SHM_RDONLY));
        VALUE(bad_at(id, NULL, SHM_RDONLY | SHM_EXEC));
        CALL(shmctl(id, IPC_RMID, NULL));
        CALL(shmctl(id, SHM_LOCK, NULL) == 0 ? 0 : -1);
        CALL(shmget(key, 1, 0200));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    VALUE(shmctl(id, SHM_LOCK, NULL));
    VALUE(shmctl(id, IPC_STAT, &ds));
    printf("%o\n", ds.shm_perm.mode);
    VALUE(shmctl(id, SHM_UNLOCK, NULL));
    VALUE(shmctl(id, IPC_RMID, NULL));
    CALL(shmget(key, 1, 0));
    VALUE(shmctl(id, IPC_STAT, &ds)); /* q is still there */
    printf("%o %d\n", ds.shm_perm.mode, ds.shm_perm.__key);
    char *again = at(id, NULL, 0);
    printf("%s\n", again);
    VALUE(shmdt(again));
    VALUE(shmdt(q));
    CALL(shmctl(id, IPC_STAT, &ds));
}

static void calls(void)
{
    key_t key = 0x5da00000 + (getpid() & 0xffff);
    CALL(shmget(key, 4096, 0600));
    int id = shmget(key, 10000, IPC_CREAT | 0640);
    CHECK(id >= 0 && shmget(key, 0, 0) == id && shmget(key, 10000, 0) == id);
    CALL(shmget(key, 10001, 0));
    CALL(shmget(key, 4096, IPC_CREAT | IPC_EXCL));
    CALL(shmget(IPC_PRIVATE, 0, 0600));
    CALL(shmget(IPC_PRIVATE, -1ul, 0600));
    struct shmid_ds ds;
    VALUE(shmctl(id, IPC_STAT, &ds));
    printf("%o %zu %d\n", ds.shm_perm.mode, ds.shm_segsz, (int)ds.shm_nattch);
    CHECK(ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_atime == 0);
    char *p = at(id, NULL, 0), *q = at(id, NULL, SHM_RDONLY);
    CHECK(p != (void *)-1 && q != (void *)-1 && p != q);
    VALUE(attached(id));
    strcpy(p + 9000, "shared");
    printf("%s %d\n", q + 9000, p[12287]);
    CHECK(mprotect(q, 4096, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
    fflush(stdout);
    if (fork() == 0) {
        VALUE(attached(id));
        strcpy(p, "from the child");
        VALUE(shmdt(p));
        VALUE(attached(id));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    printf("%s\n", q);
    VALUE(attached(id));
    CALL(shmdt(p + 1));
    CALL(shmdt(p + 4096));
    CALL(shmdt(&ds));
    VALUE(munmap(p + 4096, 4096)); /* two parts, one attach */
    VALUE(attached(id));
    VALUE(shmdt(p));
    VALUE(attached(id));
    CALL(shmdt(p));
    char *room = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VALUE(bad_at(id, room, 0));
    VALUE(bad_at(id, room + 1, 0));
    VALUE(bad_at(id, NULL, SHM_REMAP));
    CHECK(at(id, room + 1000, SHM_RND | SHM_REMAP) == room);
    VALUE(shmdt(room));
    CHECK(at(id, room + 4096 * 4, 0) == (void *)-1);
    munmap(room, 65536);
    CHECK(at(id, room, 0) == room);
    VALUE(shmdt(room));
    VALUE(bad_at(-1, NULL, 0));
    VALUE(bad_at(id + 1, NULL, 0));
    CALL(shmctl(id, 77, &ds));
    CALL(shmctl(id, IPC_STAT, NULL));
    owners(id, key, q);
}

/* Attached segments end with the process and with exec. */
static void ends(const char *self)
{
    int id = shmget(IPC_PRIVATE, 4096, 0600), status;
    char *p = at(id, NULL, 0);
    p[0] = 7;
    fflush(stdout);
    if (fork() == 0) {
        NEED(p[0] == 7 && attached(id) == 2);
        p[0] = 8;
        execl(self, self, "exec", NULL);
        _exit(1);
    }
    NEED(wait(&status) > 0);
    printf("%d %d\n", status, p[0]);
    VALUE(attached(id));
    if (fork() == 0)
        kill(getpid(), SIGKILL);
    wait(NULL);
    VALUE(attached(id));
    VALUE(shmctl(id, IPC_RMID, NULL));
    VALUE(p[0]);
    VALUE(shmdt(p));
    CALL(shmctl(id, IPC_RMID, NULL));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 0;
    setbuf(stdout, NULL);
    calls();
    ends("/proc/self/exe");
    (void)argv;
    return 0;
}
