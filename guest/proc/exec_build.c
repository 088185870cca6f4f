/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a new address space, and putting everything into it:
 *
 *   0x400000..       ET_EXEC            0x5555....    ET_DYN, then the heap
 *   ..mmap_base      interpreter, mmap  stack_top     stack below, [vvar] [vdso] above
 */
#include "proc/exec_build.h"

#include "arch/cpu.h"
#include "arch/vdso.h"
#include "fs/vfs.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "syscall/linux_abi.h"

#define PIE_BASE 0x555555554000ul /* two thirds of user space, as Linux */
#define PIE_RANDOM_BITS 28u /* pages */
#define MMAP_RANDOM_BITS 28u
#define BRK_RANDOM_BITS 13u
#define STACK_SLOT 0x200000ul /* stack top and vDSO share one page table */
#define STACK_SLOT_BITS 13u /* 16 GiB below the end of user space */
#define STACK_ROOM (132ul << 10) /* area at the start; it grows */
#define STACK_GAP_MIN (128ul << 20)
#define STRINGS_LIMIT_MAX (6ul << 20)

uint64_t exec_strings_limit(const struct process *process)
{
    uint64_t limit = MIN(process->rlimits[RLIMIT_STACK].soft / 4, STRINGS_LIMIT_MAX);

    return MAX(limit, EXEC_STRING_MAX);
}

/* ---- [vvar] and [vdso] --------------------------------------------------------- */

static int vdso_get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    (void)for_write;
    *page = (struct vm_page){virt_to_phys((const uint8_t *)object + offset), true};
    return 0;
}

/* Filled in when a program first looks. */
static int vvar_get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    (void)object;
    return vdso_get_page((void *)(uintptr_t)vdso_vvar_page(), offset, for_write, page);
}

static void vdso_count(void *object)
{
    (void)object; /* part of the kernel: never freed */
}

static const struct vm_object_ops vdso_ops = {
    .get_page = vdso_get_page, .get = vdso_count, .put = vdso_count};

static const struct vm_object_ops vvar_ops = {
    .get_page = vvar_get_page, .get = vdso_count, .put = vdso_count};

static int map_vdso(struct mm *mm, uint64_t address)
{
    struct mmap_request vvar = {.address = address,
                                .length = PAGE_SIZE,
                                .fixed = true,
                                .vm_flags = VM_READ | VM_VDSO,
                                .ops = &vvar_ops,
                                .name = "[vvar]"};
    struct mmap_request image = {.address = address + PAGE_SIZE,
                                 .length = vdso_image_size(),
                                 .fixed = true,
                                 .vm_flags = VM_READ | VM_EXEC | VM_VDSO,
                                 .ops = &vdso_ops,
                                 .object = (void *)(uintptr_t)vdso_image_start,
                                 .name = "[vdso]"};
    int64_t mapped = mm_map(mm, &vvar);

    if (mapped >= 0)
        mapped = mm_map(mm, &image);
    return mapped < 0 ? (int)mapped : 0;
}

/* ---- layout ---------------------------------------------------------------------- */

/* Returns where [vvar] goes. */
static uint64_t choose_layout(struct mm *mm, const struct process *process)
{
    uint64_t vdso_size = PAGE_SIZE + vdso_image_size();
    uint64_t slot =
        USER_END + PAGE_SIZE - STACK_SLOT - (mm_random_pages(STACK_SLOT_BITS) << (21 - PAGE_SHIFT));
    uint64_t room_pages = (STACK_SLOT - STACK_ROOM - vdso_size) / PAGE_SIZE - 2;
    uint64_t gap = MAX(process->rlimits[RLIMIT_STACK].soft, STACK_GAP_MIN);

    mm->stack_top = slot + STACK_ROOM + random_below(room_pages) * PAGE_SIZE;
    gap = MIN(gap, USER_END / 6 * 5);
    mm->mmap_base = PAGE_ALIGN_DOWN(slot - gap) - mm_random_pages(MMAP_RANDOM_BITS);
    return mm->stack_top + PAGE_SIZE;
}

