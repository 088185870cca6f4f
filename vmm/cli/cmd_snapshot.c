/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm snapshot": save, restore, ls, rm.  What is in a snapshot is the library's business.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/control.h"
#include "vmm/cli/run_options.h"
#include "vmm/cli/snapshot_store.h"

#define SNAPSHOTS_MAX 65536u /* listed; more than anybody has */
#define STAT_BLOCK 512u

enum { SAVE_FUNCTIONS, SAVE_OF };

struct save_options {
    struct run_options run;
    bool functions;
    const char *of; /* --of: a VM that runs */
};

static const struct option_row save_rows[] = {
    {"functions", 'f', NO_VALUE, SAVE_FUNCTIONS},
    {"of", 0, VALUE, SAVE_OF},
};

static int apply_save(void *arg, unsigned int id, char *value)
{
    struct save_options *options = arg;
    if (id == SAVE_FUNCTIONS)
        options->functions = true;
    if (id == SAVE_OF)
        options->of = value;
    return 0;
}

/* Nothing but the directory of the snapshot stays within reach. */
static int enclose(const struct run_options *options, const struct vmm *vm, const char *path)
{
    char directory[PATH_MAX];
    size_t length = (size_t)(strrchr(path, '/') - path);
    memcpy(directory, path, length);
    directory[length] = '\0';
    return run_options_enclose(options, vm, length ? directory : "/");
}

/* A program that serves functions is ready when it waits for the first call. */
static int save_functions(struct save_options *options, const char *path)
{
    struct vmm_config *config = options->run.config;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm_snapshot *snapshot = NULL;
    struct vmm *vm = NULL;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null_fd < 0)
        return cli_fail(CLI_FAILED, "/dev/null: %s", strerror(errno));
    vmm_config_set_stdio(config, null_fd, STDERR_FILENO, STDERR_FILENO);
    vmm_config_set_functions(config, true);
    run_options_log(&options->run);
    int result = vmm_create(config, &vm, &error);
    if (!result && enclose(&options->run, vm, path) != 0)
        return CLI_FAILED;
    if (!result)
        result = vmm_start(vm, &error);
    if (!result)
        result = vmm_snapshot_take(vm, &snapshot, &error);
    if (!result)
        result = vmm_snapshot_save(snapshot, path, &error);
    int status = CLI_OK;
    if (result == -ETIMEDOUT)
        status = cli_fail(CLI_TIMED_OUT, "%s", error.text);
    else if (result == -ENOTSUP && !error.text[0])
        status = cli_fail(CLI_FAILED, "snapshots need KVM; the QEMU engine has none");
    else if (result)
        status = cli_fail(cli_status_of(error.fault), "%s", error.text);
    if (vmm_abandon() == 0)
        _exit(status);
    return status;
}

static int save(int argc, char **argv)
{
    struct save_options options = {.functions = false};
    struct option_table table = {save_rows, sizeof(save_rows) / sizeof(save_rows[0]), NULL,
                                 apply_save, &options};
    char path[PATH_MAX];
    int used, status = run_options_new(&options.run);
    if (!status)
        status = run_options_parse(argc, argv, &options.run, "snapshot", &table, &used);
    if (status)
        return status;
    if (options.run.help)
        return cmd_help("snapshot");
    if (options.run.from)
        return cli_fail(CLI_FAILED, "snapshot save: --from is for run and call");
    if (options.of && argc - used == 1 && !options.functions)
        return control_ask(options.of, argv[used]);
    if (options.of)
        return cli_fail(CLI_FAILED, "snapshot save: with --of, give SNAPSHOT and nothing else");
    if (argc - used < 2)
        return cli_fail(CLI_FAILED, "snapshot save: give SNAPSHOT and PROGRAM; see \"vmm help "
                                    "snapshot\"");
    status = snapshot_path(argv[used], true, path, sizeof(path));
    if (!status)
        status = run_options_program(&options.run, argc - used - 1, argv + used + 1);
    if (status)
        return status;
    if (options.functions)
        return save_functions(&options, path);
    int result = vmm_config_set_snapshot_at_ready(options.run.config, path);
    if (result)
        return cli_fail(CLI_FAILED, "snapshot save: %s", strerror(-result));
    return run_prepared(&options.run);
}

/* "run --from SNAPSHOT", with what other options there are. */
static int restore(int argc, char **argv)
{
    struct run_options options;
    int used, status = run_options_new(&options);
    if (!status)
        status = run_options_parse(argc, argv, &options, "snapshot", NULL, &used);
    if (status)
        return status;
    if (options.help)
        return cmd_help("snapshot");
    if (argc - used != 1)
        return cli_fail(CLI_FAILED, "snapshot restore: give one SNAPSHOT after the options");
    options.from = argv[used];
    status = run_options_check(&options);
    return status ? status : run_prepared(&options);
}

/* ---- What there is ------------------------------------------------------- */

static uint64_t bytes_on_disk(const struct stat *status)
{
    return (uint64_t)status->st_blocks * STAT_BLOCK;
}

