/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of a VM: owns the strings it was given, checks every value
 * on its way in, so that engines and loaders meet checked values only.  Knows
 * nothing of engines; touches no file.
 */
#include "vmm/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/guest_abi.h"

#define MEMORY_DEFAULT (256ull << 20)
#define PAGE_SIZE 4096u
#define HOSTNAME_MAX 64u /* Linux's __NEW_UTS_LEN */
#define STRINGS_MAX 65536u /* of a kind: arguments, variables, files */
#define DISKS_MAX 8u
/* What Linux allows one argument or variable to be: MAX_ARG_STRLEN. */
#define STRING_BYTES_MAX (32u * PAGE_SIZE)
#define PATH_BYTES_MAX 4096u /* PATH_MAX, with the NUL */
#define CPU_MODEL_MAX 256u /* bytes with the NUL */

/* Replaces *slot by a copy of text; text NULL clears it. */
int config_set_string(char **slot, const char *text, size_t bytes_max)
{
    char *copy = NULL;
    if (text) {
        if (strnlen(text, bytes_max) >= bytes_max)
            return -ENAMETOOLONG;
        copy = strdup(text);
        if (!copy)
            return -ENOMEM;
    }
    free(*slot);
    *slot = copy;
    return 0;
}

/* Makes room for one more element; capacity is always the next power of two. */
int config_grow(void **array, size_t count, size_t element_size)
{
    if (count >= STRINGS_MAX)
        return -E2BIG;
    if (count & (count - 1))
        return 0; /* not a power of two: there is room */
    size_t capacity = count ? 2 * count : 1;
    void *bigger = realloc(*array, capacity * element_size);
    if (!bigger)
        return -ENOMEM;
    *array = bigger;
    return 0;
}

static void free_argv(struct vmm_config *config)
{
    for (int i = 0; i < config->argc; i++)
        free(config->argv[i]);
    free(config->argv);
    config->argv = NULL;
    config->argc = 0;
}

int vmm_config_new(struct vmm_config **config)
{
    struct vmm_config *fresh = calloc(1, sizeof(*fresh));
    *config = fresh;
    if (!fresh)
        return -ENOMEM;
    fresh->engine = VMM_ENGINE_AUTO;
    fresh->memory_bytes = MEMORY_DEFAULT;
    fresh->cpus = 1;
    fresh->in_fd = 0;
    fresh->out_fd = 1;
    fresh->err_fd = 2;
    fresh->console_fd = -1;
    fresh->sandbox = true;
    return 0;
}

void vmm_config_free(struct vmm_config *config)
{
    if (!config)
        return;
    free_argv(config);
    for (size_t i = 0; i < config->env_count; i++)
        free(config->env[i]);
    for (size_t i = 0; i < config->file_count; i++) {
        free(config->files[i].host_path);
        free(config->files[i].guest_path);
    }
    for (size_t i = 0; i < config->disk_count; i++)
        free(config->disks[i].path);
    free(config->env);
    free(config->files);
    free(config->disks);
    free(config->program);
    free(config->cwd);
    free(config->hostname);
    free(config->cpu_model);
    free(config->kernel);
    free(config->initrd);
    free(config->append);
    config_free_functions(config);
    free(config);
}

int vmm_config_set_engine(struct vmm_config *config, enum vmm_engine engine)
{
    if (engine != VMM_ENGINE_AUTO && engine != VMM_ENGINE_KVM && engine != VMM_ENGINE_QEMU)
        return -EINVAL;
    config->engine = engine;
    return 0;
}

int vmm_config_set_memory(struct vmm_config *config, uint64_t memory_bytes)
{
    if (memory_bytes < GUEST_RAM_MIN || memory_bytes > GUEST_RAM_MAX)
        return -ERANGE;
    if (memory_bytes % PAGE_SIZE)
        return -EINVAL;
    config->memory_bytes = memory_bytes;
    return 0;
}

int vmm_config_set_cpus(struct vmm_config *config, unsigned int cpus)
{
    if (cpus < 1 || cpus > GUEST_CPUS_MAX)
        return -ERANGE;
    config->cpus = cpus;
    return 0;
}

