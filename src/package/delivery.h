/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery: how the power of the dies of a package gets there: currents, the
 * pads that carry them, what the supplies lose on the way, and what comes out
 * of the wall. The dies of a kind have one supply; supplies share neither pads
 * nor networks. A die of power P at its supply V draws I = P / V: a linear
 * network.
 *
 *   current       S(p): of the dies of the supply at and above face p
 *   pairs         n(p) = max(1, s S(p) / i(p)), i: the most of a pair (pads.h);
 *                 s >= 1 is the same on all faces of the supply, the least with
 *                 which its drops are within the budget
 *   face          S(p) r(p) / n(p), r: resistance of a pair
 *   grid          I g(n), g = R / (pi n) (ln(b/a) - 1/2 + a^2 / (2 b^2)), both
 *                 ways: a pad of radius a in the middle of a round cell of an
 *                 n-th of the die, pi b^2 = area / n, R Ohm a square, even
 *                 current, at the edge of the cell
 *   drop of a die I(supply) R(network) + faces below it + grid
 *   losses        each resistance takes its current times its own drop; a grid
 *                 is charged as if all of it were at the worst place
 *   wall          (powers + losses) / (efficiency of regulators x mains)
 *
 * With regulators in the stack, the face below the lowest die carries power Q
 * of the whole stack at the input voltage U, Q / (efficiency U), through the
 * network; regulators are in the lowest die and feed its grid at as many places
 * as its face could have pairs. Its drop is no part of any budget.
 *
 * Pads: power may take a share of those of a face at most. Of these a supply
 * may have what its part of the face's current is: most(p) i(p) / S(all, p)
 * bounds s. Over its limit is a face whose current is above most(p) i(p), over
 * its budget a supply that needs a larger s; its drop is that at the bound. A
 * supply has a pair at least, so that a face may have one a supply more than
 * most(p).
 *
 * What stands with some powers stands with a factor f < 1 of them: with s / f
 * instead of s the pairs are the same, and all drops f times as large.
 *
 * A bound. What the wall gives is neither convex in the powers (a face has one
 * pair at least, and gains pairs with its current; s grows once a budget binds)
 * nor simple, but it has a bound from above that depends on their sum P only.
 * As n(p) >= max(1, S(p) / i(p)), a face of a supply loses at most S(p) r(p)
 * i(p), so what is lost below a die of current I is at most I times the sum of
 * r i over the faces there. n g(n) = R / pi h(a / b(n)) falls with n, as
 * h(x) = -ln x - 1/2 + x^2 / 2 falls to 0 at 1 and a / b rises with n: a grid
 * that its face feeds, I <= S <= n i, loses I I g(n) <= I i n g(n) <= I i g(1).
 * Networks lose S S R <= S (P / V) R, a grid at regulators likewise. With
 * I = P(die) / V and greatest values over dies and supplies, all dies take
 *   Q = P (1 + linear + square P)
 * from regulators on the board or package, and the wall gives Q / (efficiency x
 * mains). In stacks, A = Q / (efficiency U) passes the lowest faces and loses
 * at most A r i + A A R on the way. Both rise with P, and nothing is assumed of
 * budgets and limits: they hold where these are passed, too. Where the powers p
 * of the dies are known, each has its own way and supply instead of the worst:
 *   Q = sum p (1 + linear) + p p square + sum over kinds S S R,
 * which is convex and rises with each power, as all of the bound does.
 *
 * Taken where a file gives nothing, each an assumption: regulators on the board
 * 90 % (88 to 92), 50 uOhm to the bumps (20 to 200); on the package 92 % (90 to
 * 93), 10 uOhm (5 to 10 times less are claimed); in the stack 85 % (80 to 90)
 * from 1.8 V; from the wall to them 92 % (0.94 to 0.96 of the power supply x
 * 0.97 to an intermediate voltage); budget 10 % (5 to 10); half of the pads; 40
 * mOhm a square (20 to 100), x0.7 on the back (30 % less droop are claimed;
 * x0.3 to x0.9). Limits: steady currents; no carrier's own vias; a die that
 * gets more than its supply is not charged for it; losses heat nothing
 * (heat.h).
 */
