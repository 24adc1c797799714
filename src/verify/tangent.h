/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A design whose leakage follows from how warm it gets, by one that does not.
 *
 * package/loop.h: what a run of energies E by kind of die and of time t takes
 * is no less than sum weight_k E_k + base_w t, the tangent at a power, and
 * equal at that power. Where the base is not negative that holds for a run that
 * pauses, too. So the least of a goal on the design with these weights and that
 * leakage is a bound for the heated design. Its layers keep what is safe for
 * it.
 */
#ifndef CDS_VERIFY_TANGENT_H
#define CDS_VERIFY_TANGENT_H

#include "package/refresh.h"
#include "verify/pair.h"

typedef struct cds_warm {
  const cds_arch *arch;
  cds_heat_loop loop;
  cds_safe safe; /* powers that may last */
} cds_warm;

/* Of a design with cooling, within limits; `out->safe.most_w` is 0 or less
 * where not even idling is. CDS_EINPUT: the package cannot be. In the arena. */
cds_status cds_warm_begin(cds_warm *out, const cds_arch *arch,
                          const cds_heat_limits *limits, double limit_degc,
                          cds_arena *arena);
/* The tangent at that power by kind of die, or at a part of it where its base
 * is not negative; CDS_ELIMIT: there is none. */
cds_status cds_warm_tangent(cds_arch *out, cds_warm *it,
                            const double power_w[CDS_DIES_MAX]);
/* What a run of those energies and time takes in truth, pJ, and its powers;
 * NaN: no steady state. */
double cds_warm_energy_pj(double power_w[CDS_DIES_MAX], cds_warm *it,
                          const cds_worth *run);

#endif
