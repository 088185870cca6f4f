/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM is made of, as the setters of vmm.h collected it.  Internal to
 * libvmm; strings are owned by the config, descriptors are borrowed.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "vmm/vmm.h"

struct vmm_config_file {
    char *host_path;
    char *guest_path; /* absolute */
};

struct vmm_config_disk {
    char *path;
    bool read_only;
};

struct vmm_config_export {
    char *name;
    vmm_host_fn *function;
    void *arg;
};

struct vmm_config {
    enum vmm_engine engine;
    enum vmm_machine machine;
    char *cpu_model; /* NULL: all that there is */
    uint64_t memory_bytes;
    unsigned int cpus;

    char *program; /* host path; NULL with a foreign kernel alone */
    int argc;
    char **argv; /* argc + 1 entries, NULL at the end */
    size_t env_count;
    char **env; /* "NAME=VALUE" */
    char *cwd; /* NULL: "/" */
    char *hostname; /* NULL: "vmm" */
    size_t file_count;
    struct vmm_config_file *files;
    size_t disk_count;
    struct vmm_config_disk *disks;

    char *kernel; /* NULL: the built-in one */
    char *initrd;
    char *append;

    int in_fd, out_fd, err_fd;
    bool terminal;
    unsigned int rows, columns;
    int console_fd; /* -1: none */
    unsigned int log_level;
    uint64_t timeout_ms; /* 0: none */
    bool sandbox;
    bool stats;
    enum vmm_trace trace;
    bool strict;
    bool functions;
    size_t export_count;
    struct vmm_config_export *exports;
    bool snapshots; /* of the running VM */
    char *snapshot_at_ready; /* NULL: none is saved */
    vmm_log_fn *log;
    void *log_arg;
};

/* Deep copy for vmm_create(); NULL when out of memory. */
struct vmm_config *vmm_config_copy(const struct vmm_config *config);

/* For config_functions.c: as vmm_config_set_*() does it. */
int config_set_string(char **field, const char *value, size_t size_max);
int config_grow(void **list, size_t count, size_t element);
/* Functions, exports and the snapshot of a config, into a copy without any. */
int config_copy_functions(struct vmm_config *to, const struct vmm_config *from);
void config_free_functions(struct vmm_config *config);

/* Fills *error (may be NULL) and returns result, a negative errno. */
int vmm_fail(struct vmm_error *error, int result, enum vmm_fault fault, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One line to the config's log function, if there is one. */
void vmm_log(const struct vmm_config *config, enum vmm_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * What a kernel that stopped said last, in one line: tail is the end of its
 * console, a string whose lines end in newlines or '|'.  All of it goes to the
 * log, if the console goes nowhere.  text: size bytes.
 */
void vmm_last_words(const struct vmm_config *config, const char *tail, char *text, size_t size);

/* The words on the kernel's command line for --strace and --strict; "": none. */
const char *config_report_words(const struct vmm_config *config);

#endif
