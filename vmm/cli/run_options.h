/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm run [options] PROGRAM [ARGS...]": from words to a configuration.
 */
#ifndef VMM_CLI_RUN_OPTIONS_H
#define VMM_CLI_RUN_OPTIONS_H

#include <limits.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/options.h"

struct run_options {
    struct vmm_config *config; /* filled; the caller's to free */
    const char *program; /* as typed; NULL: a foreign kernel alone */
    char program_path[PATH_MAX]; /* where it was found */
    bool no_sandbox;
    bool terminal; /* -t: demanded */
    bool interactive; /* -i: a terminal if standard input is one */
    unsigned int verbose;
    bool stats;
    const char *stats_path; /* NULL: standard error */
    bool console; /* kernel messages to standard error */
    bool strict;
    bool help;
    bool has_term; /* -e TERM was given */
    bool has_kernel; /* --kernel was given */
    bool has_initrd;
    bool image; /* set before: for "vmm image", which takes fewer of them */
    const char *output; /* -o, of an image; also the last two words, if there is none before */
    uint64_t timeout_ms; /* --timeout; 0: none */
    const char *from; /* --from: a snapshot, by name or path */
    const char *name; /* --name: others may ask for snapshots */
    uint64_t given; /* a bit per option that was there */
};

/* All of these: 0 or an exit status; the error has been printed. */
int run_options_new(struct run_options *options); /* with the usual environment */
/*
 * Takes the options; *used counts words, what follows is the command's.  more: a table of
 * options that the command has beside those of "run", or NULL.
 */
int run_options_parse(int argc, char **argv, struct run_options *options, const char *command,
                      const struct option_table *more, int *used);
/* No options that are a snapshot's, if there is one; run_options_parse() has done that. */
int run_options_check(const struct run_options *options);
/* No options that a program which serves functions has no use for. */
int run_options_for_functions(const struct run_options *options, const char *command);
/* The program and its whole argument vector. */
int run_options_program(struct run_options *options, int argc, char **argv);

/* -v, and where --stats goes. */
void run_options_log(struct run_options *options);
int run_options_stats(const struct run_options *options, int *fd);
/*
 * Closes this process around the VMs it will have; for commands that do not call vmm_run().  vm:
 * one that there is already, or NULL; does nothing if QEMU runs it.
 */
int run_options_enclose(const struct run_options *options, const struct vmm *vm,
                        const char *writable_directory);
/* Runs what the options describe, to the end. */
int run_prepared(struct run_options *options);

/* Values of --engine and --machine; 0 or an exit status. */
int run_set_engine(struct run_options *options, const char *value);
int run_set_machine(struct run_options *options, const char *value);

/* run_reports.c: values of --stats, --console and --strace; 0 or an exit status. */
int run_set_stats(struct run_options *options, const char *value);
int run_set_console(struct run_options *options, const char *value);
int run_set_trace(struct run_options *options, const char *value);

/* The host path of a program: searched in the user's PATH when it has no slash. */
int find_program(const char *name, char *path, size_t size);

#endif
