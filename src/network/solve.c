/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network on its plan, and, where something may stay on chip, without it in
 * longer chains: those with norms, which no plan has in which something stays.
 * The better of both is the answer, so that it is never worse than where
 * nothing may stay; what neither undercuts is its bound.
 */
#include <math.h>

#include "network/plan.h"
#include "network/searchers.h"

/* The answer is that of longer chains, of which nothing stays. */
static cds_status take_other(cds_network_result *out,
                             const cds_network_result *other,
                             cds_arena *arena) {
  const cds_residency_result asked = out->residency;
  const cds_layer_resident *nothing =
      (cds_layer_resident *)cds_arena_alloc(arena, sizeof *nothing);
  if (nothing == NULL) {
    return CDS_ENOMEM;
  }
  *out = *other;
  out->residency = (cds_residency_result){.hindrance = asked.hindrance,
                                          .level = asked.level,
                                          .tensors = asked.tensors,
                                          .caches = asked.caches,
                                          .runs = asked.runs};
  for (size_t i = 0; i < out->layers && asked.level > 0; i++) {
    out->layer[i].resident = nothing;
  }
  return CDS_OK;
}

/* What the network takes without anything that stays. */
static void set_none(cds_residency_result *out,
                     const cds_network_result *other) {
  out->none = (cds_point){other->energy_pj, other->latency_s};
  out->outer_bits = 0;
  for (size_t i = 0; i < other->layers; i++) {
    out->outer_bits += other->layer[i].times * other->layer[i].cost.outer_bits;
  }
}

/* What no answer undercuts, of both. */
static void take_bounds(cds_network_result *out, double bound,
                        const cds_network_result *a,
                        const cds_network_result *b) {
  out->least_energy_pj = fmin(a->least_energy_pj, b->least_energy_pj);
  out->least_latency_s = fmin(a->least_latency_s, b->least_latency_s);
  out->least_edp_pj_s = fmin(a->least_edp_pj_s, b->least_edp_pj_s);
  out->least_first_token_s =
      fmin(a->least_first_token_s, b->least_first_token_s);
  out->least_token_s = fmin(a->least_token_s, b->least_token_s);
  out->bound = fmin(out->bound, bound);
  out->proven = out->proven && out->bound >= out->value;
  for (size_t i = 0; i < out->layers && !out->proven; i++) {
    cds_layer_result *layer = &out->layer[i];
    layer->status =
        layer->status == CDS_LAYER_OPTIMAL ? CDS_LAYER_GAP : layer->status;
  }
}

/* Answers by the plan in hand and by longer chains; `first`: how the former
 * ended. */
static cds_status choose(cds_network_result *out, cds_status first,
                         const cds_network_result *other, cds_status second,
                         cds_arena *arena) {
  const cds_network_result own = *out;
  const uint64_t effort[] = {
      own.solves + other->solves, own.nodes + other->nodes,
      own.outers + other->outers, own.outers_opened + other->outers_opened};
  const bool better =
      second == CDS_OK && (first != CDS_OK || other->value < own.value);
  if (better) {
    CDS_TRY(take_other(out, other, arena));
    first = CDS_OK;
  }
  if (second == CDS_OK) {
    set_none(&out->residency, other);
  }
  take_bounds(out, better ? own.bound : other->bound, &own, other);
  out->solves = effort[0];
  out->nodes = effort[1];
  out->outers = effort[2];
  out->outers_opened = effort[3];
  return first;
}

cds_status cds_network_solve(cds_network_result *out, const cds_arch *arch,
                             const cds_workload *workload, cds_arena *arena,
                             const cds_network_options *options,
                             cds_diag *diag) {
  cds_network_options own = *options;
  CDS_TRY(cds_network_plan_of(&own.plan, workload, options, arena));
  const cds_status first =
      cds_network_solve_plan(out, arch, workload, arena, &own, diag);
  if (own.plan->longer == NULL || (first != CDS_OK && first != CDS_ELIMIT)) {
    return first;
  }
  cds_network_result *other =
      (cds_network_result *)cds_arena_alloc(arena, sizeof *other);
  cds_diag *apart = cds_diag_new(arena); /* all of it was said */
  own.searchers = cds_searchers_longer(options->searchers);
  if (other == NULL || apart == NULL || own.searchers == NULL) {
    return CDS_ENOMEM;
  }
  own.plan = own.plan->longer;
  const cds_status second =
      cds_network_solve_plan(other, arch, workload, arena, &own, apart);
  return second == CDS_OK || second == CDS_ELIMIT
             ? choose(out, first, other, second, arena)
             : second;
}
