/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm run [options] PROGRAM [ARGS...]": from words to a configuration; "vmm image", too.
 */
#ifndef VMM_CLI_RUN_OPTIONS_H
#define VMM_CLI_RUN_OPTIONS_H

#include "vmm/cli/cli.h"

struct run_options {
    struct vmm_config *config; /* filled; the caller's to free */
    const char *program; /* as typed; NULL: a foreign kernel alone */
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
};

/* 0 or an exit status; the error has been printed. */
int run_options_parse(int argc, char **argv, struct run_options *options);

/* Values of --engine and --machine; 0 or an exit status. */
int run_set_engine(struct run_options *options, const char *value);
int run_set_machine(struct run_options *options, const char *value);

/* run_reports.c: values of --stats, --console and --strace; 0 or an exit status. */
int run_set_stats(struct run_options *options, const char *value);
int run_set_console(struct run_options *options, const char *value);
int run_set_trace(struct run_options *options, const char *value);

/* What the guest gets without being asked for; -e comes later and wins. */
int run_add_default_env(struct vmm_config *config);

/* The host path of a program: searched in the user's PATH when it has no slash. */
int find_program(const char *name, char *path, size_t size);

#endif
