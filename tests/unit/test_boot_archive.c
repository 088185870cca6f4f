/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/config.c vmm/config_reports.c vmm/config_functions.c vmm/load/arena.c
 * vmm/load/members.c vmm/load/elf_file.c vmm/load/ldso_cache.c vmm/load/ldso_conf.c
 * vmm/load/host_files.c vmm/load/host_tree.c vmm/load/closure.c vmm/load/library_search.c
 * vmm/load/cpio.c vmm/load/archive_layout.c vmm/load/archive.c */
/*
 * The archive of a real program and of a made-up tree: pieces as archive.h
 * promises them, a file that cpio(1) takes, contents as on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/guest_abi.h"
#include "vmm/load/archive.h"
#include "vmm/load/members.h"

static char scratch[] = "/tmp/test_boot_archive.XXXXXX";

static char *in_scratch(const char *name)
{
    static char paths[4][256];
    static unsigned int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
    return path;
}

static int shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    return system(command);
}

static struct vmm_config *config_for(const char *program)
{
    struct vmm_config *config;
    const char *const words[] = {"word", "two words", NULL};
    assert_int_equal(vmm_config_new(&config), 0);
    assert_int_equal(vmm_config_set_program(config, program, 2, words), 0);
    return config;
}

/* What archive.h says about pieces. */
static void check_pieces(const struct archive *archive)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < archive->piece_count; i++) {
        const struct archive_piece *piece = &archive->pieces[i];
        assert_int_equal(piece->offset, offset);
        assert_true(piece->length > 0);
        assert_int_equal(piece->length % GUEST_CPIO_ALIGN, 0);
        if (piece->bytes) {
            assert_int_equal((uintptr_t)piece->bytes % GUEST_CPIO_ALIGN, 0);
        } else {
            assert_int_equal(piece->file_offset % GUEST_CPIO_ALIGN, 0);
            assert_true(piece->source < archive->source_count);
            assert_int_equal(piece->fd, archive->sources[piece->source].fd);
            assert_true(piece->file_offset + piece->length <= archive->sources[piece->source].size);
        }
        offset += piece->length;
    }
    assert_int_equal(offset, archive->size);
}

