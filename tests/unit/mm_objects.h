/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of areas share: a window of addresses, objects to map into it
 * (a file, a piece of shared memory), and checks that hold at any time.
 */
#ifndef TESTS_UNIT_MM_OBJECTS_H
#define TESTS_UNIT_MM_OBJECTS_H

#include "unit/mm_fakes.h"

/* A window over two page tables, so that tables come and go as well. */
#define WINDOW_PAGES 48u
#define WINDOW_MIDDLE 0x40000000ul
#define FILE_PAGES 40u
/* Bytes of the window's pages: PAGE_SIZE, or more to have 2 MiB pages in play. */
extern uint64_t window_page;

/* A file: the first 16 pages and then the even ones are static, the others are counted. */
extern const struct vm_object_ops file_ops;
uint8_t file_byte(unsigned int page);

extern struct mmap_request shared_request; /* ops and object of the shared memory */
extern uint8_t shared_byte[FILE_PAGES]; /* what a test has written there */

void objects_setup(void);
/* Puts the objects away; nothing but they may have been allocated since setup. */
void objects_check_nothing_is_left(void);

uint64_t address_of(unsigned int page);
struct span {
    unsigned int first, count;
};
struct span random_span(void);
uint32_t random_rights(void);
/* Areas are ordered, do not overlap, and sums are right. */
void check_areas(struct mm *mm);

#endif
