/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function (RFC 8439, section 2.3).  No state of its own. */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include "lib/types.h"

#define CHACHA20_KEY_SIZE 32u
#define CHACHA20_BLOCK_SIZE 64u

/* One block of the key stream.  */
void chacha20_block(const uint8_t key[CHACHA20_KEY_SIZE], uint32_t counter, const uint32_t nonce[3],
                    uint8_t out[CHACHA20_BLOCK_SIZE]);

#endif
