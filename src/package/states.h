/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * states: what a die uses while it is idle, in each of its power states, and
 * which of them is best for how long. An interval begins when the work ends and
 * ends when the die must run again; the state is entered at once and left in
 * time. With the leakage L of the die at its supply and 85 degC, its share
 * l of a state and the factor g of its supply, the power D that the die uses
 * when it has a clock but no work, clock f and supply V (f0, V0: running), the
 * wake time w, and the wake energy W, which is all that is used in that time:
 *
 *   P(running) = L + D                     E(running, t) = P t
 *   P(state)   = l g L + D (V/V0)^2 f/f0   E(state, t) = P (t - w) + W, t >= w
 *
 * A state that takes longer to leave than the interval lasts cannot be taken.
 * Both are linear in t, so that a state of less power than running is better
 * from one interval on: the larger of w and
 *
 *   t = (W - P(state) w) / (P(running) - P(state))
 *
 * and one of as much power or more never is. The law of g: tech.h.
 */
#ifndef CDS_PACKAGE_STATES_H
#define CDS_PACKAGE_STATES_H

#include "spec/arch.h"

/* The state that is none of the die's: it runs on. */
enum { CDS_STATE_RUNNING = -1 };

/* W of one die in the state; `clocked_w`: D, 0 where the clock is gated. */
double cds_state_power_w(const cds_die *die, int state, double clocked_w);
/* pJ of an idle interval; INFINITY where it is shorter than the wake time. */
double cds_state_interval_pj(const cds_die *die, int state, double clocked_w,
                             double idle_s);
/* The shortest interval, s, for which the state takes no more than running on;
 * INFINITY: none. */
double cds_state_break_even_s(const cds_die *die, unsigned state,
                              double clocked_w);
/* The state that takes the least; of equal ones running, else the first. */
int cds_state_best(const cds_die *die, double clocked_w, double idle_s);

#endif
