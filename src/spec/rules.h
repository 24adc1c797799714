/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What constraints mean for one architecture and einsum, by index: policies,
 * ranges of factors, orders.
 *
 * Regions: 1 .. groups stand right above the holders of the groups of levels
 * (same position), outermost first; region groups + 1 below all of them. A loop
 * belongs to the outermost group that has a holder below it, else to the last
 * region; so a group that holds nothing has no loops.
 */
#ifndef CDS_SPEC_RULES_H
#define CDS_SPEC_RULES_H

#include "spec/constraints.h"
#include "spec/mapping.h"

enum { CDS_REGIONS_MAX = CDS_LEVELS_MAX };

typedef struct cds_range {
  uint64_t least, most;
} cds_range;

/* Loops stand by rising part, outermost first; of two ranks that exclude each
 * other one has no loop at most. */
typedef struct cds_loop_order {
  bool any; /* else all parts are 0 */
  unsigned part[CDS_RANKS_MAX];
  unsigned excludes[CDS_RANKS_MAX]; /* ranks, as bits */
} cds_loop_order;

typedef struct cds_rules {
  bool policies; /* some were given */
  bool loops;    /* something beyond policies was given */
  unsigned regions;
  unsigned region_of[CDS_LEVELS_MAX + 1]; /* 0: the outermost has none */
  /* Of the architecture and the constraints together. */
  cds_policy policy[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  cds_range loop[CDS_REGIONS_MAX + 1][CDS_RANKS_MAX];
  cds_loop_order order[CDS_REGIONS_MAX + 1];
  cds_range spread[CDS_ARRAYS_MAX][2][CDS_RANKS_MAX];
  double utilisation[CDS_ARRAYS_MAX];
  bool named[CDS_RANKS_MAX]; /* something treats the rank unlike others */
} cds_rules;

/* Binds the constraints of an architecture to an einsum, those that
 * `left_out` marks excepted (may be NULL). CDS_EINPUT where they contradict
 * each other or the einsum, with messages if `diag` is not NULL. */
cds_status cds_rules_bind(cds_rules *out, const cds_arch *arch,
                          const cds_einsum *einsum, const bool *left_out,
                          cds_diag *diag);
/* Makes the policies those of the architecture. */
void cds_rules_apply(cds_arch *arch, const cds_rules *rules,
                     const cds_einsum *einsum);
/* Of a stage of a fused group: what levels hold down to the home of each tensor
 * is the group's choice, and no policy of the rules. */
void cds_rules_free_homes(cds_rules *rules, const cds_einsum *einsum);
/* Whether the rules admit a valid mapping. */
bool cds_rules_admit(const cds_rules *rules, const cds_arch *arch,
                     const cds_mapping *mapping);
/* Whether an array with so many of its units in use is used enough. */
bool cds_rules_used(const cds_rules *rules, unsigned array, double used,
                    double units);
/* Whether the constraints of the architecture admit a valid mapping; if not,
 * `broken` (may be NULL) is one that does not hold on its own, or NULL when
 * only all together do not. Constraints that cannot be bound admit nothing. */
bool cds_constraints_admit(const cds_constraint **broken, const cds_arch *arch,
                           const cds_einsum *einsum,
                           const cds_mapping *mapping);

#endif
