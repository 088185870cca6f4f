/* SPDX-License-Identifier: BSD-2-Clause */
/* A session on a pseudo-terminal: its keys, background groups, its end. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static volatile sig_atomic_t seen[65];

static void note(int number)
{
    seen[number]++;
}

static void note_signal(int number)
{
    struct sigaction action = {.sa_handler = note};

    sigaction(number, &action, NULL);
}

static int said;

static void say(char c)
{
    CHECK(write(said, &c, 1) == 1);
}

static void wait_for(int number)
{
    while (!seen[number])
        usleep(1000);
}

static void background(void)
{
    char c;

    setpgid(0, 0);
    signal(SIGTTIN, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    (void)!read(0, &c, 1);
    _exit(1);
}

/* What ps shows of a process: its session, terminal and the terminal's foreground group. */
static void check_stat(int sid, unsigned long device, int foreground)
{
    char line[1024];
    FILE *file = fopen("/proc/self/stat", "r");
    char *rest = fgets(line, sizeof(line), file);
    int shown_sid = -2, shown_foreground = -2;
    unsigned long shown_device = 1;

    fclose(file);
    rest = strrchr(rest, ')');
    CHECK(sscanf(rest, ") %*c %*d %*d %d %lu %d", &shown_sid, &shown_device, &shown_foreground) ==
          3);
    CHECK(shown_sid == sid);
    CHECK(shown_device == device);
    CHECK(shown_foreground == foreground);
}

/* The session leader; its terminal is descriptor 0. */
static void leader(const char *name)
{
    struct stat terminal;
    int status;

    setsid();
    CHECK(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
    check_stat(getpid(), 0, -1);
    close(0);
    CHECK(open(name, O_RDWR) == 0); /* becomes the controlling terminal */
    CHECK(tcgetsid(0) == getpid());
    CHECK(tcgetpgrp(0) == getpgrp());
    CHECK(fstat(0, &terminal) == 0);
    check_stat(getpid(), terminal.st_rdev, getpgrp());
    int tty = open("/dev/tty", O_RDWR);
    CHECK(tty > 0 && isatty(tty));
    close(tty);
    note_signal(SIGINT);
    note_signal(SIGWINCH);
    note_signal(SIGHUP);
    say('r');
    wait_for(SIGINT);
    say('i');
    wait_for(SIGWINCH);
    say('w');

    pid_t child = fork();
    if (!child)
        background();
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    say(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN ? 's' : '?');
    setpgid(child, child);
    CHECK(tcsetpgrp(0, child) == 0);
    signal(SIGTTOU, SIG_IGN);
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WUNTRACED) == child); /* Ctrl-\ by the parent */
    say(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT ? 'q' : '?');
    CHECK(tcsetpgrp(0, getpgrp()) == 0);
    say('f');
    wait_for(SIGHUP);
    say('h');
    char c;
    CHECK(read(0, &c, 1) == 0);
    CHECK(write(0, &c, 1) < 0 && errno == EIO);
    CHECK(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
    check_stat(getpid(), 0, -1);
    say('e');
    exit(0);
}

/* A session's end leaves open slaves alone; the master sees the last close. */
static void leader_ends(void)
{
    struct pollfd poll_fd = {.events = POLLIN};
    char c;

    int master = poll_fd.fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(master >= 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    pid_t pid = fork();
    if (!pid) {
        setsid();
        close(open(ptsname(master), O_RDWR));
        _exit(0);
    }
    CHECK(waitpid(pid, NULL, 0) == pid);
    VALUE(poll(&poll_fd, 1, 20));
    int second = open(ptsname(master), O_RDWR | O_NOCTTY);
    VALUE(write(slave, "x", 1));
    VALUE(poll(&poll_fd, 1, 1000));
    VALUE(read(master, &c, 1));
    close(slave);
    VALUE(poll(&poll_fd, 1, 20));
    close(second);
    VALUE(poll(&poll_fd, 1, 1000));
    VALUE(poll_fd.revents);
    close(master);
}

static void expect(int from, char want)
{
    char c = 0;

    CHECK(read(from, &c, 1) == 1);
    printf("%c %s\n", c, c == want ? "as expected" : "unexpected");
    fflush(stdout);
}

int main(void)
{
    struct winsize size = {.ws_row = 3, .ws_col = 4};
    int pipes[2], status;

    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && unlockpt(master) == 0 && pipe(pipes) == 0);
    char *name = strdup(ptsname(master));
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        said = pipes[1];
        close(pipes[0]);
        close(master);
        leader(name);
    }
    close(pipes[1]);
    expect(pipes[0], 'r');
    CHECK(write(master, "\x03", 1) == 1);
    expect(pipes[0], 'i');
    CALL(ioctl(master, TIOCSWINSZ, &size));
    expect(pipes[0], 'w');
    expect(pipes[0], 's');
    usleep(50000);
    for (struct pollfd wait = {pipes[0], POLLIN, 0}; poll(&wait, 1, 50) == 0;)
        CHECK(write(master, "\x1c", 1) == 1);
    expect(pipes[0], 'q');
    expect(pipes[0], 'f');
    close(master);
    CHECK(waitpid(pid, &status, 0) == pid); /* its own lines come first */
    expect(pipes[0], 'h');
    expect(pipes[0], 'e');
    VALUE(status);
    leader_ends();
    return 0;
}
