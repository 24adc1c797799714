/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heated: networks on a design whose leakage follows from how warm the network
 * makes it (package/loop.h).
 *
 * Temperatures are the steady state of the average power of the run, die by
 * die. The best choice of mappings is found by tangents: with E_k the dynamic
 * energy in dies of kind k and t the time, a run takes
 *   G(E, t) >= sum weight_k E_k + base_w t,
 * with equality where E / t is the power Q at which the tangent touches. The
 * right side is what the network costs on a design whose energies are weight_k
 * times those of the design and whose leakage is base_w: the search for such
 * designs is exact, so its bound holds for the heated design as well. Q is
 * moved to the power of the answer until answer and bound meet. They do as soon
 * as an answer repeats itself; if none does, both are told.
 *
 * A run may pause (heated_run.h): G(E, t) is then the least of G(E, t') over
 * t' >= t, with the objective of both. A weight and base_w are never negative;
 * with such a base a tangent holds whatever the pause. Where that at Q has a
 * negative base (far above the ambient the dies gain more from going slower
 * than they leak meanwhile), one at the greatest part of Q without is taken.
 * For energy it touches where the run pauses; for energy x delay it does not
 * touch: what it leaves open is looked through (heated_close.h), or is told.
 *
 * DRAM that is refreshed twice as often above 85 degC (package/refresh.h) takes
 * more than the tangents know: they are those of refresh once, and what a
 * choice takes is that of its own steady state.
 *
 * Limits on power, at the wall and on temperature are a roof of each layer: its
 * dynamic powers by kind of die are safe (package/safe.h), so that they hold
 * even in a steady state of that layer alone. The network that is solved has
 * that roof: prices take the weights off again (cds_arch.roof). Bounds inside
 * of a search know the sum of weighed energies alone and take the most that any
 * safe powers have of it.
 */
#ifndef CDS_EXPLORE_HEATED_H
#define CDS_EXPLORE_HEATED_H

#include "explore/limits.h"
#include "package/refresh.h"

/* A design and its package. */
enum { CDS_TANGENTS = 8 };

typedef struct cds_heated {
  const cds_arch *arch;
  bool loop_closed; /* else leakage is that at 85 degC: no cooling is given */
  cds_heat_loop loop;
  cds_heat_limits limits; /* INFINITY: none */
  double safe_w;          /* dynamic power of a layer, at most */
  const cds_safe *safe;   /* the same by kind of die, of a closed loop */
  unsigned tangents;      /* at most so many: CDS_TANGENTS to begin with */
  /* Of the last network that was solved: the power at which its tangent
   * touches, and the design that stands for the heated one. */
  double touch_w[CDS_DIES_MAX];
  cds_arch *weighed;
  /* The searchers are those of that design: the next question is about it. */
  bool begun;
  double weight[CDS_DIES_MAX]; /* of its energies */
  double weighed_limit_w;      /* its power limit */
  unsigned solved;             /* networks so far */
  unsigned closings; /* how often tangents were not enough (heated_close.h) */
  bool last_is_best; /* the searchers are those of that network */
  bool picked;       /* for details: the answer was not that of a tangent */
} cds_heated;

/* A design within limits. CDS_EINFEASIBLE: not even an idle one is, `excess`
 * says what it is over, and a message where that is no limit that was asked
 * for. CDS_EINPUT with a message for a package that cannot be. */
cds_status cds_heated_begin(cds_heated *out, cds_excess *excess,
                            const cds_arch *arch, const cds_limits *limits,
                            cds_arena *arena, cds_diag *diag);
/* The same for another thread. CDS_ENOMEM. */
cds_status cds_heated_share(cds_heated *out, const cds_heated *of,
                            cds_arena *arena);
/* What cds_network_solve is asked; the options' power limit is set here. */
typedef struct cds_heated_question {
  const cds_workload *workload;
  const cds_network_options *options;
  cds_arena *arena;
  cds_diag *diag;
} cds_heated_question;

/* As cds_network_solve. `start_w`: where the first tangent touches, NULL:
 * nowhere near. Of a closed loop costs are those of the design at the
 * temperatures of `state`; the frontier is of one point. */
cds_status cds_heated_solve(cds_network_result *out, cds_heated_state *state,
                            cds_heated *it, const double *start_w,
                            const cds_heated_question *question);
/* One tangent, at that power: `out->bound` is of the objective of the heated
 * design, the answer one of its own. With `again` among the options the
 * searchers have answered that tangent last. */
cds_status cds_heated_ask(cds_network_result *out, cds_heated_state *state,
                          cds_heated *it, const double *power_w,
                          const cds_heated_question *question);
/* Whether anything is at or below the incumbent, by one tangent at that power
 * (NULL: at none) and bounds that leave something out (cds_network_options
 * .slack), less of it in each round as far as that may help: CDS_ELIMIT, and
 * nothing is where `out->bound` is above the incumbent. */
cds_status cds_heated_rule_out(cds_network_result *out, cds_heated *it,
                               const double *power_w,
                               const cds_heated_question *question);
/* Whether an answer, with its slower layers and its own energies, meets the
 * limits on energy and time. */
bool cds_heated_meets(const cds_network_result *of,
                      const cds_network_options *options,
                      const cds_workload *workload);
/* The last step for a winner: its answer once more, by the tangent at `touch_w`
 * alone, with details. What layers reach alone, the network layer by layer, or
 * without anything that stays on chip, are at the temperatures of the answer.
 * With `again` among the options the searchers have answered that tangent. */
cds_status cds_heated_detail(cds_network_result *out, cds_heated_state *state,
                             cds_heated *it, const double *touch_w,
                             const cds_heated_question *question);

#endif
