/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capacity, in bits of one instance:
 *   need(L) = sum over tensors held of tile words x bits x copies
 * Partial sums take the accumulator's bits; a tile that is replaced during the
 * run is held twice where the level is double buffered.
 */
#include "base/checked.h"
#include "price/words.h"
#include "spec/stage.h"

static uint64_t tile_bits(const cds_arch *arch, const cds_einsum *einsum,
                          const cds_counts *counts, unsigned level,
                          unsigned tensor) {
  const cds_traffic *entry = &counts->at[level][tensor];
  if (!entry->held) {
    return 0;
  }
  const bool twice = entry->replaced && cds_level_doubled(arch, level);
  const uint64_t word =
      cds_word_bits(&einsum->tensor[tensor], entry->partial_tile);
  uint64_t bits = 0;
  if (!cds_mul_u64(&bits, entry->tile_words, word * (twice ? 2 : 1))) {
    return UINT64_MAX;
  }
  return bits;
}

void cds_price_needs(uint64_t need_bits[CDS_LEVELS_MAX], const cds_arch *arch,
                     const cds_einsum *einsum, const cds_counts *counts) {
  for (unsigned level = 0; level < arch->levels; level++) {
    uint64_t sum = einsum->stage == NULL ? 0 : einsum->stage->taken_bits[level];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      if (!cds_add_u64(&sum, sum, tile_bits(arch, einsum, counts, level, t))) {
        sum = UINT64_MAX;
        break;
      }
    }
    need_bits[level] = sum;
  }
}

cds_status cds_price_fits(cds_misfit *misfit, const cds_arch *arch,
                          const cds_einsum *einsum, const cds_counts *counts) {
  uint64_t need_bits[CDS_LEVELS_MAX];
  cds_price_needs(need_bits, arch, einsum, counts);
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *place = &arch->level[level];
    if (need_bits[level] <= place->size_bits ||
        (level == 0 && place->streamed)) {
      continue;
    }
    unsigned largest = 0;
    for (unsigned t = 1; t < einsum->tensors; t++) {
      if (tile_bits(arch, einsum, counts, level, t) >
          tile_bits(arch, einsum, counts, level, largest)) {
        largest = t;
      }
    }
    *misfit = (cds_misfit){level, largest, need_bits[level], place->size_bits};
    return CDS_EINFEASIBLE;
  }
  return CDS_OK;
}
