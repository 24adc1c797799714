/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Literal execution of a fused group: the independent truth about what
 * spec/fusion.h says.
 *
 * Walks through every pass of the outer loops. Tiles at home are kept word by
 * word, with values and the number of products in partial sums; they are
 * brought, replaced and taken away as passes need them. In each pass the
 * literal simulator (simulate.h) runs every stage's own nest on what is at home
 * then. Whatever a stage uses of another, and what leaves in the end, must be
 * what the einsums give when they are computed one after the other.
 *
 * A stage that is a softmax is run by its unit, one row after the other, with
 * exact numbers in place of real ones (execute_softmax.c); other operations
 * element by element (execute_rows.c). Of each pass of a
 * group with a mask all pairs of a query and a key are looked at: if none
 * counts, the pass does not run.
 *
 * No closed form, and no source shared with the library.
 *
 * Padding that windows touch stands at home with what is made, as zeros that
 * nobody wrote.
 *
 * Of an operand's tile that is replaced, words that windows have in common with
 * the tile before stay. (All factors are perfect: no tile is replaced unless a
 * loop on a rank of the tensor went on.)
 */
#ifndef CDS_TESTS_EXECUTE_GROUP_H
#define CDS_TESTS_EXECUTE_GROUP_H

#include "spec/fusion.h"
#include "spec/operations.h"
#include "support/simulate.h"

/* What a stage that is a softmax did, word by word and step by step. */
typedef enum executed_words {
  EXECUTED_SCORES,
  EXECUTED_WEIGHTS,
  EXECUTED_STATES,
  EXECUTED_SUMS,    /* of the output */
  EXECUTED_RESULTS, /* of the output, complete */
  EXECUTED_WORDS
} executed_words;
typedef struct executed_operation {
  uint64_t words[CDS_LEVELS_MAX][CDS_ACTIONS][EXECUTED_WORDS];
  uint64_t primitive[CDS_PRIMITIVES];
  uint64_t rows;     /* that were reduced */
  uint64_t rescaled; /* strips of the output */
  uint64_t returned; /* states that came back home */
} executed_operation;

/* What a stage that is another operation did: words of its operands, as the
 * table of operations has them, and last of its result. */
typedef struct executed_rows {
  uint64_t words[CDS_LEVELS_MAX][CDS_ACTIONS][CDS_OPERANDS_MAX + 1];
  uint64_t primitive[CDS_PRIMITIVES];
  uint64_t reduced; /* rows */
  bool again;       /* something was fetched again, for lack of room */
} executed_rows;

typedef struct executed {
  /* Before: bits of the level of each operation's unit that homes leave it. */
  uint64_t left_bits[CDS_STAGES_MAX];
  cds_counts counts[CDS_STAGES_MAX]; /* of all passes, by stage */
  executed_operation softmax[CDS_STAGES_MAX];
  executed_rows rows[CDS_STAGES_MAX];
  /* Bits of the homes at each level but the outermost while a stage runs, its
   * own operands and output among them: tiles that stand there all the time at
   * their largest, intermediates as they are there. */
  uint64_t need_bits[CDS_STAGES_MAX][CDS_LEVELS_MAX];
  uint64_t passes, skipped; /* those that ran, those that are masked */
  bool came_back; /* partial sums came from the outermost level to a home */
} executed;

/* Executes the mapping. False when what was executed contradicts itself (wrong
 * values, sums used before they are complete, a word that is not at home); the
 * message says how. */
bool execute_group(executed *out, const cds_arch *arch,
                   const cds_fused_group *group,
                   const cds_fused_mapping *mapping, simulate_message *message);

#endif
