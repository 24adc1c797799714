/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy and cycles as Timeloop works them out; see timeloop.h. */
#include "price/timeloop.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "price/words.h"

typedef struct pricing {
  cds_timeloop_cost *cost;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_timeloop_counts *counts;
} pricing;

/* Bits of a word of the tensor at the level. */
static unsigned word_bits(const cds_level *level, const cds_einsum *einsum,
                          unsigned tensor) {
  if (level->word_bits > 0) {
    return level->word_bits;
  }
  return cds_word_bits(&einsum->tensor[tensor], tensor + 1 == einsum->tensors);
}

static double action_pj(const cds_level *level, cds_action action,
                        uint64_t words, unsigned bits) {
  const cds_access_price *price = &level->price[action];
  const uint64_t block =
      level->width_bits > bits ? level->width_bits / bits : 1;
  return (double)cds_ceil_div_u64(words, block) * price->access_pj +
         cds_words_bits(words, bits) * price->bit_pj;
}

static void price_level(pricing *it, unsigned level) {
  const cds_level *place = &it->arch->level[level];
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    const cds_timeloop_traffic *at = &it->counts->at[level][t];
    const unsigned bits = word_bits(place, it->einsum, t);
    const double one = action_pj(place, CDS_READ, at->reads, bits) +
                       action_pj(place, CDS_FILL, at->fills, bits) +
                       action_pj(place, CDS_UPDATE, at->updates, bits);
    it->cost->tensor_pj[level][t] = one * it->counts->used[level];
    it->cost->level_pj[level] += it->cost->tensor_pj[level][t];
  }
}

/* The array below a level, or NULL. */
static const cds_array *array_below(const cds_arch *arch, unsigned level) {
  const unsigned above = arch->level[level].depth;
  const unsigned below =
      level + 1 < arch->levels ? arch->level[level + 1].depth : arch->arrays;
  return below > above ? &arch->array[above] : NULL;
}

/* Without reduction in the network each result but the first of a word takes
 * the partial sum along, there and back. */
static double ways(const cds_array *array, const cds_timeloop_traffic *at,
                   bool result) {
  if (!result || array->reduction || !(at->ingresses > 0.0)) {
    return 1.0;
  }
  return (2.0 * at->ingresses - (double)at->partition_words) / at->ingresses;
}

static void price_network(pricing *it, unsigned level) {
  const cds_array *array = array_below(it->arch, level);
  for (unsigned t = 0; array != NULL && t < it->einsum->tensors; t++) {
    const cds_timeloop_traffic *at = &it->counts->at[level][t];
    const double bits = word_bits(&it->arch->level[level], it->einsum, t);
    const bool result = t + 1 == it->einsum->tensors;
    const double hops =
        array->network == CDS_NETWORK_BUS ? at->ingresses : at->hops;
    const double one =
        (hops * ways(array, at, result) + at->links) * bits * array->bit_pj +
        at->adds * array->add_pj;
    it->cost->network_pj[level][t] = one * it->counts->used[level];
    it->cost->energy_pj += it->cost->network_pj[level][t];
  }
}

/* ---- time --------------------------------------------------------------- */

static double least(double a, double b) { return a < b ? a : b; }

/* Words of an instance that works all the time, from the average. */
static double busiest(const pricing *it, unsigned level, uint64_t words) {
  const double idle =
      (double)it->counts->used_max[level] / it->counts->used[level];
  return ceil((double)words / idle);
}

