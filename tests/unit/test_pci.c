/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI and virtio over it: what is right is found and used; what loops, lies or goes away is
 * refused. */
/* links: guest/drivers/pci.c guest/drivers/virtio/pci.c guest/drivers/virtio/pci_msix.c
 * tests/unit/pci_host.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/boot_info.h"
#include "drivers/virtio/pci.h"
#include "drivers/virtio/pci_msix.h"
#include "lib/errno.h"
#include "unit/pci_host.h"

#define CONSOLE 0x10431af4u
#define AT(bus, slot) ((pci_address)((bus) << 8 | (slot) << 3))

/* As QEMU lays devices out: structures in BAR 4 of 64 bits, the MSI-X table in BAR 1. */
enum { COMMON = 0x0, ISR = 0x1000, CONFIG = 0x2000, NOTIFY = 0x3000, BAR4_SIZE = 0x4000 };
/* Every test has addresses of its own, as what was given out stays so. */
static uint64_t next_bar = 0xe8000000;

static void add_capability(struct host_function *f, unsigned int at, unsigned int next,
                           unsigned int type, uint32_t offset, uint32_t length)
{
    f->config[at] = PCI_CAPABILITY_VENDOR;
    f->config[at + 1] = (uint8_t)next;
    f->config[at + 2] = type == VIRTIO_PCI_CAP_NOTIFY ? 20 : 16;
    f->config[at + 3] = (uint8_t)type;
    f->config[at + 4] = 4;
    host_put32(f, at + 8, offset);
    host_put32(f, at + 12, length);
    if (type == VIRTIO_PCI_CAP_NOTIFY)
        host_put32(f, at + 16, 4);
}

static uint64_t bar4, bar1;

static struct host_function *add_device(pci_address address, unsigned int vectors)
{
    struct host_function *f = host_add(address, CONSOLE);
    bar4 = next_bar;
    bar1 = next_bar + 0x8000;
    next_bar += 0x10000;
    host_put32(f, PCI_COMMAND, PCI_STATUS_CAPABILITIES);
    host_put8(f, PCI_CAPABILITIES, 0x40);
    host_put32(f, PCI_BAR0 + 16, (uint32_t)bar4 | 4);
    f->bar_size[4] = BAR4_SIZE;
    add_capability(f, 0x40, 0x50, VIRTIO_PCI_CAP_COMMON, COMMON, 0x1000);
    add_capability(f, 0x50, 0x60, VIRTIO_PCI_CAP_ISR, ISR, 0x1000);
    add_capability(f, 0x60, 0x70, VIRTIO_PCI_CAP_DEVICE, CONFIG, 0x1000);
    add_capability(f, 0x70, vectors ? 0x90 : 0, VIRTIO_PCI_CAP_NOTIFY, NOTIFY, 0x1000);
    if (vectors) {
        host_put32(f, PCI_BAR0 + 4, (uint32_t)bar1);
        f->bar_size[1] = 0x1000;
        host_put32(f, 0x90, PCI_CAPABILITY_MSIX | (vectors - 1) << 16);
        host_put32(f, 0x94, 1);
    }
    return f;
}

static struct virtio_device found[8];

static unsigned int list(void)
{
    memset(found, 0, sizeof(found));
    return virtio_pci_list(found, 8);
}

static uint32_t probe(void)
{
    assert_int_equal(list(), 1);
    return found[0].transport->probe(&found[0]);
}

static int clean(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        free(found[i].bus);
        found[i].bus = NULL;
    }
    host_reset();
    memset(&boot_info, 0, sizeof(boot_info));
    return 0;
}

static void refused(void)
{
    unsigned int lines = host_log_lines;
    assert_int_equal(probe(), VIRTIO_KIND_NONE);
    assert_true(host_log_lines > lines); /* and it is said why */
}

/* ---- enumeration ----------------------------------------------------------- */

