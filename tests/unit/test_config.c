/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/config.c vmm/config_reports.c vmm/config_functions.c */
/*
 * Every value a configuration takes is checked on its way in, and a copy is
 * deep: nothing of the original is needed afterwards.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/config.h"

static struct vmm_config *fresh(void)
{
    struct vmm_config *config;
    assert_int_equal(vmm_config_new(&config), 0);
    return config;
}

static void test_limits(void **state)
{
    (void)state;
    struct vmm_config *config = fresh();
    assert_int_equal(vmm_config_set_memory(config, (16ull << 20) - 4096), -ERANGE);
    assert_int_equal(vmm_config_set_memory(config, 16ull << 20), 0);
    assert_int_equal(vmm_config_set_memory(config, (16ull << 20) + 1), -EINVAL);
    assert_int_equal(vmm_config_set_memory(config, 256ull << 30), 0);
    assert_int_equal(vmm_config_set_memory(config, (256ull << 30) + 4096), -ERANGE);
    assert_int_equal(vmm_config_set_memory(config, UINT64_MAX), -ERANGE);
    assert_int_equal(vmm_config_set_cpus(config, 0), -ERANGE);
    assert_int_equal(vmm_config_set_cpus(config, 64), 0);
    assert_int_equal(vmm_config_set_cpus(config, 65), -ERANGE);
    assert_int_equal(vmm_config_set_engine(config, (enum vmm_engine)7), -EINVAL);
    assert_int_equal(vmm_config_set_machine(config, (enum vmm_machine)99, NULL), -EINVAL);
    assert_int_equal(vmm_config_set_machine(config, VMM_MACHINE_Q35, ""), -EINVAL);
    assert_int_equal(vmm_config_set_machine(config, VMM_MACHINE_Q35, "max -daemonize"), -EINVAL);
    assert_int_equal(vmm_config_set_machine(config, VMM_MACHINE_Q35, "max,-pcid"), 0);
    assert_int_equal(vmm_config_set_stdio(config, -1, 1, 2), -EBADF);
    assert_int_equal(vmm_config_set_console(config, 2, 8), -ERANGE);
    assert_int_equal(vmm_config_set_terminal(config, 70000, 80), -ERANGE);
    vmm_config_free(config);
}

static void test_paths_and_names(void **state)
{
    (void)state;
    struct vmm_config *config = fresh();
    char *longest = malloc(5000);
    memset(longest, 'a', 4999);
    longest[0] = '/';
    longest[4999] = '\0';
    assert_int_equal(vmm_config_set_cwd(config, "relative"), -EINVAL);
    assert_int_equal(vmm_config_set_cwd(config, longest), -ENAMETOOLONG);
    assert_int_equal(vmm_config_set_cwd(config, "/dir"), 0);
    assert_int_equal(vmm_config_add_file(config, "", NULL), -EINVAL);
    assert_int_equal(vmm_config_add_file(config, "/x", "relative"), -EINVAL);
    assert_int_equal(vmm_config_add_file(config, "/x", "/a/../b"), -EINVAL);
    assert_int_equal(vmm_config_add_file(config, "/x", "/a/..b"), 0);
    assert_int_equal(vmm_config_add_file(config, "/x", NULL), 0);
    assert_int_equal(vmm_config_set_hostname(config, "two words"), -EINVAL);
    assert_int_equal(vmm_config_set_hostname(config, ""), -EINVAL);
    assert_int_equal(vmm_config_set_kernel(config, ""), -EINVAL);
    for (int i = 0; i < 8; i++)
        assert_int_equal(vmm_config_add_disk(config, "/disk", false), 0);
    assert_int_equal(vmm_config_add_disk(config, "/disk", false), -E2BIG);
    free(longest);
    vmm_config_free(config);
}

static void test_environment(void **state)
{
    (void)state;
    struct vmm_config *config = fresh();
    assert_int_equal(vmm_config_add_env(config, "NAME"), -EINVAL);
    assert_int_equal(vmm_config_add_env(config, "=value"), -EINVAL);
    assert_int_equal(vmm_config_add_env(config, NULL), -EINVAL);
    assert_int_equal(vmm_config_add_env(config, "A=1"), 0);
    assert_int_equal(vmm_config_add_env(config, "AB=2"), 0);
    assert_int_equal(vmm_config_add_env(config, "A=3"), 0);
    assert_int_equal(config->env_count, 2);
    assert_string_equal(config->env[0], "A=3");
    assert_string_equal(config->env[1], "AB=2");
    vmm_config_free(config);
}

static void test_program(void **state)
{
    (void)state;
    struct vmm_config *config = fresh();
    const char *const words[] = {"name", "one", "", NULL};
    assert_int_equal(vmm_config_set_program(config, "", 1, words), -EINVAL);
    assert_int_equal(vmm_config_set_program(config, "/p", 0, words), -EINVAL);
    assert_int_equal(vmm_config_set_program(config, "/p", 4, words), -EINVAL);
    assert_int_equal(vmm_config_set_program(config, "/p", 3, words), 0);
    assert_int_equal(vmm_config_set_program(config, "/q", 2, words), 0);
    assert_int_equal(config->argc, 2);
    assert_string_equal(config->program, "/q");
    assert_null(config->argv[2]);
    vmm_config_free(config);
}

static void test_copy(void **state)
{
    (void)state;
    struct vmm_config *config = fresh();
    const char *const words[] = {"name", "one", NULL};
    assert_int_equal(vmm_config_set_program(config, "/p", 2, words), 0);
    for (int i = 0; i < 100; i++) {
        char pair[16];
        snprintf(pair, sizeof(pair), "V%d=%d", i, i);
        assert_int_equal(vmm_config_add_env(config, pair), 0);
    }
    assert_int_equal(vmm_config_add_file(config, "/host", "/guest"), 0);
    assert_int_equal(vmm_config_add_disk(config, "/disk", true), 0);
    assert_int_equal(vmm_config_set_append(config, "words"), 0);
    assert_int_equal(vmm_config_set_machine(config, VMM_MACHINE_PC, "Nehalem"), 0);
    struct vmm_config *copy = vmm_config_copy(config);
    vmm_config_free(config);
    assert_non_null(copy);
    assert_string_equal(copy->argv[1], "one");
    assert_string_equal(copy->env[99], "V99=99");
    assert_string_equal(copy->files[0].guest_path, "/guest");
    assert_true(copy->disks[0].read_only);
    assert_string_equal(copy->append, "words");
    assert_int_equal(copy->machine, VMM_MACHINE_PC);
    assert_string_equal(copy->cpu_model, "Nehalem");
    vmm_config_free(copy);
}

static void test_errors_are_one_line(void **state)
{
    (void)state;
    struct vmm_error error;
    assert_int_equal(vmm_fail(&error, -ENOENT, VMM_FAULT_NOT_FOUND, "%s: gone", "a\nb\x1b[0m"),
                     -ENOENT);
    assert_string_equal(error.text, "a?b?[0m: gone");
    assert_int_equal(error.fault, VMM_FAULT_NOT_FOUND);
    assert_int_equal(vmm_fail(NULL, -EIO, VMM_FAULT_USAGE, "x"), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_paths_and_names),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_program),
        cmocka_unit_test(test_copy),        cmocka_unit_test(test_errors_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
