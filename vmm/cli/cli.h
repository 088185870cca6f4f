/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands share: printing, exit statuses, parsing of values.
 * Only vmm/cli prints and exits.  No stdio streams: start-up time is the
 * product, and a stream costs pages and calls.
 */
#ifndef VMM_CLI_CLI_H
#define VMM_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/vmm.h"

/* Docker's convention; timeout(1)'s for the time limit. */
enum cli_status {
    CLI_OK = 0,
    CLI_TIMED_OUT = 124,
    CLI_FAILED = 125, /* our own errors */
    CLI_NOT_EXECUTABLE = 126,
    CLI_NOT_FOUND = 127,
    CLI_SIGNALLED = 128, /* plus the signal's number */
};

/* "vmm: ...\n" on standard error in one write; returns status. */
int cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For what the library says of whose fault it was. */
int cli_status_of(enum vmm_fault fault);
/* All of it, or false. */
bool cli_write(int fd, const char *text, size_t length);

int cmd_run(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(const char *topic); /* NULL: the overview */

/* Number with unit; false when text is none or the result overflows. */
bool parse_size(const char *text, uint64_t *bytes); /* K, M, G: powers of 1024 */
bool parse_duration(const char *text, uint64_t *milliseconds); /* ms, s (default), m, h */
bool parse_number(const char *text, uint64_t max, uint64_t *number);

/* A text that grows; once memory is out it stays what it was and says so. */
struct text {
    char *bytes;
    size_t length, capacity;
    bool failed;
};
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
