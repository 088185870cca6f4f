/* SPDX-License-Identifier: BSD-2-Clause */
/* The first stack of a program: strings, pointers and auxiliary vector are where the ABI says. */
/* links: guest/proc/exec_stack.c guest/proc/exec_strings.c guest/mm/gate.c guest/mm/mm.c
 * guest/lib/settings.c guest/mm/vma.c guest/mm/vma_map.c guest/mm/fault.c guest/mm/page_table.c
 * guest/mm/page_table_ops.c guest/mm/mm_list.c guest/mm/slab.c guest/lib/rbtree.c
 * tests/unit/mm_fakes.c */
#include "unit/mm_fakes.h"

#include <string.h>

#include "lib/errno.h"
#include "lib/random.h"
#include "mm/uaccess.h"
#include "proc/exec_stack.h"
#include "syscall/linux_abi.h"

#define STACK_TOP 0x7ffd12345000ull
#define STACK_SIZE 0x80000ull

/* ---- a program's memory is the test's own --------------------------------------- */

int get_user_u64(uint64_t *value, uaddr_t src)
{
    if (src.raw < 4096)
        return -EFAULT;
    memcpy(value, (const void *)src.raw, sizeof(*value));
    return 0;
}

ssize_t copy_string_from_user(char *dst, uaddr_t src, size_t size)
{
    if (src.raw < 4096)
        return -EFAULT;
    const char *text = (const char *)src.raw;
    for (size_t i = 0; i < size; i++) {
        dst[i] = text[i];
        if (!text[i])
            return (ssize_t)i;
    }
    return -ENAMETOOLONG;
}

void random_bytes(void *buf, size_t size)
{
    memset(buf, 0x5a, size);
}

/* ---- reading the new program's memory ---------------------------------------------- */

static struct mm *mm;

static uint64_t word_at(uint64_t address)
{
    uint64_t word = 0;

    for (unsigned int i = 0; i < 8; i++) {
        uint8_t byte;
        assert_int_equal(user_read(mm, address + i, &byte), FAULT_OK);
        word |= (uint64_t)byte << (8 * i);
    }
    return word;
}

static void check_text(uint64_t address, const char *text)
{
    for (size_t i = 0; i <= strlen(text); i++) {
        uint8_t byte;
        assert_int_equal(user_read(mm, address + i, &byte), FAULT_OK);
        assert_int_equal(byte, text[i]);
    }
}

static void make_mm(void)
{
    struct mmap_request request = {.address = STACK_TOP - STACK_SIZE,
                                   .length = STACK_SIZE,
                                   .fixed = true,
                                   .vm_flags = VM_READ | VM_WRITE | VM_STACK};

    fakes_reset();
    mm = mm_create();
    assert_non_null(mm);
    mm->limit_as = mm->limit_data = mm->limit_stack = UINT64_MAX;
    mm->stack_top = STACK_TOP;
    assert_true(mm_map(mm, &request) > 0);
}

static uint64_t auxv_value(uint64_t at, uint64_t type)
{
    for (unsigned int i = 0; i < 24; i++, at += 16)
        if (word_at(at) == type)
            return word_at(at + 8);
    fail();
    return 0;
}

/* Writes the stack and checks all of it against the lists. */
static void check_stack(const struct exec_strings *strings, const char *const *argv, size_t argc,
                        const char *const *envp, size_t envc)
{
    struct exec_auxv auxv = {.count = 0};
    uint64_t rsp;

    exec_auxv_add(&auxv, AT_PAGESZ, 4096);
    assert_int_equal(exec_stack_write(mm, strings, &auxv, &rsp), 0);
    assert_int_equal(rsp % 16, 0);
    assert_true(STACK_TOP - rsp <= exec_stack_size(strings));
    assert_int_equal(word_at(rsp), argc);
    uint64_t at = rsp + 8;
    assert_int_equal(argc ? word_at(at) : mm->arg_start, mm->arg_start);
    for (size_t i = 0; i < argc; i++, at += 8)
        check_text(word_at(at), argv[i]);
    assert_int_equal(word_at(at), 0);
    at += 8;
    assert_int_equal(envc ? word_at(at) : mm->env_start, mm->env_start);
    for (size_t i = 0; i < envc; i++, at += 8)
        check_text(word_at(at), envp[i]);
    assert_int_equal(word_at(at), 0);
    at += 8;
    assert_int_equal(auxv_value(at, AT_PAGESZ), 4096);
    check_text(auxv_value(at, AT_EXECFN), strings->execfn);
    check_text(auxv_value(at, AT_PLATFORM), "x86_64");
    assert_int_equal(auxv_value(at, AT_RANDOM) % 16, 0);
    assert_int_equal(auxv_value(at, AT_NULL), 0);
    assert_int_equal(word_at(STACK_TOP - 8), 0);
    assert_true(mm->env_end <= STACK_TOP - 8);
    assert_int_equal(mm_unmap(mm, STACK_TOP - STACK_SIZE, STACK_SIZE), 0);
    mm_put(mm);
}

