/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guest/mm/ stands on, for tests on the host: pages from the C library with
 * exact reference counts, locks that only check their use, one CPU whose TLB is
 * a table, so that a forgotten flush is seen.
 */
#ifndef TESTS_UNIT_MM_FAKES_H
#define TESTS_UNIT_MM_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/page_alloc.h"
#include "mm/vma.h"

/* Forgets all but the pages in use: whoever holds them must give them back. */
void fakes_reset(void);
uint64_t fake_pages_in_use(void);
uint64_t fake_allocations(void); /* since the last reset */
/* A page without reference count, like one of the boot archive. */
paddr_t fake_static_page(uint8_t fill);

/* The program's view: through the TLB and the page tables, with faults handled. */
enum fault_result user_read(struct mm *mm, uint64_t address, uint8_t *value);
enum fault_result user_write(struct mm *mm, uint64_t address, uint8_t value);
/* No TLB entry allows more than the page tables do. */
void check_tlb(struct mm *mm);

#endif
