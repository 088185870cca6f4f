/* SPDX-License-Identifier: BSD-2-Clause */
/* The main() of a program that has none: the linker takes this file only then. */
#include "sdk/vmm_guest.h"

int main(void);

int main(void)
{
    return vmm_guest_serve();
}
