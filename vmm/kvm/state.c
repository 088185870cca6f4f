/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of loading: the APIC's mode is in the special registers, the APIC's timer wants the APIC in
 * its mode, the deadline of the timer is an MSR; events come last.
 */
#include "vmm/kvm/state.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/config.h"

#define MSR_TSC 0x10u
#define TSC_FAR (1ull << 40) /* minutes */
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_FS_BASE 0xc0000100u
#define MSR_TSC_AUX 0xc0000103u
/* Hyper-V's: a guest that is not shown them cannot use them. */
#define MSR_HYPERV_FIRST 0x40000000u
#define MSR_HYPERV_LAST 0x400001ffu
#define INDICES_MAX 512u

static int fail(struct vmm_error *error, const struct vcpu *vcpu, const char *what)
{
    int result = errno != 0 ? -errno : -EIO;

    return vmm_fail(error, result, VMM_FAULT_USAGE, "KVM: %s of CPU %u: %s", what, vcpu->index,
                    strerror(-result));
}

/* ---- MSRs ---------------------------------------------------------------- */

struct msr_list { /* struct kvm_msrs with its entries */
    uint32_t count, padding;
    struct kvm_msr_entry entries[VCPU_MSRS_MAX];
};

static int list_msrs(const struct vcpu *vcpu, struct vcpu_state *state)
{
    struct { /* struct kvm_msr_list with its indices */
        uint32_t count;
        uint32_t indices[INDICES_MAX];
    } list = {.count = INDICES_MAX};

    if (ioctl(vcpu->vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, &list) != 0) {
        return -errno;
    }
    state->msrs[0].index = MSR_TSC;
    state->msr_count = 1;
    for (uint32_t i = 0; i < list.count && state->msr_count < VCPU_MSRS_MAX; i++) {
        uint32_t index = list.indices[i];

        if (index != MSR_TSC && (index < MSR_HYPERV_FIRST || index > MSR_HYPERV_LAST)) {
            state->msrs[state->msr_count++].index = index;
        }
    }
    return 0;
}

static void drop_msr(struct vcpu_state *state, uint32_t at)
{
    memmove(&state->msrs[at], &state->msrs[at + 1],
            (state->msr_count - at - 1) * sizeof(state->msrs[0]));
    state->msr_count--;
}

/*
 * Reads them all, and writes them back: what KVM lists but this CPU does not have, or does
 * not take, is left out.
 */
static int save_msrs(const struct vcpu *vcpu, struct vcpu_state *state)
{
    struct msr_list list = {.count = 0};
    int result = list_msrs(vcpu, state);
    uint32_t done = 0;

    while (result == 0 && done < state->msr_count) {
        int taken;

        list.count = state->msr_count - done;
        memcpy(list.entries, &state->msrs[done], list.count * sizeof(list.entries[0]));
        taken = ioctl(vcpu->fd, KVM_GET_MSRS, &list);
        if (taken < 0) {
            return -errno;
        }
        memcpy(&state->msrs[done], list.entries, (size_t)taken * sizeof(list.entries[0]));
        done += (uint32_t)taken;
        if (done < state->msr_count) {
            drop_msr(state, done);
        }
    }
    for (done = 1; result == 0 && done < state->msr_count;) {
        int taken;

        list.count = state->msr_count - done;
        memcpy(list.entries, &state->msrs[done], list.count * sizeof(list.entries[0]));
        taken = ioctl(vcpu->fd, KVM_SET_MSRS, &list);
        if (taken < 0) {
            return -errno;
        }
        done += (uint32_t)taken;
        if (done < state->msr_count) {
            drop_msr(state, done);
        }
    }
    return result;
}

static int load_msrs(const struct vcpu *vcpu, const struct vcpu_state *state)
{
    struct msr_list list = {.count = state->msr_count};

    memcpy(list.entries, state->msrs, list.count * sizeof(list.entries[0]));
    errno = EINVAL; /* for a refused one, which KVM reports by a count */
    return ioctl(vcpu->fd, KVM_SET_MSRS, &list) == (int)list.count ? 0 : -errno;
}

