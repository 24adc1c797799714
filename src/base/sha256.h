/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 (FIPS 180-4), for the digests of inputs in results. */
#ifndef CDS_BASE_SHA256_H
#define CDS_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { CDS_SHA256_TEXT = 65 };

typedef struct cds_sha256 {
  uint32_t state[8];
  uint64_t bytes;          /* hashed so far */
  unsigned char block[64]; /* not yet hashed: the last bytes % 64 */
} cds_sha256;

void cds_sha256_begin(cds_sha256 *hash);
void cds_sha256_add(cds_sha256 *hash, const void *data, size_t size);
/* Writes 64 lower-case hexadecimal digits and a zero. */
void cds_sha256_end(cds_sha256 *hash, char text[CDS_SHA256_TEXT]);

#endif
