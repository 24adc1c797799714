/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a run of an energy and a time emits or costs, once more: from the
 * package of the design (what making it takes, package/making.h) and what its
 * file says of its use; explore/outlay.h says what is counted.
 */
#ifndef CDS_VERIFY_RUN_VALUE_H
#define CDS_VERIFY_RUN_VALUE_H

#include "base/arena.h"
#include "verify/pair.h"

typedef struct cds_run_facts_found {
  double cost_usd, embodied_kg; /* of a package; NaN: not known */
  double per_j_kg, per_j_usd;   /* of all energy of the run */
  double life_s;                /* in which it runs */
  double idle_j_per_s; /* between works, for each second that it runs */
} cds_run_facts_found;

/* CDS_ENOMEM; NaNs for a package that cannot be. */
cds_status cds_find_run_facts(cds_run_facts_found *out, const cds_arch *arch,
                              cds_arena *arena);
/* Value of the objective of a run on the design of these facts. */
double cds_run_value(const cds_run_facts_found *facts, cds_objective objective,
                     const cds_worth *run);
/* Power of all dies for which the wall gives no more than that, or NaN. */
cds_status cds_find_wall_power(double *out, const cds_arch *arch, double wall_w,
                               cds_arena *arena, cds_diag *diag);

#endif
