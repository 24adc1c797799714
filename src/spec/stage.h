/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An einsum as a stage of a fused group: loops outside of several einsums,
 * whose tiles stay on chip from one to the next.
 *
 * The sizes of its ranks are those of one pass of the outer loops. Some of its
 * tensors are at home at a level below the outermost one: tiles of them that
 * the outer loops left there, or will fetch from there. In each pass the stage
 * takes in and gives up all its other tiles anew, as other stages ran between.
 *
 *   passes   how often it runs in all
 *   repeats  how many outputs it makes: those of passes that have the same are
 *            added, each with other operands (and not all need equally many)
 */
#ifndef CDS_SPEC_STAGE_H
#define CDS_SPEC_STAGE_H

#include "spec/arch.h"
#include "spec/einsum.h"

/* A tensor of a stage. Home levels stand above all arrays. */
typedef struct cds_home {
  unsigned level; /* 0: the outermost, which has the whole tensor */
  /* Below the outermost level: */
  uint64_t tile_words; /* of one tile at home */
  bool replaced;       /* by another tile during the run */
  /* Words of all of its tiles over the whole run that come from the outermost
   * level (operands), or go there (output; all but the last of each word are
   * partial sums, which come back); 0: the tensor is made and used up here, or
   * another stage has it brought. */
  uint64_t loads;
} cds_home;

/* A softmax whose rows come in tiles (spec/fusion.h, "online"), and the output
 * of the product that uses its weights. */
typedef struct cds_online {
  uint64_t tiles;           /* of a row; less than two: rows are whole */
  uint64_t firsts;          /* passes that see the first tile of their rows */
  uint64_t strip_words;     /* of a row of the output in a pass */
  unsigned level;           /* home of the output */
  cds_format sums, results; /* of the output's words */
  /* Words of states that leave home for the outermost level and come back from
   * there in the whole run, as many each way. */
  uint64_t returns;
} cds_online;

/* Words of a state, and bits of each. */
enum { CDS_STATE_WORDS = 2, CDS_STATE_BITS = 32 };

typedef struct cds_stage {
  uint64_t passes, repeats; /* passes >= repeats */
  cds_home home[CDS_TENSORS_MAX];
  cds_online online;
  /* Of a pipelined group (spec/fusion.h): so many passes fill and drain it. */
  bool pipelined;
  uint64_t fills;
  /* Bits of each level that tiles of other stages take meanwhile, and states.
   */
  uint64_t taken_bits[CDS_LEVELS_MAX];
} cds_stage;

static inline uint64_t cds_einsum_passes(const cds_einsum *einsum) {
  return einsum->stage == NULL ? 1 : einsum->stage->passes;
}
static inline uint64_t cds_einsum_repeats(const cds_einsum *einsum) {
  return einsum->stage == NULL ? 1 : einsum->stage->repeats;
}
/* The tensor's outermost level. */
static inline unsigned cds_einsum_home(const cds_einsum *einsum,
                                       unsigned tensor) {
  return einsum->stage == NULL ? 0 : einsum->stage->home[tensor].level;
}

#endif
