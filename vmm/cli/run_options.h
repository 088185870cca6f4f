/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm run [options] PROGRAM [ARGS...]": from words to a configuration.
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
};

/* 0 or an exit status; the error has been printed. */
int run_options_parse(int argc, char **argv, struct run_options *options);

/* The host path of a program: searched in the user's PATH when it has no slash. */
int find_program(const char *name, char *path, size_t size);

#endif