#ifndef CDS_PACKAGE_DELIVERY_H
#define CDS_PACKAGE_DELIVERY_H

#include "package/pads.h"

/* A package as its supplies see it. */
typedef struct cds_delivery {
  const cds_built_package *package;
  cds_regulator_place place;
  double efficiency, mains, input_v;
  double network_ohm, grid_ohm;
  double budget, share;
  size_t dies;
  size_t lowest[CDS_HEAT_DIES];     /* die of its stack */
  cds_pad_face face[CDS_HEAT_DIES]; /* below each die */
  double most_pairs[CDS_HEAT_DIES]; /* there */
  double demand[CDS_HEAT_DIES];     /* bit/s there */
  double supply_v[CDS_HEAT_DIES], area_m2[CDS_HEAT_DIES];
} cds_delivery;

typedef struct cds_delivered_die {
  double power_w, current_a;
  double drop_v, budget_v; /* at its worst place */
  double loss_w;           /* in the face below it and in its grid */
  /* The face below it. */
  double face_a;      /* all supplies together */
  double pairs;       /* that carry power */
  double power_pads;  /* whole pads */
  double signal_pads; /* what is left */
  double bits_per_s;  /* through these; NaN: not known */
  bool over_current;  /* above what pads for power carry */
  bool over_drop;
  bool over_bandwidth; /* demand above bits_per_s */
} cds_delivered_die;

typedef struct cds_delivered {
  cds_delivered_die die[CDS_HEAT_DIES];
  double dies_w;      /* what the dies use */
  double pads_w;      /* lost in faces and grids */
  double network_w;   /* between regulators and bumps */
  double regulator_w; /* in regulators */
  double mains_w;     /* before them */
  double wall_w;      /* all of it */
  bool over;          /* some current or drop */
  bool over_bandwidth;
} cds_delivered;

/* What the wall gives at most, by the sum of all powers, or die by die. */
typedef struct cds_wall_bound {
  double efficiency, mains;
  double linear, square;             /* of what supplies lose */
  double input_linear, input_square; /* before regulators in stacks */
  size_t dies;
  unsigned kind[CDS_HEAT_DIES];
  double die_linear[CDS_HEAT_DIES]; /* of the die's power */
  double die_square[CDS_HEAT_DIES]; /* likewise, at regulators */
  double net_square[CDS_HEAT_DIES]; /* of that of all dies of its kind */
} cds_wall_bound;

/* Arithmetic on a built package, no allocation. False when the supply of a die
 * is not known; `*unknown` is such a die then. */
bool cds_delivery_of(cds_delivery *out, const cds_built_package *package,
                     size_t *unknown);
/* Pure, no allocation; `power_w`: one for each die, all that it uses. */
void cds_delivery_solve(cds_delivered *out, const cds_delivery *of,
                        const double *power_w);
/* W from the wall. */
double cds_delivery_wall_w(const cds_delivery *of, const double *power_w);
void cds_delivery_bound(cds_wall_bound *out, const cds_delivery *of);
/* What the wall gives at most for that power of all dies, W. */
double cds_wall_most_w(const cds_wall_bound *bound, double power_w);
/* The same for the power of each die, and its slopes where `slope` is not NULL;
 * no more than that of their sum. */
double cds_wall_of_dies_w(const cds_wall_bound *bound, const double *power_w,
                          double *slope);
/* The greatest power for which cds_wall_most_w is no more than `wall_w`. */
double cds_wall_power_w(const cds_wall_bound *bound, double wall_w);
/* Regulators x mains, which need no supplies. */
double cds_delivery_efficiency(const cds_built_package *package);
/* The largest factor of the powers at which no current and no drop is over its
 * limit; INFINITY: any. */
double cds_delivery_stands(const cds_delivery *of, const double *power_w);
/* One error for each kind of die and thing that is over. */
void cds_delivery_say(const cds_delivered *delivered, const cds_delivery *of,
                      cds_diag *diag);

#endif
