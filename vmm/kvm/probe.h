/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does KVM work on this host?  A module of a processor's vendor behind
 * /dev/kvm is believed; anything else has to run a small guest properly.
 */
#ifndef VMM_KVM_PROBE_H
#define VMM_KVM_PROBE_H

#include <stdbool.h>

#include "vmm/vmm.h"

/*
 * text (may be NULL) receives one line of explanation.  Takes at most
 * KVM_PROBE_TIMEOUT_MS, and leaves nothing behind.
 */
#define KVM_PROBE_TIMEOUT_MS 500
/* KVM's module for this host's processor is loaded: cheap, and enough to trust it. */
bool kvm_is_vendors(void);
enum vmm_verdict kvm_probe(char *text, size_t size);

#endif
