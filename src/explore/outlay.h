/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outlay: what a design takes beside the energy and the time of its runs: money
 * and greenhouse gases of making its package (package/making.h), and what its
 * supplies lose between the wall and the dies (package/delivery.h). Levels that
 * stand on no die of the package, as memory outside, are not in what it costs.
 *
 * A run of energy E and time T emits, and costs,
 *
 *   grid (E + I) / (regulators x mains) + embodied T / (lifetime x duty)
 *   price (E + I) / (regulators x mains) + cost T / (lifetime x duty)
 *   I = idle power x T (1 - duty) / duty
 *
 * with E all energy of the run, that of a host's operations included, as if it
 * came through the same supplies, and I what the design takes between works:
 * for each second of work it waits (1 - duty) / duty of them, in intervals of
 * `idle` of the file, each die in its best power state (package/idle.h); none
 * where the file does not give it. What supplies lose in pads, grids and
 * networks is not in it, which depends on powers (package/delivery.h), nor is
 * cooling. After ISO/IEC 21031:2024 (SCI): operational carbon, and embodied
 * carbon by the share of the life that a run takes.
 *
 * Both are per_pj E + per_s T = per_pj (E + w T), w = per_s / per_pj: of one
 * design the least is where E + w T is least, which is what the network walks
 * for (network/hull.h: a linear objective of energy and time; w T is no energy,
 * so that neither heat nor limits see it). Of a heated design each tangent is
 * below its energies (heated.h), and so below E + w T with the same w T on both
 * sides: its bound holds, and is met where it touches. Of several designs the
 * values themselves are compared, times per_pj.
 *
 * Taken where the file has no `use`, each an assumption:
 *
 *   grid         481 g/kWh, the world in 2023 (table of Gupta et al.'s ACT);
 *                from 11 (wind) to 820 (coal) by source
 *   electricity  0.1 USD/kWh; 0.05 to 0.3
 *   lifetime     4 years; 3 to 6
 *   duty         60 %; 10 to 90 %
 */
#ifndef CDS_EXPLORE_OUTLAY_H
#define CDS_EXPLORE_OUTLAY_H

#include "package/delivery.h"
#include "package/idle.h"
#include "package/making.h"
#include "spec/space.h"

typedef struct cds_outlay {
  cds_interval usd;         /* of one package; NaN: not known */
  cds_interval embodied_kg; /* CO2e; likewise */
  const char *no_usd;       /* what is missing; NULL: known */
  const char *no_embodied;
  cds_place place;   /* of what is missing */
  cds_use use;       /* as given, or as taken */
  cds_use given;     /* NaN: it is not */
  double efficiency; /* regulators x mains; NaN: there is no package */
  cds_idle idle;     /* between works */
  /* Of the wall; NULL: known. */
  const char *no_wall;
  cds_wall_bound wall;
} cds_outlay;

/* Some microseconds; strings live in the arena. CDS_ENOMEM. */
cds_status cds_outlay_of(cds_outlay *out, const cds_arch *arch,
                         cds_arena *arena);

/* What energy and time of a run cost in the unit of the objective. */
typedef struct cds_run_price {
  double per_pj; /* times E + time_pj_s T, or times the objective of others */
  double time_pj_s;
} cds_run_price;

/* J between works for each second of them. */
double cds_outlay_idle_w(const cds_outlay *outlay);
/* NaN where it is not known. */
cds_run_price cds_outlay_price(const cds_outlay *outlay,
                               cds_objective objective);

#endif
