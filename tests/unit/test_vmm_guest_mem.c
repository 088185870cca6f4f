/* SPDX-License-Identifier: BSD-2-Clause */
/* links: vmm/mem/guest_mem.c */
/* The one door to guest memory: what lies outside, straddles, overflows or is backed by a file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/guest_abi.h"
#include "vmm/mem/guest_mem.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static void ram_ends_where_it_ends(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 16 * MIB, 0), 0);
    assert_non_null(guest_mem_at(&mem, 0, 16 * MIB));
    assert_null(guest_mem_at(&mem, 0, 16 * MIB + 1));
    assert_null(guest_mem_at(&mem, 16 * MIB, 1));
    assert_null(guest_mem_at(&mem, 16 * MIB - 1, 2));
    assert_non_null(guest_mem_at(&mem, 16 * MIB - 1, 1));
    assert_null(guest_mem_at(&mem, 0x1000, 0));
    guest_mem_destroy(&mem);
}

static void sums_do_not_wrap(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 16 * MIB, 0), 0);
    assert_null(guest_mem_at(&mem, UINT64_MAX, 1));
    assert_null(guest_mem_at(&mem, UINT64_MAX, UINT64_MAX));
    assert_null(guest_mem_at(&mem, 0x1000, UINT64_MAX));
    assert_null(guest_mem_at(&mem, 0x1000, UINT64_MAX - 0xfff));
    assert_null(guest_mem_at(&mem, UINT64_MAX - 0xfff, 0x1001));
    guest_mem_destroy(&mem);
}

static void high_ram_begins_at_4_gib(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 5 * GIB, 4096), 0);
    assert_int_equal(mem.region_count, 2);
    assert_null(guest_mem_at(&mem, GUEST_LOW_RAM_END - 1, 2));
    assert_null(guest_mem_at(&mem, GUEST_VIRTIO_MMIO_BASE, 4));
    assert_null(guest_mem_at(&mem, GUEST_HIGH_RAM_START - 1, 2));
    assert_non_null(guest_mem_at(&mem, GUEST_HIGH_RAM_START, 2 * GIB));
    assert_null(guest_mem_at(&mem, GUEST_HIGH_RAM_START, 2 * GIB + 1));
    assert_int_equal(mem.archive_gpa, GUEST_HIGH_RAM_START + 2 * GIB);
    guest_mem_destroy(&mem);
}

static void the_archive_follows_ram_or_goes_high(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 17 * MIB, 8192), 0);
    assert_int_equal(mem.archive_gpa, 18 * MIB);
    assert_int_equal(mem.region_count, 1);
    guest_mem_destroy(&mem);
    assert_int_equal(guest_mem_create(&mem, 3 * GIB, 512 * MIB), 0);
    assert_int_equal(mem.archive_gpa, GUEST_HIGH_RAM_START);
    assert_null(guest_mem_at(&mem, mem.archive_gpa, 1));
    guest_mem_destroy(&mem);
}

static void absurd_sizes_are_refused(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 0, 0), -EINVAL);
    assert_int_equal(guest_mem_create(&mem, 4095, 0), -EINVAL);
    assert_int_equal(guest_mem_create(&mem, GUEST_RAM_MAX + 4096, 0), -EINVAL);
    assert_int_equal(guest_mem_create(&mem, 16 * MIB, 100), -EINVAL);
}

/* A file of two pages, already without a name. */
static int make_file(void)
{
    char name[] = "/tmp/test_guest_mem_XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(ftruncate(fd, 8192), 0);
    assert_int_equal(pwrite(fd, "from the file", 13, 0), 13);
    return fd;
}

static void file_pages_are_for_system_calls_alone(void **state)
{
    struct guest_mem mem;
    struct iovec iov;
    char bytes[16];
    int fd = make_file();
    int pipes[2];

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 16 * MIB, 8192), 0);
    assert_int_equal(guest_mem_map_file(&mem, 2 * MIB, 4096, fd, 0, PROT_READ), 0);
    assert_int_equal(guest_mem_map_file(&mem, mem.archive_gpa, 8192, fd, 0, PROT_READ), 0);
    assert_null(guest_mem_at(&mem, 2 * MIB, 1));
    assert_null(guest_mem_at(&mem, 2 * MIB - 1, 2));
    assert_null(guest_mem_at(&mem, 2 * MIB + 4095, 1));
    assert_non_null(guest_mem_at(&mem, 2 * MIB + 4096, 1));
    assert_null(guest_mem_at(&mem, mem.archive_gpa, 1));
    assert_int_equal(guest_mem_read(&mem, 2 * MIB, bytes, 4), -EFAULT);
    assert_int_equal(guest_mem_write(&mem, 2 * MIB, bytes, 4), -EFAULT);
    assert_int_equal(guest_mem_iov(&mem, 2 * MIB, 4, true, &iov), -EFAULT);
    assert_int_equal(guest_mem_iov(&mem, mem.archive_gpa, 4, true, &iov), -EFAULT);
    assert_int_equal(guest_mem_iov(&mem, mem.archive_gpa, 8193, false, &iov), -EFAULT);
    assert_int_equal(guest_mem_iov(&mem, mem.archive_gpa, 13, false, &iov), 0);

    /* The file shrinks: a system call says EFAULT, nobody dies. */
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(writev(pipes[1], &iov, 1), 13);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(writev(pipes[1], &iov, 1), -1);
    assert_int_equal(errno, EFAULT);
    close(pipes[0]);
    close(pipes[1]);
    close(fd);
    guest_mem_destroy(&mem);
}

