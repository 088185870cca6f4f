/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers killed in the middle: whoever waits for them is told, whoever waits beside them gets
 * what was theirs, and nothing of them stays in a queue.
 */
/* options: -c 4 */
#include "check.h"

#include <mqueue.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char big[4 << 20];
static int ends[2], id;
static mqd_t queue;

struct message {
    long type;
    char text[8];
};

/* A child that does body and should never come back from it; waits until it sleeps. */
static pid_t start(void (*body)(void))
{
    char path[64], state = 0, text[256] = "";
    pid_t pid;

    fflush(stdout);
    if ((pid = fork()) == 0) {
        body();
        _exit(1);
    }
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    for (int i = 0; i < 2000 && state != 'S'; i++) {
        int fd = open(path, O_RDONLY);

        if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strrchr(text, ')'))
            state = strrchr(text, ')')[2];
        close(fd);
        usleep(1000);
    }
    return pid;
}

static void end(pid_t pid)
{
    int status = 0;

    NEED(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void read_byte(void)
{
    (void)!read(ends[0], big, 1);
}

static void take_some(void)
{
    close(ends[1]);
    (void)!read(ends[0], big, 10000);
    pause();
}

static void test_stream(const char *what, int socket)
{
    pid_t one, two;
    int status;

    printf("%s\n", what);
    NEED((socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends)) == 0);
    one = start(read_byte), two = start(read_byte);
    end(one);
    NEED(write(ends[1], "x", 1) == 1);
    NEED(waitpid(two, &status, 0) == two);
    CHECK(WIFEXITED(status)); /* the other one got it */
    one = start(take_some); /* a writer that is in the middle */
    close(ends[0]);
    fflush(stdout);
    if ((two = fork()) == 0) {
        signal(SIGPIPE, SIG_IGN);
        ssize_t done = write(ends[1], big, sizeof(big));
        CHECK(done < 0 || (done > 0 && done < (ssize_t)sizeof(big)));
        VALUE(write(ends[1], "x", 1));
        fflush(stdout);
        _exit(0);
    }
    usleep(30000);
    end(one);
    NEED(waitpid(two, &status, 0) == two);
    CHECK(status == 0);
    close(ends[1]);
}

static void receive_message(void)
{
    struct message message;

    (void)!msgrcv(id, &message, sizeof(message.text), 5, 0);
}

static void test_messages(void)
{
    struct message message = {5, "five"};
    pid_t one, two;
    int status;

    NEED((id = msgget(IPC_PRIVATE, 0600)) >= 0);
    one = start(receive_message), two = start(receive_message);
    end(one);
    NEED(msgsnd(id, &message, 5, 0) == 0 && waitpid(two, &status, 0) == two);
    CHECK(WIFEXITED(status));
    VALUE(msgrcv(id, &message, 5, 0, IPC_NOWAIT));
    msgctl(id, IPC_RMID, NULL);
}

static void lower(void)
{
    struct sembuf down[] = {{0, -2, SEM_UNDO}, {1, -1, 0}};

    semop(id, down, 2);
}

static void wait_for_zero(void)
{
    semop(id, &(struct sembuf){0, 0, 0}, 1);
}

static void test_semaphores(void)
{
    pid_t one, two;

    NEED((id = semget(IPC_PRIVATE, 2, 0600)) >= 0);
    NEED(semop(id, &(struct sembuf){0, 1, 0}, 1) == 0);
    one = start(lower), two = start(wait_for_zero);
    VALUE(semctl(id, 0, GETNCNT));
    VALUE(semctl(id, 0, GETZCNT));
    end(one), end(two);
    VALUE(semctl(id, 0, GETNCNT));
    VALUE(semctl(id, 0, GETZCNT));
    VALUE(semctl(id, 0, GETVAL));
    semctl(id, 0, IPC_RMID);
}

static void receive_queued(void)
{
    mq_receive(queue, big, sizeof(big), NULL);
}

static void send_queued(void)
{
    mq_send(queue, "late", 4, 0);
}

static void test_queue(void)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[32];
    pid_t one;

    snprintf(name, sizeof(name), "/apps.%d", getpid());
    NEED((queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr)) >= 0);
    mq_unlink(name);
    one = start(receive_queued);
    end(one);
    VALUE(mq_send(queue, "kept", 4, 0));
    one = start(send_queued);
    end(one);
    VALUE(mq_receive(queue, big, sizeof(big), NULL));
    NEED(mq_getattr(queue, &attr) == 0);
    VALUE(attr.mq_curmsgs);
    mq_close(queue);
}

static void wait_for_events(void)
{
    struct epoll_event event;

    epoll_wait(ends[0], &event, 1, -1);
}

static void test_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    pid_t one, two;
    int status;

    NEED((ends[0] = epoll_create1(0)) >= 0 && (ends[1] = eventfd(0, 0)) >= 0);
    NEED(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event) == 0);
    one = start(wait_for_events), two = start(wait_for_events);
    end(one);
    NEED(eventfd_write(ends[1], 1) == 0 && waitpid(two, &status, 0) == two);
    CHECK(WIFEXITED(status));
    close(ends[0]), close(ends[1]);
}

static void hold_lock(void)
{
    int fd = open("lock", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK};

    NEED(fd >= 0 && flock(fd, LOCK_EX) == 0 && fcntl(fd, F_SETLK, &lock) == 0);
    pause();
}

static void wait_for_lock(void)
{
    int fd = open("lock", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK};

    NEED(fcntl(fd, F_SETLKW, &lock) == 0 && flock(fd, LOCK_EX) == 0);
}

static void test_locks(void)
{
    pid_t holder, one, two;
    int status;

    write_file("lock", "");
    holder = start(hold_lock), one = start(wait_for_lock), two = start(wait_for_lock);
    end(one);
    end(holder);
    NEED(waitpid(two, &status, 0) == two);
    CHECK(WIFEXITED(status));
}

int main(void)
{
    enter_scratch();
    test_stream("pipe", 0);
    test_stream("socket", 1);
    test_messages();
    test_semaphores();
    test_queue();
    test_epoll();
    test_locks();
    return 0;
}
