/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of a file by index: a radix tree, 64 wide, as high as the largest index
 * needs; a file of one page needs no node.  Sparse.  The caller locks.
 */
#ifndef FS_PAGE_TREE_H
#define FS_PAGE_TREE_H

#include "lib/types.h"

struct page_tree {
    uint64_t root; /* height 0: a page's address; otherwise a node pointer; 0: empty */
    uint32_t height;
    uint64_t count; /* pages in it */
};

/* Address of the page at index, or 0. */
uint64_t page_tree_get(const struct page_tree *tree, uint64_t index);
/* pa is not 0 and the slot is empty.  0 or -ENOMEM. */
int page_tree_set(struct page_tree *tree, uint64_t index, uint64_t pa);
/* Removes [first, last]; calls drop for each page that was there. */
void page_tree_remove(struct page_tree *tree, uint64_t first, uint64_t last,
                      void (*drop)(uint64_t pa));
/* Smallest index >= from that has a page; false: none. */
bool page_tree_next(const struct page_tree *tree, uint64_t from, uint64_t *index);

#endif