struct one_msr { /* struct kvm_msrs with its entry */
    uint32_t count, padding;
    struct kvm_msr_entry entry;
};

uint64_t vcpu_tsc(const struct vcpu *vcpu)
{
    struct one_msr list = {.count = 1, .entry = {.index = MSR_TSC}};

    return ioctl(vcpu->fd, KVM_GET_MSRS, &list) == 1 ? list.entry.data : 0;
}

/*
 * KVM takes a TSC that is less than a second from what the VM's last written one has come to for
 * an attempt to synchronise CPUs, and leaves it as it is: a young VM's would begin at 0 again.  So
 * the first CPU's is sent far away before; the others are meant to follow it.
 */
static int send_tsc_away(const struct vcpu *vcpu, const struct vcpu_state *state)
{
    struct one_msr list = {.count = 1,
                           .entry = {.index = MSR_TSC, .data = state->msrs[0].data + TSC_FAR}};

    if (vcpu->index != 0 || state->msrs[0].index != MSR_TSC) {
        return 0;
    }
    return ioctl(vcpu->fd, KVM_SET_MSRS, &list) == 1 ? 0 : -EINVAL;
}

/* ---- All ----------------------------------------------------------------- */

static bool has(const struct vcpu *vcpu, unsigned int capability)
{
    return ioctl(vcpu->vm->kvm_fd, KVM_CHECK_EXTENSION, capability) > 0;
}

int vcpu_state_save(struct vcpu *vcpu, struct vcpu_state *state, struct vmm_error *error)
{
    memset(state, 0, sizeof(*state));
    state->has_xsave = has(vcpu, KVM_CAP_XSAVE);
    state->has_xcrs = has(vcpu, KVM_CAP_XCRS);
    if (vcpu_complete_exit(vcpu) != 0) {
        return fail(error, vcpu, "the end of an access");
    }
    if (ioctl(vcpu->fd, KVM_GET_REGS, &state->regs) != 0 ||
        ioctl(vcpu->fd, KVM_GET_SREGS, &state->sregs) != 0 ||
        ioctl(vcpu->fd, KVM_GET_MP_STATE, &state->mp_state) != 0 ||
        ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &state->debugregs) != 0) {
        return fail(error, vcpu, "registers");
    }
    if ((state->has_xsave ? ioctl(vcpu->fd, KVM_GET_XSAVE, &state->xsave)
                          : ioctl(vcpu->fd, KVM_GET_FPU, &state->fpu)) != 0 ||
        (state->has_xcrs && ioctl(vcpu->fd, KVM_GET_XCRS, &state->xcrs) != 0)) {
        return fail(error, vcpu, "vector registers");
    }
    if (ioctl(vcpu->fd, KVM_GET_LAPIC, &state->lapic) != 0) {
        return fail(error, vcpu, "local APIC");
    }
    if (save_msrs(vcpu, state) != 0) {
        return fail(error, vcpu, "model-specific registers");
    }
    if (ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &state->events) != 0) {
        return fail(error, vcpu, "pending events");
    }
    return 0;
}

static int set_vectors(const struct vcpu *vcpu, const struct vcpu_state *state)
{
    if (state->has_xcrs && ioctl(vcpu->fd, KVM_SET_XCRS, &state->xcrs) != 0) {
        return -errno;
    }
    return (state->has_xsave ? ioctl(vcpu->fd, KVM_SET_XSAVE, &state->xsave)
                             : ioctl(vcpu->fd, KVM_SET_FPU, &state->fpu)) != 0
               ? -errno
               : 0;
}