static int map_stack(struct mm *mm, const struct exec_strings *strings, bool executable)
{
    uint64_t size = PAGE_ALIGN_UP(exec_stack_size(strings)) + STACK_ROOM;
    struct mmap_request request = {.address = mm->stack_top - size,
                                   .length = size,
                                   .fixed = true,
                                   .vm_flags = VM_READ | VM_WRITE | VM_GROWSDOWN | VM_STACK |
                                               (executable ? VM_EXEC : 0),
                                   .name = "[stack]"};
    int64_t mapped = mm_map(mm, &request);

    return mapped < 0 ? (int)mapped : 0;
}

/* Where a movable image goes: base, moved so that its alignment holds. */
static uint64_t bias_for(const struct elf_layout *layout, uint64_t base)
{
    uint64_t align = MIN(layout->align, 1ul << 30);

    return ALIGN_DOWN(base, align) - ALIGN_DOWN(layout->low, align);
}

static int map_program(struct mm *mm, const struct exec_file *file, struct elf_program *program)
{
    uint64_t bias = 0;

    if (file->header->type == ELF_ET_DYN) {
        bias = bias_for(&file->layout, PIE_BASE + mm_random_pages(PIE_RANDOM_BITS));
        if (file->layout.high > USER_END - bias)
            return -ENOMEM;
    }
    return elf_map(mm, file, bias, program);
}

static int map_interpreter(struct mm *mm, const struct exec_file *file, struct elf_program *program)
{
    uint64_t span = file->layout.high - file->layout.low, bias = 0;

    if (file->header->type == ELF_ET_DYN) {
        if (span > mm->mmap_base / 2)
            return -ENOMEM;
        bias = bias_for(&file->layout, mm->mmap_base - span);
    }
    return elf_map(mm, file, bias, program);
}

/* ---- building ---------------------------------------------------------------------- */

static int open_interpreter(const struct exec_file *file, struct exec_file *interp)
{
    size_t size = file->layout.interp->filesz;
    char *path = kmalloc(size);

    if (!path)
        return -ENOMEM;
    int error = elf_read_interp(file, path, size);
    if (!error) {
        error = exec_file_open(interp, NULL, path, WALK_FOLLOW);
        if (error && !current_thread()->task) /* the first program: somebody wants to know */
            klog(LOG_ERR, "interpreter %s of the program cannot be opened: errno %d", path, -error);
    }
    if (!error) {
        error = elf_read(interp);
        if (error)
            exec_file_close(interp);
        if (error == -ENOEXEC)
            error = -80; /* ELIBBAD */
    }
    kfree(path);
    return error;
}

static void fill_auxv(struct exec_auxv *auxv, const struct exec_file *file,
                      const struct elf_program *program, uint64_t interp_base, uint64_t vdso,
                      const struct credentials *cred, bool secure)
{
    exec_auxv_add(auxv, AT_SYSINFO_EHDR, vdso);
    exec_auxv_add(auxv, AT_MINSIGSTKSZ, signal_frame_size_max());
    exec_auxv_add(auxv, AT_HWCAP, cpu_features.hwcap);
    exec_auxv_add(auxv, AT_PAGESZ, PAGE_SIZE);
    exec_auxv_add(auxv, AT_CLKTCK, USER_HZ);
    exec_auxv_add(auxv, AT_PHDR, program->phdr_address);
    exec_auxv_add(auxv, AT_PHENT, sizeof(struct elf_phdr));
    exec_auxv_add(auxv, AT_PHNUM, file->header->phnum);
    exec_auxv_add(auxv, AT_BASE, interp_base);
    exec_auxv_add(auxv, AT_FLAGS, 0);
    exec_auxv_add(auxv, AT_ENTRY, program->entry);
    exec_auxv_add(auxv, AT_UID, cred->uid);
    exec_auxv_add(auxv, AT_EUID, cred->euid);
    exec_auxv_add(auxv, AT_GID, cred->gid);
    exec_auxv_add(auxv, AT_EGID, cred->egid);
    exec_auxv_add(auxv, AT_SECURE, secure);
    exec_auxv_add(auxv, AT_HWCAP2, cpu_features.hwcap2);
    exec_auxv_add(auxv, AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE);
    exec_auxv_add(auxv, AT_RSEQ_ALIGN, sizeof(struct linux_rseq));
}

