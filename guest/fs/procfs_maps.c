/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces as /proc/PID/{maps,cmdline,environ,auxv} and status show them. */
#include "fs/procfs_maps.h"

#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page_count.h"
#include "mm/slab.h"
#include "mm/vma.h"
#include "sched/thread.h"

#define REMOTE_TEXT_MAX (1u << 20) /* bytes of arguments or environment shown */

void proc_maps_numbers(struct mm *mm, struct proc_maps_numbers *n)
{
    *n = (struct proc_maps_numbers){0};
    if (!mm)
        return;
    *n = (struct proc_maps_numbers){.total_pages = mm->total_pages,
                                    .rss_pages = (uint64_t)MAX(atomic_load(&mm->rss_pages), 0l),
                                    .rss_max_pages = mm->rss_max_pages,
                                    .locked_pages = mm->locked_pages,
                                    .code_start = mm->code_start,
                                    .code_end = mm->code_end,
                                    .data_start = mm->data_start,
                                    .data_end = mm->data_end,
                                    .brk_start = mm->brk_start,
                                    .brk = mm->brk,
                                    .stack_top = mm->stack_top,
                                    .arg_start = mm->arg_start,
                                    .arg_end = mm->arg_end,
                                    .env_start = mm->env_start,
                                    .env_end = mm->env_end};
}

