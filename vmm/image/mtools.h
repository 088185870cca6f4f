/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs mtools, which write FAT file systems without root. */
#ifndef VMM_IMAGE_MTOOLS_H
#define VMM_IMAGE_MTOOLS_H

#include "vmm/vmm.h"

/*
 * Runs a program, searched in PATH, with these words (NULL at the end, the first is its
 * name) and waits for it.  Descriptors that it is to have must be inheritable.  *error
 * says what it said on standard error.
 */
int mtools_run(const char *const *words, struct vmm_error *error);

#endif
