/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program made ready aside: its address space with file, interpreter, vDSO and
 * stack.  Nothing of the calling task changes; exec.c and start_init.c commit it.
 */
#ifndef PROC_EXEC_BUILD_H
#define PROC_EXEC_BUILD_H

#include "proc/elf_load.h"
#include "proc/exec_stack.h"
#include "proc/process.h"

#define EXEC_SCRIPT_DEPTH_MAX 5u /* interpreters that are scripts themselves */
#define EXEC_PREFIX_MAX (2 * EXEC_SCRIPT_DEPTH_MAX + 2)

struct exec_program {
    struct mm *mm;
    struct dentry *exe; /* reference */
    uint64_t entry, rsp;
    char comm[16];
};

/* A program file, found through "#!" lines, and the arguments they put in front. */
struct exec_target {
    struct exec_file file;
    const char *prefix[EXEC_PREFIX_MAX]; /* replaces argv[0] if prefix_count > 0 */
    size_t prefix_count;
    char *allocated[EXEC_SCRIPT_DEPTH_MAX]; /* what the prefix points into */
    size_t depth;
};
/* 0 or negative errno; exec_target_close() only after 0. */
int exec_target_open(struct exec_target *target, struct dentry *start, const char *path,
                     uint32_t walk_flags, const char *display);
void exec_target_close(struct exec_target *target);

/* limits: of the process that will run it; cred: for AT_UID and so on. */
int exec_build(struct exec_program *program, struct exec_file *file,
               const struct exec_strings *strings, const struct process *process,
               const struct credentials *cred, bool secure);
void exec_program_free(struct exec_program *program); /* not committed */
/* How much the strings may take: exec_strings.limit. */
uint64_t exec_strings_limit(const struct process *process);

/* Registers of a program that starts. */
void exec_set_frame(struct trap_frame *frame, const struct exec_program *program);

#endif
