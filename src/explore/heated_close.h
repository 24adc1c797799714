/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heated_close: what is left between the bound of tangents and the best answer,
 * looked through.
 *
 * What a run takes is not linear in energy and time, so the best choice need
 * not be the best one by any tangent. With a tangent of weights w and a base
 * that is not negative let X = w E + base T. A choice better than the value F
 * has f(X, T) < F for the objective f, which rises with both, so that X <
 * X_most with f(X_most, T_least) = F,   T < T_most, f(X_least, T_most) = F, and
 * each of its layers lies in the box that leaves the least to the others. All
 * mappings of that box are listed (cds_search_list); of their energies by die
 * and time, the safe power included, those that another equals or beats in all
 * of them are left out, as no more of any never takes more (heated_run.h: a run
 * may pause). What is left is chosen from by branch and bound, each complete
 * choice with the leakage of its own steady state.
 *
 * For networks of single layers in the first space of the search, without
 * limits on energy and time; not more than some hundred thousand mappings and
 * choices.
 */
#ifndef CDS_EXPLORE_HEATED_CLOSE_H
#define CDS_EXPLORE_HEATED_CLOSE_H

#include "explore/heated_run.h"

/* Of the tangent. */
typedef struct cds_heated_tangent {
  double weight[CDS_DIES_MAX];
  double base_w;
} cds_heated_tangent;

/* Looks for a choice of less than `limit`. `closed`: there is none, or the best
 * one is put in place of the answer, which `better` says. CDS_ENOMEM. */
typedef struct cds_heated_closing {
  double limit;
  bool closed, better;
} cds_heated_closing;
cds_status cds_heated_close(cds_heated_closing *closing,
                            cds_network_result *network,
                            cds_heated_state *state, cds_heated *it,
                            const cds_heated_tangent *at,
                            const cds_heated_question *asked);

#endif
