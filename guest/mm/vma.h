/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's address space: areas (struct vma) in a red-black tree and the
 * page tables that the fault handler fills from them.
 *
 * Lock: mm->lock (a mutex, sleeps) guards areas and tables.  It is taken by the
 * functions below themselves unless they say "locked".  The page-fault path
 * may take it too, so nobody may touch program memory while holding it.
 * Lock order: mm->lock before any inode lock and any spinlock.
 *
 * Most faults do without the mutex: any number at once, they pass mm->gate, which
 * whoever changes areas or takes entries away (mm_change_begin()) closes on top of
 * the mutex.  Behind the gate nobody sleeps, areas stand still, and an entry changes
 * only by compare-and-swap, from nothing to a leaf or table, or from copy-on-write to
 * a page of its own: never back.  So an entry that is as it was has not been touched
 * in between, and who loses the race drops what it had prepared.  The mutex alone
 * lets one look at areas.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "lib/mutex.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "mm/paging.h"

#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_SHARED 0x8u
#define VM_GROWSDOWN 0x10u
#define VM_LOCKED 0x20u
#define VM_NORESERVE 0x40u
#define VM_STACK 0x80u
#define VM_DONTFORK 0x100u
#define VM_WIPEONFORK 0x200u
#define VM_HUGEPAGE 0x400u
#define VM_NOHUGEPAGE 0x800u
#define VM_MAYWRITE 0x1000u /* mprotect may add write (shared mapping of a writable file) */
#define VM_VDSO 0x2000u /* [vdso], [vvar] */
#define VM_DONTDUMP 0x4000u
#define VM_PRIVATE_PAGES 0x8000u /* file-backed, holds pages of its own: fork copies entries */

struct vma;
struct mm;

/* A page that backs an address: pa holds a reference for the mapping unless static. */
struct vm_page {
    paddr_t pa;
    bool is_static;
};

#define VM_RUN_PAGES 64u /* a fault maps at most so many pages of an object */

/*
 * What is behind an area (a file, shared memory).  Anonymous areas have none.
 * All are called with mm->lock held and may sleep.
 */
struct vm_object_ops {
    /*
     * The page at byte offset (page-aligned) of the object.  for_write: the
     * mapping is shared and will be written.  0, -ENOMEM, or -EFAULT for beyond
     * the end (SIGBUS).  Returns one reference to a page that is not static.
     */
    int (*get_page)(void *object, uint64_t offset, bool for_write, struct vm_page *page);
    void (*get)(void *object); /* one more reference (fork, split) */
    void (*put)(void *object);
    /* For /proc/PID/maps: path into buf, and numbers; may be NULL. */
    void (*describe)(void *object, char *buf, size_t size, uint64_t *device, uint64_t *inode);
    /*
     * How many pages from offset lie static and contiguous from *pa on (0: none):
     * a fault maps neighbours at once.  Cheap, does not sleep; may be NULL.
     */
    uint64_t (*static_run)(void *object, uint64_t offset, paddr_t *pa);
    /* Is the page in memory, mapped or not (mincore)?  May be NULL: no. */
    bool (*resident)(void *object, uint64_t offset);
    /*
     * Frees the pages of a range, which read as zero afterwards (MADV_REMOVE), with no
     * mm->lock held; may be NULL.
     */
    int (*punch)(void *object, uint64_t offset, uint64_t length);
};

struct vma {
    struct rb_node node; /* by start */
    uint64_t start, end; /* page-aligned, end exclusive */
    uint32_t flags; /* VM_* */
    const struct vm_object_ops *ops; /* NULL: anonymous */
    void *object;
    uint64_t offset; /* bytes in the object, of start */
    const char *name; /* static string for maps: "[heap]", "[stack]", or NULL */
};

struct mm {
    struct mutex lock;
    atomic_uint gate; /* faults that are inside; MM_GATE_CLOSED */
    struct refcount refs;
    struct list all_link; /* of all address spaces */
    paddr_t root; /* PML4 */
    struct rb_tree vmas;
    uint32_t vma_count;
    atomic_ulong cpu_mask; /* CPUs that may have it in their TLB */
    uint64_t brk_start, brk;
    uint64_t mmap_base; /* highest address for top-down mmap */
    uint64_t stack_top;
    uint64_t arg_start, arg_end, env_start, env_end; /* for /proc */
    uint64_t load_bias; /* what was added to the addresses of the program's file */
    uint64_t code_start, code_end, data_start, data_end;
    uint64_t total_pages, locked_pages; /* mapped address space, by areas */
    uint64_t data_pages; /* private writable ones of them, without stacks: RLIMIT_DATA */
    uint64_t gap_top, gap_skipped; /* free areas above gap_top are at most gap_skipped bytes */
    atomic_bool no_huge_pages; /* PR_SET_THP_DISABLE; inherited by fork and exec */
    uint32_t default_flags; /* mlockall(MCL_FUTURE): VM_LOCKED for new areas */
    atomic_long rss_pages; /* present pages */
    uint64_t rss_max_pages;
    uint64_t limit_as, limit_data, limit_stack; /* bytes, RLIMIT_*, UINT64_MAX none */
    uint64_t saved_auxv[48];
    uint32_t saved_auxv_words;
};

#define MM_GATE_CLOSED (1u << 31)

/* Takes mm->lock and waits until no fault is inside: both ends of every change. */
void mm_change_begin(struct mm *mm);
void mm_change_end(struct mm *mm);

struct mm *mm_create(void); /* NULL: out of memory; reference count 1 */
void mm_get(struct mm *mm);
void mm_put(struct mm *mm); /* the last one unmaps everything and frees; may sleep */
/* Copy-on-write copy for fork; NULL with *error. */
struct mm *mm_fork(struct mm *mm, int *error);
/* Loads the page tables on this CPU; NULL: the kernel's own. */
void mm_activate(struct mm *mm);
struct mm *current_mm(void); /* percpu.active_mm */