/* Builds, checks, unpacks into scratch/out with cpio(1). */
static void unpack(const struct vmm_config *config)
{
    struct archive *archive;
    struct vmm_error error = {.text = ""};
    if (archive_build(config, &archive, &error) != 0)
        fail_msg("%s", error.text);
    check_pieces(archive);
    int fd = open(in_scratch("a.cpio"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(archive_write(archive, fd, &error), 0);
    close(fd);
    assert_null(archive_changed_source(archive));
    archive_free(archive);
    assert_int_equal(
        shell("rm -rf %s/out && mkdir %s/out && cd %s/out && cpio -idm --quiet <../a.cpio", scratch,
              scratch, scratch),
        0);
}

static void test_program_and_libraries(void **state)
{
    (void)state;
    struct vmm_config *config = config_for("/bin/ls");
    assert_int_equal(vmm_config_add_env(config, "NAME=value"), 0);
    assert_int_equal(vmm_config_set_cwd(config, "/work/dir"), 0);
    unpack(config);
    vmm_config_free(config);
    /* Through the links that were taken along. */
    assert_int_equal(shell("cmp /bin/ls %s/out/bin/ls", scratch), 0);
    assert_int_equal(
        shell("cmp /lib64/ld-linux-x86-64.so.2 %s/out/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
              scratch),
        0);
    assert_int_equal(
        shell("cmp /lib/x86_64-linux-gnu/libc.so.6 %s/out/lib/x86_64-linux-gnu/libc.so.6", scratch),
        0);
    assert_int_equal(shell("test -d %s/out/work/dir", scratch), 0);
    assert_int_equal(
        shell("tr '\\0' '\\n' <%s/out/.vmm/run >%s/run && printf "
              "'exe=/bin/ls\\narg=word\\narg=two words\\nenv=NAME=value\\ncwd=/work/dir\\n"
              "hostname=vmm\\n' | cmp - %s/run",
              scratch, scratch, scratch),
        0);
    assert_int_equal(
        shell("ldconfig -p -C %s/out/etc/ld.so.cache >%s/p 2>&1 || exit 0; grep -q libc.so.6 %s/p",
              scratch, scratch, scratch),
        0);
}

static void test_tree(void **state)
{
    (void)state;
    struct vmm_config *config = config_for("/bin/ls");
    /* Sizes around every border, names of every length. */
    assert_int_equal(
        shell("mkdir -p %s/tree/deep/er && cd %s/tree && for s in 0 1 3 4 4095 4096 4097 8191 8192 "
              "8193 "
              "12288 100000; do head -c $s /dev/urandom >f$s; done && chmod 4751 f3 && ln -s f3 "
              "link && "
              "ln -s /etc/shadow outside && mkfifo fifo && for i in 10 50 100 150 200 250; do "
              "n=$(printf \"%%${i}s\" x | tr ' ' n); head -c 9000 /dev/urandom >deep/er/$n; "
              "echo $i >deep/$n; done && touch -d @1000000000 f1 deep",
              scratch, scratch),
        0);
    assert_int_equal(vmm_config_add_file(config, in_scratch("tree"), "/data/t"), 0);
    assert_int_equal(vmm_config_add_file(config, in_scratch("tree/f1"), "/etc/one"), 0);
    assert_int_equal(vmm_config_add_file(config, in_scratch("tree/f1"), "/etc/dir/"), 0);
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(
        shell("cd %s && rm tree/fifo && test -p out/data/t/fifo && rm out/data/t/fifo && "
              "diff -r --no-dereference tree out/data/t",
              scratch),
        0);
    assert_int_equal(
        shell("cd %s && for d in tree out/data/t; do (cd $d && find . -type f -printf "
              "'%%p %%m %%Ts\\n' | sort) >$(echo $d | tr / _).list; done; cmp tree.list "
              "out_data_t.list",
              scratch),
        0);
    assert_int_equal(
        shell("cd %s && cmp tree/f1 out/etc/one && cmp tree/f1 out/etc/dir/f1", scratch), 0);
}

static void test_later_file_counts(void **state)
{
    (void)state;
    struct vmm_config *config = config_for("/bin/ls");
    assert_int_equal(shell("cd %s && echo one >one && echo two >two", scratch), 0);
    assert_int_equal(vmm_config_add_file(config, in_scratch("one"), "/x"), 0);
    assert_int_equal(vmm_config_add_file(config, in_scratch("two"), "/x"), 0);
    /* A file of the user's stands where the program's library would be. */
    assert_int_equal(
        vmm_config_add_file(config, in_scratch("one"), "/lib/x86_64-linux-gnu/libc.so.6"), 0);
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(shell("cd %s && cmp out/x two", scratch), 0);
}

static void test_script(void **state)
{
    (void)state;
    assert_int_equal(shell("cd %s && printf '#! /bin/sh -e\\n' >s1 && printf '#!%s/s1\\n' >s2 && "
                           "printf '#!/usr/bin/env cat\\n' >s3 && chmod +x s1 s2 s3",
                           scratch, scratch),
                     0);
    struct vmm_config *config = config_for(in_scratch("s2"));
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(
        shell("cd %s/out && cmp bin/sh /bin/sh && cmp .%s/s1 %s/s1", scratch, scratch, scratch), 0);
    config = config_for(in_scratch("s3"));
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(
        shell("cd %s/out && cmp usr/bin/env /usr/bin/env && cmp usr/bin/cat /bin/cat", scratch), 0);
}

static void test_run_paths(void **state)
{
    (void)state;
    /* a needs b; only the program says where both are; c is found through $ORIGIN, d through
     * the older DT_RPATH of the program, inherited. */
    assert_int_equal(
        shell(
            "cd %s && mkdir -p rp/lib rp/old && cd rp && for l in d c b a; do echo \"int $l(void) "
            "{ return 1; }\" >$l.c; done && gcc -shared -fPIC d.c -o old/libd.so && "
            "gcc -shared -fPIC b.c -o lib/libb.so && "
            "gcc -shared -fPIC c.c -o lib/libc_.so -Wl,--no-as-needed -Lold -ld && "
            "gcc -shared -fPIC a.c -o lib/liba.so -Wl,--no-as-needed -Llib -lb && "
            "echo 'int main(void) { return 0; }' >m.c && "
            "gcc m.c -o new -Wl,--no-as-needed -Llib -la -lb -Wl,-rpath,%s/rp/lib && "
            "gcc m.c -o old_way "
            "-Wl,--no-as-needed,--disable-new-dtags,-rpath,'$ORIGIN/lib:$ORIGIN/old' "
            "-Llib -lc_ -Wl,-rpath-link,old",
            scratch, scratch),
        0);
    struct vmm_config *config = config_for(in_scratch("rp/new"));
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(shell("cd %s && cmp rp/lib/liba.so out/%s/rp/lib/liba.so && "
                           "cmp rp/lib/libb.so out/%s/rp/lib/libb.so",
                           scratch, scratch, scratch),
                     0);
    config = config_for(in_scratch("rp/old_way"));
    unpack(config);
    vmm_config_free(config);
    assert_int_equal(shell("cd %s && cmp rp/lib/libc_.so out/%s/rp/lib/libc_.so && "
                           "cmp rp/old/libd.so out/%s/rp/old/libd.so",
                           scratch, scratch, scratch),
                     0);
}

static void expect_error(const char *program, enum vmm_fault fault, const char *says)
{
    struct vmm_config *config = config_for(program);
    struct vmm_error error = {.text = ""};
    struct archive *archive;
    assert_true(archive_build(config, &archive, &error) < 0);
    assert_null(archive);
    assert_int_equal(error.fault, fault);
    if (!strstr(error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    vmm_config_free(config);
}

static void test_errors(void **state)
{
    (void)state;
    assert_int_equal(
        shell("cd %s && printf '#!%s/loop\\n' >loop && printf '#!relative\\n' >rel && "
              "printf '#!/absent/sh\\n' >gone && : >empty && chmod +x loop rel gone empty && "
              "echo >data && ln -sf circle circle && mkfifo pipe && chmod +x pipe",
              scratch, scratch),
        0);
    expect_error(in_scratch("absent"), VMM_FAULT_NOT_FOUND, "no such file");
    expect_error(in_scratch("data/x"), VMM_FAULT_NOT_FOUND, "ot a directory");
    expect_error(scratch, VMM_FAULT_NOT_EXECUTABLE, "is a directory");
    expect_error(in_scratch("data"), VMM_FAULT_NOT_EXECUTABLE, "not executable");
    expect_error(in_scratch("pipe"), VMM_FAULT_NOT_EXECUTABLE, "regular file");
    expect_error(in_scratch("circle"), VMM_FAULT_NOT_EXECUTABLE, "symbolic links");
    expect_error(in_scratch("empty"), VMM_FAULT_NOT_EXECUTABLE,
                 "neither an ELF program nor a script");
    expect_error(in_scratch("loop"), VMM_FAULT_NOT_EXECUTABLE, "too deeply");
    expect_error(in_scratch("rel"), VMM_FAULT_NOT_EXECUTABLE, "absolute path");
    expect_error(in_scratch("gone"), VMM_FAULT_NOT_FOUND, "/absent/sh");
}

static void test_changed_source_is_named(void **state)
{
    (void)state;
    struct vmm_error error;
    struct archive *archive;
    assert_int_equal(shell("cp /bin/ls %s/program", scratch), 0);
    struct vmm_config *config = config_for(in_scratch("program"));
    assert_int_equal(archive_build(config, &archive, &error), 0);
    assert_null(archive_changed_source(archive));
    assert_int_equal(truncate(in_scratch("program"), 5000), 0);
    const struct archive_source *source = archive_changed_source(archive);
    assert_non_null(source);
    assert_string_equal(source->path, in_scratch("program"));
    int fd = open("/dev/null", O_WRONLY);
    assert_true(archive_write(archive, fd, &error) < 0);
    assert_non_null(strstr(error.text, "changed"));
    close(fd);
    archive_free(archive);
    vmm_config_free(config);
}

static void test_paths_resolve_as_in_the_guest(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct members members = {.arena = &arena};
    static const struct member links[] = {
        {.path = "lib",
         .mode = S_IFLNK | 0777,
         .bytes = (const uint8_t *)"usr/lib",
         .size = 7,
         .fd = -1},
        {.path = "a/b",
         .mode = S_IFLNK | 0777,
         .bytes = (const uint8_t *)"../c/./d",
         .size = 8,
         .fd = -1},
        {.path = "loop",
         .mode = S_IFLNK | 0777,
         .bytes = (const uint8_t *)"/loop",
         .size = 5,
         .fd = -1},
        {.path = "file", .mode = S_IFREG | 0644, .fd = -1},
    };
    static const char *const table[][2] = {
        {"/lib/x", "usr/lib/x"},
        {"lib", "lib"},
        {"//lib//x/", "usr/lib/x"},
        {"a/b/e", "c/d/e"},
        {"/../../x", "x"},
        {"/x/y/../z", "x/z"},
        {"/", ""},
        {"lib/.", "usr/lib"},
    };
    struct member *added;
    const char *resolved;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        assert_int_equal(members_add(&members, &links[i], MEMBERS_KEEP, &added), 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(members_resolve(&members, table[i][0], false, &resolved), 0);
        assert_string_equal(resolved, table[i][1]);
    }
    assert_int_equal(members_resolve(&members, "/lib", true, &resolved), 0);
    assert_string_equal(resolved, "usr/lib");
    assert_int_equal(members_resolve(&members, "/loop", true, &resolved), -ELOOP);
    assert_int_equal(members_resolve(&members, "/loop/x", false, &resolved), -ELOOP);
    assert_int_equal(members_resolve(&members, "/file/x", false, &resolved), -ENOTDIR);
    members_free(&members);
    arena_free(&arena);
}

static int make_scratch(void **state)
{
    (void)state;
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_scratch(void **state)
{
    (void)state;
    return shell("rm -rf %s", scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_and_libraries),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_later_file_counts),
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_run_paths),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_changed_source_is_named),
        cmocka_unit_test(test_paths_resolve_as_in_the_guest),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
