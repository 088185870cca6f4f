/* SPDX-License-Identifier: BSD-2-Clause */
/* "#!" lines: how they are split, what they put in front, where they end in errors. */
/* links: guest/proc/exec_script.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/exec_build.h"

/* ---- files are a table; memory is the C library's, counted -------------------------- */

static struct {
    const char *path, *head;
} files[8];
static int open_files, blocks;

void *kmalloc(size_t size)
{
    blocks++;
    return malloc(size);
}

void kfree(void *ptr)
{
    blocks -= ptr != NULL;
    free(ptr);
}

int exec_file_open(struct exec_file *exec, struct dentry *start, const char *path,
                   uint32_t walk_flags)
{
    (void)start;
    (void)walk_flags;
    for (unsigned int i = 0; i < 8 && files[i].path; i++) {
        if (strcmp(files[i].path, path) != 0)
            continue;
        exec->head_size = MIN(strlen(files[i].head), sizeof(exec->head));
        memcpy(exec->head, files[i].head, exec->head_size);
        open_files++;
        return 0;
    }
    return -ENOENT;
}

void exec_file_close(struct exec_file *exec)
{
    (void)exec;
    open_files--;
}

static int setup(void **state)
{
    (void)state;
    memset(files, 0, sizeof(files));
    files[0].path = "/bin/sh";
    files[0].head = "\177ELF";
    open_files = blocks = 0;
    return 0;
}

static struct exec_target target;

static int open_target(const char *path)
{
    return exec_target_open(&target, NULL, path, 0, path);
}

static void check_prefix(size_t count, const char *a, const char *b, const char *c)
{
    const char *expected[] = {a, b, c};

    assert_int_equal(target.prefix_count, count);
    for (size_t i = 0; i < count && i < 3; i++)
        assert_string_equal(target.prefix[i], expected[i]);
    exec_target_close(&target);
    assert_int_equal(open_files, 0);
    assert_int_equal(blocks, 0);
}

static void script(const char *line)
{
    files[1].path = "./script";
    files[1].head = line;
}

static void programs_have_no_prefix(void **state)
{
    (void)state;
    assert_int_equal(open_target("/bin/sh"), 0);
    check_prefix(0, NULL, NULL, NULL);
    assert_int_equal(open_target("/none"), -ENOENT);
    assert_int_equal(open_files, 0);
}

static void lines_are_split(void **state)
{
    (void)state;
    script("#!/bin/sh\nexit\n");
    assert_int_equal(open_target("./script"), 0);
    check_prefix(2, "/bin/sh", "./script", NULL);
    script("#! \t /bin/sh  \t\nexit\n");
    assert_int_equal(open_target("./script"), 0);
    check_prefix(2, "/bin/sh", "./script", NULL);
    script("#!/bin/sh -e  -u \nexit\n");
    assert_int_equal(open_target("./script"), 0);
    check_prefix(3, "/bin/sh", "-e  -u", "./script"); /* one argument, blanks and all */
    script("#!/bin/sh");
    assert_int_equal(open_target("./script"), 0);
    check_prefix(2, "/bin/sh", "./script", NULL);
}

static void lines_without_a_name_are_refused(void **state)
{
    static const char *const lines[] = {"#!", "#!\n", "#!   \n", "#!\t\t"};

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        script(lines[i]);
        assert_int_equal(open_target("./script"), -ENOEXEC);
        assert_int_equal(open_files, 0);
        assert_int_equal(blocks, 0);
    }
}

static void names_that_are_cut_off_are_refused(void **state)
{
    static char line[600];

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    memcpy(line, "#!/", 3);
    script(line);
    assert_int_equal(open_target("./script"), -ENOEXEC);
    /* A long argument is cut, as Linux does. */
    memcpy(line, "#!/bin/sh ", 10);
    assert_int_equal(open_target("./script"), 0);
    assert_int_equal(strlen(target.prefix[1]), 256 - 10);
    exec_target_close(&target);
    assert_int_equal(open_files, 0);
    assert_int_equal(blocks, 0);
}

static void interpreters_may_be_scripts(void **state)
{
    (void)state;
    script("#!/outer -o\n");
    files[2].path = "/outer";
    files[2].head = "#!/bin/sh -s\n";
    assert_int_equal(open_target("./script"), 0);
    assert_int_equal(target.prefix_count, 5);
    assert_string_equal(target.prefix[3], "-o");
    assert_string_equal(target.prefix[4], "./script");
    check_prefix(5, "/bin/sh", "-s", "/outer");
}

static void endless_chains_are_refused(void **state)
{
    (void)state;
    script("#!./script -x\n");
    assert_int_equal(open_target("./script"), -ELOOP);
    assert_int_equal(open_files, 0);
    assert_int_equal(blocks, 0);
}

static void missing_interpreters_are_errors(void **state)
{
    (void)state;
    script("#!/usr/bin/nothing\n");
    assert_int_equal(open_target("./script"), -ENOENT);
    assert_int_equal(open_files, 0);
    assert_int_equal(blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(programs_have_no_prefix, setup),
        cmocka_unit_test_setup(lines_are_split, setup),
        cmocka_unit_test_setup(lines_without_a_name_are_refused, setup),
        cmocka_unit_test_setup(names_that_are_cut_off_are_refused, setup),
        cmocka_unit_test_setup(interpreters_may_be_scripts, setup),
        cmocka_unit_test_setup(endless_chains_are_refused, setup),
        cmocka_unit_test_setup(missing_interpreters_are_errors, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
