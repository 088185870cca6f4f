/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for addresses of a crash, from the symbol table of the program's file.  The file is
 * read with every offset checked: it may be anything.
 */
#ifndef VMM_LOAD_SYMBOLS_H
#define VMM_LOAD_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "function+0x12" for an address of the file at path, or "0x401012" when it has no name there.
 * is_return: the address follows a call; the name is the caller's.  Always fills name.
 */
void symbols_name(const char *path, uint64_t address, bool is_return, char *name, size_t size);

#endif
