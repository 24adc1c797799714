/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heated_alone: layers by themselves on a design that they heat, as if nothing
 * else ran: in the steady state of their own power.
 */
#ifndef CDS_EXPLORE_HEATED_ALONE_H
#define CDS_EXPLORE_HEATED_ALONE_H

#include "explore/heated.h"

/* A design within limits, or a message and CDS_EINFEASIBLE. */
cds_status cds_heated_within(cds_heated *out, const cds_arch *arch,
                             const cds_limits *limits, cds_arena *arena,
                             cds_diag *diag);

/* The best mappings of a small workload, with details: an exploration of this
 * one design. Statuses of cds_network_solve. */
cds_status cds_heated_alone(cds_network_result *out, cds_heated_state *state,
                            cds_heated *it,
                            const cds_heated_question *question);

/* How the dies would be if nothing held a layer back. */
typedef struct cds_full_speed {
  bool over;           /* some place hotter than it may be, or runaway */
  cds_heat_state heat; /* the steady state; that may be runaway */
  double power_w[CDS_DIES_MAX]; /* dynamic */
  double sustainable; /* of these powers: the greatest factor within limits;
                         INFINITY: any */
} cds_full_speed;

/* A given mapping, priced without a limit on power, at the temperatures of its
 * own steady state; no faster than the limits of the design let a layer be.
 * `full`: what it would be faster. */
cds_status cds_heated_given(cds_layer_result *layer, cds_heated_state *state,
                            cds_full_speed *full, cds_heated *it);
/* If it is over: one warning with the die, by how much, and what of the power
 * is sustainable. */
void cds_heated_say_full(const cds_full_speed *full,
                         const cds_layer_result *layer, const cds_heated *it,
                         cds_diag *diag);

#endif
