/* SPDX-License-Identifier: BSD-2-Clause */
/* execve(2): what it refuses, scripts, threads, what of signals and descriptors is left. */
/* variants: dynamic static */
#include "check.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;
static char self[256];
static volatile uintptr_t bad_address = 8;

static int status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int exec_self(const char *what, char **environment)
{
    char *arguments[] = {"name", (char *)what, NULL};
    pid_t child = fork();

    if (!child) {
        execve(self, arguments, environment);
        _exit(99);
    }
    return status_of(child);
}

static int check_signals(void)
{
    struct sigaction action;
    sigset_t mask;
    int ok;

    sigaction(SIGUSR1, NULL, &action);
    ok = action.sa_handler == SIG_IGN;
    sigaction(SIGTERM, NULL, &action);
    ok &= action.sa_handler == SIG_DFL;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    return !(ok & sigismember(&mask, SIGUSR2));
}

/* The same program again, for one of the checks below. */
static int again(int argc, char **argv)
{
    if (!strcmp(argv[1], "plain"))
        return 42;
    if (!strcmp(argv[1], "script args here"))
        return argc == 4 && strstr(argv[2], "script") && !strcmp(argv[3], "one") ? 42 : 41;
    if (!strcmp(argv[1], "leader"))
        return getpid() == gettid() ? 43 : 44;
    if (!strcmp(argv[1], "signals"))
        return check_signals();
    if (!strcmp(argv[1], "descriptor")) /* 100 was to be closed, 101 not */
        return fcntl(100, F_GETFD) == -1 && fcntl(101, F_GETFD) == 0 ? 42 : 41;
    return 40;
}

static void refusals(void)
{
    char *none[] = {NULL};

    CALL(execve("/nonexistent", none, environ));
    CALL(execve("/etc", none, environ));
    CALL(execve("", none, environ));
    CALL(execve((char *)bad_address, none, environ));
    CALL(execve(self, (char **)bad_address, environ));
    write_file("text", "plain text\n");
    CALL(execve("text", none, environ));
    chmod("text", 0755);
    CALL(execve("text", none, environ));
    int fd = open("text", O_WRONLY);
    CALL(execve("text", none, environ));
    close(fd);
    write_file("loop", "#! loop\n");
    chmod("loop", 0755);
    CALL(execve("loop", none, environ));
    write_file("nobody", "#!/nonexistent/interpreter\n");
    chmod("nobody", 0755);
    CALL(execve("nobody", none, environ));
    write_file("half", "\177ELF\2\1\1");
    chmod("half", 0755);
    CALL(execve("half", none, environ));
}

static void *wait_for_ever(void *unused)
{
    pause();
    return unused;
}

static void on_signal(int number)
{
    (void)number;
}

static void *exec_from_thread(void *unused)
{
    char *arguments[] = {"name", "leader", NULL};

    execve(self, arguments, environ);
    return unused;
}

static void threads(void)
{
    pthread_t thread;
    pid_t child = fork();

    if (!child) {
        char *arguments[] = {"name", "plain", NULL};
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, wait_for_ever, NULL);
        execve(self, arguments, environ);
        _exit(99);
    }
    VALUE(status_of(child));
    child = fork();
    if (!child) {
        pthread_create(&thread, NULL, exec_from_thread, NULL);
        pause();
    }
    VALUE(status_of(child));
}

static void script(void)
{
    char text[300];
    pid_t child;

    snprintf(text, sizeof(text), "#!%s script args here\n", self);
    write_file("script", text);
    chmod("script", 0755);
    child = fork();
    if (!child) {
        char *arguments[] = {"replaced", "one", NULL};
        execve("script", arguments, environ);
        _exit(99);
    }
    VALUE(status_of(child));
}

static void large(void)
{
    size_t size = 200000;
    char *text = malloc(size);
    char *environment[] = {text, NULL};

    memset(text, 'a', size - 1);
    text[size - 1] = 0;
    VALUE(exec_self("plain", environment)); /* one string too long: 99 */
    text[100000] = 0;
    VALUE(exec_self("plain", environment));
    free(text);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return again(argc, argv);
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    NEED(length > 0);
    self[length] = 0;
    enter_scratch();
    refusals();
    VALUE(exec_self("plain", environ));
    threads();
    script();
    large();

    int fd = open(self, O_RDONLY);
    pid_t child = fork();
    if (!child) {
        char *arguments[] = {"name", "plain", NULL};
        syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
        _exit(99);
    }
    VALUE(status_of(child));
    fcntl(dup2(fd, 100), F_SETFD, FD_CLOEXEC);
    dup2(fd, 101);
    VALUE(exec_self("descriptor", environ));

    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGTERM, on_signal);
    VALUE(exec_self("signals", environ));
    return 0;
}