int vmm_config_set_program(struct vmm_config *config, const char *path, int argc,
                           const char *const *argv)
{
    if (!path || !*path || argc < 1 || !argv)
        return -EINVAL;
    if ((unsigned int)argc > STRINGS_MAX)
        return -E2BIG;
    char **copy = calloc((size_t)argc + 1, sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    int result = config_set_string(&config->program, path, PATH_BYTES_MAX);
    for (int i = 0; i < argc && result == 0; i++)
        result = argv[i] ? config_set_string(&copy[i], argv[i], STRING_BYTES_MAX) : -EINVAL;
    if (result) {
        for (int i = 0; i < argc; i++)
            free(copy[i]);
        free(copy);
        return result;
    }
    free_argv(config);
    config->argv = copy;
    config->argc = argc;
    return 0;
}

int vmm_config_add_env(struct vmm_config *config, const char *name_value)
{
    const char *equals = name_value ? strchr(name_value, '=') : NULL;
    if (!equals || equals == name_value)
        return -EINVAL;
    char *copy = NULL;
    int result = config_set_string(&copy, name_value, STRING_BYTES_MAX);
    if (result)
        return result;
    /* A later value of the same name takes the place of the earlier one. */
    size_t name_length = (size_t)(equals - name_value) + 1;
    for (size_t i = 0; i < config->env_count; i++) {
        if (strncmp(config->env[i], name_value, name_length) == 0) {
            free(config->env[i]);
            config->env[i] = copy;
            return 0;
        }
    }
    result = config_grow((void **)&config->env, config->env_count, sizeof(*config->env));
    if (result) {
        free(copy);
        return result;
    }
    config->env[config->env_count++] = copy;
    return 0;
}

int vmm_config_set_machine(struct vmm_config *config, enum vmm_machine machine, const char *cpu)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "+-=,._";
    if (machine > VMM_MACHINE_EFI || (cpu && (!*cpu || cpu[strspn(cpu, allowed)])))
        return -EINVAL;
    config->machine = machine;
    return config_set_string(&config->cpu_model, cpu, CPU_MODEL_MAX);
}

int vmm_config_set_cwd(struct vmm_config *config, const char *guest_dir)
{
    if (guest_dir && guest_dir[0] != '/')
        return -EINVAL;
    return config_set_string(&config->cwd, guest_dir, PATH_BYTES_MAX);
}

int vmm_config_set_hostname(struct vmm_config *config, const char *name)
{
    if (name && (!*name || strpbrk(name, " \t\n\"/")))
        return -EINVAL;
    return config_set_string(&config->hostname, name, HOSTNAME_MAX + 1);
}

/* True when a component of the path is "..": it could leave its tree. */
static bool has_dot_dot(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.')
            return true;
        path += length + (path[length] == '/');
    }
    return false;
}

int vmm_config_add_file(struct vmm_config *config, const char *host_path, const char *guest_path)
{
    if (!host_path || !*host_path)
        return -EINVAL;
    if (guest_path && (guest_path[0] != '/' || has_dot_dot(guest_path)))
        return -EINVAL;
    struct vmm_config_file file = {0};
    int result = config_set_string(&file.host_path, host_path, PATH_BYTES_MAX);
    if (!result)
        result = config_set_string(&file.guest_path, guest_path, PATH_BYTES_MAX);
    if (!result)
        result = config_grow((void **)&config->files, config->file_count, sizeof(*config->files));
    if (result) {
        free(file.host_path);
        free(file.guest_path);
        return result;
    }
    config->files[config->file_count++] = file;
    return 0;
}

int vmm_config_add_disk(struct vmm_config *config, const char *path, bool read_only)
{
    if (!path || !*path)
        return -EINVAL;
    if (config->disk_count >= DISKS_MAX)
        return -E2BIG;
    struct vmm_config_disk disk = {.read_only = read_only};
    int result = config_set_string(&disk.path, path, PATH_BYTES_MAX);
    if (!result)
        result = config_grow((void **)&config->disks, config->disk_count, sizeof(*config->disks));
    if (result) {
        free(disk.path);
        return result;
    }
    config->disks[config->disk_count++] = disk;
    return 0;
}

