/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function: RFC 8439, sections 2.1 to 2.3. */
#include "lib/chacha20.h"

#include "lib/string.h"

static inline uint32_t rotate_left(uint32_t value, unsigned int bits)
{
    return value << bits | value >> (32 - bits);
}

static inline void quarter_round(uint32_t x[16], int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 7);
}

void chacha20_block(const uint8_t key[CHACHA20_KEY_SIZE], uint32_t counter, const uint32_t nonce[3],
                    uint8_t out[CHACHA20_BLOCK_SIZE])
{
    uint32_t input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* "expand 32-byte k" */
    uint32_t x[16];
    memcpy(&input[4], key, CHACHA20_KEY_SIZE);
    input[12] = counter;
    memcpy(&input[13], nonce, 3 * sizeof(uint32_t));
    memcpy(x, input, sizeof(x));
    for (int i = 0; i < 10; i++) {
        quarter_round(x, 0, 4, 8, 12);
        quarter_round(x, 1, 5, 9, 13);
        quarter_round(x, 2, 6, 10, 14);
        quarter_round(x, 3, 7, 11, 15);
        quarter_round(x, 0, 5, 10, 15);
        quarter_round(x, 1, 6, 11, 12);
        quarter_round(x, 2, 7, 8, 13);
        quarter_round(x, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        x[i] += input[i];
    memcpy(out, x, sizeof(x));
}
