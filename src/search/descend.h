/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiles and loops of one layout, from the outermost group inwards: what is
 * decided is counted exactly, what is open by the layout's least costs.
 */
#ifndef CDS_SEARCH_DESCEND_H
#define CDS_SEARCH_DESCEND_H

#include <math.h>

#include "search/candidates.h"

enum { CDS_LOOPS_MAX = (CDS_GROUPS_MAX + 1) * CDS_DIMS_MAX };

typedef struct cds_loop {
  unsigned dim;
  uint64_t trips;
  uint64_t step; /* extent of the dimension inside it */
} cds_loop;

/* What is wanted, per cycle. */
typedef struct cds_aim {
  unsigned time_power;         /* n of E x T^n; 0: E + lambda x T */
  double lambda_pj;            /* a cycle; 0 for products */
  double most_pj, most_cycles; /* limits; INFINITY: none */
  double leakage_pj;
  double cycles_per_pj; /* power roof */
  double clock_hz;
} cds_aim;

typedef struct cds_incumbent {
  bool found;
  double value, cycles, dynamic_pj;
  cds_mapping mapping;
  cds_cost cost;
} cds_incumbent;

/* What stands above a group. */
typedef struct cds_frame {
  unsigned loops;
  cds_outside passes;
  cds_weights sum; /* of the ways decided */
} cds_frame;

struct cds_descent {
  cds_general *general;
  cds_layout layout;
  cds_aim aim;
  cds_incumbent best;
  /* Of interest are values below this one: that of the incumbent, or of the
   * least that is looked for first (open_all). INFINITY: any. */
  double beyond;
  /* Of the group whose candidates are listed: */
  cds_tile_range range;
  cds_group_terms terms;
  cds_candidates group[CDS_GROUPS_MAX + 1];
  cds_block_bounds bounds;
  double look; /* bound on the layout, before its tiles are listed */
  const cds_tile *tile[CDS_GROUPS_MAX + 1];
  const cds_candidate *chosen[CDS_GROUPS_MAX + 1];
  cds_frame frame[CDS_GROUPS_MAX + 1];
  bool slides[CDS_GROUPS_MAX + 1]; /* tensors with windows are held in the group
                                      or inside of it */
  unsigned loops;
  cds_loop loop[CDS_LOOPS_MAX];
  unsigned region[CDS_GROUPS_MAX + 2]; /* first loop of each region */
  /* With constraints, by group (constrain.h): whose rules its loops keep, and
   * the last group outside that holds something. */
  unsigned owner[CDS_GROUPS_MAX + 2], outer[CDS_GROUPS_MAX + 2];
  double loads[CDS_LEGS_MAX]; /* of the ways decided */
  const cds_control *control;
  uint64_t nodes, leaves, confirmed, most_nodes;
  uint64_t enough_nodes; /* once a mapping is known */
  uint64_t pass_nodes;   /* while none is known */
  /* Work so far, in about a microsecond, and how much of it is enough once a
   * mapping is known. */
  uint64_t effort, enough_effort, pass_effort;
  size_t outer_most; /* cds_search_options */
  bool known;        /* a mapping, by a probe */
  bool any;          /* the first mapping that fits ends the search */
  bool stopped;      /* cancelled, out of nodes, or done */
  cds_status status;
};

/* Whether to stop, which has to be asked now and then. */
static inline bool cds_descent_enough(const cds_descent *job) {
  return cds_control_cancelled(job->control) ||
         ((job->best.found || job->known) &&
          (job->nodes >= job->enough_nodes ||
           job->effort >= job->enough_effort ||
           cds_control_hurried(job->control)));
}

/* Whether bounds on time alone are of use. */
static inline bool cds_aim_weighs_time(const cds_aim *aim) {
  return aim->time_power > 0 || !isinf(aim->most_cycles);
}
/* The goal's value, pJ or pJ s^n; INFINITY beyond a limit. */
double cds_aim_value(const cds_aim *aim, double dynamic_pj, double cycles);
/* Least of the goal's value where dynamic energy and cycles are at least these,
 * and E + cycle_pj x T (E with leakage, T in cycles) at least sum_pj. Limits
 * left aside. */
double cds_aim_beside(const cds_aim *aim, double dynamic_pj, double cycles,
                      double sum_pj, double cycle_pj);
/* Lower bounds on the goal's value, on dynamic energy and on time. */
typedef struct cds_bound {
  double value, dynamic_pj, cycles;
} cds_bound;
/* From sums in the weightings of the layout, made with its weight. */
cds_bound cds_aim_bound(const cds_aim *aim, const cds_layout *layout,
                        const cds_weights *sum);
/* Whether nothing at or above the bound is of interest. */
static inline bool cds_descent_beyond(const cds_descent *job, double bound) {
  return isinf(bound) || bound * (1 - 1e-12) >= job->beyond;
}
/* Whether no mapping with these bounds ranks before the incumbent: its value is
 * beyond it, or it takes as long and as much energy, so that its value is not
 * less, and of equal values the incumbent stays (confirm.c). With a relative
 * slack, since the same terms are added in other orders. */
static inline bool cds_descent_hopeless(const cds_descent *job,
                                        const cds_bound *bound) {
  const double up = 1 + 1e-12;
  return cds_descent_beyond(job, bound->value) ||
         (job->best.found && bound->cycles * up >= job->best.cycles &&
          bound->dynamic_pj * up >= job->best.dynamic_pj);
}
/* Looks through all tiles and orders of the layout. */
cds_status cds_descend(cds_descent *job);
/* Energy and cycles of the decided tiles and loops: exact up to rounding. */
void cds_leaf_price(double *dynamic_pj, double *cycles, bool *fits,
                    const cds_descent *job);
/* Loads of one instance of a tensor's holder with this tile below all loops so
 * far; spreads over arrays first..last-1 united where they multicast. */
double cds_loads_of(double *first, const cds_descent *job, unsigned tensor,
                    unsigned group, unsigned from);
/* Counts and prices the decided mapping, which needs at least so much dynamic
 * energy and cycles; keeps it if it is better. */
cds_status cds_confirm(cds_descent *job, double dynamic_pj, double cycles);
/* The same with a mapping of its own. */
cds_status cds_confirm_mapping(cds_descent *job, const cds_mapping *mapping,
                               double dynamic_pj, double cycles);
/* The decided tiles and loops as a mapping. */
void cds_descent_mapping(cds_mapping *out, const cds_descent *job);

#endif
