/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 as FIPS 180-4 section 6.2 describes it; names follow the standard. */
#include "base/sha256.h"

#include <string.h>

/* First 32 bits of the fractional parts of the cube roots of the first 64
 * primes: FIPS 180-4, section 4.2.2. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n) {
  return (x >> n) | (x << (32 - n));
}

void cds_sha256_begin(cds_sha256 *hash) {
  /* Fractional parts of the square roots of the first 8 primes: 5.3.3. */
  static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                    0xa54ff53a, 0x510e527f, 0x9b05688c,
                                    0x1f83d9ab, 0x5be0cd19};
  memcpy(hash->state, start, sizeof start);
  hash->bytes = 0;
}

static void schedule(uint32_t w[64], const unsigned char block[64]) {
  for (unsigned t = 0; t < 16; t++) {
    const unsigned char *at = block + 4 * (size_t)t;
    w[t] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
  }
  for (unsigned t = 16; t < 64; t++) {
    const uint32_t a = w[t - 15], b = w[t - 2];
    const uint32_t s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3);
    const uint32_t s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
}

static void compress(uint32_t state[8], const unsigned char block[64]) {
  uint32_t w[64], v[8];
  schedule(w, block);
  memcpy(v, state, sizeof v);
  for (unsigned t = 0; t < 64; t++) {
    const uint32_t a = v[0], e = v[4];
    const uint32_t big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const uint32_t choose = (e & v[5]) ^ (~e & v[6]);
    const uint32_t t1 = v[7] + big1 + choose + K[t] + w[t];
    const uint32_t big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + big0 + majority;
  }
  for (unsigned i = 0; i < 8; i++) {
    state[i] += v[i];
  }
}

void cds_sha256_add(cds_sha256 *hash, const void *data, size_t size) {
  const unsigned char *at = data;
  while (size > 0) {
    const size_t used = (size_t)(hash->bytes % 64);
    const size_t part = size < 64 - used ? size : 64 - used;
    memcpy(hash->block + used, at, part);
    hash->bytes += part;
    at += part;
    size -= part;
    if (used + part == 64) {
      compress(hash->state, hash->block);
    }
  }
}

void cds_sha256_end(cds_sha256 *hash, char text[CDS_SHA256_TEXT]) {
  static const unsigned char padding[64] = {0x80};
  const uint64_t bits = hash->bytes * 8;
  const size_t used = (size_t)(hash->bytes % 64);
  cds_sha256_add(hash, padding, used < 56 ? 56 - used : 120 - used);
  unsigned char length[8];
  for (unsigned i = 0; i < 8; i++) {
    length[i] = (unsigned char)(bits >> (56 - 8 * i));
  }
  cds_sha256_add(hash, length, sizeof length);
  for (unsigned i = 0; i < 64; i++) {
    const unsigned digit = hash->state[i / 8] >> (28 - 4 * (i % 8)) & 15;
    text[i] = "0123456789abcdef"[digit];
  }
  text[64] = '\0';
}
