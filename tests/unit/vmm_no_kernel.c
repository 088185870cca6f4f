/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for the built-in kernel where a test links its loader without it.
 */
#include <stdint.h>

extern const uint8_t guest_image_start[1], guest_image_end[1];
const uint8_t guest_image_start[1] = {0};
const uint8_t guest_image_end[1] = {0};
