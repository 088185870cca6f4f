/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a file for execution, and mapping its segments. */
#include "proc/elf_load.h"

#include "fs/inode.h"
#include "fs/mount.h"
#include "fs/vfs.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

int exec_file_open(struct exec_file *exec, struct dentry *start, const char *path,
                   uint32_t walk_flags)
{
    struct dentry *dentry;
    int error = vfs_walk(start, path, walk_flags, &dentry);

    if (error)
        return error;
    struct inode *inode = dentry_inode(dentry);
    exec->file = NULL;
    exec->header = NULL;
    exec->table = NULL;
    if (S_ISLNK(inode->attr.mode))
        error = -ELOOP;
    else if (!S_ISREG(inode->attr.mode) || !(inode->attr.mode & 0111))
        error = -EACCES;
    else
        error = (mount_flags(dentry) & MS_NOEXEC) ? -EACCES : vfs_permission(inode, 1);
    if (!error)
        error = vfs_open_dentry(dentry, O_RDONLY, &exec->file);
    dentry_put(dentry);
    if (error)
        return error;
    error = inode_deny_write(exec->file->inode);
    if (error) {
        file_put(exec->file);
        return error;
    }
    ssize_t size = vfs_read_kernel(exec->file, exec->head, sizeof(exec->head), 0);
    if (size < 0) {
        exec_file_close(exec);
        return (int)size;
    }
    exec->head_size = (size_t)size;
    return 0;
}

void exec_file_close(struct exec_file *exec)
{
    const uint8_t *table = (const uint8_t *)exec->table;

    if (table && !(table >= exec->head && table < exec->head + sizeof(exec->head)))
        kfree((void *)(uintptr_t)table);
    inode_allow_write(exec->file->inode);
    file_put(exec->file);
}

static int read_table(struct exec_file *exec)
{
    const struct elf_header *header = exec->header;
    size_t size = header->phnum * sizeof(struct elf_phdr);

    if (header->phoff % 8 == 0 && header->phoff <= exec->head_size &&
        size <= exec->head_size - header->phoff) {
        exec->table = (const struct elf_phdr *)(exec->head + header->phoff);
        return 0;
    }
    struct elf_phdr *table = kmalloc(size);
    if (!table)
        return -ENOMEM;
    exec->table = table;
    ssize_t got = vfs_read_kernel(exec->file, table, size, header->phoff);
    if (got < 0)
        return (int)got;
    return (size_t)got == size ? 0 : -ENOEXEC;
}

int elf_read(struct exec_file *exec)
{
    exec->header = (const struct elf_header *)exec->head;
    if (exec->head_size < sizeof(struct elf_header))
        return -ENOEXEC;
    int error = elf_check_header(exec->header);
    if (!error)
        error = read_table(exec);
    if (!error)
        error = elf_check_layout(exec->header, exec->table, USER_END, &exec->layout);
    return error;
}

int elf_read_interp(const struct exec_file *exec, char *path, size_t size)
{
    const struct elf_phdr *interp = exec->layout.interp;

    if (interp->filesz > size)
        return -ENOEXEC;
    ssize_t got = vfs_read_kernel(exec->file, path, interp->filesz, interp->offset);
    if (got < 0)
        return (int)got;
    if ((uint64_t)got != interp->filesz)
        return -EIO;
    return path[got - 1] == 0 ? 0 : -ENOEXEC;
}

static uint32_t vm_flags_of(const struct elf_phdr *phdr)
{
    return ((phdr->flags & ELF_PF_R) ? VM_READ : 0) | ((phdr->flags & ELF_PF_W) ? VM_WRITE : 0) |
           ((phdr->flags & ELF_PF_X) ? VM_EXEC : 0);
}

/* Clears [start, end) within one page; the file's bytes behind a segment's end are not data. */
static int clear_tail(struct mm *mm, uint64_t start, uint64_t end)
{
    struct vm_page page;
    int error = mm_pin_page(mm, PAGE_ALIGN_DOWN(start), true, &page);

    if (error)
        return error;
    memset((uint8_t *)phys_to_virt(page.pa) + (start & ~PAGE_MASK), 0, end - start);
    if (!page.is_static)
        page_put(page.pa);
    return 0;
}

static int map_segment(struct mm *mm, const struct exec_file *exec, const struct elf_phdr *phdr,
                       uint64_t bias)
{
    struct file *file = exec->file;
    uint64_t start = PAGE_ALIGN_DOWN(phdr->vaddr) + bias;
    uint64_t file_end = phdr->vaddr + phdr->filesz + bias;
    uint64_t end = PAGE_ALIGN_UP(phdr->vaddr + phdr->memsz + bias);
    uint64_t file_end_page = phdr->filesz ? PAGE_ALIGN_UP(file_end) : start;
    struct mmap_request request = {.address = start, .vm_flags = vm_flags_of(phdr), .fixed = true};

    if (phdr->filesz) {
        if (!file->ops->mmap)
            return -ENODEV;
        request.length = file_end_page - start;
        request.offset = PAGE_ALIGN_DOWN(phdr->offset);
        int error = file->ops->mmap(file, &request);
        if (error)
            return error;
        int64_t mapped = mm_map(mm, &request);
        if (mapped < 0)
            return (int)mapped;
        if (phdr->memsz > phdr->filesz && (phdr->flags & ELF_PF_W) && file_end != file_end_page) {
            error = clear_tail(mm, file_end, file_end_page);
            if (error)
                return error == -EFAULT ? -EIO : error; /* the file ends before the segment */
        }
    }
    if (end > file_end_page) {
        struct mmap_request bss = {.address = file_end_page,
                                   .length = end - file_end_page,
                                   .vm_flags = vm_flags_of(phdr),
                                   .fixed = true};
        int64_t mapped = mm_map(mm, &bss);
        if (mapped < 0)
            return (int)mapped;
    }
    return 0;
}

int elf_map(struct mm *mm, const struct exec_file *exec, uint64_t bias, struct elf_program *program)
{
    const struct elf_header *header = exec->header;

    *program = (struct elf_program){.bias = bias, .code_start = UINT64_MAX};
    for (unsigned int i = 0; i < header->phnum; i++) {
        const struct elf_phdr *phdr = &exec->table[i];
        uint64_t start = phdr->vaddr + bias;

        if (phdr->type != ELF_PT_LOAD || !phdr->memsz)
            continue;
        int error = map_segment(mm, exec, phdr, bias);
        if (error)
            return error;
        if (start < program->code_start)
            program->code_start = start;
        if ((phdr->flags & ELF_PF_X) && start + phdr->filesz > program->code_end)
            program->code_end = start + phdr->filesz;
        if (start > program->data_start)
            program->data_start = start;
        program->data_end = MAX(program->data_end, start + phdr->filesz);
        program->end = MAX(program->end, start + phdr->memsz);
    }
    program->entry = header->entry + bias;
    if (exec->layout.phdr_address)
        program->phdr_address = exec->layout.phdr_address + bias;
    return 0;
}
