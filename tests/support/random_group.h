/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random fused groups for property tests, small enough to be executed
 * literally: chains of 2 to 4 einsums, a structure, outer loops and homes, and
 * a mapping of every stage. Case `number` of a seed is always the same.
 */
#ifndef CDS_TESTS_RANDOM_GROUP_H
#define CDS_TESTS_RANDOM_GROUP_H

#include <stdio.h>

#include "spec/fusion.h"

/* What a group shows. */
enum {
  GROUP_THREE = 1 << 0,      /* 3 or more stages */
  GROUP_PIPELINED = 1 << 28, /* beside those of test_fusion_literal */
  GROUP_FOUR = 1 << 1,
  GROUP_WINDOWS = 1 << 2,
  GROUP_SHARED = 1 << 3,       /* an operand of several stages at home */
  GROUP_SKIPS = 1 << 4,        /* a result is used after the next stage */
  GROUP_KEPT = 1 << 5,         /* a result is used, and wanted afterwards */
  GROUP_RECOMPUTED = 1 << 6,   /* loops on ranks that a stage lacks */
  GROUP_ROUNDS = 1 << 7,       /* loops on reductions */
  GROUP_SEVERAL = 1 << 8,      /* three or more loops */
  GROUP_ARRAY = 1 << 9,        /* an array is in use */
  GROUP_LINKS = 1 << 10,       /* one that is no bus */
  GROUP_BESIDE = 1 << 11,      /* levels side by side */
  GROUP_INTERLEAVED = 1 << 12, /* as CASE_INTERLEAVED */
  GROUP_UNEVEN = 1 << 13,      /* pieces inside of a stage */
  GROUP_ADDS = 1 << 14,        /* the outermost level accumulates */
  GROUP_DEEP = 1 << 15         /* homes at two levels below the outermost */
};
/* What a group with operations shows. */
enum {
  TAIL_OUTSIDE = 1 << 0,    /* an operation's rows come from outside */
  TAIL_PARAMETERS = 1 << 1, /* all rows share */
  TAIL_VALUES = 1 << 2,     /* a value for each row */
  TAIL_REDUCES = 1 << 3,
  TAIL_LEAVES = 1 << 4,  /* an operation makes what leaves the group */
  TAIL_HANDED = 1 << 5,  /* an operation makes what a product takes */
  TAIL_CUT = 1 << 6,     /* rows in parts */
  TAIL_PADDING = 1 << 7, /* windows touch more than is made */
  TAIL_SLIDES = 1 << 8,  /* windows on what is made in the group */
  TAIL_SHOWS = 9,
  /* Of random_sum_make only. */
  TAIL_KEPT_HOME = 1 << 9, /* what an operation makes is kept, at home */
  TAIL_KEPT = 1 << 10,     /* it is used after the next stage */
  TAIL_SHARED = 1 << 11,   /* an operation finds what a product brought */
  SUM_SHOWS = 12
};

typedef struct random_group {
  uint64_t seed, number;
  unsigned shows;
  bool sums;  /* of random_sum_make */
  bool tails; /* of random_tail_make, and what either shows: */
  unsigned tail_shows;
  unsigned stages;
  cds_einsum einsum[CDS_STAGES_MAX];
  char names[CDS_STAGES_MAX][200];
  /* The group's tensor of each stage's, and which ones are wanted afterwards
   * though they are used. */
  unsigned same[CDS_STAGES_MAX][CDS_TENSORS_MAX];
  uint32_t kept;
  cds_fused_group group;   /* as the names of the einsums say */
  unsigned softmax;        /* stage; CDS_STAGES_MAX: none */
  cds_operation operation; /* of it */
  /* Stages that are other operations; kind NULL: products. */
  cds_operation other[CDS_STAGES_MAX];
  cds_arch arch;
  cds_fused_mapping mapping;
} random_group;

void random_group_make(random_group *out, uint64_t seed, uint64_t number);
/* With a softmax among the stages, whose unit has a level but no prices. */
void random_attention_make(random_group *out, uint64_t seed, uint64_t number);
/* The same with a mask. */
void random_masked_make(random_group *out, uint64_t seed, uint64_t number);
/* With operations on results, one after the other, and what products make of
 * that, with windows, too. */
void random_tail_make(random_group *out, uint64_t seed, uint64_t number);
/* With norms, residual sums, and results that are used more than once, some of
 * which are wanted afterwards. */
void random_sum_make(random_group *out, uint64_t seed, uint64_t number);
/* Everything that is needed to build the case again by hand. */
void random_group_write(FILE *stream, const random_group *it);

#endif