static void lists_of_the_kernel(void **state)
{
    static const char *const argv[] = {"./program", "", "two words"};
    static const char *const envp[] = {"PATH=/bin", "EMPTY="};
    struct exec_strings strings = {.limit = 1 << 20, .execfn = "/usr/bin/program"};

    (void)state;
    make_mm();
    assert_int_equal(exec_strings_kernel(&strings, 3, argv, 2, envp), 0);
    check_stack(&strings, argv, 3, envp, 2);
    make_mm();
    assert_int_equal(exec_strings_kernel(&strings, 0, argv, 0, envp), 0);
    check_stack(&strings, argv, 0, envp, 0);
}

static int collect(struct exec_strings *strings, const char *const *argv, const char *const *envp)
{
    return exec_strings_user(strings, NULL, 0, UADDR(argv), UADDR(envp));
}

static void lists_of_a_program(void **state)
{
    static const char *const argv[] = {"sh", "-c", "", "exit 0", NULL};
    static const char *const envp[] = {"A=1", "B=2", "C=", NULL};
    static const char *const none[] = {NULL};
    static const char *const one_empty[] = {""};
    struct exec_strings strings = {.limit = 1 << 20, .execfn = "/bin/sh"};

    (void)state;
    make_mm();
    assert_int_equal(collect(&strings, argv, envp), 0);
    check_stack(&strings, argv, 4, envp, 3);
    exec_strings_free(&strings);
    /* Linux never starts a program without argv[0]. */
    strings = (struct exec_strings){.limit = 1 << 20, .execfn = "/bin/sh"};
    make_mm();
    assert_int_equal(collect(&strings, none, none), 0);
    check_stack(&strings, one_empty, 1, none, 0);
    exec_strings_free(&strings);
}

static void strings_across_pages(void **state)
{
    static char large[3][5000];
    static const char *argv[4], *envp[3];
    struct exec_strings strings = {.limit = 1 << 20, .execfn = "/bin/large"};

    (void)state;
    for (int i = 0; i < 3; i++)
        memset(large[i], 'a' + i, sizeof(large[i]) - 1);
    argv[0] = "x", argv[1] = large[0], argv[2] = large[1];
    envp[0] = large[2], envp[1] = "END=1";
    make_mm();
    assert_int_equal(collect(&strings, argv, envp), 0);
    check_stack(&strings, argv, 3, envp, 2);
    exec_strings_free(&strings);
}

static void scripts_replace_the_first_argument(void **state)
{
    static const char *const argv[] = {"ignored", "one", NULL};
    static const char *const prefix[] = {"/bin/sh", "-e", "./script"};
    static const char *const result[] = {"/bin/sh", "-e", "./script", "one"};
    static const char *const none[] = {NULL};
    struct exec_strings strings = {.limit = 1 << 20, .execfn = "./script"};

    (void)state;
    make_mm();
    assert_int_equal(exec_strings_user(&strings, prefix, 3, UADDR(argv), UADDR(none)), 0);
    check_stack(&strings, result, 4, none, 0);
    exec_strings_free(&strings);
    strings = (struct exec_strings){.limit = 1 << 20, .execfn = "./script"};
    make_mm();
    assert_int_equal(exec_strings_user(&strings, prefix, 3, UADDR(none), UADDR(none)), 0);
    check_stack(&strings, result, 3, none, 0);
    exec_strings_free(&strings);
}

static void limits_and_bad_pointers(void **state)
{
    static char huge[EXEC_STRING_MAX + 1];
    const char *argv[] = {"x", huge, NULL};
    const char *bad[] = {"x", (const char *)8, NULL};
    static const char *const none[] = {NULL};
    struct exec_strings strings = {.limit = 1 << 20, .execfn = "x"};

    (void)state;
    fakes_reset();
    uint64_t before = fake_pages_in_use();
    memset(huge, 'h', EXEC_STRING_MAX);
    assert_int_equal(collect(&strings, argv, none), -E2BIG);
    exec_strings_free(&strings);
    huge[EXEC_STRING_MAX - 1] = 0;
    strings = (struct exec_strings){.limit = 1 << 20, .execfn = "x"};
    assert_int_equal(collect(&strings, argv, none), 0);
    exec_strings_free(&strings);
    strings = (struct exec_strings){.limit = 1 << 16, .execfn = "x"};
    assert_int_equal(collect(&strings, argv, none), -E2BIG);
    exec_strings_free(&strings);
    strings = (struct exec_strings){.limit = 1 << 20, .execfn = "x"};
    assert_int_equal(collect(&strings, bad, none), -EFAULT);
    exec_strings_free(&strings);
    strings = (struct exec_strings){.limit = 1 << 20, .execfn = "x"};
    assert_int_equal(collect(&strings, (const char *const *)8, none), -EFAULT);
    exec_strings_free(&strings);
    assert_int_equal(fake_pages_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_the_kernel),
        cmocka_unit_test(lists_of_a_program),
        cmocka_unit_test(strings_across_pages),
        cmocka_unit_test(scripts_replace_the_first_argument),
        cmocka_unit_test(limits_and_bad_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
