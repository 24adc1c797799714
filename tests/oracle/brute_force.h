/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brute force over the whole space that the search declares: perfect factors,
 * uneven placement, bypass, holders of different tensors in any order, any
 * ranks on any axis of the array. It lists every vector of spreads, every order
 * of all prime factors as loops, and every gap between loops for every holder;
 * counts come from the literal simulator, prices from own_price.h.
 *
 * Each tensor's counts depend on its own holders only, so one execution serves
 * all three tensors and is remembered by what stands above the last holder.
 * Loops below all holders have no order that matters; all else is raw.
 */
#ifndef CDS_TESTS_BRUTE_FORCE_H
#define CDS_TESTS_BRUTE_FORCE_H

#include <stdbool.h>

#include "oracle/own_price.h"
#include "oracle/pareto_points.h"

enum { BRUTE_PRIMES_MAX = 6, BRUTE_TIES_MAX = 8, BRUTE_TENSORS = 3 };
/* Classes of ranks: by the tensor that lacks them, or all have them. */
enum { BRUTE_BATCH = BRUTE_TENSORS, BRUTE_CLASSES };
unsigned brute_class(const cds_einsum *einsum, unsigned rank);

typedef struct brute_goal {
  unsigned time_power; /* n of E x T^n; 0: E + lambda T */
  double lambda_pj_per_s;
  double power_limit_w; /* INFINITY: none */
  /* If it is there, brute_force collects in it what trades energy and latency
   * best, whatever the goal, and gives no value. */
  pareto_points *frontier;
} brute_goal;

/* One raw mapping: loops from outside in, and the gap (0: before all loops)
 * of each holder by tensor and level, or BRUTE_BYPASSED. */
enum { BRUTE_BYPASSED = -1 };
typedef struct brute_loop {
  unsigned rank;
  uint64_t trips;
} brute_loop;
typedef struct brute_raw {
  uint64_t spread[CDS_RANKS_MAX];
  unsigned loops;
  brute_loop loop[BRUTE_PRIMES_MAX];
  int gap[BRUTE_TENSORS][3];
} brute_raw;

/* Optimal mappings of one energy and time. */
typedef struct brute_tie {
  double dynamic_pj, cycles;
  brute_raw raw;       /* any of them, for messages */
  bool normal;         /* one of them has the normal form */
  cds_mapping mapping; /* the least of those (cds_mapping_compare) */
} brute_tie;

typedef struct brute_result {
  bool found;
  double value;
  unsigned ties; /* pairs of energy and time with this value */
  brute_tie tie[BRUTE_TIES_MAX];
  uint64_t priced, executed; /* effort */
} brute_result;

/* The goal's value for a total energy and a latency. */
double brute_goal_value(const brute_goal *goal, double energy_pj,
                        double latency_s);

/* For a (batched) matrix product, up to three levels, at most one array. */
void brute_force(brute_result *out, const cds_arch *arch,
                 const cds_einsum *einsum, const brute_goal *goal);

/* Whether a mapping in normal form costs the same as the raw one: the order of
 * loops on top of all holders can matter. */
typedef bool brute_accept(const cds_mapping *mapping, void *payload);
typedef struct brute_space {
  const cds_arch *arch;
  const cds_einsum *einsum;
  brute_accept *accept;
  void *payload;
} brute_space;

/* Lowers *least to the least mapping in normal form that is accepted and only
 * orders and joins loops inside the gaps of the raw one. */
void brute_normal_form(cds_mapping *least, bool *found, const brute_raw *raw,
                       const brute_space *space);

/* The raw mapping as nodes; spreads stand first and on the first axis. */
void brute_raw_nest(cds_mapping *out, const brute_raw *raw,
                    const cds_arch *arch, const cds_einsum *einsum);

#endif
