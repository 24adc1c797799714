/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reside: what stays on chip from layer to layer and from run to run, apart
 * from any search, at one price of time.
 *
 * A level has room for `room` bits. A tensor that is *pinned* stands there all
 * the time, in every layer of the network; all pinned ones together take Q
 * bits. What a layer costs depends on which of its own tensors stand there
 * (its *question*) and on the room that all others take meanwhile:
 *
 *   f_v(r)  least cost (E + lambda T) of question v when others take r bits
 *
 * f_v does not fall with r: what fits with less room fits with more.
 *
 *   cell      blocks that are alike, `instances` of them, each with tensors of
 *             its own that may be pinned; each instance takes one option
 *   option    which of its tensors are pinned: their bits, what it costs to
 *             bring them (shared over all runs), and the uses: what runs
 *   use       a layer or a chain of layers, `weight` times; it runs the best
 *             way, of equal ones the first
 *   way       a sum of terms f_v(Q + shift): the shift takes off the tensors
 *             of its own that Q has, and adds what else stands there meanwhile
 *             (handed on from an earlier layer to a later one)
 *
 *   minimise  sum over instances of  cost + sum over uses of weight x
 *               min over ways of sum over terms of f_v(Q + shift)
 *   with      Q = sum of the pinned bits <= room
 *
 * Exactness over Q. Let G(q) be the least sum with every f_v taken at q + shift
 * and the pinned bits at most q: a multiple-choice knapsack (pack.h). A choice
 * with Q bits is one of those of G(q) for each q >= Q, where it costs no less,
 * and of G(Q) with its own cost: so the optimum is the least G(q).
 *
 * Exactness over f. What is known of f_v are answers: at r_i its value, a lower
 * bound b_i, and that the mapping found fits until others take m_i >= r_i. So
 *   max of b_i with r_i <= r  <=  f_v(r)  <=  min of values with m_i >= r
 * The lower side is a step function that rises at r_i only. Between steps of
 * all terms G does not rise with q, so of each piece its last q is enough. The
 * least G of the lower sides is a lower bound of the optimum. If the two sides
 * agree where its choice stands, it is the optimum; else these questions are
 * asked there, and so on. Each round asks something new, and there are finitely
 * many places to ask.
 */
#ifndef CDS_NETWORK_RESIDE_H
#define CDS_NETWORK_RESIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "codesign/control.h"
#include "codesign/status.h"

typedef struct cds_reside_term {
  size_t question;
  int64_t shift; /* bits */
} cds_reside_term;

typedef struct cds_reside_way {
  size_t first, terms;
} cds_reside_way;

typedef struct cds_reside_use {
  size_t first, ways;
  double weight;
} cds_reside_use;

typedef struct cds_reside_option {
  uint64_t bits;
  double cost;
  size_t first, uses;
} cds_reside_option;

typedef struct cds_reside_cell {
  uint64_t instances;
  size_t first, options;
} cds_reside_cell;

typedef struct cds_reside_answer {
  double value;  /* of what was found; INFINITY: nothing, or above the limit */
  double bound;  /* nothing is below with as little room, or less */
  uint64_t most; /* what was found fits until others take more than this */
  size_t solution; /* the caller's number of it */
} cds_reside_answer;

typedef struct cds_reside_ask {
  size_t question;
  uint64_t taken; /* r */
  double limit;   /* what costs more is of no interest; INFINITY */
  cds_reside_answer answer;
} cds_reside_ask;

/* Answers all of them. Any status but CDS_OK ends the search. */
typedef cds_status (*cds_reside_solver)(cds_reside_ask *ask, size_t asks,
                                        void *payload);

typedef struct cds_reside_problem {
  uint64_t room;
  size_t questions;
  const bool *late; /* by question: asked only where it may be taken, with the
                       cost of the best other way as the limit */
  size_t terms, ways, uses, options, cells;
  const cds_reside_term *term;
  const cds_reside_way *way;
  const cds_reside_use *use;
  const cds_reside_option *option;
  const cds_reside_cell *cell;
  cds_reside_solver solve;
  void *payload;
  const cds_control *control; /* NULL: never hurries */
} cds_reside_problem;

typedef struct cds_reside_result {
  bool found;
  double value, bound; /* bound INFINITY: no choice fits */
  bool proven;         /* the value is the bound, but for rounding */
  uint64_t bits;       /* Q */
  uint64_t *count;     /* by option */
  size_t *way;         /* by use of an option that is taken: its way */
  size_t *solution;    /* by term of such a way */
  uint64_t rounds, asks;
} cds_reside_result;

/* Everything lives in the arena. When the control hurries, it ends at once: the
 * best choice so far, if there is one, with a bound, which may be 0.
 * CDS_ENOMEM, CDS_EINTERRUPTED when the control cancels, or what the solver
 * returned. */
cds_status cds_reside_solve(cds_reside_result *out,
                            const cds_reside_problem *problem,
                            cds_arena *arena);

#endif
