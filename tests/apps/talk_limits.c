/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What refuses to grow, and how: queues, sets and segments at their limits, sockets and pipes
 * that nobody reads, epolls in circles, control messages that are cut short.
 */
#include "check.h"

#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

static char bytes[70000];

static void test_messages(void)
{
    struct {
        long type;
        char text[8193];
    } message = {.type = 1};
    struct msqid_ds status;
    int id = msgget(IPC_PRIVATE, 0600), count = 0;

    NEED(id >= 0);
    CALL(msgsnd(id, &message, 8193, 0));
    CALL(msgsnd(id, &message, (size_t)-1, 0));
    CALL(msgsnd(-1, &message, 1, 0));
    while (msgsnd(id, &message, 1000, IPC_NOWAIT) == 0)
        count++;
    VALUE(count);
    CHECK(errno == 0 || errno == EAGAIN);
    CALL(msgsnd(id, &message, 384, IPC_NOWAIT));
    CALL(msgsnd(id, &message, 1, IPC_NOWAIT));
    CALL(msgrcv(id, &message, 10, 0, IPC_NOWAIT));
    VALUE(msgrcv(id, &message, 10, 0, IPC_NOWAIT | MSG_NOERROR));
    NEED(msgctl(id, IPC_STAT, &status) == 0);
    VALUE(status.msg_qnum);
    message.type = 0;
    CALL(msgsnd(id, &message, 1, IPC_NOWAIT));
    msgctl(id, IPC_RMID, NULL);
    message.type = 1;
    for (count = 0; (id = msgget(IPC_PRIVATE, 0600)) >= 0 && count < 3; count++)
        NEED(msgctl(id, IPC_RMID, NULL) == 0);
    msgctl(id, IPC_RMID, NULL);
    CALL(msgsnd(id, &message, 1, 0)); /* the number is not used again at once */
}

static void test_semaphores(void)
{
    static struct sembuf operations[501];
    unsigned short values[3] = {1, 32767, 40000};
    int id;

    CALL(semget(IPC_PRIVATE, 0, 0600));
    CALL(semget(IPC_PRIVATE, -1, 0600));
    CALL(semget(IPC_PRIVATE, 32001, 0600));
    NEED((id = semget(IPC_PRIVATE, 3, 0600)) >= 0);
    CALL(semop(id, operations, 501));
    CALL(semop(id, operations, 500));
    CALL(semop(id, operations, 0));
    operations[0] = (struct sembuf){3, 1, 0};
    CALL(semop(id, operations, 1));
    CALL(semctl(id, 0, SETVAL, 32768));
    CALL(semctl(id, 0, SETVAL, -1));
    CALL(semctl(id, 0, SETALL, values));
    CALL(semctl(id, 1, SETVAL, 32767));
    operations[0] = (struct sembuf){1, 1, 0};
    CALL(semop(id, operations, 1));
    operations[0] = (struct sembuf){1, -32767, SEM_UNDO}, operations[1] = (struct sembuf){1, 1, 0};
    CALL(semop(id, operations, 1));
    operations[0] = (struct sembuf){1, 32767, 0};
    CALL(semop(id, operations, 1));
    operations[0] = (struct sembuf){1, -1, SEM_UNDO};
    CALL(semop(id, operations, 1)); /* more than can be undone */
    CALL(semctl(id, 5, GETVAL));
    semctl(id, 0, IPC_RMID);
    CALL(semop(id, operations, 1));
}

