/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An einsum: ranks, tensors and affine projections, as plain data.
 *   O[b,m,p] += I[b,c,2*p+r] * W[m,c,r]
 * The last tensor is the output. An axis is the sum of at most two ranks with
 * positive whole coefficients; each rank stands on at most one axis of a
 * tensor; axes of the output are single ranks with coefficient 1.
 */
#ifndef CDS_SPEC_EINSUM_H
#define CDS_SPEC_EINSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/schema.h"

enum {
  CDS_RANKS_MAX = 12,
  CDS_TENSORS_MAX = 4, /* up to three operands and the output */
  CDS_AXES_MAX = 8,
  CDS_TERMS_MAX = 2
};

typedef enum cds_role { CDS_INPUT, CDS_WEIGHT, CDS_OUTPUT } cds_role;

/* What a tensor is for the memory footprint of a network. */
typedef enum cds_content {
  CDS_ACTIVATIONS,
  CDS_PARAMETERS,
  CDS_KV_CACHE
} cds_content;

typedef struct cds_term {
  unsigned rank;
  uint64_t coefficient; /* >= 1 */
} cds_term;

typedef struct cds_axis {
  unsigned terms;
  cds_term term[CDS_TERMS_MAX];
  uint64_t given; /* positions that are no padding, if it is known; or 0 */
} cds_axis;

typedef struct cds_tensor {
  const char *name;
  cds_role role;
  cds_content content;
  cds_format format;      /* of stored values: bits a word */
  cds_format accumulator; /* output only: of partial sums */
  /* Made by the layer before or used by the layer after only: fusing the
   * layers would keep it on chip (scores, probabilities, the inner vector of a
   * feed-forward part). Says nothing about the cost of the layer alone. */
  bool intermediate;
  unsigned axes;
  cds_axis axis[CDS_AXES_MAX];
} cds_tensor;

typedef struct cds_rank {
  const char *name;
  uint64_t size; /* after padding */
  uint64_t real; /* as given, before `pad:` */
} cds_rank;

typedef struct cds_einsum {
  const char *name;
  unsigned ranks;
  cds_rank rank[CDS_RANKS_MAX];
  unsigned tensors;                   /* 2 to 4 */
  cds_tensor tensor[CDS_TENSORS_MAX]; /* the output is tensor[tensors - 1] */
  /* Einsums that constraints treat alike have the same; 0: as if there were
   * none (cds_constraints_mark). */
  unsigned treatment;
  const struct cds_stage *stage; /* of a fused group (stage.h), or NULL */
} cds_einsum;

/* Index of the named rank or tensor, or UINT_MAX. */
unsigned cds_einsum_rank(const cds_einsum *einsum, const char *name);
unsigned cds_einsum_tensor(const cds_einsum *einsum, const char *name);
/* Whether the tensor's projection uses the rank. */
bool cds_tensor_has_rank(const cds_tensor *tensor, unsigned rank);
/* The terms of an axis whose ranks are longer than 1, and how many they are.
 * With one of them the axis has as many positions as its rank is long. */
unsigned cds_axis_long_terms(cds_term out[CDS_TERMS_MAX],
                             const cds_einsum *einsum, const cds_axis *axis);
/* Number of distinct words of the tensor (exact, gaps of strided windows left
 * out). CDS_ELIMIT on overflow of 64 bits. */
cds_status cds_tensor_words(uint64_t *out, const cds_einsum *einsum,
                            unsigned tensor);
/* Multiply-accumulates: product of all rank sizes. CDS_ELIMIT on overflow. */
cds_status cds_einsum_macs(uint64_t *out, const cds_einsum *einsum);
/* Parses "O[m,n] += A[m,k] * B[k,n]" (also "=" instead of "+="): fills names,
 * tensors, axes (roles: input, weight, then output) and the ranks in order of
 * appearance with size 0. `place` is the place of the text. Diagnoses. */
cds_status cds_einsum_parse(cds_einsum *out, const char *text, cds_place place,
                            cds_arena *arena, cds_diag *diag);

#endif