static void loading_stays_inside(void **state)
{
    struct guest_mem mem;

    (void)state;
    assert_int_equal(guest_mem_create(&mem, 16 * MIB, 4096), 0);
    assert_int_equal(guest_mem_load(&mem, mem.archive_gpa, "abc", 3), 0);
    assert_int_equal(guest_mem_load(&mem, mem.archive_gpa + 4095, "abc", 3), -EFAULT);
    assert_int_equal(guest_mem_map_file(&mem, 100, 4096, 0, 0, PROT_READ), -EINVAL);
    assert_int_equal(guest_mem_map_file(&mem, 0, 100, 0, 0, PROT_READ), -EINVAL);
    assert_int_equal(guest_mem_map_file(&mem, mem.archive_gpa, 8192, 0, 0, PROT_READ), -EINVAL);
    guest_mem_destroy(&mem);
}

/* Every address is in one slot at most, and in one where the monitor finds RAM. */
static void check_slots(const struct guest_mem *mem)
{
    struct guest_mem_slot slots[GUEST_MEM_SLOTS];
    unsigned int count = guest_mem_slots(mem, slots);

    assert_in_range(count, 1, GUEST_MEM_SLOTS);
    for (unsigned int i = 0; i < count; i++) {
        assert_true(slots[i].size > 0 && slots[i].gpa % 4096 == 0);
        assert_int_equal(guest_mem_is_read_only(mem, slots[i].gpa), slots[i].read_only);
        if (!slots[i].read_only) {
            assert_ptr_equal(guest_mem_at(mem, slots[i].gpa, 1), slots[i].host);
        }
        for (unsigned int j = 0; j < i; j++) {
            assert_true(slots[i].gpa >= slots[j].gpa + slots[j].size ||
                        slots[j].gpa >= slots[i].gpa + slots[i].size);
        }
    }
}

static void a_shared_image_takes_the_place_of_ram(void **state)
{
    static const uint8_t image[8192] __attribute__((aligned(4096))) = "image";
    struct guest_mem mem;
    struct iovec iov;

    (void)state;
    for (int below = 0; below <= 1; below++) {
        assert_int_equal(guest_mem_create(&mem, 16 * MIB, 4096), 0);
        uint8_t *host = guest_mem_at(&mem, 0, 16 * MIB);
        check_slots(&mem);
        assert_int_equal(guest_mem_share(&mem, 2 * MIB, 8192, image, below), 0);
        check_slots(&mem);
        assert_null(guest_mem_at(&mem, 2 * MIB, 1));
        assert_null(guest_mem_at(&mem, 2 * MIB + 8191, 2));
        assert_ptr_equal(guest_mem_at(&mem, 2 * MIB + 8192, 14 * MIB - 8192),
                         host + 2 * MIB + 8192);
        assert_null(guest_mem_at(&mem, 2 * MIB + 8192, 14 * MIB - 8191));
        assert_ptr_equal(guest_mem_at(&mem, 0, 2 * MIB), below ? host : NULL);
        assert_null(guest_mem_at(&mem, 2 * MIB - 1, 2));
        assert_true(guest_mem_is_read_only(&mem, 2 * MIB + 8191));
        assert_false(guest_mem_is_read_only(&mem, 2 * MIB + 8192));
        assert_int_equal(guest_mem_iov(&mem, 2 * MIB, 8192, false, &iov), 0);
        assert_ptr_equal(iov.iov_base, image);
        assert_int_equal(guest_mem_iov(&mem, 2 * MIB, 8193, false, &iov), -EFAULT);
        assert_int_equal(guest_mem_iov(&mem, 2 * MIB, 1, true, &iov), -EFAULT);
        assert_int_equal(guest_mem_share(&mem, 4 * MIB, 4096, image, false), -EINVAL);
        guest_mem_populate(&mem, 4 * MIB, 64 << 10); /* a hint: no promise to check */
        guest_mem_populate(&mem, 2 * MIB, 4096);
        guest_mem_destroy(&mem);
    }
    assert_int_equal(guest_mem_create(&mem, 2 * MIB, 0), 0);
    assert_int_equal(guest_mem_share(&mem, 2 * MIB - 8192, 8192, image, false), -EINVAL);
    assert_int_equal(guest_mem_share(&mem, MIB, 8191, image, false), -EINVAL);
    assert_int_equal(guest_mem_share(&mem, MIB, 4096, image + 1, false), -EINVAL);
    guest_mem_destroy(&mem);
}

static void a_large_archive_is_read_only_for_the_guest(void **state)
{
    struct guest_mem mem;

    (void)state;
    for (uint64_t size = 4096; size <= 64 * MIB; size *= 4) {
        for (uint64_t ram = 16 * MIB; ram <= 5 * GIB; ram *= 6) {
            assert_int_equal(guest_mem_create(&mem, ram, size), 0);
            check_slots(&mem);
            assert_int_equal(guest_mem_is_read_only(&mem, mem.archive_gpa), size >= 256 << 10);
            assert_false(guest_mem_is_read_only(&mem, mem.archive_gpa + size));
            guest_mem_destroy(&mem);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ram_ends_where_it_ends),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(high_ram_begins_at_4_gib),
        cmocka_unit_test(the_archive_follows_ram_or_goes_high),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(file_pages_are_for_system_calls_alone),
        cmocka_unit_test(loading_stays_inside),
        cmocka_unit_test(a_shared_image_takes_the_place_of_ram),
        cmocka_unit_test(a_large_archive_is_read_only_for_the_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