static void test_segments(void)
{
    char *memory;
    int id;

    CALL(shmget(IPC_PRIVATE, 0, 0600));
    CALL(shmget(IPC_PRIVATE, (size_t)-1, 0600));
    CALL(shmget(IPC_PRIVATE, 1ul << 60, 0600));
    NEED((id = shmget(0x4321cba, 4097, IPC_CREAT | IPC_EXCL | 0600)) >= 0);
    CALL(shmget(0x4321cba, 4098, 0600));
    CALL(shmget(0x4321cba, 1, IPC_CREAT | IPC_EXCL | 0600));
    CALL(shmget(0x4321cba, 1, 0600));
    CHECK(shmat(id, (void *)4097, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, (void *)0x7ffffffff000, 0) == (void *)-1);
    CHECK(shmat(id, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL);
    NEED((memory = shmat(id, NULL, SHM_RDONLY)) != (void *)-1);
    CALL(shmdt(memory + 4096));
    CALL(shmdt(memory));
    CALL(shmdt(memory));
    CALL(shmctl(id, IPC_RMID, NULL));
    CHECK(shmat(id, NULL, 0) == (void *)-1 && (errno == EINVAL || errno == EIDRM));
}

static void test_queues(void)
{
    struct mq_attr attr = {.mq_maxmsg = 0, .mq_msgsize = 10};
    struct rlimit limit = {4096, 4096};
    char name[300];
    mqd_t queue;

    snprintf(name, sizeof(name), "/apps.%d", getpid());
    CALL(mq_open(name, O_CREAT | O_RDWR, 0600, &attr));
    attr.mq_maxmsg = 65537;
    CALL(mq_open(name, O_CREAT | O_RDWR, 0600, &attr));
    attr.mq_maxmsg = 1, attr.mq_msgsize = 0;
    CALL(mq_open(name, O_CREAT | O_RDWR, 0600, &attr));
    attr.mq_msgsize = 16777217;
    CALL(mq_open(name, O_CREAT | O_RDWR, 0600, &attr));
    NEED(setrlimit(RLIMIT_MSGQUEUE, &limit) == 0);
    attr = (struct mq_attr){.mq_maxmsg = 10, .mq_msgsize = 1000};
    CALL(mq_open(name, O_CREAT | O_RDWR, 0600, &attr));
    attr.mq_maxmsg = 2;
    NEED((queue = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr)) >= 0);
    CALL(mq_send(queue, bytes, 1001, 0));
    CALL(mq_send(queue, bytes, 1, 32768));
    CALL(mq_send(queue, bytes, 1, 32767));
    CALL(mq_send(queue, bytes, 1000, 0));
    CALL(mq_send(queue, bytes, 1, 0));
    CALL(mq_receive(queue, bytes, 999, NULL));
    mq_close(queue);
    CALL(mq_unlink(name));
    memset(name + 1, 'n', 256), name[257] = 0;
    CALL(mq_unlink(name));
}

