/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refresh: steady states of a design (loop.h) whose DRAM is refreshed twice as
 * often where it is above 85 degC (tech.h), with twice the power for it. With
 * r_k the refresh power of a die of kind k at 85 degC, part of its leakage l_k,
 *
 *   l_k(T) = (l_k + r_k [some place of the kind is above 85 degC])
 *            exp(beta (T - 85 degC))
 *
 * is no longer convex, but a step between two laws that are: with r_k once,
 * whose steady state is never warmer and leaks no more, and with r_k twice. So
 *
 *   - the least steady state is found by laws from below: with r_k once for all
 *     kinds; a kind that is above 85 degC then is so in every steady state, and
 *     has r_k twice from then on, until no other is;
 *   - a tangent of the law with r_k once (cds_heat_loop_at) is below what a run
 *     takes, whatever its temperature;
 *   - powers are safe where they are by the law with r_k twice for all, or by
 *     that with r_k once with no place of a kind that is refreshed above 85
 * degC: two regions, each of them convex (safe.h).
 */
#ifndef CDS_PACKAGE_REFRESH_H
#define CDS_PACKAGE_REFRESH_H

#include "package/safe.h"

/* W of one die of the kind, at or below 85 degC. */
double cds_refresh_w(const cds_arch *arch, unsigned kind);
/* Whether a die of the kind is refreshed twice as often in this steady state.
 */
bool cds_refresh_is_twice(const cds_heat_loop *loop,
                          const cds_heat_state *state, unsigned kind);
bool cds_refresh_any_twice(const cds_heat_loop *loop,
                           const cds_heat_state *state);
/* As cds_heat_loop_at by the law with r_k twice for these kinds. */
cds_status cds_refresh_state_by(cds_heat_state *out, cds_heat_loop *loop,
                                const double power_w[CDS_DIES_MAX],
                                const bool twice[CDS_DIES_MAX]);
/* As cds_heat_loop_at and cds_heat_loop_phase. */
cds_status cds_refresh_state(cds_heat_state *out, cds_heat_loop *loop,
                             const double power_w[CDS_DIES_MAX]);
cds_status cds_refresh_phase(cds_heat_state *out, cds_heat_loop *loop,
                             double run_w, const double power_w[CDS_DIES_MAX]);
/* The powers that may last, in the arena; none where not even idling is within
 * the limits. */
cds_status cds_refresh_safe(cds_safe *out, cds_heat_loop *loop,
                            const cds_heat_limits *limits, cds_arena *arena);

#endif
