/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes from the host's kernel.
 */
#ifndef VMM_BACKEND_ENTROPY_H
#define VMM_BACKEND_ENTROPY_H

#include <stddef.h>

/* Fills the buffer, also guest memory; 0 or negative errno. */
int entropy_fill(void *buffer, size_t length);

#endif