static void test_full(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int end[2], small = 4608;

    for (int i = 0; i < 3; i++) {
        int ones = 0, pages = 0;

        NEED(socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, end) == 0);
        setsockopt(end[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        while (write(end[0], "1", 1) == 1)
            ones++;
        CHECK(errno == EAGAIN && ones > 0);
        while (read(end[1], bytes, 1) == 1)
            ;
        while (write(end[0], bytes, 4096) == 4096)
            pages++;
        CHECK(errno == EAGAIN && pages > 0);
        errno = 0;
        CHECK(types[i] == SOCK_STREAM || (write(end[0], bytes, 60000) < 0 && errno == EMSGSIZE));
        close(end[1]);
        signal(SIGPIPE, SIG_IGN);
        CALL(write(end[0], "x", 1));
        CALL(write(end[0], "x", 1));
        close(end[0]);
    }
    NEED(pipe2(end, O_NONBLOCK) == 0);
    VALUE(write(end[1], bytes, sizeof(bytes)));
    VALUE(write(end[1], bytes, 1));
    close(end[0]);
    CALL(write(end[1], bytes, 1));
    close(end[1]);
}

static void test_epolls(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll[3], chain[12], deep = 0;

    for (int i = 0; i < 3; i++)
        NEED((epoll[i] = epoll_create1(0)) >= 0);
    CALL(epoll_ctl(epoll[0], EPOLL_CTL_ADD, epoll[0], &event));
    CALL(epoll_ctl(epoll[0], EPOLL_CTL_ADD, epoll[1], &event));
    CALL(epoll_ctl(epoll[1], EPOLL_CTL_ADD, epoll[2], &event));
    CALL(epoll_ctl(epoll[2], EPOLL_CTL_ADD, epoll[0], &event));
    CALL(epoll_ctl(epoll[1], EPOLL_CTL_ADD, epoll[0], &event));
    CALL(epoll_ctl(epoll[0], EPOLL_CTL_ADD, epoll[1], &event));
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    CALL(epoll_ctl(epoll[0], EPOLL_CTL_ADD, epoll[2], &event));
    event.events = EPOLLIN;
    for (int i = 0; i < 12; i++)
        NEED((chain[i] = epoll_create1(0)) >= 0);
    for (int i = 11; i > 0 && epoll_ctl(chain[i - 1], EPOLL_CTL_ADD, chain[i], &event) == 0; i--)
        deep++;
    CHECK(deep > 2 && deep < 11 && errno == ELOOP); /* built from its end, it is measured */
    for (int i = 0; i < 12; i++)
        close(chain[i]);
    for (int i = 0; i < 3; i++)
        close(epoll[i]);
}

/* count descriptors, received with room bytes of control data. */
static void cut(int count, size_t room, int flags)
{
    _Alignas(struct cmsghdr) char control[256] = "";
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr header = {&(struct sockaddr_un){0}, 0, &iov, 1, control, 0, 0};
    struct cmsghdr *first = (struct cmsghdr *)(void *)control;
    int end[2], before = dup(0), after, arrived = 0;

    close(before);
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, end) == 0);
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    *first = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    for (int i = 0; i < count; i++)
        memcpy(CMSG_DATA(first) + i * sizeof(int), &end[0], sizeof(int));
    header.msg_name = NULL;
    NEED(sendmsg(end[0], &header, 0) == 1);
    memset(control, 0, sizeof(control));
    header.msg_controllen = room;
    ssize_t got = recvmsg(end[1], &header, flags);
    if (room >= sizeof(*first) && first->cmsg_len > sizeof(*first))
        arrived = (int)((first->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    printf("%d descriptors in %zu bytes: %zd flags %x control %zu, %d arrived\n", count, room, got,
           header.msg_flags, (size_t)header.msg_controllen, arrived);
    for (int i = 0; i < arrived; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(first) + i * sizeof(int), sizeof(int));
        close(fd);
    }
    close(end[0]), close(end[1]);
    NEED((after = dup(0)) >= 0);
    close(after);
    CHECK(after == before); /* nothing was left open */
}

static void test_control(void)
{
    cut(3, CMSG_SPACE(3 * sizeof(int)), 0);
    cut(3, CMSG_SPACE(2 * sizeof(int)), 0);
    cut(3, CMSG_LEN(1 * sizeof(int)), 0);
    cut(3, CMSG_LEN(1 * sizeof(int)) - 1, 0);
    cut(3, CMSG_LEN(0), 0);
    cut(3, sizeof(struct cmsghdr) - 1, 0);
    cut(3, 1, 0);
    cut(3, 0, 0);
    cut(2, CMSG_LEN(1 * sizeof(int)), MSG_CMSG_CLOEXEC);
    cut(2, CMSG_LEN(1 * sizeof(int)), MSG_PEEK);
}

static void test_names(void)
{
    static const char *const names[] = {"\1\2\3",   "\377\376", "a b\n", "-rf",
                                        "\xc3\x28", "%s%n",     "'\"\\"};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = socket(AF_UNIX, SOCK_DGRAM, 0), other = socket(AF_UNIX, SOCK_DGRAM, 0);

        strcpy(address.sun_path, names[i]);
        CHECK(bind(fd, (void *)&address, sizeof(address)) == 0);
        CHECK(connect(other, (void *)&address, sizeof(address)) == 0);
        CHECK(access(names[i], F_OK) == 0 && unlink(names[i]) == 0);
        address.sun_path[0] = 0;
        strcpy(address.sun_path + 1, names[i]);
        close(fd);
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        CHECK(bind(fd, (void *)&address, (socklen_t)(3 + strlen(names[i]))) == 0);
        CHECK(connect(other, (void *)&address, (socklen_t)(3 + strlen(names[i]))) == 0);
        CHECK(mkfifo(names[i], 0600) == 0 && unlink(names[i]) == 0);
        close(fd), close(other);
    }
}

int main(void)
{
    enter_scratch();
    test_messages();
    test_semaphores();
    test_segments();
    test_queues();
    test_full();
    test_epolls();
    test_control();
    test_names();
    return 0;
}