static void devices_behind_bridges_are_found_and_buses_that_loop_are_not_followed(void **state)
{
    (void)state;
    struct host_function *bridge = host_add(AT(0, 1), 0x00011b36);
    host_put32(bridge, PCI_HEADER, PCI_TYPE_BRIDGE << 16);
    host_put32(bridge, PCI_BUSES, 0x00020200);
    struct host_function *back = host_add(AT(2, 3), 0x00011b36);
    host_put32(back, PCI_HEADER, PCI_TYPE_BRIDGE << 16);
    host_put32(back, PCI_BUSES, 0x00000000); /* leads to where it came from */
    struct host_function *again = host_add(AT(2, 4), 0x00011b36);
    host_put32(again, PCI_HEADER, PCI_TYPE_BRIDGE << 16);
    host_put32(again, PCI_BUSES, 0x00ff0202); /* to its own bus */
    host_add(AT(2, 5), CONSOLE);
    host_add(AT(0, 2), 0x10001af4); /* transitional; its subsystem says nothing */
    struct host_function *disk = host_add(AT(0, 4), 0x10011af4);
    host_put32(disk, PCI_SUBSYSTEM, 0x00021af4);
    assert_int_equal(list(), 2);
    assert_int_equal(found[0].kind, VIRTIO_KIND_BLOCK);
    assert_int_equal(found[1].kind, VIRTIO_KIND_CONSOLE);
    assert_int_equal(found[1].address, AT(2, 5));
    assert_int_equal(host_log_lines, 2);
    assert_true(host_reads < 400);
}

static void other_functions_are_looked_at_where_there_are_several(void **state)
{
    (void)state;
    struct host_function *first = host_add(AT(0, 1), 0x12348086);
    host_add(AT(0, 1) | 5, CONSOLE);
    assert_int_equal(list(), 0);
    host_put32(first, PCI_HEADER, PCI_HEADER_MANY);
    assert_int_equal(list(), 1);
    assert_int_equal(found[0].address, AT(0, 1) | 5);
}

/* ---- a good device --------------------------------------------------------- */

static void a_device_is_brought_up_with_messages(void **state)
{
    (void)state;
    struct host_function *f = add_device(AT(0, 3), 4);
    assert_int_equal(list(), 1);
    /* The registers are there before the driver reads them: it maps the page itself. */
    assert_int_equal(found[0].transport->probe(&found[0]), VIRTIO_KIND_CONSOLE);
    struct virtio_pci *pci = found[0].bus;
    volatile struct virtio_pci_common *common = (void *)host_at(bar4 + COMMON);
    assert_ptr_equal(pci->common, common);
    assert_int_equal(pci->msix.count, 1); /* queue_count is 0 as yet: one vector for all */
    common->queue_size = 8;
    common->queue_notify_off = 3;
    assert_int_equal(found[0].transport->queue_select(&found[0], 5), 8);
    assert_int_equal(common->queue_select, 5);
    struct virtqueue queue = {.size = 8, .index = 5};
    found[0].transport->queue_activate(&found[0], &queue);
    assert_int_equal(common->queue_enable, 1);
    assert_int_equal(common->queue_msix_vector, 0);
    found[0].transport->notify(&found[0], &queue);
    assert_int_equal(*host_at(bar4 + NOTIFY + 3 * 4), 5);
    assert_int_equal(f->config[PCI_COMMAND] & 6, 6);
    assert_int_equal(f->config[PCI_COMMAND + 1] & 4, 4); /* no pin */
    assert_int_equal(f->config[0x93], 0xc0); /* messages on, all masked */
    assert_int_equal(found[0].transport->route(&found[0]), 0);
    assert_int_equal(f->config[0x93], 0x80);
    assert_int_equal(host_messages, 1);
}

static void queues_share_messages_when_there_are_too_few(void **state)
{
    (void)state;
    struct msix msix = {.count = 3};
    assert_int_equal(msix_vector_of_queue(&msix, 0), 1);
    assert_int_equal(msix_vector_of_queue(&msix, 1), 2);
    assert_int_equal(msix_vector_of_queue(&msix, 2), 1);
    msix.count = 1;
    assert_int_equal(msix_vector_of_queue(&msix, 7), 0);
    add_device(AT(0, 3), 4);
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    struct virtio_pci *pci = found[0].bus;
    pci->msix.count = 4; /* as with three queues */
    host_messages_max = 1;
    assert_int_equal(found[0].transport->route(&found[0]), 0);
    uint32_t data[2];
    memcpy(&data[0], host_at(bar1 + 1 * 16 + 8), 4);
    memcpy(&data[1], host_at(bar1 + 3 * 16 + 8), 4);
    assert_int_equal(data[0], 0xb0);
    assert_int_equal(data[1], 0xb0);
    host_messages = host_messages_max = 0;
    assert_int_equal(found[0].transport->route(&found[0]), -ENOSPC);
}

