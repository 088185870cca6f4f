/* SPDX-License-Identifier: BSD-2-Clause */
/* What waiting and talking cost: sockets, pipes, epoll, eventfd, pseudo-terminals; see measure.h.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>

#include "measure.h"

#define BLOCK 65536
#define CROWD 1000

static int talk[2], epoll, answer; /* an eventfd that the woken answers with */
static char block[BLOCK];
static const uint64_t one = 1;

/* ---- two processes: measured here, the other side runs in a child ---- */

static pid_t start(void (*other_side)(void))
{
    pid_t child = fork();

    if (child == 0) {
        other_side();
        _exit(0);
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    need(waitpid(child, NULL, 0) == child);
    close(talk[0]);
    close(talk[1]);
}

static void op_ping_pong(void)
{
    char c = 0;
    need(write(talk[0], &c, 1) == 1 && read(talk[0], &c, 1) == 1);
}

static void echo(void)
{
    char c;
    while (read(talk[1], &c, 1) == 1 && write(talk[1], &c, 1) == 1)
        ;
}

/* As servers with many connections do it. */
static void echo_by_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);
    char c;

    epoll_ctl(set, EPOLL_CTL_ADD, talk[1], &event);
    while (epoll_wait(set, &event, 1, -1) == 1 && read(talk[1], &c, 1) == 1 &&
           write(talk[1], &c, 1) == 1)
        ;
}

static void write_blocks(void)
{
    while (write(talk[1], block, BLOCK) == BLOCK)
        ;
}

static void op_read_block(void)
{
    for (size_t done = 0; done < BLOCK && !failed;) {
        ssize_t part = read(talk[0], block, BLOCK - done);
        need(part > 0);
        done += (size_t)part;
    }
}

static void measure_sockets(void)
{
    pid_t child;

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, talk) == 0);
    child = start(echo);
    measure("unix socket ping-pong", op_ping_pong, NULL, 300, 1);
    end(child);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, talk) == 0);
    child = start(echo_by_epoll);
    measure("unix socket ping-pong, epoll", op_ping_pong, NULL, 300, 1);
    end(child);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, talk) == 0);
    child = start(echo);
    measure("unix socket ping-pong, packets", op_ping_pong, NULL, 300, 1);
    end(child);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, talk) == 0);
    child = start(write_blocks);
    measure("unix socket, 64 KiB", op_read_block, NULL, 100, 1);
    end(child);
    need(pipe(talk) == 0);
    child = start(write_blocks);
    measure("pipe, 64 KiB", op_read_block, NULL, 100, 1);
    end(child);
}

/* ---- pseudo-terminals: talk[0] is the master, talk[1] the slave ---- */

static void open_terminal(tcflag_t set, tcflag_t clear)
{
    struct termios settings;

    talk[0] = posix_openpt(O_RDWR | O_NOCTTY);
    need(grantpt(talk[0]) == 0 && unlockpt(talk[0]) == 0);
    talk[1] = open(ptsname(talk[0]) ? ptsname(talk[0]) : "", O_RDWR | O_NOCTTY);
    need(tcgetattr(talk[1], &settings) == 0);
    settings.c_lflag = (settings.c_lflag & ~clear) | set;
    need(tcsetattr(talk[1], TCSANOW, &settings) == 0);
}

/* A key, its echo, and the program that reads it. */
static void op_terminal_echo(void)
{
    char c = 'x';
    need(write(talk[0], &c, 1) == 1 && read(talk[0], &c, 1) == 1 && read(talk[1], &c, 1) == 1);
}

/* A line of 20 characters to a program that prints it again. */
static void op_terminal_line(void)
{
    static const char line[] = "nineteen characters\n";
    char back[64];

    need(write(talk[0], line, 20) == 20);
    for (ssize_t done = 0; done < 21 && !failed;) { /* CR, LF */
        ssize_t part = read(talk[0], back, sizeof(back));
        need(part > 0);
        done += part;
    }
}

static void print_lines(void)
{
    char line[64];
    ssize_t length;

    while ((length = read(talk[1], line, sizeof(line))) > 0 &&
           write(talk[1], line, (size_t)length) == length)
        ;
}

static void measure_terminals(void)
{
    pid_t child;

    open_terminal(ECHO, ICANON);
    measure("pty, a key echoed and read", op_terminal_echo, NULL, 300, 1);
    close(talk[0]);
    close(talk[1]);
    open_terminal(0, ECHO);
    child = start(print_lines);
    measure("pty, a line to a process and back", op_terminal_line, NULL, 300, 1);
    end(child);
}

/* ---- epoll: idle descriptors in the set, and one that is always ready ---- */

static void op_epoll(void)
{
    struct epoll_event events[4];
    need(epoll_wait(epoll, events, 4, 0) == 1);
}

static void measure_epoll(void)
{
    const struct rlimit many = {100100, 100100};
    static const int sizes[] = {1, 100, 10000, 100000};
    struct epoll_event event = {.events = EPOLLIN};
    char name[40];
    int idle = 0, ready = eventfd(1, 0);

    epoll = epoll_create1(0);
    need(setrlimit(RLIMIT_NOFILE, &many) == 0);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ready, &event) == 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (; idle < sizes[i]; idle++)
            need(epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(0, 0), &event) == 0);
        snprintf(name, sizeof(name), "epoll_wait, %d idle", sizes[i]);
        measure(name, op_epoll, NULL, 500, 1);
    }
    close(epoll);
    syscall(SYS_close_range, ready, ~0u, 0);
}

