/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least of a goal that adds (energy, time, E + lambda T) over all choices
 * of mappings of a whole workload on one design.
 *
 * Layers, and chains of them that may run fused, are chosen each by itself, so
 * the least of the sum is the sum of the least of each, times how often it
 * runs. A sum is raised from below: first by floors of each (spreads and
 * holders alone), then by walks, of which each asks for no more than what is
 * missing to the limit. So most sums are above it before much was walked
 * through.
 *
 * What the walks do not cover is bounded by what no mapping leaves out: each
 * multiply-accumulate once in the cheapest format, on all units; words of
 * operands without windows read once from the outermost level, results written
 * there once (of chains not even that). Operations that the evaluator here does
 * not know are left out, or are as the model says that the search uses.
 */
#ifndef CDS_VERIFY_NETWORK_LEAST_H
#define CDS_VERIFY_NETWORK_LEAST_H

#include "spec/workload.h"
#include "verify/border.h"
#include "verify/certificate.h"
#include "verify/fused_ways.h"

/* As --fuse has them. */
typedef enum cds_fusing {
  CDS_FUSING_NONE,
  CDS_FUSING_ATTENTION,
  CDS_FUSING_ALL,
  CDS_FUSING_EVERYWHERE,
  CDS_FUSING_PIPELINED
} cds_fusing;

/* A distinct layer, or a chain of layers. */
typedef struct cds_sum_item {
  double times;
  const cds_layer *layer;       /* the first one */
  const cds_chain_group *chain; /* NULL: one layer */
  unsigned parts;
  cds_fused_part *part;
  const char *foreign; /* why the walk does not cover the chain, or NULL */
} cds_sum_item;

/* A workload, by what is chosen by itself. */
typedef struct cds_sum_plan {
  bool pipelines;
  size_t items;
  cds_sum_item *item;
} cds_sum_plan;

/* In the arena; `delays`: of time alone least of chains are not covered.
 * CDS_ENOMEM. */
cds_status cds_sum_plan_make(cds_sum_plan *out, const cds_workload *workload,
                             cds_fusing fusing, bool delays, cds_arena *arena);

/* What is known of an item on a design. */
typedef struct cds_sum_known {
  bool fixed;      /* nothing is chosen: `worth` */
  bool rough;      /* `worth` is what no mapping has less of */
  cds_worth floor; /* of a chain: likewise */
  cds_worth worth; /* or of the best mapping for the goal at hand */
  const cds_pair *pair;
  const cds_arch *arch; /* with the policies of its constraints */
  double least;         /* for the goal at hand */
} cds_sum_known;

typedef struct cds_sum {
  const cds_sum_plan *plan;
  const cds_arch *arch;
  double power_limit_w;
  const cds_verify_options *options;
  cds_arena *arena;
  uint64_t boxes_most;
  cds_sum_known *known; /* by item */
  size_t *order;        /* of items, those with most to gain first */
  bool by_model;        /* operations are, which the evaluator does not know */
  const char *left_out; /* why the sums are not the least, or NULL */
  const char *rough;    /* likewise: why an item has a rough bound */
} cds_sum;

/* Begins with a design, of which plan, arch, power_limit_w, options, arena and
 * by_model are set. CDS_EINFEASIBLE: it cannot run the workload. CDS_ENOMEM. */
cds_status cds_sum_begin(cds_sum *sum);
/* As cds_border_ask, of a cds_sum. CDS_ELIMIT: it is below the limit as far as
 * is known, and more is not known. `out->worth` has the energies by kind of
 * die. */
cds_status cds_sum_least(cds_fused_least *out, void *sum,
                         const cds_fused_aim *aim, uint64_t boxes);
/* Whether some layer fits in no way at all. CDS_ELIMIT: not known. */
cds_status cds_sum_none_fits(bool *out, const cds_sum *sum);

#endif