static unsigned int handled;

static void count(void *arg, uint32_t what)
{
    (void)arg;
    handled += what;
}

static void devices_on_one_pin_are_all_asked(void **state)
{
    (void)state;
    uint64_t isr[2];
    for (unsigned int i = 0; i < 2; i++) {
        struct host_function *f = add_device(AT(0, 3 + i), 0);
        f->config[PCI_INTERRUPT] = 11;
        isr[i] = bar4 + ISR;
    }
    assert_int_equal(list(), 2);
    for (unsigned int i = 0; i < 2; i++) {
        found[i].handler = count;
        assert_int_equal(found[i].transport->probe(&found[i]), VIRTIO_KIND_CONSOLE);
        assert_int_equal(host_functions[i].config[PCI_COMMAND + 1] & 4, 4); /* its pin is off */
        assert_int_equal(found[i].transport->route(&found[i]), 0);
        assert_int_equal(host_functions[i].config[PCI_COMMAND + 1] & 4, 0);
    }
    assert_non_null(host_line_handler);
    host_line_handler(host_line_arg);
    assert_int_equal(handled, 0);
    *host_at(isr[0]) = 1;
    host_line_handler(host_line_arg);
    assert_int_equal(handled, 1);
    *host_at(isr[0]) = 0;
    *host_at(isr[1]) = 2;
    host_line_handler(host_line_arg);
    assert_int_equal(handled, 3);
    found[0].gsi = found[1].gsi = 0; /* the list of pins stays after this test */
}

static void a_bar_without_address_gets_one(void **state)
{
    (void)state;
    struct host_function *f = add_device(AT(0, 3), 0);
    host_put32(f, PCI_BAR0 + 16, 4);
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    uint32_t address;
    memcpy(&address, f->config + PCI_BAR0 + 16, 4);
    assert_true(address >= 0xe0000000u && (address & 0x3ff0) == 0);
    assert_non_null(host_at((address & ~15u) + COMMON));
    clean(state);
    /* Not where configuration space is. */
    host_ecam = (struct acpi_ecam){.address = 0xe0000000, .last_bus = 255};
    f = add_device(AT(0, 3), 0);
    host_put32(f, PCI_BAR0 + 16, 4);
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    memcpy(&address, f->config + PCI_BAR0 + 16, 4);
    assert_true(address >= 0xf0000000u);
    clean(state);
    host_ecam.last_bus = 0;
    f = add_device(AT(1, 3), 0); /* behind a bridge, whose window nobody has opened */
    host_put32(f, PCI_BAR0 + 16, 4);
    struct host_function *bridge = host_add(AT(0, 1), 0x00011b36);
    host_put32(bridge, PCI_HEADER, PCI_TYPE_BRIDGE << 16);
    host_put32(bridge, PCI_BUSES, 0x00010100);
    refused();
    host_ecam.address = 0;
}

/* ---- bad ones -------------------------------------------------------------- */

static void capabilities_that_loop_end(void **state)
{
    (void)state;
    struct host_function *f = add_device(AT(0, 3), 0);
    f->config[0x51] = 0x40;
    refused();
    assert_true(host_reads < 2000);
    clean(state);
    f = add_device(AT(0, 3), 0);
    f->config[PCI_CAPABILITIES] = 0x20; /* in the header */
    refused();
    clean(state);
    f = add_device(AT(0, 3), 0);
    f->config[PCI_COMMAND + 2] = 0; /* no list at all */
    refused();
}

