/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/load/ldso_cache.c vmm/load/ldso_conf.c vmm/load/arena.c */
/*
 * The cache we write is one that we, and the host's ldconfig, can read; a
 * damaged one is never read beyond its end.  ld.so.conf with includes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/load/closure.h"

static uint8_t *write_cache(struct arena *arena, size_t *size)
{
    struct ldso_entry entries[] = {
        {"libc.so.6", "/lib/libc.so.6"},     {"libz.so.1", "/lib/libz.so.1"},
        {"lib10.so", "/lib/lib10.so"},       {"lib9.so", "/lib/lib9.so"},
        {"liba.so", "/opt/liba.so"},         {"libab.so", "/opt/libab.so"},
        {"libfoo2.so.1", "/lib/libfoo2.so"}, {"libfoo.so.1", "/lib/libfoo.so"},
    };
    return ldso_cache_write(arena, entries, sizeof(entries) / sizeof(entries[0]), size);
}

static const char *find(const struct ldso_cache *cache, const char *name)
{
    size_t position = 0;
    return ldso_cache_find(cache, name, &position);
}

static void test_written_is_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ldso_cache cache;
    size_t size, position = 0;
    uint8_t *bytes = write_cache(&arena, &size);
    assert_int_equal(ldso_cache_open(bytes, size, &cache), 0);
    assert_string_equal(find(&cache, "libc.so.6"), "/lib/libc.so.6");
    assert_string_equal(find(&cache, "lib9.so"), "/lib/lib9.so");
    assert_string_equal(find(&cache, "lib10.so"), "/lib/lib10.so");
    assert_string_equal(find(&cache, "libab.so"), "/opt/libab.so");
    assert_string_equal(find(&cache, "libfoo.so.1"), "/lib/libfoo.so");
    assert_null(find(&cache, "libb.so"));
    assert_null(find(&cache, ""));
    assert_non_null(ldso_cache_find(&cache, "liba.so", &position));
    assert_null(ldso_cache_find(&cache, "liba.so", &position));
    arena_free(&arena);
}

static void test_ldconfig_reads_it(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t size;
    char path[] = "/tmp/test_cache.XXXXXX", command[128], line[256];
    uint8_t *bytes = write_cache(&arena, &size);
    int fd = mkstemp(path), lines = 0;
    assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    snprintf(command, sizeof(command), "/sbin/ldconfig -p -C %s 2>&1", path);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    while (fgets(line, sizeof(line), output))
        lines += strstr(line, "libc6,x86-64") != NULL;
    int status = pclose(output);
    unlink(path);
    arena_free(&arena);
    if (status == 127 << 8)
        skip();
    assert_int_equal(lines, 8);
}

static void test_damage(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t size;
    uint8_t *bytes = write_cache(&arena, &size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        struct ldso_cache cache;
        memcpy(copy, bytes, cut);
        if (ldso_cache_open(copy, cut, &cache) == 0)
            find(&cache, "libfoo.so.1");
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t *copy = malloc(size);
        struct ldso_cache cache;
        memcpy(copy, bytes, size);
        copy[at] = 0xff;
        if (ldso_cache_open(copy, size, &cache) == 0)
            find(&cache, "libfoo.so.1");
        free(copy);
    }
    /* An older cache in front whose size leads nowhere. */
    uint8_t old[16] = "ld.so-1.7.0";
    struct ldso_cache cache;
    memset(old + 12, 0xff, 4);
    assert_int_equal(ldso_cache_open(old, sizeof(old), &cache), -EINVAL);
    arena_free(&arena);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_conf(void **state)
{
    (void)state;
    struct arena arena = {0};
    char dir[] = "/tmp/test_conf.XXXXXX", main_path[64], command[64];
    char **dirs;
    size_t count;
    assert_non_null(mkdtemp(dir));
    write_file(dir, "b.conf", "/b/one # comment\n\n  /b/two  \nrelative/ignored\n");
    write_file(dir, "a.conf", "/a\ninclude main\n"); /* a circle */
    write_file(dir, "main", "include *.conf\n# /no\n/last\ninclude\ninclude /absent/*\n");
    snprintf(main_path, sizeof(main_path), "%s/main", dir);
    assert_int_equal(ldso_conf_read(&arena, main_path, &dirs, &count), 0);
    assert_true(count >= 4);
    assert_string_equal(dirs[0], "/a");
    assert_string_equal(dirs[count - 1], "/last");
    assert_string_equal(dirs[count - 2], "/b/two");
    assert_string_equal(dirs[count - 3], "/b/one");
    assert_int_equal(ldso_conf_read(&arena, "/absent/conf", &dirs, &count), 0);
    assert_int_equal(count, 0);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_is_read),
        cmocka_unit_test(test_ldconfig_reads_it),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_conf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
