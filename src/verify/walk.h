/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether nothing in the space of a pair is below a bound, by a walk over all
 * of it.
 *
 * The space. With perfect factors the loops of a mapping can be moved until
 * only those of class t stand below each holder of tensor t (loops that t has
 * go on top of it: its tile shrinks, it is filled as often, and nobody else is
 * concerned), those of class 3 on top of all (no tensor is reused along them).
 * So a mapping is: a spread s[c] of each class, the levels that hold each
 * tensor, an order of the holders in which each tensor's levels stand in turn,
 * and for each holder (t, l) how often its tile is brought in, y[t][l], with
 *   1 | y[t][1] | y[t][2] | N[t] = D[t] / s[t].
 * The tile of a holder has of each other class d what stands inside: N[d] /
 * y[d][l'] for the outermost holder (d, l') of d below it, else 1; and all
 * spreads where the level is above the array. A holder that meets loops of its
 * own class going up through others without loops is hoisted over them: that
 * is the same mapping with another y, so these are left out.
 *
 * The walk. A box is such a choice with some parts left open, the y as
 * intervals of divisors. The walk opens all children of a box itself, so that
 * nothing is missed, unless the box is closed:
 * - no tile fits: tiles are least where y is largest; or
 * - its value is at least the bound. Every amount (energy, bits on a port, ...)
 *   is linear in the y, so it is least in a corner of the box; cycles rise with
 *   every amount, and the value with dynamic energy and cycles. Parts of an
 *   access, first fills and last drains are left out: all only add.
 * What is left with every y decided is a mapping, and is evaluated.
 *
 * Where parts need not be equal, the walk is that of any.h.
 */
#ifndef CDS_VERIFY_WALK_H
#define CDS_VERIFY_WALK_H

#include "base/arena.h"
#include "codesign/control.h"
#include "verify/pair.h"

/* The value: E x T^n and so on, or (linear) E + lambda T in pJ, of the dynamic
 * energy alone (dynamic) or with what leaks. */
typedef struct cds_verify_goal {
  cds_objective objective;
  bool linear, dynamic;
  double lambda_pj_per_s;
} cds_verify_goal;

double cds_verify_value(const cds_verify_goal *goal, const cds_worth *worth);
/* What a second costs, leakage included, by a goal that adds. */
double cds_time_price(const cds_verify_goal *goal, const cds_arch *arch);

/* Sums of many terms in another order: what is below a bound by less than this
 * share of it counts as equal. */
#define CDS_VERIFY_TOLERANCE 1e-9

typedef struct cds_walk_result {
  bool holds;      /* no mapping is below the bound */
  uint64_t boxes;  /* opened, and mappings evaluated */
  cds_worth below; /* if not: a mapping that is */
  double least;    /* of cds_walk_least, cds_walk_floor: no mapping is below */
  bool open;       /* of chains: the least of pipelines is not known */
} cds_walk_result;

/* The divisors of n, rising; NULL: no memory. */
uint64_t *cds_list_divisors(size_t *count, uint64_t n, cds_arena *arena);
/* CDS_ELIMIT: more than `boxes_most`. CDS_EINTERRUPTED. CDS_ENOMEM. */
cds_status cds_walk(cds_walk_result *out, const cds_pair *pair,
                    const cds_verify_goal *goal, double bound,
                    uint64_t boxes_most, const cds_control *control);

/* A value that no mapping is below, by spreads and sets of holders alone. */
cds_status cds_walk_floor(cds_walk_result *out, const cds_pair *pair,
                          const cds_verify_goal *goal, uint64_t boxes_most,
                          const cds_control *control);

/* What is found below one mapping is sought below that, up to this share. */
#define CDS_VERIFY_STEP 1e-10

/* The same to the end: `below` is the least mapping below the limit, but for
 * CDS_VERIFY_STEP; `least` is the limit if there is none. */
cds_status cds_walk_least(cds_walk_result *out, const cds_pair *pair,
                          const cds_verify_goal *goal, double limit,
                          uint64_t boxes_most, const cds_control *control);

#endif
