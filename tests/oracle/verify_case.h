/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random groups for the verifier of fused chains: on architectures of its
 * space, sizes of choice; products, softmaxes, and other operations that take
 * rows, values of rows and parameters from outside, and make what leaves.
 */
#ifndef CDS_ORACLE_VERIFY_CASE_H
#define CDS_ORACLE_VERIFY_CASE_H

#include "count/fusion.h"
#include "oracle/random_price.h"
#include "oracle/tiny_case.h"
#include "spec/fusion.h"
#include "support/random_group.h"
#include "verify/fused_ways.h"

enum { VERIFY_STAGES = 5, VERIFY_PARTS = 3, VERIFY_SIZES = 8 };

typedef struct verify_chain {
  unsigned stages;
  const char *text[VERIFY_STAGES];
  unsigned same[VERIFY_STAGES][CDS_TENSORS_MAX];
  const char *kind[VERIFY_STAGES];  /* of operations; NULL: a product */
  unsigned row_axes[VERIFY_STAGES]; /* last axes that are a row of them */
  uint32_t kept; /* of `same`: wanted behind the chain, too */
} verify_chain;

typedef struct verify_case {
  tiny_case tiny; /* architecture and goal */
  const verify_chain *chain;
  unsigned softmax; /* stage; VERIFY_STAGES: none */
  bool masked;
  unsigned query; /* rank of the softmax */
  uint64_t offset;
  cds_operation operation[VERIFY_STAGES];
  cds_einsum einsum[VERIFY_STAGES];
  char names[VERIFY_STAGES][200];
  cds_fused_group group;
  /* What may run fused: all of it, and some parts. */
  unsigned parts;
  cds_fused_part part[VERIFY_PARTS];
  cds_fused_group part_group[VERIFY_PARTS];
} verify_case;

/* Sizes of ranks are drawn from these. */
void verify_case_make(verify_case *it, uint64_t seed, uint64_t number,
                      const uint64_t sizes[VERIFY_SIZES]);
void verify_case_write(const verify_case *it, uint64_t number,
                       const cds_outer *outer);
/* The group of a random one of any kind as it joins, and its outer nodes, one
 * after the other. */
bool verify_case_of_group(cds_fused_group *group, cds_outer *outer,
                          const random_group *it);
/* Random outer nodes; `one_level`: homes of products are at one level, and only
 * groups that may be pipelines are. Whether what was drawn is a fused mapping.
 */
bool verify_case_outer(cds_outer *out, const verify_case *it, bool one_level,
                       random_stream *stream);
/* A random mapping of a product: holders below homes in any order, loops in all
 * gaps; false: a policy is against it. */
bool verify_case_mapping(cds_mapping *out, const cds_arch *arch,
                         const cds_einsum *einsum, random_stream *stream);
/* Whether what is at home under an operation fits: intermediates, which stand
 * once, and what others take. */
bool verify_case_fits(const cds_arch *arch, const cds_fused_pass *pass);
/* Whether a stage is none of products. */
bool verify_case_operates(const verify_case *it);

#endif
