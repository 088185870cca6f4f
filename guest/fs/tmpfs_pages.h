/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of tmpfs files, between tmpfs_file.c and tmpfs_pages.c. */
#ifndef FS_TMPFS_PAGES_H
#define FS_TMPFS_PAGES_H

#include "fs/tmpfs.h"
#include "mm/page_alloc.h"

struct vm_object_ops;

/* modes of fallocate(2) */
#define FALLOC_KEEP_SIZE 1
#define FALLOC_PUNCH_HOLE 2

/* The file's own page at index with a reference; false: none (data or hole). */
bool tmpfs_find_page(struct tmpfs_inode *node, uint64_t index, paddr_t *page);
/* The same, made (a copy of the data, zeroes behind it) if need be.  0, -ENOMEM, -ENOSPC. */
int tmpfs_make_page(struct tmpfs_inode *node, uint64_t index, paddr_t *page);
/* Truncation: bytes from size on are gone. */
void tmpfs_drop_pages_from(struct tmpfs_inode *node, uint64_t size);
/* Takes [start, end) back from mappings: all pages, or only the archive's own. */
void tmpfs_drop_mapped(struct tmpfs_inode *node, uint64_t start, uint64_t end, bool static_only);
/* [start, end) reads as zeroes. */
int tmpfs_zero_range(struct tmpfs_inode *node, uint64_t start, uint64_t end);

/* Mappings; the object is the struct file. */
extern const struct vm_object_ops tmpfs_vm_ops;
/* The same for shared mappings that may be written: counted, for F_SEAL_WRITE. */
extern const struct vm_object_ops tmpfs_vm_writable_ops;

#endif