/* A snapshot is a file with its memory beside it. */
static bool stat_snapshot(const char *path, struct stat *state, struct stat *memory)
{
    char other[PATH_MAX + sizeof(SNAPSHOT_MEMORY_SUFFIX)];
    snprintf(other, sizeof(other), "%s" SNAPSHOT_MEMORY_SUFFIX, path);
    return stat(path, state) == 0 && S_ISREG(state->st_mode) && stat(other, memory) == 0;
}

static void add_size(struct text *text, uint64_t bytes)
{
    if (bytes >= 10ull << 30)
        text_add(text, "%8lluG", (unsigned long long)(bytes >> 30));
    else if (bytes >= 10ull << 20)
        text_add(text, "%8lluM", (unsigned long long)(bytes >> 20));
    else
        text_add(text, "%8lluK", (unsigned long long)((bytes + 1023) >> 10));
}

static void add_line(struct text *text, const char *store, const char *name)
{
    struct vmm_snapshot_info info = {.size = sizeof(info)};
    struct vmm_error error;
    char path[PATH_MAX], date[32] = "-";
    struct stat state, memory;
    struct tm local;
    if (snprintf(path, sizeof(path), "%s/%s", store, name) >= (int)sizeof(path) ||
        !stat_snapshot(path, &state, &memory))
        return;
    bool good = vmm_snapshot_info(path, &info, &error) == 0;
    time_t taken = (time_t)(info.taken_ns / 1000000000u);
    if (good && localtime_r(&taken, &local))
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &local);
    text_add(text, "%-24s ", name);
    add_size(text, bytes_on_disk(&state) + bytes_on_disk(&memory));
    text_add(text, "  %-16s  %s\n", date, good ? info.program : error.text);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    while (count)
        free(names[--count]);
    free(names);
}

/* The names in the store, sorted; the caller's to free.  Negative errno. */
static int read_names(const char *store, char ***names, size_t *count)
{
    DIR *directory = opendir(store);
    *names = NULL;
    *count = 0;
    if (!directory)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && *count < SNAPSHOTS_MAX;) {
        if (entry->d_name[0] == '.')
            continue;
        char **more = realloc(*names, (*count + 1) * sizeof(**names));
        if (more)
            *names = more;
        if (!more || !(more[*count] = strdup(entry->d_name))) {
            free_names(*names, *count);
            closedir(directory);
            return -ENOMEM;
        }
        ++*count;
    }
    closedir(directory);
    if (*count)
        qsort(*names, *count, sizeof(**names), compare_names);
    return 0;
}

static int list(int argc, char **argv)
{
    char store[PATH_MAX], **names;
    struct text text = {0};
    size_t count;
    if (argc > 0)
        return cli_fail(CLI_FAILED, "snapshot ls takes no arguments; unknown: %s", argv[0]);
    int result = snapshot_store(store, sizeof(store));
    if (result)
        return result;
    result = read_names(store, &names, &count);
    if (result)
        return cli_fail(CLI_FAILED, "%s: %s", store, strerror(-result));
    for (size_t i = 0; i < count; i++)
        add_line(&text, store, names[i]);
    free_names(names, count);
    if (text.failed)
        return cli_fail(CLI_FAILED, "out of memory");
    return cli_write(STDOUT_FILENO, text.bytes, text.length) ? CLI_OK : CLI_FAILED;
}

static int remove_one(const char *name)
{
    char path[PATH_MAX], memory_path[PATH_MAX + sizeof(SNAPSHOT_MEMORY_SUFFIX)];
    struct stat state, memory;
    int status = snapshot_path(name, false, path, sizeof(path));
    if (status)
        return status;
    if (!stat_snapshot(path, &state, &memory))
        return cli_fail(CLI_FAILED, "snapshot rm: %s: there is no such snapshot", name);
    snprintf(memory_path, sizeof(memory_path), "%s" SNAPSHOT_MEMORY_SUFFIX, path);
    /* In this order: what is left of it when the second fails is no snapshot. */
    if (unlink(path) != 0 || unlink(memory_path) != 0)
        return cli_fail(CLI_FAILED, "snapshot rm: %s: %s", name, strerror(errno));
    return CLI_OK;
}

static int remove_all(int argc, char **argv)
{
    int status = CLI_OK;
    if (argc == 0)
        return cli_fail(CLI_FAILED, "snapshot rm: give one SNAPSHOT or more");
    for (int i = 0; i < argc; i++)
        if (remove_one(argv[i]) != CLI_OK)
            status = CLI_FAILED;
    return status;
}

int cmd_snapshot(int argc, char **argv)
{
    if (argc == 0)
        return cli_fail(CLI_FAILED, "snapshot: give save, restore, ls or rm; see \"vmm help "
                                    "snapshot\"");
    if (strcmp(argv[0], "save") == 0)
        return save(argc - 1, argv + 1);
    if (strcmp(argv[0], "restore") == 0)
        return restore(argc - 1, argv + 1);
    if (strcmp(argv[0], "ls") == 0)
        return list(argc - 1, argv + 1);
    if (strcmp(argv[0], "rm") == 0)
        return remove_all(argc - 1, argv + 1);
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return cmd_help("snapshot");
    return cli_fail(CLI_FAILED, "snapshot: unknown word %s; give save, restore, ls or rm", argv[0]);
}