/* ---- one of many: each operation wakes one thread, which answers ---- */

static uint32_t word;
static int event, semaphore, messages;
static int (*wait_once)(void); /* is it for us? */

static int wait_event(void)
{
    uint64_t value;
    return read(event, &value, sizeof(value)) == sizeof(value);
}

static int wait_futex(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0;
}

static int wait_epoll(void)
{
    struct epoll_event happened;
    return epoll_wait(epoll, &happened, 1, -1) == 1 && wait_event();
}

/* Each thread has a set of its own, as the workers of a server that share a listener. */
static int wait_exclusive(void)
{
    static _Thread_local int set = -1;
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLEXCLUSIVE}, happened;

    if (set < 0) {
        set = epoll_create1(0);
        epoll_ctl(set, EPOLL_CTL_ADD, event, &wanted);
    }
    return epoll_wait(set, &happened, 1, -1) == 1 && wait_event();
}

static int wait_byte(void)
{
    char c;
    return read(talk[0], &c, 1) == 1;
}

static int wait_semaphore(void)
{
    struct sembuf down = {.sem_op = -1};
    return semop(semaphore, &down, 1) == 0;
}

static int wait_message(void)
{
    struct {
        long type;
        char c;
    } message;
    return msgrcv(messages, &message, 1, 0, 0) == 1;
}

/* Has the lock until it is told to give it up; then the next one gets it. */
static int wait_lock(void)
{
    static _Thread_local int file = -1;

    if (file >= 0) {
        wait_event();
        flock(file, LOCK_UN);
    } else {
        file = open("/tmp/talk.lock", O_RDWR | O_CREAT, 0600);
    }
    return flock(file, LOCK_EX) == 0;
}

static void *waiter(void *arg)
{
    for (;;)
        if (wait_once())
            (void)!write(answer, &one, sizeof(one));
    return arg;
}

static void take_answer(void)
{
    uint64_t value;
    need(read(answer, &value, sizeof(value)) == sizeof(value));
}

static void op_wake_event(void)
{
    need(write(event, &one, sizeof(one)) == sizeof(one));
    take_answer();
}

static void op_wake_futex(void)
{
    while (syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1)
        sched_yield(); /* it has answered and does not wait again yet */
    take_answer();
}

static void op_wake_byte(void)
{
    char c = 0;
    need(write(talk[1], &c, 1) == 1);
    take_answer();
}

static void op_wake_semaphore(void)
{
    struct sembuf up = {.sem_op = 1};
    need(semop(semaphore, &up, 1) == 0);
    take_answer();
}

static void op_wake_message(void)
{
    struct {
        long type;
        char c;
    } message = {.type = 1};
    need(msgsnd(messages, &message, 1, 0) == 0);
    take_answer();
}

static void op_pass_lock(void)
{
    take_answer();
    need(write(event, &one, sizeof(one)) == sizeof(one));
}

/* In a process of its own, whose end is the threads'. */
static void measure_crowd(const char *kind, int (*wait)(void), void (*op)(void), int count)
{
    struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
    pthread_attr_t attr;
    pthread_t thread;
    char name[64];
    pid_t child = fork();

    if (child != 0) {
        reap(child);
        return;
    }
    wait_once = wait;
    event = eventfd(0, wait == wait_event || wait == wait_lock ? 0 : EFD_NONBLOCK);
    answer = eventfd(0, EFD_SEMAPHORE);
    epoll = epoll_create1(0);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &edge) == 0);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 16384);
    for (int i = 0; i < count; i++)
        need(pthread_create(&thread, &attr, waiter, NULL) == 0);
    usleep(20000); /* all of them wait */
    for (int i = 0; i < 20; i++)
        op(); /* what is new to somebody is not counted */
    snprintf(name, sizeof(name), "wake one of %d, %s", count, kind);
    measure(name, op, NULL, count > 1 ? 40 : 300, 1);
    _exit(0);
}

static void measure_crowds(int count)
{
    measure_crowd("futex", wait_futex, op_wake_futex, count);
    measure_crowd("eventfd", wait_event, op_wake_event, count);
    measure_crowd("epoll", wait_epoll, op_wake_event, count);
    measure_crowd("EPOLLEXCLUSIVE", wait_exclusive, op_wake_event, count);
    need(pipe(talk) == 0);
    measure_crowd("pipe", wait_byte, op_wake_byte, count);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, talk) == 0);
    measure_crowd("unix socket", wait_byte, op_wake_byte, count);
    semaphore = semget(IPC_PRIVATE, 1, 0600);
    measure_crowd("semop", wait_semaphore, op_wake_semaphore, count);
    semctl(semaphore, 0, IPC_RMID);
    messages = msgget(IPC_PRIVATE, 0600);
    measure_crowd("msgrcv", wait_message, op_wake_message, count);
    msgctl(messages, IPC_RMID, NULL);
    measure_crowd("flock", wait_lock, op_pass_lock, count);
    unlink("/tmp/talk.lock");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    measure_sockets();
    measure_terminals();
    measure_crowds(1);
    measure_crowds(CROWD);
    measure_epoll();
    return 0;
}
