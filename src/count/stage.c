/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way between the outermost level and homes. */
#include "count/stage.h"

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

cds_status cds_count_homes(cds_counts *out, const cds_einsum *einsum) {
  const cds_stage *stage = einsum->stage;
  const unsigned output = einsum->tensors - 1;
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
      take_output(out, home, t, words * stage->repeats);
    } else {
      bring_operand(out, home, t);
    }
  }
  return CDS_OK;
}
