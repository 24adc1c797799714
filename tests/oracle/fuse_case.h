/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random tiny groups for the search over fused groups. */
#ifndef CDS_ORACLE_FUSE_CASE_H
#define CDS_ORACLE_FUSE_CASE_H

#include "oracle/tiny_case.h"
#include "spec/constraints.h"
#include "spec/fusion.h"
#include "spec/workload.h"

enum {
  PRIMES_MOST = 3,
  STAGES_MOST = 6,
  PRICES = 3,
  SOFTMAX = 1 /* stage */
};

typedef struct chain {
  unsigned stages;
  const char *text[STAGES_MOST];
  unsigned same[STAGES_MOST][CDS_TENSORS_MAX];
} chain;

/* With other operations: the kind of each stage that is none of products, and
 * how many of its last axes are a row; sizes of more than 1 stay so, as
 * windows join longer axes only. */
typedef struct tail_chain {
  chain of;
  const char *kind[STAGES_MOST];
  unsigned row_axes[STAGES_MOST];
} tail_chain;

typedef enum family {
  OF_PRODUCTS,
  OF_SOFTMAX,
  OF_MASKS,
  OF_TAILS,
  OF_SUMS /* with results that are used more than once, some of them kept */
} family;

typedef struct fuse_case {
  tiny_case tiny; /* architecture and goal */
  const chain *chain;
  bool attention, masked;
  const tail_chain *tail;
  uint32_t kept; /* wanted afterwards though they are used */
  cds_operation operation[STAGES_MOST];
  double dear; /* times the price of time */
  cds_einsum einsum[STAGES_MOST];
  char names[STAGES_MOST][200];
  cds_fused_group group;
  double lambda[PRICES];
  unsigned limited[PRICES]; /* of limit_parts */
  cds_constraints all;
  cds_constraint constraint[2];
} fuse_case;

/* Limits, as parts of the least value; the last: none. */
enum { LIMITS = 5 };
extern const double limit_parts[LIMITS];

void fuse_case_make(fuse_case *it, uint64_t seed, uint64_t number, family of);
void fuse_case_write(const fuse_case *it, uint64_t number);

#endif
