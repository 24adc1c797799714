/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heated_run: what a run takes on a design that it heats.
 *
 * A run may go slower than its mappings let it, or pause. Of energies E, H of
 * the host (which heats nothing), and a time t it takes the least of the
 * objective of G(E, t') + H and t' over t' >= t (package/loop.h). With P = E /
 * t, A = sum P + L(P) and W = sum weight_k P_k the tangent at P has the base A
 * - W; d log ((G + H) t^n) / d log t = n + (A - W) / (A + H / t), so a pause
 * wins where W > A + n (A + H / t), for energy x delay^n (n = 0: for
 * energy; where a second costs w more, W > A + w), never for delay. W / A rises
 * with a part of P, so the pause ends where they are equal. (Of one die with z
 * = beta R A, the gain q = beta R L < z and A' = 1 / (1 - q) the slope of log
 * (W / A) has the sign of (1 - z) / (z (z - q)) + 1 / (1 - q): of terms above 0
 * for z <= 1, else of 1 - z + z^2 - q > 0. Of more dies it was never seen to
 * fall.) How the pause is spread over the layers makes no difference to E and
 * t: here those of the greatest power go slower, as below a lower roof. Under
 * limits on energy x delay and on tokens runs do not pause; bounds are those of
 * runs that may.
 */
#ifndef CDS_EXPLORE_HEATED_RUN_H
#define CDS_EXPLORE_HEATED_RUN_H

#include "explore/heated.h"

/* Dynamic energy of a run. */
typedef struct cds_heated_energy {
  double die_pj[CDS_DIES_MAX]; /* by kind of die */
  double host_pj;
} cds_heated_energy;

/* The design with weighed energies and that leakage. */
void cds_heated_weigh(cds_arch *out, const cds_arch *arch,
                      const double weight[CDS_DIES_MAX], double base_w);
/* Its layers take what is safe for the heated design; weights of NULL: 1. The
 * limit on its power for searches, which know the sum of weighed energies
 * alone. (Programs know nothing else of the roof.) */
double cds_heated_roof(cds_arch *out, const double weight[CDS_DIES_MAX],
                       const cds_heated *it, cds_optimizer optimizer);
/* Slows a layer down to what the limits of the design let it take. */
void cds_heated_keep_within(cds_layer_result *layer, const cds_heated *it);
/* Gives a cost that leakage, and its sum. */
void cds_heated_leak(cds_cost *cost, double leakage_w);
/* The steady state of a run of those energies and that time. */
cds_status cds_heated_state_of(cds_heated_state *out, cds_heated *it,
                               const double energy_pj[CDS_DIES_MAX],
                               double latency_s);
/* Adds the best pause to the time; the state is that with it. */
cds_status cds_heated_pause(double *latency_s, cds_heated_state *state,
                            cds_heated *it, const cds_network_options *options,
                            const cds_heated_energy *energy);
/* Limits, pause, state, leakage, sums and value of an answer whose layers have
 * the dynamic energies of the design. CDS_ELIMIT: there is no steady state. */
cds_status cds_heated_run(cds_network_result *out, cds_heated_state *state,
                          cds_heated *it, const cds_heated_question *asked);
/* The answer of a weighed design as one of the heated design; likewise. */
cds_status cds_heated_restate(cds_network_result *out, cds_heated_state *state,
                              cds_heated *it, const cds_heated_question *asked,
                              const double weight[CDS_DIES_MAX]);

#endif