static void time_level(pricing *it, unsigned level) {
  const cds_level *place = &it->arch->level[level];
  const double word = place->word_bits > 0 ? place->word_bits : 1.0;
  const double steps = (double)it->counts->steps;
  double reads = 0.0;
  double writes = 0.0;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    const cds_timeloop_traffic *at = &it->counts->at[level][t];
    const double scale =
        place->word_bits > 0 ? 1.0 : word_bits(place, it->einsum, t);
    reads += busiest(it, level, at->reads) * scale / steps;
    writes += busiest(it, level, at->fills + at->updates) * scale / steps;
  }
  double slowdown = 1.0;
  if (reads > 0.0) {
    slowdown = least(slowdown, place->read_bandwidth / word / reads);
  }
  if (writes > 0.0) {
    slowdown = least(slowdown, place->write_bandwidth / word / writes);
  }
  if (reads + writes > 0.0) {
    slowdown =
        least(slowdown, place->shared_bandwidth / word / (reads + writes));
  }
  it->cost->slowdown[level] = slowdown;
  it->cost->level_cycles[level] = ceil(steps / slowdown);
  if (it->cost->level_cycles[level] > it->cost->cycles) {
    it->cost->cycles = it->cost->level_cycles[level];
  }
}

static void leak(pricing *it, unsigned level) {
  const double cycle_pj =
      cds_level_standing_w(&it->arch->level[level]) * 1e12 / it->arch->clock_hz;
  it->cost->leakage_pj[level] =
      cycle_pj * it->cost->cycles * it->counts->used[level];
  it->cost->level_pj[level] += it->cost->leakage_pj[level];
  it->cost->energy_pj += it->cost->level_pj[level];
}

cds_status cds_timeloop_price(cds_timeloop_cost *out, const cds_arch *arch,
                              const cds_einsum *einsum,
                              const cds_timeloop_counts *counts) {
  memset(out, 0, sizeof *out);
  pricing it = {out, arch, einsum, counts};
  const unsigned format = cds_compute_format(arch, einsum);
  if (format == UINT_MAX) {
    return CDS_EINPUT;
  }
  out->cycles = (double)counts->steps;
  for (unsigned level = 0; level < arch->levels; level++) {
    price_level(&it, level);
    price_network(&it, level);
    time_level(&it, level);
  }
  for (unsigned level = 0; level < arch->levels; level++) {
    leak(&it, level);
  }
  out->compute_pj = (double)counts->macs * arch->compute.mac_pj[format];
  out->energy_pj += out->compute_pj;
  out->utilization =
      (double)counts->macs /
      (out->cycles * (double)cds_arch_instances(arch, arch->arrays));
  return CDS_OK;
}

/* ---- capacity ----------------------------------------------------------- */

void cds_timeloop_needs(uint64_t *need, uint64_t *size, const cds_arch *arch,
                        const cds_einsum *einsum,
                        const cds_timeloop_counts *counts, unsigned level) {
  const cds_level *place = &arch->level[level];
  *need = 0;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const uint64_t scale =
        place->word_bits > 0 ? 1 : word_bits(place, einsum, t);
    uint64_t words = 0;
    if (!cds_mul_u64(&words, counts->at[level][t].tile_words, scale) ||
        !cds_add_u64(need, *need, words)) {
      *need = UINT64_MAX;
    }
  }
  *size = place->size_bits == UINT64_MAX || place->word_bits == 0
              ? place->size_bits
              : place->size_bits / place->word_bits;
}

cds_status cds_timeloop_fits(cds_misfit *misfit, const cds_arch *arch,
                             const cds_einsum *einsum,
                             const cds_timeloop_counts *counts) {
  for (unsigned level = 0; level < arch->levels; level++) {
    const unsigned word = arch->level[level].word_bits;
    uint64_t need = 0;
    uint64_t size = 0;
    cds_timeloop_needs(&need, &size, arch, einsum, counts, level);
    if (need <= size) {
      continue;
    }
    *misfit = (cds_misfit){.level = level, .size_bits = size};
    if (word > 0) {
      misfit->size_bits = size * word;
    }
    if (!cds_mul_u64(&misfit->need_bits, need, word > 0 ? word : 1)) {
      misfit->need_bits = UINT64_MAX;
    }
    for (unsigned t = 1; t < einsum->tensors; t++) {
      if (counts->at[level][t].tile_words >
          counts->at[level][misfit->tensor].tile_words) {
        misfit->tensor = t;
      }
    }
    return CDS_EINFEASIBLE;
  }
  return CDS_OK;
}
