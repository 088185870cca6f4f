/* SPDX-License-Identifier: BSD-2-Clause */
/* execve(2): what it refuses and how, what it keeps of signals, descriptors and arguments. */
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char *const no_env[] = {NULL};

static void try(const char *name, const char *path, char *const argv[])
{
    errno = 0;
    execve(path, argv, no_env);
    printf("%s: errno %d\n", name, errno);
}

static void child(int argc, char **argv)
{
    sigset_t set;
    struct sigaction action;
    printf("argc %d, argv[0] %s\n", argc, argc ? argv[0] : "none");
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("blocked: usr1 %d\n", sigismember(&set, SIGUSR1));
    sigpending(&set);
    printf("pending: usr1 %d\n", sigismember(&set, SIGUSR1));
    sigaction(SIGUSR2, NULL, &action);
    printf("usr2: %s\n", action.sa_handler == SIG_DFL ? "default" : "other");
    sigaction(SIGHUP, NULL, &action);
    printf("hup: %s\n", action.sa_handler == SIG_IGN ? "ignored" : "other");
    CALL(fcntl(100, F_GETFD));
    CALL(fcntl(101, F_GETFD));
    VALUE(umask(0));
    struct rlimit limit;
    NEED(getrlimit(RLIMIT_CORE, &limit) == 0);
    VALUE(limit.rlim_cur);
    stack_t alt;
    NEED(sigaltstack(NULL, &alt) == 0);
    CHECK(alt.ss_flags == SS_DISABLE);
}

static void handler(int signo)
{
    (void)signo;
}

static void again(char *self, char *const argv[])
{
    static char stack[16384];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigset_t set;
    struct rlimit limit = {0, 0};
    int null = open("/dev/null", O_RDONLY);

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGUSR1);
        signal(SIGUSR2, handler);
        signal(SIGHUP, SIG_IGN);
        sigaltstack(&alt, NULL);
        dup3(null, 100, O_CLOEXEC);
        dup2(null, 101);
        umask(027);
        setrlimit(RLIMIT_CORE, &limit);
        execve(self, argv, no_env);
        _exit(1);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    close(null);
}

static void refusals(void)
{
    char *argv[] = {(char *)(uintptr_t) "x", NULL};
    static char *many[40000];
    char *large = malloc(200 * 1024);

    try("missing", "/absent", argv);
    try("empty", "", argv);
    try("directory", "/tmp", argv);
    try("below a file", "/proc/self/exe/x", argv);
    write_file("data", "not a program");
    try("not executable", "data", argv);
    NEED(chmod("data", 0755) == 0);
    try("no format", "data", argv);
    write_file("script", "#!/absent/interpreter\n");
    NEED(chmod("script", 0755) == 0);
    try("no interpreter", "script", argv);
    write_file("empty", "");
    NEED(chmod("empty", 0755) == 0);
    try("no contents", "empty", argv);
    write_file("elf", "\177ELF\2\1\1");
    NEED(chmod("elf", 0755) == 0);
    try("short elf", "elf", argv);
    NEED(symlink("loop", "loop") == 0);
    try("loop", "loop", argv);
    int fd = open("data", O_WRONLY);
    try("being written", "data", argv);
    close(fd);
    try("bad argv", "/proc/self/exe", (char **)8);
    try("bad string", "/proc/self/exe", (char *[]){(char *)8, NULL});
    memset(large, 'a', 200 * 1024);
    large[200 * 1024 - 1] = 0;
    try("one string too long", "/proc/self/exe", (char *[]){large, NULL});
    large[100 * 1024] = 0;
    for (int i = 0; i < 40; i++)
        many[i] = large;
    try("too much in all", "/proc/self/exe", many);
    CALL(syscall(SYS_execveat, -1, "data", argv, no_env, 0));
    CALL(syscall(SYS_execveat, -1, "", argv, no_env, 0x1000));
    CALL(syscall(SYS_execveat, AT_FDCWD, "data", argv, no_env, 0x8000));
    CALL(syscall(SYS_execveat, AT_FDCWD, "loop", argv, no_env, AT_SYMLINK_NOFOLLOW));
}

int main(int argc, char **argv)
{
    char self[256] = {0};

    if (argc < 1 || !strcmp(argv[0], "again") || argv[0][0] == 0) {
        child(argc, argv);
        return 0;
    }
    NEED(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    again(self, (char *[]){(char *)(uintptr_t) "again", (char *)(uintptr_t) "b", NULL});
    again(self, (char *[]){NULL});
    enter_scratch();
    refusals();
    return 0;
}
