/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures a start: time from exec to the first byte of output, time to the
 * end, private memory while the program waits, exits of KVM to userspace.
 *
 *   launch NAME COMMAND [ARG...]      prints NAME, M ns to the first byte, M ns to
 *                                     the end, KiB private, exits; separated by |
 * In the lab's counting mode a nanosecond is an instruction.  The command must
 * take one more argument that makes it wait for the end of its input.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACE "/sys/kernel/tracing"
#define RUNS 6
/* Before each run, for what is left of the one before: VMs are taken down behind their caller. */
#define QUIET_US 100000
#define ARGS_MAX 64

struct figures {
    uint64_t first_ns, end_ns;
    long private_kib;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long private_kib_of(int pid)
{
    char path[64], line[256];
    long sum = 0, value;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "Private_Clean: %ld", &value) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &value) == 1 ||
            sscanf(line, "Private_Hugetlb: %ld", &value) == 1)
            sum += value;
    fclose(file);
    return sum;
}

static int parent_of(int pid)
{
    char path[64], text[512];
    int parent = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fgets(text, sizeof(text), file)) {
        char *behind = strrchr(text, ')');
        if (!behind || sscanf(behind, ") %*c %d", &parent) != 1)
            parent = 0;
    }
    fclose(file);
    return parent;
}

/* Of a process and its descendants. */
static long private_kib_of_tree(int root)
{
    long sum = 0;
    DIR *dir = opendir("/proc");
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        int pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        for (int up = pid, depth = 0; up > 1 && depth < 8; up = parent_of(up), depth++)
            if (up == root) {
                sum += private_kib_of(pid);
                break;
            }
    }
    if (dir)
        closedir(dir);
    return sum;
}

static void start(char **argv, int in, int out, uint64_t *begin)
{
    dup2(in, 0);
    dup2(out, 1);
    *begin = now_ns();
    execv(argv[0], argv);
    _exit(127);
}

static struct figures run(char **argv, int look)
{
    struct figures figures = {0};
    int in[2], out[2], status;
    char text[4096];

    uint64_t *begin = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        exit(1);
    *begin = 0; /* touched before it counts */
    usleep(QUIET_US);
    int pid = vfork();
    if (pid == 0)
        start(argv, in[0], out[1], begin);
    close(in[0]);
    close(out[1]);
    ssize_t count = read(out[0], text, sizeof(text));
    figures.first_ns = now_ns() - *begin;
    if (count <= 0) {
        fprintf(stderr, "launch: no output from %s\n", argv[0]);
        exit(1);
    }
    if (look)
        figures.private_kib = private_kib_of_tree(pid);
    close(in[1]);
    while (read(out[0], text, sizeof(text)) > 0)
        ;
    waitpid(pid, &status, 0);
    figures.end_ns = now_ns() - *begin;
    close(out[0]);
    munmap(begin, 4096);
    if (status) {
        fprintf(stderr, "launch: status %x from %s\n", (unsigned int)status, argv[0]);
        exit(1);
    }
    return figures;
}

static void trace(const char *file, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), TRACE "/%s", file);
    int fd = open(path, O_WRONLY | O_TRUNC);
    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "launch: %s\n", path);
    close(fd);
}

/* Returns from KVM_RUN during one run; -1 when they cannot be counted. */
static long count_exits(char **argv)
{
    char line[512];
    long count = 0;

    trace("events/kvm/kvm_userspace_exit/enable", "1");
    trace("trace", "\n");
    trace("tracing_on", "1");
    run(argv, 0);
    trace("tracing_on", "0");
    trace("events/kvm/kvm_userspace_exit/enable", "0");
    FILE *file = fopen(TRACE "/trace", "r");
    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file))
        count += strstr(line, "kvm_userspace_exit: ") != NULL;
    fclose(file);
    return count;
}

int main(int argc, char **argv)
{
    char *waiting[ARGS_MAX];
    struct figures best = {UINT64_MAX, UINT64_MAX, 0};
    char wait_word[] = "wait";

    if (argc < 3 || argc > ARGS_MAX)
        return 2;
    for (int i = 0; i < RUNS; i++) {
        struct figures one = run(argv + 2, 0);
        if (i && one.first_ns < best.first_ns) /* the first run warms the host's caches */
            best = one;
    }
    memcpy(waiting, argv + 2, (size_t)(argc - 2) * sizeof(*argv));
    waiting[argc - 2] = wait_word;
    waiting[argc - 1] = NULL;
    best.private_kib = run(waiting, 1).private_kib;
    printf("%s|%.2f|%.2f|%ld|%ld\n", argv[1], (double)best.first_ns / 1e6,
           (double)best.end_ns / 1e6, best.private_kib, count_exits(argv + 2));
    return 0;
}
