/* SPDX-License-Identifier: BSD-2-Clause */
/* Where ACPI's tables meet this kernel: mapping, and arch's apic_config.  Parsing: acpi_tables.c.
 */
#include "drivers/acpi.h"

#include "arch/apic.h"
#include "arch/spinlock.h"
#include "lib/printf.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define PHYSICAL_MAX DIRECT_MAP_SIZE

#define ISA_GSIS 16u

static uint64_t rsdp_address;
static uint64_t low_gsis, high_gsis; /* of the MADT's overrides */
static atomic_bool config_loaded;
static struct spinlock acpi_lock = SPINLOCK_INIT(LOCK_RANK_ANY);

void acpi_init(uint64_t rsdp)
{
    rsdp_address = rsdp;
}

static const void *map_physical(uint64_t address, uint64_t size)
{
    if (address >= PHYSICAL_MAX || size > PHYSICAL_MAX - address)
        return NULL;
    direct_map_add(PADDR(address), size);
    return phys_to_virt(PADDR(address));
}

const struct acpi_header *acpi_find(const char *signature, unsigned int index)
{
    return acpi_tables_find(map_physical, rsdp_address, signature, index);
}

static void copy_config(const struct acpi_madt *madt)
{
    low_gsis = madt->low_gsis;
    high_gsis = madt->high_gsis;
    if (madt->lapic_address != 0)
        apic_config.lapic_address = madt->lapic_address;
    if (madt->ioapic_count != 0) {
        apic_config.ioapic_count = MIN(madt->ioapic_count, IOAPICS_MAX);
        for (unsigned int i = 0; i < apic_config.ioapic_count; i++)
            apic_config.ioapics[i] = (struct ioapic_config){.address = madt->ioapics[i].address,
                                                            .gsi_base = madt->ioapics[i].gsi_base};
    }
    if (madt->cpu_count != 0) {
        apic_config.cpu_count = MIN(madt->cpu_count, ARRAY_SIZE(apic_config.cpu_apic_ids));
        for (unsigned int i = 0; i < apic_config.cpu_count; i++)
            apic_config.cpu_apic_ids[i] = madt->apic_ids[i];
    }
}

void acpi_load_apic_config(void)
{
    if (atomic_load_explicit(&config_loaded, memory_order_acquire))
        return;
    spin_lock(&acpi_lock);
    if (!atomic_load_explicit(&config_loaded, memory_order_relaxed)) {
        static struct acpi_madt madt; /* large for a stack; guarded by the lock */
        const struct acpi_header *table = acpi_find(ACPI_MADT_SIGNATURE, 0);
        if (table != NULL) { /* else a PC's usual values stay */
            if (!acpi_madt_read(table, &madt))
                klog(LOG_WARNING, "acpi: the MADT is malformed, read up to the fault");
            copy_config(&madt);
        }
        atomic_store_explicit(&config_loaded, true, memory_order_release);
    }
    spin_unlock(&acpi_lock);
}

bool acpi_line_is_low(unsigned int gsi)
{
    acpi_load_apic_config();
    if (gsi < 64 && ((low_gsis | high_gsis) >> gsi & 1))
        return low_gsis >> gsi & 1;
    return gsi >= ISA_GSIS;
}

bool acpi_find_ecam(struct acpi_ecam *ecam)
{
    const struct acpi_header *mcfg = acpi_find(ACPI_MCFG_SIGNATURE, 0);
    if (mcfg == NULL)
        return false;
    if (acpi_mcfg_read(mcfg, ecam))
        return true;
    klog(LOG_WARNING, "acpi: the MCFG names no usable range; there is no PCI for us");
    return false;
}

const struct acpi_header *acpi_find_dsdt(void)
{
    const struct acpi_header *fadt = acpi_find(ACPI_FADT_SIGNATURE, 0);
    return fadt == NULL ? NULL : acpi_tables_dsdt(map_physical, fadt);
}

unsigned int acpi_virtio_mmio(struct acpi_virtio_mmio *devices, unsigned int max)
{
    const struct acpi_header *dsdt = acpi_find_dsdt();
    return dsdt == NULL ? 0 : acpi_dsdt_virtio_mmio(dsdt, devices, max);
}
