/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a host offers what a guest was once shown.  Leaves of features only: what a guest may
 * have found out and relies on.  Names: Intel SDM 2A "CPUID", AMD APM 3 appendix E.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/config.h"
#include "vmm/kvm/cpuid.h"

enum { EAX, EBX, ECX, EDX };

struct feature_word {
    uint32_t leaf, subleaf;
    unsigned int part;
    uint32_t ignored; /* bits that are ours, or that say nothing about what instructions exist */
};

static const struct feature_word words[] = {
    /* Beside features: the hypervisor bit, the TSC deadline and OSXSAVE are set by others. */
    {1, 0, ECX, 1u << 31 | 1u << 24 | 1u << 27},
    {1, 0, EDX, 1u << 28},
    {7, 0, EBX, 0},
    {7, 0, ECX, 1u << 4},
    {7, 0, EDX, 0},
    {7, 1, EAX, 0},
    {0xd, 0, EAX, 0},
    {0xd, 1, EAX, 0},
    {0x80000001, 0, ECX, 0},
    {0x80000001, 0, EDX, 0},
    {0x80000008, 0, EBX, 0},
};

struct feature_name {
    uint32_t leaf;
    unsigned int part, bit;
    char name[16];
};

static const struct feature_name names[] = {
    {1, ECX, 0, "SSE3"},
    {1, ECX, 1, "PCLMULQDQ"},
    {1, ECX, 9, "SSSE3"},
    {1, ECX, 12, "FMA"},
    {1, ECX, 13, "CMPXCHG16B"},
    {1, ECX, 17, "PCID"},
    {1, ECX, 19, "SSE4.1"},
    {1, ECX, 20, "SSE4.2"},
    {1, ECX, 21, "x2APIC"},
    {1, ECX, 22, "MOVBE"},
    {1, ECX, 23, "POPCNT"},
    {1, ECX, 25, "AES"},
    {1, ECX, 26, "XSAVE"},
    {1, ECX, 28, "AVX"},
    {1, ECX, 29, "F16C"},
    {1, ECX, 30, "RDRAND"},
    {7, EBX, 0, "FSGSBASE"},
    {7, EBX, 3, "BMI1"},
    {7, EBX, 5, "AVX2"},
    {7, EBX, 7, "SMEP"},
    {7, EBX, 8, "BMI2"},
    {7, EBX, 9, "ERMS"},
    {7, EBX, 10, "INVPCID"},
    {7, EBX, 16, "AVX512F"},
    {7, EBX, 17, "AVX512DQ"},
    {7, EBX, 18, "RDSEED"},
    {7, EBX, 19, "ADX"},
    {7, EBX, 20, "SMAP"},
    {7, EBX, 24, "CLWB"},
    {7, EBX, 28, "AVX512CD"},
    {7, EBX, 29, "SHA"},
    {7, EBX, 30, "AVX512BW"},
    {7, EBX, 31, "AVX512VL"},
    {7, ECX, 2, "UMIP"},
    {7, ECX, 8, "GFNI"},
    {7, ECX, 9, "VAES"},
    {7, ECX, 10, "VPCLMULQDQ"},
    {0x80000001, ECX, 0, "LAHF"},
    {0x80000001, ECX, 5, "LZCNT"},
    {0x80000001, ECX, 6, "SSE4A"},
    {0x80000001, EDX, 20, "NX"},
    {0x80000001, EDX, 26, "1 GiB pages"},
    {0x80000001, EDX, 27, "RDTSCP"},
};

static uint32_t value_of(const struct cpuid_table *table, uint32_t leaf, uint32_t subleaf,
                         unsigned int part)
{
    for (uint32_t i = 0; i < table->nent; i++) {
        const struct kvm_cpuid_entry2 *entry = &table->entries[i];

        if (entry->function == leaf && entry->index == subleaf) {
            const uint32_t parts[] = {entry->eax, entry->ebx, entry->ecx, entry->edx};

            return parts[part];
        }
    }
    return 0;
}

static void name_bit(const struct feature_word *word, unsigned int bit, char *text, size_t size)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].leaf == word->leaf && names[i].part == word->part && names[i].bit == bit) {
            snprintf(text, size, "%s", names[i].name);
            return;
        }
    }
    snprintf(text, size, "CPUID leaf 0x%x.%u E%cX bit %u", word->leaf, word->subleaf,
             "ABCD"[word->part], bit);
}

/* Three registers of leaf 0: the vendor's name. */
static bool same_vendor(const struct cpuid_table *a, const struct cpuid_table *b)
{
    return value_of(a, 0, 0, EBX) == value_of(b, 0, 0, EBX) &&
           value_of(a, 0, 0, ECX) == value_of(b, 0, 0, ECX) &&
           value_of(a, 0, 0, EDX) == value_of(b, 0, 0, EDX);
}

static int compare(const struct cpuid_table *wanted, const struct cpuid_table *host,
                   const char *path, struct vmm_error *error)
{
    char name[48];

    if (!same_vendor(wanted, host)) {
        return vmm_fail(error, -ENOTSUP, VMM_FAULT_USAGE,
                        "%s: taken on a processor of another maker", path);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct feature_word *word = &words[i];
        uint32_t missing = value_of(wanted, word->leaf, word->subleaf, word->part) &
                           ~value_of(host, word->leaf, word->subleaf, word->part) & ~word->ignored;

        if (missing != 0) {
            name_bit(word, (unsigned int)__builtin_ctz(missing), name, sizeof(name));
            return vmm_fail(error, -ENOTSUP, VMM_FAULT_USAGE,
                            "%s: taken on a processor with %s, which this one lacks", path, name);
        }
    }
    return 0;
}

int cpuid_check_host(const struct cpuid_table *table, const char *path, struct vmm_error *error)
{
    struct kvm_vm kvm = {.kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), .fd = -1};
    struct cpuid_table host;
    int result;

    if (kvm.kvm_fd < 0) {
        return vmm_fail(error, -errno, VMM_FAULT_USAGE, "%s: snapshots need /dev/kvm: %s", path,
                        strerror(errno));
    }
    result = cpuid_read_host(&kvm, 1, &host);
    close(kvm.kvm_fd);
    return result != 0 ? vmm_fail(error, result, VMM_FAULT_USAGE, "KVM reports no CPUID: %s",
                                  strerror(-result))
                       : compare(table, &host, path, error);
}