struct vma *vma_find(struct mm *mm, uint64_t address); /* locked; containing, or next above; NULL */

/* mmap(2) after the syscall layer has sorted out file and flags. */
struct mmap_request {
    uint64_t address; /* hint, or exact with fixed */
    uint64_t length; /* bytes > 0 */
    uint32_t vm_flags; /* VM_READ.. */
    bool fixed, no_replace; /* MAP_FIXED, MAP_FIXED_NOREPLACE */
    bool below_4g; /* MAP_32BIT */
    bool populate;
    bool owned; /* the object was made for this request, whose caller drops it after mm_map() */
    const struct vm_object_ops *ops; /* the area takes one reference by ops->get() */
    void *object;
    uint64_t offset;
    const char *name;
};
/* Address or negative errno (ENOMEM, EINVAL, EEXIST). */
int64_t mm_map(struct mm *mm, const struct mmap_request *request);
int mm_unmap(struct mm *mm, uint64_t start, uint64_t length);
int mm_protect(struct mm *mm, uint64_t start, uint64_t length, uint32_t vm_rwx);
int64_t mm_remap(struct mm *mm, uint64_t old_start, uint64_t old_length, uint64_t new_length,
                 bool may_move, bool fixed, bool dont_unmap, uint64_t new_start);
/* remap_file_pages(2): part of a shared mapping shows another part of its object. */
int mm_remap_offset(struct mm *mm, uint64_t start, uint64_t length, uint64_t offset,
                    bool no_populate);
int mm_advise(struct mm *mm, uint64_t start, uint64_t length, int linux_advice);
uint64_t mm_set_brk(struct mm *mm, uint64_t new_brk); /* the resulting brk */

/* mlock(2) and mlockall(2): limit_bytes is RLIMIT_MEMLOCK.  0, -ENOMEM, -EINVAL. */
int mm_lock(struct mm *mm, uint64_t start, uint64_t length, bool on_fault, uint64_t limit_bytes);
int mm_unlock(struct mm *mm, uint64_t start, uint64_t length);
int mm_lock_all(struct mm *mm, bool current, bool future, bool on_fault, uint64_t limit_bytes);
void mm_unlock_all(struct mm *mm);
/* mincore(2): a byte per page, 1 when resident.  0, or -ENOMEM when a page is not mapped. */
int mm_residency(struct mm *mm, uint64_t start, size_t pages, uint8_t *resident);
/* Where the stack-like area (VM_GROWSDOWN) of address starts; -ENOMEM, -EINVAL: none. */
int64_t mm_stack_start(struct mm *mm, uint64_t address);
/* Is everything mapped?  0, -ENOMEM, or -EBUSY when an area has a forbidden flag. */
int mm_check_mapped(struct mm *mm, uint64_t start, uint64_t end, uint32_t forbidden);
/*
 * Shared anonymous memory of length bytes for request (ops, object); the caller
 * drops its reference by request->ops->put() after mm_map().  0 or -ENOMEM.
 */
int shared_memory_create(uint64_t length, struct mmap_request *request);

/* Random gap between regions (ASLR), page-aligned, below 2^bits pages. */
uint64_t mm_random_pages(unsigned int bits);

enum fault_result {
    FAULT_OK,
    FAULT_SEGV_MAPERR,
    FAULT_SEGV_ACCERR,
    FAULT_SIGBUS,
    FAULT_OOM,
    FAULT_BUSY /* inside mm/ only: needs the mutex */
};
/* pf_error: PF_* bits.  Takes mm->lock; may sleep. */
enum fault_result mm_fault(struct mm *mm, uint64_t address, uint64_t pf_error, uint64_t user_rsp);

/* The physical page now at address, faulted in first if need be; takes a reference. */
int mm_pin_page(struct mm *mm, uint64_t address, bool for_write, struct vm_page *page);

/*
 * An object takes the pages [start, end) of itself back, wherever they are mapped:
 * after a truncation (with private copies, as on Linux), or only static ones that
 * a page of its own has replaced.  Not with any mm->lock held; may sleep.
 */
struct vm_range {
    const struct vm_object_ops *ops;
    bool (*match)(void *object, void *arg); /* is the mapped object meant? */
    void *arg;
    uint64_t start, end; /* bytes in the object, page-aligned */
    bool static_only;
};
void mm_drop_object_pages(const struct vm_range *range);

/* Other address spaces (ptrace-like: /proc/PID/cmdline, process_vm_readv): bytes done. */
ssize_t mm_read_remote(struct mm *mm, uint64_t address, void *buf, size_t size);
ssize_t mm_write_remote(struct mm *mm, uint64_t address, const void *buf, size_t size);

/* All CPUs that may hold translations of the range drop them before it returns. */
void tlb_flush_range(struct mm *mm, uint64_t start, uint64_t end);
/* The calling CPU alone: what a shootdown IPI does. */
void tlb_flush_local(uint64_t start, uint64_t end);
/* How to reach other CPUs (bit per CPU): set once, when there are several. */
void tlb_set_remote_flush(void (*flush)(uint64_t cpus, struct mm *mm, uint64_t start,
                                        uint64_t end));
/* mm/shootdown.c: from now on there are other CPUs to ask. */
void tlb_start_shootdowns(void);
/* From TRAP_VECTOR_TLB, and while waiting for another CPU: does what others ask for. */
void tlb_serve_shootdowns(void);
/* The other CPUs that still have it loaded, idle as they are, load the kernel's own tables. */
bool tlb_is_shared(const struct mm *mm); /* may CPUs other than this one have it loaded? */
void tlb_drop_lazy(struct mm *mm);

#endif