int vcpu_state_load(struct vcpu *vcpu, const struct vcpu_state *state, struct vmm_error *error)
{
    errno = 0;
    if (ioctl(vcpu->fd, KVM_SET_SREGS, &state->sregs) != 0 ||
        ioctl(vcpu->fd, KVM_SET_REGS, &state->regs) != 0 ||
        ioctl(vcpu->fd, KVM_SET_DEBUGREGS, &state->debugregs) != 0) {
        return fail(error, vcpu, "registers");
    }
    if (set_vectors(vcpu, state) != 0) {
        return fail(error, vcpu, "vector registers");
    }
    if (ioctl(vcpu->fd, KVM_SET_LAPIC, &state->lapic) != 0) {
        return fail(error, vcpu, "local APIC");
    }
    if (state->msr_count > VCPU_MSRS_MAX || send_tsc_away(vcpu, state) != 0 ||
        load_msrs(vcpu, state) != 0) {
        return fail(error, vcpu, "model-specific registers");
    }
    if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state->mp_state) != 0 ||
        ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &state->events) != 0) {
        return fail(error, vcpu, "pending events");
    }
    return 0;
}

/* ---- Again --------------------------------------------------------------- */

/* The access of an OUT is complete once its exit has been seen, but for the step over it. */
static bool left_by_out(const struct vcpu *vcpu)
{
    return vcpu->run->exit_reason == KVM_EXIT_IO && vcpu->run->io.direction == KVM_EXIT_IO_OUT &&
           vcpu->run->io.count == 1;
}

/* MSRs that are not watched; the deadline of the APIC's timer among them. */
static bool is_unwatched(uint32_t index)
{
    return index == MSR_TSC_DEADLINE || (index >= MSR_FS_BASE && index <= MSR_TSC_AUX);
}

static int reset_msrs(struct vcpu *vcpu, const struct vcpu_state *state)
{
    struct msr_list list = {.count = 0};

    if (!atomic_load(&vcpu->vm->msrs_watched)) {
        return load_msrs(vcpu, state);
    }
    for (uint32_t i = 0; i < state->msr_count; i++) {
        if (is_unwatched(state->msrs[i].index)) {
            list.entries[list.count++] = state->msrs[i];
        }
    }
    errno = EINVAL;
    return ioctl(vcpu->fd, KVM_SET_MSRS, &list) == (int)list.count ? 0 : -errno;
}

/* What is seldom changed is compared: setting it costs KVM more than reading it. */
static int reset_seldom(struct vcpu *vcpu, const struct vcpu_state *state)
{
    struct kvm_lapic_state lapic;
    struct kvm_sregs sregs;

    if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) != 0 ||
        ioctl(vcpu->fd, KVM_GET_LAPIC, &lapic) != 0) {
        return -errno;
    }
    if (memcmp(&sregs, &state->sregs, sizeof(sregs)) != 0 &&
        ioctl(vcpu->fd, KVM_SET_SREGS, &state->sregs) != 0) {
        return -errno;
    }
    if (memcmp(&lapic, &state->lapic, sizeof(lapic)) != 0 &&
        ioctl(vcpu->fd, KVM_SET_LAPIC, &state->lapic) != 0) {
        return -errno;
    }
    return 0;
}

int vcpu_state_reset(struct vcpu *vcpu, const struct vcpu_state *state, struct vmm_error *error)
{
    /*
     * KVM steps over an OUT only if the program counter still points at it, which the state's
     * never does; all else is brought to its end first.
     */
    vcpu->run->immediate_exit = 0;
    vcpu->run->kvm_dirty_regs = 0;
    if (!left_by_out(vcpu) && vcpu_complete_exit(vcpu) != 0) {
        return fail(error, vcpu, "the end of an access");
    }
    errno = 0;
    if (reset_seldom(vcpu, state) != 0 || ioctl(vcpu->fd, KVM_SET_REGS, &state->regs) != 0 ||
        ioctl(vcpu->fd, KVM_SET_DEBUGREGS, &state->debugregs) != 0) {
        return fail(error, vcpu, "registers");
    }
    if (set_vectors(vcpu, state) != 0) {
        return fail(error, vcpu, "vector registers");
    }
    if (reset_msrs(vcpu, state) != 0) {
        return fail(error, vcpu, "model-specific registers");
    }
    if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state->mp_state) != 0 ||
        ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &state->events) != 0) {
        return fail(error, vcpu, "pending events");
    }
    return 0;
}
