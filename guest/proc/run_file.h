/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the first program is: from the archive's run file (boot/guest_abi.h), or from
 * the command line when there is none.  Strings point into the archive or into
 * boot_info and stay valid.
 */
#ifndef PROC_RUN_FILE_H
#define PROC_RUN_FILE_H

#include "proc/process.h"

struct run_spec {
    struct init_program program;
    bool terminal; /* standard streams are a terminal */
    uint16_t rows, columns; /* of the terminal; 0: not known */
    const char *hostname; /* NULL: none given */
};

/* 0, -ENOENT (no program named), -EINVAL (malformed), -E2BIG, -ENOMEM. */
int run_spec_load(struct run_spec *spec);

#endif
