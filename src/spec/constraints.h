/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Constraints on mappings, as a user writes them: in the `constraints:` section
 * of an architecture file, or in a file of their own.
 *
 *   constraints:
 *     - {dataflow: weight_stationary}
 *     - {level: GLB, keep: [input], bypass: [weight]}
 *     - {level: GLB, factors: {k: 4, n: <= 16}, order: [..., k]}
 *     - {array: PE, rows: [k], cols: {n: 2 to 8}, utilisation: ">= 0.5"}
 *
 * The loops of a level are those right above its holders, below the holders of
 * the levels before (levels side by side share them); a level that holds
 * nothing has none. Those of the compute units stand below all holders. What an
 * entry says falls apart into constraints that hold or fail alone, so that a
 * message can name each. rules.h says what they mean for one pair.
 */
#ifndef CDS_SPEC_CONSTRAINTS_H
#define CDS_SPEC_CONSTRAINTS_H

#include "spec/arch.h"
#include "spec/workload.h"

enum { CDS_CONSTRAINTS_MAX = 1024 };

typedef enum cds_constraint_kind {
  CDS_CONSTRAINT_KEEP,        /* a tensor or role at a level */
  CDS_CONSTRAINT_BYPASS,      /* likewise */
  CDS_CONSTRAINT_FACTOR,      /* trips of a rank's loops at a level */
  CDS_CONSTRAINT_ORDER,       /* of the loops of a level */
  CDS_CONSTRAINT_SPREAD,      /* of a rank on an axis of an array */
  CDS_CONSTRAINT_UTILISATION, /* of an array */
  CDS_CONSTRAINT_DATAFLOW
} cds_constraint_kind;

typedef enum cds_dataflow {
  CDS_INPUT_STATIONARY,
  CDS_OUTPUT_STATIONARY,
  CDS_ROW_STATIONARY,
  CDS_WEIGHT_STATIONARY
} cds_dataflow;
enum { CDS_DATAFLOWS = 4 };
extern const char *const cds_dataflow_names[CDS_DATAFLOWS + 1]; /* and NULL */

/* Einsums by what they compute: those with an axis of two ranks longer than 1
 * (a sliding window), and the others. */
enum { CDS_CONSTRAIN_CONV = 1, CDS_CONSTRAIN_MATMUL = 2 };

/* Which layers a constraint is about; nothing: all. */
typedef struct cds_layer_filter {
  size_t patterns;
  const char **pattern; /* names of layers; '*' stands for any letters */
  unsigned operations;  /* bits; 0: all */
} cds_layer_filter;

/* Whole numbers from least to most; `full`: the size of the rank. */
typedef struct cds_factor {
  uint64_t least, most;
  bool full;
} cds_factor;

/* Ranks of an order that stand together, in any order. */
typedef struct cds_order_part {
  size_t ranks;
  const char **rank;
  bool others; /* "...": all that no part names */
} cds_order_part;

typedef struct cds_constraint {
  cds_constraint_kind kind;
  cds_place place;
  const char *text; /* as messages call it: "k: 4 above GLB" */
  cds_layer_filter filter;
  unsigned level; /* arch->levels: compute; UINT_MAX (dataflow): not given */
  unsigned array, axis;
  const char *name; /* tensor or role; rank; NULL: ranks not listed */
  size_t listed;    /* FACTOR, SPREAD of the others */
  const char **list;
  cds_factor factor;
  size_t parts; /* ORDER, from outside in */
  cds_order_part *part;
  double utilisation; /* at least */
  cds_dataflow dataflow;
} cds_constraint;

typedef struct cds_constraints {
  size_t count, room;
  cds_constraint *constraint;
} cds_constraints;

/* Adds the entries of a `constraints:` node to those of the architecture, which
 * is complete. Diagnoses; CDS_EINPUT. */
cds_status cds_constraints_read(cds_arch *arch, const cds_yaml *node,
                                const cds_reader *reader);
/* Likewise from the root of a file of constraints. */
cds_status cds_constraints_read_file(cds_arch *arch, const cds_yaml *root,
                                     const cds_reader *reader);
/* Whether the constraint is about the layer. */
bool cds_constraint_concerns(const cds_constraint *constraint,
                             const cds_einsum *einsum);
/* Whether the architecture has some that are about the einsum: any, or other
 * ones than keep and bypass. */
bool cds_constraints_concern(const cds_arch *arch, const cds_einsum *einsum,
                             bool beyond_policies);
/* Whether it has some about the loops of a level: factors, orders, dataflows.
 */
bool cds_constraints_concern_loops(const cds_arch *arch,
                                   const cds_einsum *einsum);
/* Whether some forbid a level to hold the tensor. */
bool cds_constraints_bypass(const cds_arch *arch, const cds_einsum *einsum,
                            unsigned tensor, unsigned level);
/* Holds the constraints of the architecture against the workload: names that no
 * layer has, factors that divide no size, entries that contradict each other.
 * Diagnoses; CDS_EINPUT. */
cds_status cds_constraints_check(const cds_arch *arch,
                                 const cds_workload *workload, cds_diag *diag);
/* Tells layers apart (cds_layer_same) that the constraints of the architecture
 * treat differently. Before anything is solved; further architectures for the
 * same workload may follow. CDS_ENOMEM. */
cds_status cds_constraints_mark(cds_workload *workload, const cds_arch *arch,
                                cds_arena *arena);

/* Keys of an entry, and of a file, for reference text; ends with NULL. */
extern const cds_schema *const cds_constraint_schemas[];

#endif