int vmm_config_set_kernel(struct vmm_config *config, const char *path)
{
    return path && !*path ? -EINVAL : config_set_string(&config->kernel, path, PATH_BYTES_MAX);
}

int vmm_config_set_initrd(struct vmm_config *config, const char *path)
{
    return path && !*path ? -EINVAL : config_set_string(&config->initrd, path, PATH_BYTES_MAX);
}

int vmm_config_set_append(struct vmm_config *config, const char *words)
{
    return config_set_string(&config->append, words, GUEST_CMDLINE_MAX);
}

int vmm_config_set_stdio(struct vmm_config *config, int in_fd, int out_fd, int err_fd)
{
    if (in_fd < 0 || out_fd < 0 || err_fd < 0)
        return -EBADF;
    config->in_fd = in_fd;
    config->out_fd = out_fd;
    config->err_fd = err_fd;
    return 0;
}

int vmm_config_set_terminal(struct vmm_config *config, unsigned int rows, unsigned int columns)
{
    if (rows > UINT16_MAX || columns > UINT16_MAX)
        return -ERANGE;
    config->terminal = true;
    config->rows = rows;
    config->columns = columns;
    return 0;
}

int vmm_config_set_timeout(struct vmm_config *config, uint64_t timeout_ms)
{
    config->timeout_ms = timeout_ms;
    return 0;
}

int vmm_config_set_sandbox(struct vmm_config *config, bool on)
{
    config->sandbox = on;
    return 0;
}

static int copy_lists(struct vmm_config *to, const struct vmm_config *from)
{
    int result = 0;
    if (from->program)
        result =
            vmm_config_set_program(to, from->program, from->argc, (const char *const *)from->argv);
    for (size_t i = 0; i < from->env_count && !result; i++)
        result = vmm_config_add_env(to, from->env[i]);
    for (size_t i = 0; i < from->file_count && !result; i++)
        result = vmm_config_add_file(to, from->files[i].host_path, from->files[i].guest_path);
    for (size_t i = 0; i < from->disk_count && !result; i++)
        result = vmm_config_add_disk(to, from->disks[i].path, from->disks[i].read_only);
    return result;
}

static int copy_strings(struct vmm_config *to, const struct vmm_config *from)
{
    int result = vmm_config_set_cwd(to, from->cwd);
    if (!result)
        result = vmm_config_set_hostname(to, from->hostname);
    if (!result)
        result = config_set_string(&to->cpu_model, from->cpu_model, CPU_MODEL_MAX);
    if (!result)
        result = vmm_config_set_kernel(to, from->kernel);
    if (!result)
        result = vmm_config_set_initrd(to, from->initrd);
    if (!result)
        result = vmm_config_set_append(to, from->append);
    return result;
}

struct vmm_config *vmm_config_copy(const struct vmm_config *config)
{
    struct vmm_config *copy = malloc(sizeof(*copy));
    if (!copy)
        return NULL;
    *copy = *config;
    copy->program = copy->cwd = copy->hostname = copy->cpu_model = NULL;
    copy->kernel = copy->initrd = copy->append = NULL;
    copy->argv = copy->env = NULL;
    copy->argc = 0;
    copy->files = NULL;
    copy->exports = NULL;
    copy->export_count = 0;
    copy->snapshot_at_ready = NULL;
    copy->disks = NULL;
    copy->env_count = copy->file_count = copy->disk_count = 0;
    if (copy_strings(copy, config) || copy_lists(copy, config) ||
        config_copy_functions(copy, config)) {
        vmm_config_free(copy);
        return NULL;
    }
    return copy;
}

int vmm_fail(struct vmm_error *error, int result, enum vmm_fault fault, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
        error->fault = fault;
        /* Names may hold anything; the message stays one line. */
        for (char *c = error->text; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                *c = '?';
    }
    return result;
}
