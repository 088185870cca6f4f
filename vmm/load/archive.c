/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds the boot archive of a config: added files, program and closure, the
 * run file that tells the guest what to start.  Knows no engine.
 */
#include "vmm/load/archive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boot/guest_abi.h"
#include "vmm/load/archive_layout.h"
#include "vmm/load/closure.h"

#define LIBRARY_PATH "LD_LIBRARY_PATH="
#define RUN_FILE_MAX (16u << 20) /* bytes; arguments and environment of a program */

/* One "key=value" record with its NUL; counts only while at is NULL. */
static size_t put_record(char *at, const char *key, const char *value)
{
    size_t key_length = strlen(key), value_size = strlen(value) + 1;
    if (at) {
        memcpy(at, key, key_length);
        memcpy(at + key_length, value, value_size);
    }
    return key_length + value_size;
}

static size_t put_run_file(char *start, const struct vmm_config *config, const char *exe)
{
    size_t used = 0;
#define PUT(key, value) (used += put_record(start ? start + used : NULL, key, value))
    PUT("exe=", exe);
    for (int i = 0; i < config->argc; i++)
        PUT("arg=", config->argv[i]);
    for (size_t i = 0; i < config->env_count; i++)
        PUT("env=", config->env[i]);
    if (config->cwd)
        PUT("cwd=", config->cwd);
    if (config->terminal) {
        char size[32];
        snprintf(size, sizeof(size), "%ux%u", config->rows, config->columns);
        PUT("tty=", "1");
        PUT("winsize=", size);
    }
    PUT("hostname=", config->hostname ? config->hostname : "vmm");
#undef PUT
    return used;
}

static int add_run_file(struct host_files *files, const char *exe)
{
    size_t size = put_run_file(NULL, files->config, exe);
    if (size > RUN_FILE_MAX)
        return vmm_fail(files->error, -E2BIG, VMM_FAULT_USAGE,
                        "arguments and environment are too long");
    char *text = arena_alloc(files->arena, size);
    if (text)
        put_run_file(text, files->config, exe);
    int result =
        text ? host_generated_add(files, "/" GUEST_RUN_FILE, S_IFREG | 0400, RANK_RUN, text, size)
             : -ENOMEM;
    return result ? vmm_fail(files->error, result, VMM_FAULT_USAGE, "%s: %s", GUEST_RUN_FILE,
                             strerror(-result))
                  : 0;
}

/* The working directory exists in the guest even if nothing is in it. */
static int add_cwd(struct host_files *files)
{
    const char *cwd = files->config->cwd, *resolved;
    if (!cwd)
        return 0;
    int result = members_resolve(files->members, cwd, true, &resolved);
    /* /tmp is everyone's, also when only -w names it. */
    if (!result && resolved[0])
        result = host_generated_add(files, resolved,
                                    S_IFDIR | (strcmp(resolved, "tmp") == 0 ? 01777 : 0755),
                                    RANK_LINK, NULL, 0);
    return result ? vmm_fail(files->error, result, VMM_FAULT_USAGE, "-w %s: %s", cwd,
                             strerror(-result))
                  : 0;
}

static const char *library_path(const struct vmm_config *config)
{
    for (size_t i = 0; i < config->env_count; i++)
        if (strncmp(config->env[i], LIBRARY_PATH, sizeof(LIBRARY_PATH) - 1) == 0)
            return config->env[i] + sizeof(LIBRARY_PATH) - 1;
    return NULL;
}

