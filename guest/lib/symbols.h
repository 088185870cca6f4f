/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of kernel functions for backtraces; the table is made by linker/symbols.awk. */
#ifndef LIB_SYMBOLS_H
#define LIB_SYMBOLS_H

struct kernel_symbol {
    unsigned int text_offset; /* bytes from kernel_text_start */
    unsigned int name_offset; /* in kernel_symbol_names */
};

extern const unsigned int kernel_symbol_count;
extern const struct kernel_symbol kernel_symbols[];
extern const char kernel_symbol_names[];

/* The function that contains address, "?" when none; *offset from its start. */
const char *symbol_lookup(unsigned long address, unsigned long *offset);

#endif
