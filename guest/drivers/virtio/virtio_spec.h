/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants and structures of the virtio 1.2 specification, transcribed; the
 * section stands beside each group.  Everything is little endian, as x86 is.
 * No code, no policy: which features a driver takes is the driver's business.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_SPEC_H
#define DRIVERS_VIRTIO_VIRTIO_SPEC_H

#include "lib/types.h"

/* 2.1 device status field */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER 0x02u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED 0x80u

/* 6 reserved feature bits */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

/* 5 device types */
enum virtio_kind {
    VIRTIO_KIND_NONE = 0,
    VIRTIO_KIND_NET = 1,
    VIRTIO_KIND_BLOCK = 2,
    VIRTIO_KIND_CONSOLE = 3,
    VIRTIO_KIND_RNG = 4,
    VIRTIO_KIND_BALLOON = 5,
    VIRTIO_KIND_9P = 9,
    VIRTIO_KIND_VSOCK = 19,
    VIRTIO_KIND_FS = 26,
};

/* 2.7.5 descriptor table */
#define VIRTQ_DESC_NEXT 1u
#define VIRTQ_DESC_WRITE 2u /* the device writes */
#define VIRTQ_DESC_INDIRECT 4u

struct virtq_desc {
    uint64_t address; /* guest-physical */
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 2.7.5");

/* 2.7.6 available ring: flags, index, ring[size], used_event */
#define VIRTQ_AVAIL_NO_INTERRUPT 1u
struct virtq_avail {
    _Atomic(uint16_t) flags;
    _Atomic(uint16_t) index;
    uint16_t ring[];
};
_Static_assert(sizeof(struct virtq_avail) == 4, "virtio 2.7.6");

/* 2.7.8 used ring: flags, index, ring[size], avail_event */
#define VIRTQ_USED_NO_NOTIFY 1u
struct virtq_used_element {
    uint32_t id; /* head of the chain */
    uint32_t length; /* bytes the device has written into it */
};
struct virtq_used {
    _Atomic(uint16_t) flags;
    _Atomic(uint16_t) index;
    struct virtq_used_element ring[];
};
_Static_assert(sizeof(struct virtq_used_element) == 8, "virtio 2.7.8");
_Static_assert(sizeof(struct virtq_used) == 4, "virtio 2.7.8");

#define VIRTQ_DESC_ALIGN 16u
#define VIRTQ_AVAIL_ALIGN 2u
#define VIRTQ_USED_ALIGN 4u
#define VIRTQUEUE_SIZE_MAX 32768u

/* 4.2.2 MMIO device register layout */
#define VIRTIO_MMIO_MAGIC_VALUE 0x000u
#define VIRTIO_MMIO_VERSION 0x004u
#define VIRTIO_MMIO_DEVICE_ID 0x008u
#define VIRTIO_MMIO_VENDOR_ID 0x00cu
#define VIRTIO_MMIO_DEVICE_FEATURES 0x010u
#define VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014u
#define VIRTIO_MMIO_DRIVER_FEATURES 0x020u
#define VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024u
#define VIRTIO_MMIO_QUEUE_SEL 0x030u
#define VIRTIO_MMIO_QUEUE_NUM_MAX 0x034u
#define VIRTIO_MMIO_QUEUE_NUM 0x038u
#define VIRTIO_MMIO_QUEUE_READY 0x044u
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x050u
#define VIRTIO_MMIO_INTERRUPT_STATUS 0x060u
#define VIRTIO_MMIO_INTERRUPT_ACK 0x064u
#define VIRTIO_MMIO_STATUS 0x070u
#define VIRTIO_MMIO_QUEUE_DESC_LOW 0x080u
#define VIRTIO_MMIO_QUEUE_DESC_HIGH 0x084u
#define VIRTIO_MMIO_QUEUE_DRIVER_LOW 0x090u
#define VIRTIO_MMIO_QUEUE_DRIVER_HIGH 0x094u
#define VIRTIO_MMIO_QUEUE_DEVICE_LOW 0x0a0u
#define VIRTIO_MMIO_QUEUE_DEVICE_HIGH 0x0a4u
#define VIRTIO_MMIO_CONFIG_GENERATION 0x0fcu
#define VIRTIO_MMIO_CONFIG 0x100u

#define VIRTIO_MMIO_MAGIC 0x74726976u /* "virt" */
#define VIRTIO_MMIO_VERSION_LEGACY 1u
#define VIRTIO_MMIO_VERSION_MODERN 2u

/* Bits of InterruptStatus and InterruptACK (the ISR field of PCI, 4.1.4.5, too) */
#define VIRTIO_INTERRUPT_USED 1u
#define VIRTIO_INTERRUPT_CONFIG 2u

/* 4.1.2 PCI device discovery */
#define VIRTIO_PCI_VENDOR 0x1af4u
#define VIRTIO_PCI_DEVICE_FIRST 0x1000u /* transitional; the kind is the subsystem's number */
#define VIRTIO_PCI_DEVICE_MODERN 0x1040u /* plus the kind */
#define VIRTIO_PCI_DEVICE_LAST 0x107fu

/* 4.1.4 capabilities: type at byte 3, BAR at 4, offset at 8, length at 12 */
#define VIRTIO_PCI_CAP_BAR 4u
#define VIRTIO_PCI_CAP_OFFSET 8u
#define VIRTIO_PCI_CAP_LENGTH 12u
#define VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER 16u
enum virtio_pci_cap_type {
    VIRTIO_PCI_CAP_COMMON = 1,
    VIRTIO_PCI_CAP_NOTIFY = 2,
    VIRTIO_PCI_CAP_ISR = 3,
    VIRTIO_PCI_CAP_DEVICE = 4,
};
#define VIRTIO_PCI_CAP_BYTES 16u /* length of these, but for ... */
#define VIRTIO_PCI_CAP_NOTIFY_BYTES 20u

/* 4.1.4.3 common configuration structure */
struct virtio_pci_common {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t config_msix_vector, queue_count;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    uint32_t queue_desc_low, queue_desc_high;
    uint32_t queue_driver_low, queue_driver_high;
    uint32_t queue_device_low, queue_device_high;
};
_Static_assert(sizeof(struct virtio_pci_common) == 56, "virtio 4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common, queue_desc_low) == 32, "virtio 4.1.4.3");
#define VIRTIO_PCI_NO_VECTOR 0xffffu

/* 5.3 console device */
#define VIRTIO_CONSOLE_F_SIZE (1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT (1ull << 1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE (1ull << 2)

struct virtio_console_config {
    uint16_t columns;
    uint16_t rows;
    uint32_t ports_max;
    uint32_t emergency_write;
};
_Static_assert(sizeof(struct virtio_console_config) == 12, "virtio 5.3.4");

/* 5.3.2 virtqueues: port 0 has 0 and 1, port N > 0 has 2N + 2 and 2N + 3 */
#define VIRTIO_CONSOLE_QUEUE_CONTROL_RX 2u
#define VIRTIO_CONSOLE_QUEUE_CONTROL_TX 3u

/* 5.3.6.2 multiport control messages */
struct virtio_console_control {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};
_Static_assert(sizeof(struct virtio_console_control) == 8, "virtio 5.3.6.2");
enum virtio_console_event {
    VIRTIO_CONSOLE_DEVICE_READY = 0,
    VIRTIO_CONSOLE_PORT_ADD = 1,
    VIRTIO_CONSOLE_PORT_REMOVE = 2,
    VIRTIO_CONSOLE_PORT_READY = 3,
    VIRTIO_CONSOLE_CONSOLE_PORT = 4,
    VIRTIO_CONSOLE_RESIZE = 5,
    VIRTIO_CONSOLE_PORT_OPEN = 6,
    VIRTIO_CONSOLE_PORT_NAME = 7,
};
struct virtio_console_resize { /* follows the message; 5.3.6.2 */
    uint16_t columns;
    uint16_t rows;
};

/* 5.2 block device */
#define VIRTIO_BLK_F_SIZE_MAX (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)

/* 5.2.4 configuration layout, offsets */
#define VIRTIO_BLK_CONFIG_CAPACITY 0u /* u64, sectors of 512 bytes */
#define VIRTIO_BLK_CONFIG_SIZE_MAX 8u /* u32 */
#define VIRTIO_BLK_CONFIG_SEG_MAX 12u /* u32 */

/* 5.2.6 requests */
#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_S_OK 0u
#define VIRTIO_BLK_S_IOERR 1u
#define VIRTIO_BLK_S_UNSUPP 2u

struct virtio_blk_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};
_Static_assert(sizeof(struct virtio_blk_header) == 16, "virtio 5.2.6");

#endif