static void structures_outside_of_their_bar_are_refused(void **state)
{
    static const struct {
        uint32_t at, value;
    } lies[] = {
        {0x48, BAR4_SIZE},  {0x48, 0xfffff000}, {0x4c, 0xffffffff}, {0x4c, 0},   {0x4c, 16},
        {0x48, 2},          {0x7c, 0},          {0x78, BAR4_SIZE},  {0x80, 3},   {0x5c, 0},
        {0x44, 0},          {0x44, 5},          {0x44, 7},          {0x20, 0x1}, {0x20, 0xfee00004},
        {0x20, 0xfec00004}, {0x20, 0xe8000014},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct host_function *f = add_device(AT(0, 3), 0);
        host_put32(f, lies[i].at, lies[i].value);
        if (lies[i].at == 0x20)
            f->bar_size[4] = 16u << (i & 1); /* as small as BARs can be */
        refused();
        clean(state);
    }
}

static void bars_over_ram_or_another_device_are_refused(void **state)
{
    add_device(AT(0, 3), 0);
    boot_info.ram_count = 1;
    boot_info.ram[0] = (struct boot_region){bar4 + 0x3000, bar4 + 0x100000};
    refused();
    clean(state);
    add_device(AT(0, 3), 0);
    uint64_t first = bar4;
    struct host_function *f = add_device(AT(0, 4), 0);
    host_put32(f, PCI_BAR0 + 16, (uint32_t)first | 4);
    assert_int_equal(list(), 2);
    assert_int_equal(found[0].transport->probe(&found[0]), VIRTIO_KIND_CONSOLE);
    assert_int_equal(found[1].transport->probe(&found[1]), VIRTIO_KIND_NONE);
    assert_int_equal(host_log_lines, 1);
}

static void a_queue_that_is_notified_outside_is_not_used(void **state)
{
    (void)state;
    add_device(AT(0, 3), 0);
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    volatile struct virtio_pci_common *common = (void *)host_at(bar4 + COMMON);
    common->queue_size = 8;
    common->queue_notify_off = 0x3ff;
    assert_int_equal(found[0].transport->queue_select(&found[0], 0), 8);
    common->queue_notify_off = 0x400;
    assert_int_equal(found[0].transport->queue_select(&found[0], 0), 0);
    common->queue_notify_off = 0;
    common->queue_size = 0x8001;
    assert_int_equal(found[0].transport->queue_select(&found[0], 0), 0);
    assert_int_equal(found[0].transport->queue_select(&found[0], VIRTIO_PCI_QUEUES_MAX), 0);
    assert_int_equal(found[0].transport->config_read(&found[0], 0x1000, 4), 0);
    assert_int_equal(found[0].transport->config_read(&found[0], 0xffd, 4), 0);
}

static void a_table_of_messages_that_lies_is_not_used(void **state)
{
    struct host_function *f = add_device(AT(0, 3), 4);
    host_put32(f, 0x94, 0xff9); /* its end is behind the BAR's */
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    assert_int_equal(((struct virtio_pci *)found[0].bus)->msix.count, 0);
    clean(state);
    f = add_device(AT(0, 3), 4);
    host_put32(f, 0x94, 7); /* no such BAR */
    assert_int_equal(probe(), VIRTIO_KIND_CONSOLE);
    assert_int_equal(((struct virtio_pci *)found[0].bus)->msix.count, 0);
    assert_int_equal(host_log_lines, 1);
    assert_int_equal(found[0].transport->route(&found[0]), -ENODEV); /* nor a pin */
}

static void a_device_that_goes_away_is_refused(void **state)
{
    (void)state;
    struct host_function *f = add_device(AT(0, 3), 4);
    assert_int_equal(list(), 1);
    f->gone = true;
    unsigned int lines = host_log_lines;
    assert_int_equal(found[0].transport->probe(&found[0]), VIRTIO_KIND_NONE);
    assert_true(host_log_lines > lines && host_reads < 2000);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(devices_behind_bridges_are_found_and_buses_that_loop_are_not_followed),
        TEST(other_functions_are_looked_at_where_there_are_several),
        TEST(a_device_is_brought_up_with_messages),
        TEST(queues_share_messages_when_there_are_too_few),
        TEST(devices_on_one_pin_are_all_asked),
        TEST(a_bar_without_address_gets_one),
        TEST(capabilities_that_loop_end),
        TEST(structures_outside_of_their_bar_are_refused),
        TEST(bars_over_ram_or_another_device_are_refused),
        TEST(a_queue_that_is_notified_outside_is_not_used),
        TEST(a_table_of_messages_that_lies_is_not_used),
        TEST(a_device_that_goes_away_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