static int collect(struct host_files *files)
{
    const struct vmm_config *config = files->config;
    struct closure closure = {.files = files, .library_path = library_path(config)};
    const char *path, *exe = NULL;
    int result = 0;

    if (closure.library_path && !*closure.library_path)
        closure.library_path = NULL;
    for (size_t i = 0; i < config->file_count && !result; i++)
        result = host_tree_add(files, config->files[i].host_path, config->files[i].guest_path);
    if (result)
        return result;
    result = host_absolute(files, config->program, &path);
    if (result)
        return vmm_fail(files->error, result, VMM_FAULT_NOT_FOUND, "%s: %s", config->program,
                        strerror(-result));
    result = closure_add_program(&closure, path, &exe);
    if (!result && config->file_count)
        result = closure_add_members(&closure);
    if (!result && config->file_count && (result = members_settle(files->members, &path)) != 0)
        result = vmm_fail(files->error, result, VMM_FAULT_USAGE, "--add: /%s in the guest: %s",
                          path, strerror(-result));
    if (!result)
        result = closure_add_cache(&closure);
    if (!result)
        result = add_cwd(files);
    if (!result)
        result = add_run_file(files, exe);
    closure_free(&closure);
    return result;
}

int archive_build(const struct vmm_config *config, struct archive **archive,
                  struct vmm_error *error)
{
    *archive = NULL;
    struct archive_build *build = calloc(1, sizeof(*build));
    if (!build)
        return vmm_fail(error, -ENOMEM, VMM_FAULT_USAGE, "out of memory");
    build->members.arena = &build->arena;
    struct host_files files = {
        .config = config,
        .error = error,
        .arena = &build->arena,
        .members = &build->members,
    };
    int result = collect(&files);
    if (!result)
        result = archive_layout(build, error);
    if (result) {
        archive_free(&build->archive);
        return result;
    }
    *archive = &build->archive;
    return 0;
}

void archive_free(struct archive *archive)
{
    struct archive_build *build = (struct archive_build *)archive; /* its first field */
    if (!archive)
        return;
    members_free(&build->members);
    for (size_t i = 0; i < archive->source_count; i++)
        close(archive->sources[i].fd);
    if (build->bytes)
        munmap(build->bytes, build->bytes_capacity);
    free(archive->pieces);
    free(archive->sources);
    arena_free(&build->arena);
    free(build);
}

const struct archive_source *archive_changed_source(const struct archive *archive)
{
    for (size_t i = 0; i < archive->source_count; i++) {
        const struct archive_source *source = &archive->sources[i];
        struct stat status; /* the kernel's own on x86-64 */
        /* Not fstat(): glibc makes another call of it, which the sandbox forbids. */
        if (syscall(SYS_fstat, source->fd, &status) != 0 ||
            (uint64_t)status.st_size != source->size ||
            status.st_mtim.tv_sec != source->mtime.tv_sec ||
            status.st_mtim.tv_nsec != source->mtime.tv_nsec)
            return source;
    }
    return NULL;
}

static int write_all(int fd, const uint8_t *bytes, uint64_t length)
{
    while (length) {
        ssize_t done = write(fd, bytes, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        bytes += done;
        length -= (uint64_t)done;
    }
    return 0;
}

static int send_range(int fd, const struct archive_piece *piece)
{
    off_t from = (off_t)piece->file_offset;
    for (uint64_t rest = piece->length; rest;) {
        ssize_t done = sendfile(fd, piece->fd, &from, rest);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        if (done == 0)
            return -EIO; /* truncated since it was opened */
        rest -= (uint64_t)done;
    }
    return 0;
}

int archive_write(const struct archive *archive, int fd, struct vmm_error *error)
{
    for (size_t i = 0; i < archive->piece_count; i++) {
        const struct archive_piece *piece = &archive->pieces[i];
        int result =
            piece->bytes ? write_all(fd, piece->bytes, piece->length) : send_range(fd, piece);
        if (result == -EIO && !piece->bytes)
            return vmm_fail(error, result, VMM_FAULT_USAGE, "%s: changed while it was being read",
                            archive->sources[piece->source].path);
        if (result)
            return vmm_fail(error, result, VMM_FAULT_USAGE,
                            "cannot write the boot archive (%llu bytes): %s",
                            (unsigned long long)archive->size, strerror(-result));
    }
    return 0;
}
