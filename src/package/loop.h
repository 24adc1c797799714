/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop: power makes heat, heat makes leakage, leakage is power. For a search:
 * what is slow (thermal resistances) is found once a design, an operating point
 * then costs microseconds.
 *
 * Let P be the dynamic power of each kind of die and L(P) the leakage of the
 * steady state that it leads to, summed over all dies. With the resistances R,
 * none of which is negative, the temperatures are the least solution of
 * T = ambient + R (P + l(T)), with each l convex and rising: the limit from
 * below of x -> ambient + R (P + l(x)), each step of which is convex and rising
 * in P. Hence L is convex and rises with P, and so is what a run of energies E
 * and duration t takes in all,
 *   G(E, t) = sum E + t L(E / t)       (t times a convex function of E / t),
 * jointly convex in E and t. Its tangent at a power Q,
 *   G(E, t) >= sum_k weight_k E_k + base_w t,
 *   weight_k = 1 + dL/dP_k (Q),  base_w = L(Q) - sum_k Q_k dL/dP_k (Q),
 * holds for all runs, and is equal where E / t = Q: it stands in for G where
 * costs have to be linear in energy and time, and says exactly what is best as
 * soon as the best run by the tangent has the power at which it touches.
 *
 * Of one kind of die each has an equal share of the power of its kind. What
 * stands in no stack is not heated: its leakage is that at 85 degC.
 */
#ifndef CDS_PACKAGE_LOOP_H
#define CDS_PACKAGE_LOOP_H

#include "package/delivery.h"
#include "package/heat_response.h"
#include "package/leakage.h"

typedef struct cds_heat_loop {
  cds_built_package package;
  cds_heat_response response;
  const char *by_grid; /* why resistances are those of a grid, or NULL */
  double unheated_w;   /* leakage of all that stands in no stack */
  bool wall_known;     /* the supplies of all dies are */
  cds_wall_bound wall;
  double limit_degc;              /* of all dies, beside their own limits */
  double most_degc[CDS_DIES_MAX]; /* these, by kind */
  size_t placed[CDS_DIES_MAX];    /* how many dies there are of each kind */
  /* Of each placed die; room for what cds_heat_loop_at needs. */
  double *leak_w, *beta, *reference, *power_w, *total_w, *degc, *hottest_k,
      *scratch, *matrix;
} cds_heat_loop;

/* A steady state; by kind of die where it is an array: of those in no stack no
 * leakage and slope, and NaN degrees. */
typedef struct cds_heat_state {
  bool runaway;      /* no steady state: the rest is undefined, but for this: */
  unsigned steepest; /* kind of the die in which a small rise grows most */
  double leakage_w;  /* all of it, what is not heated included */
  double die_leakage_w[CDS_DIES_MAX]; /* of all dies of the kind */
  double mean_degc[CDS_DIES_MAX];     /* of the warmest die of the kind */
  double hottest_degc[CDS_DIES_MAX];  /* the hottest place of any of them */
  double warmest_degc;                /* the hottest place of all */
  bool over;                          /* some place is hotter than it may be */
  double slope[CDS_DIES_MAX];         /* dL/dP */
} cds_heat_state;

/* Of a design whose file has `cooling`. `limit_degc` (INFINITY: none) holds for
 * all dies beside their own limits. Everything is in the arena, which the loop
 * keeps using; one thread at a time. CDS_EINPUT with a message for a package
 * that cannot be. */
cds_status cds_heat_loop_begin(cds_heat_loop *out, const cds_arch *arch,
                               double limit_degc, cds_arena *arena,
                               cds_diag *diag);
/* A loop of the same package for another thread: resistances are shared. */
cds_status cds_heat_loop_share(cds_heat_loop *out, const cds_heat_loop *of,
                               cds_arena *arena);
/* The steady state with that dynamic power, W, of all dies of each kind. Only
 * CDS_EINPUT, for powers that cannot be. */
cds_status cds_heat_loop_at(cds_heat_state *out, cds_heat_loop *loop,
                            const double power_w[CDS_DIES_MAX]);
/* In a phase that is shorter than the time constant of the sink, of a run that
 * is repeated for good: what the sink adds is that of the average power of all
 * dies, `run_w`, leakage included, the rest that of the phase,
 *   T = ambient + s run_w + (R - s) (P + l(T)),
 * with s the resistance of the sink to the air (or, with a second way out, the
 * least of R: no die is then heated by less than what all of them share). With
 * the power of the run itself it is cds_heat_loop_at. No slopes. */
cds_status cds_heat_loop_phase(cds_heat_state *out, cds_heat_loop *loop,
                               double run_w,
                               const double power_w[CDS_DIES_MAX]);
/* The time constant of lid and sink, s: their heat capacity (copper, 3.45
 * J/cm3K) times the resistance to the air. */
double cds_heat_loop_sink_s(const cds_heat_loop *loop);
/* Limits beside those on temperatures; INFINITY: none. */
typedef struct cds_heat_limits {
  double power_w; /* of everything, leakage included */
  double wall_w;  /* at the wall, by its bound (delivery.h) */
} cds_heat_limits;
/* Whether the state that the loop was at last is within all limits; its powers,
 * and that of what is in no die. */
bool cds_heat_loop_within(const cds_heat_loop *loop,
                          const cds_heat_state *state,
                          const double power_w[CDS_DIES_MAX], double outside_w,
                          const cds_heat_limits *limits);
/* What the wall gives at most in that state, with that power beside that of the
 * dies of the package and its leakage, W. */
double cds_heat_loop_wall_w(const cds_heat_loop *loop, double outside_w);
/* How a function of the powers of all dies, leakage included, whose slopes by
 * die are these, rises with the dynamic power of each kind in that state. */
void cds_heat_loop_pull(double by_kind[CDS_DIES_MAX], cds_heat_loop *loop,
                        const double *by_die);
/* What gives a steady state: cds_heat_loop_at, or that with refresh twice as
 * often (refresh.h). Leakage must not fall when powers rise. */
typedef cds_status cds_heat_law(cds_heat_state *out, cds_heat_loop *loop,
                                const double power_w[CDS_DIES_MAX]);
/* The greatest factor on these powers that by the law is within limits. -1:
 * leakage alone is too much; INFINITY: any. */
cds_status cds_heat_loop_most(double *out, cds_heat_loop *loop,
                              const double power_w[CDS_DIES_MAX],
                              const cds_heat_limits *limits, cds_heat_law *law);
/* How leakage with nothing warmer than the ambient is to that at 85 degC, at
 * most 1: no state has less. */
double cds_heat_loop_least_factor(const cds_arch *arch);
/* Leaves the design without cooling, and with that leakage: no temperature of
 * it undercuts it. */
void cds_heat_loop_coolest(cds_arch *arch);
/* Of a design, kind by kind, how its leakage is to that at 85 degC. */
void cds_heat_loop_factors(double factor[CDS_DIES_MAX],
                           const cds_heat_loop *loop,
                           const cds_heat_state *state);

#endif
