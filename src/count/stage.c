/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All repeats of a stage, and the way between the outermost level and homes. */
#include "count/stage.h"

#include "base/checked.h"

static bool scale(uint64_t *counts, size_t number, uint64_t times) {
  bool fine = true;
  for (size_t i = 0; i < number; i++) {
    fine = cds_mul_u64(&counts[i], counts[i], times) && fine;
  }
  return fine;
}

#define SCALE(field) scale(field, sizeof(field) / sizeof(uint64_t), times)
#define SCALE_PAIRS(field)                                                     \
  scale(&(field)[0][0], sizeof(field) / sizeof(uint64_t), times)

/* All that is moved; what a tile is stays. */
static bool scale_traffic(cds_traffic *entry, uint64_t times) {
  bool fine = SCALE(entry->words) && SCALE(entry->peak) &&
              SCALE(entry->partial) && SCALE(entry->partial_peak);
  fine = fine && SCALE(entry->down) && SCALE(entry->down_peak) &&
         SCALE(entry->up) && SCALE(entry->up_peak) &&
         SCALE(entry->up_partial) && SCALE(entry->up_partial_peak) &&
         SCALE(entry->adds);
  fine = fine && scale(&entry->first_parent, 1, times) &&
         scale(&entry->first_own, 1, times) && SCALE(entry->first_net) &&
         scale(&entry->last_parent, 1, times) &&
         scale(&entry->last_own, 1, times) && SCALE(entry->last_net);
  fine = fine && SCALE(entry->hops_down) && SCALE(entry->hops_up) &&
         SCALE(entry->hops_up_partial);
  return fine && SCALE_PAIRS(entry->link_down) && SCALE_PAIRS(entry->link_up) &&
         SCALE_PAIRS(entry->link_up_partial) &&
         SCALE_PAIRS(entry->first_link) && SCALE_PAIRS(entry->last_link);
}

/* Words on one side of the way; there are no arrays on it, so that all of them
 * are on one instance. */
static void add(cds_traffic *entry, cds_action action, uint64_t words,
                uint64_t partial) {
  entry->words[action] += words;
  entry->peak[action] += words;
  entry->partial[action] += partial;
  entry->partial_peak[action] += partial;
}

static void bring_operand(cds_counts *out, const cds_home *home, unsigned t) {
  cds_traffic *above = &out->at[0][t];
  cds_traffic *at = &out->at[home->level][t];
  add(above, CDS_READ, home->loads, 0);
  add(at, CDS_FILL, home->loads, 0);
  at->first_parent += home->tile_words;
  at->first_own += home->tile_words;
}

/* As count.c has it for any holder without arrays between it and its parent:
 * all loads are drained, the first of each word starts at zero, and the last is
 * the result. */
static void take_output(cds_counts *out, const cds_home *home, unsigned t,
                        uint64_t words) {
  cds_traffic *above = &out->at[0][t];
  cds_traffic *at = &out->at[home->level][t];
  const uint64_t back = home->loads - words;
  add(at, CDS_DRAIN, home->loads, back);
  add(above, CDS_UPDATE, home->loads, back);
  add(above, CDS_READ, back, back);
  add(at, CDS_FILL, back, back);
  above->partial_tile = back > 0;
  at->partial_tile = at->partial_tile || back > 0;
  at->last_parent += home->tile_words;
  at->last_own += home->tile_words;
}

cds_status cds_count_repeats(cds_counts *out, const cds_arch *arch,
                             const cds_einsum *einsum) {
  const cds_stage *stage = einsum->stage;
  const uint64_t times = stage->repeats;
  const unsigned output = einsum->tensors - 1;
  bool fine = scale(&out->macs, 1, times) && scale(&out->steps, 1, times) &&
              SCALE(out->passes);
  for (unsigned level = 0; level <= arch->levels; level++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      fine = fine && scale_traffic(&out->at[level][t], times);
    }
  }
  if (!fine) {
    return CDS_ELIMIT;
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const cds_home *home = &stage->home[t];
    cds_traffic *at = &out->at[home->level][t];
    if (home->level == 0) {
      continue;
    }
    at->tile_words = home->tile_words;
    at->replaced = home->replaced;
    if (home->loads == 0) {
      continue;
    }
    out->at[0][t].held = true;
    at->parent = 0;
    if (t == output) {
      uint64_t words = 0;
      CDS_TRY(cds_tensor_words(&words, einsum, t));
      take_output(out, home, t, words * times);
    } else {
      bring_operand(out, home, t);
    }
  }
  return CDS_OK;
}