/* Kilobytes of writable private areas, of the stack, of program text, of shared libraries. */
static void area_sums(struct mm *mm, uint64_t *data, uint64_t *stack, uint64_t *library)
{
    mutex_lock(&mm->lock);
    for (struct rb_node *node = rb_first(&mm->vmas); node; node = rb_next(node)) {
        const struct vma *vma = RB_ENTRY(node, struct vma, node);
        uint64_t size = (vma->end - vma->start) / 1024;

        if (vma->flags & VM_STACK)
            *stack += size;
        else if ((vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
            *data += size;
        else if ((vma->flags & VM_EXEC) && vma->ops &&
                 (vma->start >= mm->code_end || vma->end <= mm->code_start))
            *library += size;
    }
    mutex_unlock(&mm->lock);
}

void proc_maps_status(struct proc_text *text, struct mm *mm)
{
    uint64_t data = 0, stack = 0, library = 0;
    struct proc_maps_numbers n;

    if (!mm)
        return;
    area_sums(mm, &data, &stack, &library);
    proc_maps_numbers(mm, &n);
    proc_print(text, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t%8u kB\n",
               n.total_pages * 4, n.total_pages * 4, n.locked_pages * 4, 0);
    proc_print(text, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\n",
               MAX(n.rss_max_pages, n.rss_pages) * 4, n.rss_pages * 4, n.rss_pages * 4);
    proc_print(text, "RssFile:\t%8u kB\nRssShmem:\t%8u kB\n", 0, 0);
    proc_print(text, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu kB\n", data,
               stack, (n.code_end - n.code_start + 1023) / 1024, library);
    proc_print(text, "VmPTE:\t%8u kB\nVmSwap:\t%8u kB\nHugetlbPages:\t%8u kB\nCoreDumping:\t0\n", 4,
               0, 0);
}

static const char *area_name(const struct mm *mm, const struct vma *vma)
{
    if (vma->name)
        return vma->name;
    if (vma->flags & VM_STACK)
        return "[stack]";
    if (!vma->ops && vma->start <= mm->brk && vma->end >= mm->brk_start && mm->brk > mm->brk_start)
        return "[heap]";
    return "";
}

static void map_line(struct proc_text *text, struct mm *mm, struct vma *vma, char *path)
{
    uint64_t device = 0, inode = 0;
    size_t before = text->used;

    path[0] = 0;
    if (vma->ops && vma->ops->describe)
        vma->ops->describe(vma->object, path, PATH_MAX, &device, &inode);
    if (!path[0])
        strlcpy(path, area_name(mm, vma), PATH_MAX);
    proc_print(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", vma->start, vma->end,
               (vma->flags & VM_READ) ? 'r' : '-', (vma->flags & VM_WRITE) ? 'w' : '-',
               (vma->flags & VM_EXEC) ? 'x' : '-', (vma->flags & VM_SHARED) ? 's' : 'p',
               vma->ops ? vma->offset : 0, DEVICE_MAJOR(device), DEVICE_MINOR(device), inode);
    if (path[0])
        proc_print(text, "%*s%s", (int)(73 - MIN(text->used - before, 72ul)), "", path);
    proc_print(text, "\n");
}

/* What smaps says of one area, or smaps_rollup of all. */
struct area_counts {
    uint64_t size_kb, anonymous, locked; /* the last two in pages */
    struct mm_page_counts n;
};

static void add_counts(struct area_counts *sum, struct mm *mm, const struct vma *vma)
{
    struct mm_page_counts n;

    mm_count_pages_locked(mm, vma->start, vma->end, &n);
    sum->size_kb += (vma->end - vma->start) / 1024;
    sum->anonymous += vma->ops ? n.private_clean + n.private_dirty : n.resident;
    sum->locked += vma->flags & VM_LOCKED ? n.resident : 0;
    sum->n.resident += n.resident;
    sum->n.shared_clean += n.shared_clean;
    sum->n.shared_dirty += n.shared_dirty;
    sum->n.private_clean += n.private_clean;
    sum->n.private_dirty += n.private_dirty;
    sum->n.referenced += n.referenced;
    sum->n.huge += n.huge;
}

static void print_counts(struct proc_text *text, const struct area_counts *sum)
{
    const struct mm_page_counts *n = &sum->n;

    /* A shared page counts for all who map it: nobody knows how many they are. */
    proc_print(text, "Rss:            %8lu kB\nPss:            %8lu kB\n", n->resident * 4,
               n->resident * 4);
    proc_print(text, "Shared_Clean:   %8lu kB\nShared_Dirty:   %8lu kB\n", n->shared_clean * 4,
               n->shared_dirty * 4);
    proc_print(text, "Private_Clean:  %8lu kB\nPrivate_Dirty:  %8lu kB\n", n->private_clean * 4,
               n->private_dirty * 4);
    proc_print(text, "Referenced:     %8lu kB\nAnonymous:      %8lu kB\n", n->referenced * 4,
               sum->anonymous * 4);
    proc_print(text, "LazyFree:       %8u kB\nAnonHugePages:  %8lu kB\n", 0, n->huge * 4);
    proc_print(text, "Swap:           %8u kB\nSwapPss:        %8u kB\nLocked:         %8lu kB\n", 0,
               0, sum->locked * 4);
}

static void counts_of(struct proc_text *text, struct mm *mm, const struct vma *vma)
{
    struct area_counts counts = {0};

    add_counts(&counts, mm, vma);
    proc_print(text, "Size:           %8lu kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n",
               counts.size_kb, 4, 4);
    print_counts(text, &counts);
    proc_print(text, "VmFlags:%s%s%s%s%s%s%s\n", vma->flags & VM_READ ? " rd" : "",
               vma->flags & VM_WRITE ? " wr" : "", vma->flags & VM_EXEC ? " ex" : "",
               vma->flags & VM_SHARED ? " sh" : "", vma->flags & VM_GROWSDOWN ? " gd" : "",
               vma->flags & VM_LOCKED ? " lo" : "", vma->flags & VM_DONTFORK ? " dc" : "");
}

static int areas_text(struct proc_text *text, struct mm *mm, bool counts)
{
    char *path;

    if (!mm)
        return 0;
    path = kmalloc(PATH_MAX);
    if (!path)
        return -ENOMEM;
    mutex_lock(&mm->lock);
    for (struct rb_node *node = rb_first(&mm->vmas); node; node = rb_next(node)) {
        struct vma *vma = RB_ENTRY(node, struct vma, node);

        map_line(text, mm, vma, path);
        if (counts)
            counts_of(text, mm, vma);
    }
    mutex_unlock(&mm->lock);
    kfree(path);
    return 0;
}

int proc_maps_text(struct proc_text *text, const struct procfs_process *process)
{
    return areas_text(text, process->mm, false);
}

int proc_maps_smaps(struct proc_text *text, const struct procfs_process *process)
{
    return areas_text(text, process->mm, true);
}

int proc_maps_rollup(struct proc_text *text, const struct procfs_process *process)
{
    struct area_counts counts = {0};
    struct mm *mm = process->mm;
    uint64_t start = 0, end = 0;

    if (!mm)
        return 0;
    mutex_lock(&mm->lock);
    for (struct rb_node *node = rb_first(&mm->vmas); node; node = rb_next(node)) {
        const struct vma *vma = RB_ENTRY(node, struct vma, node);

        start = start ? start : vma->start;
        end = vma->end;
        add_counts(&counts, mm, vma);
    }
    mutex_unlock(&mm->lock);
    proc_print(text, "%08lx-%08lx ---p 00000000 00:00 0                          [rollup]\n", start,
               end);
    print_counts(text, &counts);
    return 0;
}

ssize_t proc_maps_pagemap(const struct proc_node *node, struct iobuf *buf, loff_t *pos)
{
    struct procfs_process process;
    uint64_t entries[64], offset = (uint64_t)*pos;
    ssize_t done = 0, put = 1;

    if (offset % sizeof(entries[0]) || buf->remaining % sizeof(entries[0]))
        return -EINVAL;
    if (!procfs_source->get(node->pid, node->tid, &process))
        return -ESRCH;
    while (process.mm && buf->remaining && put > 0) {
        uint64_t page = (offset + (uint64_t)done) / sizeof(entries[0]);
        if (page >= USER_END / PAGE_SIZE)
            break;
        size_t count = MIN(buf->remaining / sizeof(entries[0]), ARRAY_SIZE(entries));
        count = MIN(count, USER_END / PAGE_SIZE - page);
        mm_pagemap(process.mm, page * PAGE_SIZE, count, fs_current()->privileged, entries);
        put = iobuf_put(buf, entries, count * sizeof(entries[0]));
        done += MAX(put, 0l);
        if (put > 0 && sched_checkpoint())
            break;
    }
    procfs_source->put(&process);
    *pos += done;
    return done ? done : MIN(put, 0l);
}

static int remote_text(struct proc_text *text, struct mm *mm, uint64_t start, uint64_t end)
{
    char chunk[256];

    end = MIN(end, start + REMOTE_TEXT_MAX);
    while (mm && start < end) {
        size_t size = MIN(sizeof(chunk), end - start);
        ssize_t got = mm_read_remote(mm, start, chunk, size);

        if (got <= 0)
            break;
        proc_append(text, chunk, (size_t)got);
        start += (uint64_t)got;
    }
    return 0;
}

int proc_maps_cmdline(struct proc_text *text, const struct procfs_process *process)
{
    struct proc_maps_numbers n;

    proc_maps_numbers(process->mm, &n);
    return remote_text(text, process->mm, n.arg_start, n.arg_end);
}

int proc_maps_environ(struct proc_text *text, const struct procfs_process *process)
{
    struct proc_maps_numbers n;

    proc_maps_numbers(process->mm, &n);
    return remote_text(text, process->mm, n.env_start, n.env_end);
}

int proc_maps_auxv(struct proc_text *text, const struct procfs_process *process)
{
    if (process->mm)
        proc_append(text, process->mm->saved_auxv,
                    process->mm->saved_auxv_words * sizeof(process->mm->saved_auxv[0]));
    return 0;
}
