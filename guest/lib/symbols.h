/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of kernel functions for backtraces; the table is made by linker/symbols.awk. */
#ifndef LIB_SYMBOLS_H
#define LIB_SYMBOLS_H

extern const unsigned int kernel_symbol_count;
/* Bytes from the function before, the first from kernel_text_start; small, as it is looked through
 * for backtraces only. */
extern const unsigned short kernel_symbol_distances[];
extern const char kernel_symbol_names[]; /* in the same order, each with its NUL */

/* The function that contains address, "?" when none; *offset from its start. */
const char *symbol_lookup(unsigned long address, unsigned long *offset);

#endif