static void note_program(struct mm *mm, const struct elf_program *program)
{
    mm->load_bias = program->bias;
    mm->code_start = program->code_start;
    mm->code_end = program->code_end;
    mm->data_start = program->data_start;
    mm->data_end = program->data_end;
    mm->brk_start = mm->brk = PAGE_ALIGN_UP(program->end) + mm_random_pages(BRK_RANDOM_BITS);
}

static int fill_mm(struct exec_program *result, struct exec_file *file, struct exec_file *interp,
                   const struct exec_strings *strings, const struct process *process,
                   const struct credentials *cred, bool secure)
{
    struct mm *mm = result->mm;
    struct elf_program program, loader = {0};
    struct exec_auxv auxv = {.count = 0};
    uint64_t vvar = choose_layout(mm, process);
    int error = map_program(mm, file, &program);

    if (!error)
        error = map_stack(mm, strings, file->layout.has_stack && file->layout.stack_executable);
    if (!error)
        error = map_vdso(mm, vvar);
    if (!error && interp)
        error = map_interpreter(mm, interp, &loader);
    if (error)
        return error;
    note_program(mm, &program);
    fill_auxv(&auxv, file, &program, interp ? loader.bias : 0, vvar + PAGE_SIZE, cred, secure);
    error = exec_stack_write(mm, strings, &auxv, &result->rsp);
    if (error)
        return error;
    memcpy(mm->saved_auxv, auxv.words, auxv.count * sizeof(auxv.words[0]));
    mm->saved_auxv_words = auxv.count;
    result->entry = interp ? loader.entry : program.entry;
    return result->entry < USER_END ? 0 : -ENOEXEC;
}

int exec_build(struct exec_program *program, struct exec_file *file,
               const struct exec_strings *strings, const struct process *process,
               const struct credentials *cred, bool secure)
{
    struct exec_file interp;
    int error = elf_read(file);
    bool has_interp = !error && file->layout.interp;

    if (!error && has_interp)
        error = open_interpreter(file, &interp);
    if (error)
        return error;
    program->mm = mm_create();
    error = program->mm ? 0 : -ENOMEM;
    if (!error) {
        program->mm->limit_as = process->rlimits[RLIMIT_AS].soft;
        program->mm->limit_data = process->rlimits[RLIMIT_DATA].soft;
        program->mm->limit_stack = process->rlimits[RLIMIT_STACK].soft;
        error = fill_mm(program, file, has_interp ? &interp : NULL, strings, process, cred, secure);
    }
    if (has_interp)
        exec_file_close(&interp);
    if (error) {
        if (program->mm)
            mm_put(program->mm);
        return error;
    }
    program->exe = exe_get(file->file->dentry);
    const char *slash = strrchr(strings->execfn, '/');
    strlcpy(program->comm, slash ? slash + 1 : strings->execfn, sizeof(program->comm));
    return 0;
}

void exec_program_free(struct exec_program *program)
{
    mm_put(program->mm);
    exe_put(program->exe);
}

void exec_set_frame(struct trap_frame *frame, const struct exec_program *program)
{
    *frame = (struct trap_frame){.orig_rax = UINT64_MAX,
                                 .rip = program->entry,
                                 .cs = USER_CS,
                                 .rflags = RFLAGS_IF | 2,
                                 .rsp = program->rsp,
                                 .ss = USER_DS};
}
