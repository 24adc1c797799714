/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limits: what designs must not exceed. Area, what making it takes, leakage and
 * floors are checked before any mapping; power and temperature are roofs of
 * each layer (a layer that would pass them runs slower), latency, energy and
 * energy x delay are handed to the network.
 *
 * A limit at the wall holds in every layer as one on power does, by what the
 * wall gives at most for the powers of the dies, whatever their supplies lose
 * then (cds_wall_of_dies_w): it is one of those that say which powers are safe
 * (package/safe.h). Where leakage is that at 85 degC it is one on the power of
 * all dies together, the greatest for which the wall gives no more in whatever
 * dies it arises (cds_wall_power_w). What it leaves unused is the little that
 * supplies lose less than their bound.
 */
#ifndef CDS_EXPLORE_LIMITS_H
#define CDS_EXPLORE_LIMITS_H

#include "explore/explore.h"

enum { CDS_METRICS = CDS_METRIC_WALL + 1 };

typedef struct cds_limits {
  double bound[CDS_METRICS];   /* the tightest; INFINITY: none */
  unsigned index[CDS_METRICS]; /* of the tightest in the options */
  bool by_wall; /* of one design: the bound on power is that at the wall */
} cds_limits;

/* What no mapping of a design is below. */
typedef struct cds_floors {
  cds_point all;
  double first_token_s, token_s; /* 0: not known */
} cds_floors;

/* A limit that a design does not meet, and how near it comes: no mapping of
 * the design has less than `least`. */
typedef struct cds_excess {
  cds_metric metric;
  double least;
} cds_excess;

void cds_limits_resolve(cds_limits *out, const cds_explore_options *options);
/* Those of one design: with what a limit at the wall leaves of power, at most
 * where leakage is that of temperatures. */
cds_limits cds_limits_of(const cds_limits *limits, const cds_outlay *outlay,
                         const cds_arch *arch);
/* What a limit or the objective needs to know of the design and does not: a
 * message, or NULL. CDS_ENOMEM leaves `*out` as it is. */
cds_status cds_limits_unknown(const char **out, const cds_limits *limits,
                              const cds_explore_options *options,
                              const cds_outlay *outlay, cds_arena *arena);
/* Names the wall where its limit is the one on power. */
void cds_limits_at_wall(cds_excess *excess, const cds_limits *limits,
                        const cds_outlay *outlay);
/* Power that each layer may take, W: the power limit, and what keeps the
 * steady state below the temperature limit, T = ambient + R P. */
double cds_limits_roof(const cds_limits *limits, const cds_arch *arch);
/* Whether the design passes a limit whatever the mapping. */
bool cds_limits_exceeded(cds_excess *out, const cds_limits *limits,
                         const cds_arch *arch, const cds_outlay *outlay,
                         const cds_floors *floor);
/* Whether there is a limit on the time of a token. */
bool cds_limits_on_tokens(const cds_limits *limits);
/* Whether the workload has the phases that limits are on; diagnoses.
 * CDS_EINPUT. */
cds_status cds_limits_apply(const cds_limits *limits,
                            const cds_explore_options *options,
                            const cds_workload *workload, cds_diag *diag);
/* After cds_network_solve found nothing within the limits: the one to name.
 * False when the limits are not the reason. */
bool cds_limits_missed(cds_excess *out, const cds_limits *limits,
                       const cds_network_result *result);
/* Explains why no design meets the limits: the binding ones, each with the
 * nearest design. `least` holds an excess' least for each design that is over
 * a limit; of a space of boxes it is not used. */
void cds_limits_diagnose(const cds_space *space,
                         const cds_explore_options *options,
                         const cds_explore_result *result, const double *least,
                         cds_arena *scratch, cds_diag *diag);

#endif
