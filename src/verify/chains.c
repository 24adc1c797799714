/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found of chains, and whether it is what is claimed; see chains.h. */
#include "verify/chains.h"

#include <math.h>

#include "base/text.h"
#include "verify/fused_bound.h"
#include "verify/pipeline.h"
#include "verify/rows.h"

enum { STATUS_OPTIMAL = 1 }; /* of the certificate's choices */

/* ---- finding --------------------------------------------------------- */

/* Operations have no choices; in a part they are known to the evaluator. */
static cds_status operation_worth(const cds_checking *it,
                                  const cds_chain_claim *claim,
                                  cds_stage_claim *own) {
  const cds_operation *operation = &own->layer->operation;
  if (own->view != NULL) {
    return cds_rows_stage_worth(&own->worth, claim->arch, own->view, operation,
                                it->power_limit_w);
  }
  if (own->foreign == NULL) {
    return cds_rows_worth(&own->worth, claim->arch, operation,
                          it->power_limit_w);
  }
  const cds_status status = it->options->operation(
      &own->worth, claim->arch, operation, it->power_limit_w);
  own->worth.misfit = claim->arch->levels;
  return status;
}

static cds_status stage_by_the_model(const cds_checking *it,
                                     const cds_chain_claim *claim,
                                     cds_stage_claim *own) {
  return it->options->other(&own->worth, claim->arch, own->einsum, own->mapping,
                            it->power_limit_w);
}

static cds_status stage_worth(const cds_checking *it, cds_chain_claim *claim,
                              unsigned s) {
  cds_stage_claim *own = &claim->stage[s];
  if (own->mapping == NULL) {
    return operation_worth(it, claim, own);
  }
  if (own->foreign != NULL) {
    return stage_by_the_model(it, claim, own);
  }
  cds_pair pair;
  cds_choices choices;
  CDS_TRY(cds_pair_init(&pair, claim->arch, own->einsum, it->power_limit_w));
  if (cds_choices_of(&choices, &pair, own->mapping) != CDS_OK) {
    own->foreign = claim->foreign =
        "parts of a mapping of its have too many lengths";
    return stage_by_the_model(it, claim, own);
  }
  cds_worth_of(&own->worth, &pair, &choices);
  return CDS_OK;
}

/* Of all layers, and together. */
static cds_status chain_worth(const cds_checking *it, cds_chain_claim *claim) {
  for (unsigned s = 0; s < claim->stages; s++) {
    CDS_TRY(stage_worth(it, claim, s));
  }
  for (unsigned p = 0; p < claim->parts; p++) {
    const cds_part_claim *part = claim->part[p];
    cds_worth *worth[CDS_STAGES_MAX];
    for (unsigned s = 0; s < part->stages; s++) {
      worth[s] = &claim->stage[part->first + s].worth;
    }
    if (part->outer.pipelined) {
      CDS_TRY(cds_pipeline_close(worth, &part->chain.group, claim->arch,
                                 &part->view[0].stage, it->power_limit_w));
    }
  }
  for (unsigned s = 0; s < claim->stages; s++) {
    claim->worth.energy_pj += claim->stage[s].worth.energy_pj;
    claim->worth.latency_s += claim->stage[s].worth.latency_s;
  }
  return CDS_OK;
}

/* Why the walk does not cover all ways, of the walk's own reasons. */
static const char *foreign_ways(const cds_checking *it,
                                const cds_chain_claim *claim) {
  const char *foreign = it->goal.objective == CDS_OBJECTIVE_DELAY
                            ? "fused mappings that take about the same time "
                              "are too many"
                            : NULL;
  for (unsigned p = 0; p < claim->may && foreign == NULL; p++) {
    foreign = cds_fused_walk_foreign(claim->may_part[p].group);
  }
  return foreign;
}

void cds_chain_check(const cds_checking *it, cds_chain_claim *claim) {
  claim->walk.holds = true;
  if (claim->chain == NULL || claim->unknown != NULL) {
    return;
  }
  claim->found = chain_worth(it, claim);
  if (claim->found == CDS_ELIMIT) {
    claim->unknown = "counts are beyond 2^53";
  }
  if (claim->foreign == NULL) {
    claim->foreign = foreign_ways(it, claim);
  }
  if (claim->foreign == NULL && claim->found == CDS_OK &&
      !isnan(claim->lower_bound)) {
    const cds_fused_ways ways = {
        .space = {.arch = claim->arch,
                  .power_limit_w = it->power_limit_w,
                  .pipelines = it->pipelines,
                  .boxes_most = it->options->boxes_most,
                  .control = it->options->control},
        .chain = &claim->chain->group,
        .parts = claim->may,
        .part = claim->may_part};
    claim->walked = cds_fused_bound(&claim->walk, &ways, it->goal.objective,
                                    claim->lower_bound, &claim->worth);
  }
}

/* ---- comparing ------------------------------------------------------- */

/* Tells a number of the object that is not what was found; NaN: none is said.
 */
static bool same(const cds_checking *it, const cds_chain_claim *claim,
                 const cds_yaml *node, const char *key, double claimed,
                 double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const cds_yaml *at = cds_yaml_get(node, key);
  if (cds_claim_close(claimed, found)) {
    return true;
  }
  cds_diag_error(it->reader->diag, at == NULL ? node->place : at->place,
                 "'%s' in chain '%s' is %s: the mapping has %s", key,
                 claim->name, cds_format_double(one, claimed),
                 cds_format_double(two, found));
  return false;
}

static bool compare_stages(const cds_checking *it,
                           const cds_chain_claim *claim) {
  bool good = true;
  for (unsigned s = 0; s < claim->stages; s++) {
    const cds_stage_claim *own = &claim->stage[s];
    if (own->worth.misfit < claim->arch->levels) {
      cds_diag_error(it->reader->diag, own->node->place,
                     "the mapping of '%s' in chain '%s' does not fit level "
                     "'%s': expected one that does",
                     own->name, claim->name,
                     claim->arch->level[own->worth.misfit].name);
      good = false;
      continue;
    }
    good = same(it, claim, own->node, "energy_pj", own->energy_pj,
                own->worth.energy_pj) &&
           good;
    good = same(it, claim, own->node, "latency_s", own->latency_s,
                own->worth.latency_s) &&
           good;
  }
  return good;
}

static bool compare_whole(const cds_checking *it,
                          const cds_chain_claim *claim) {
  const double value = cds_verify_value(&it->goal, &claim->worth);
  bool good = same(it, claim, claim->node, "energy_pj", claim->energy_pj,
                   claim->worth.energy_pj);
  good = same(it, claim, claim->node, "latency_s", claim->latency_s,
              claim->worth.latency_s) &&
         good;
  good = same(it, claim, claim->node, "value", claim->value, value) && good;
  if (claim->lower_bound > value * (1 + CDS_VERIFY_TOLERANCE)) {
    return cds_chain_wrong(
               it, claim->node,
               "'lower_bound' is above 'value': expected a lower bound",
               claim->name) == CDS_OK;
  }
  if (claim->status == STATUS_OPTIMAL &&
      claim->lower_bound < value * (1 - CDS_VERIFY_TOLERANCE)) {
    return cds_chain_wrong(
               it, claim->node,
               "'status' is 'optimal', but its lower bound is below its "
               "value: expected 'gap'",
               claim->name) == CDS_OK;
  }
  return good;
}

static bool compare_bound(const cds_checking *it,
                          const cds_chain_claim *claim) {
  const cds_yaml *at = cds_yaml_get(claim->node, "lower_bound");
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  if (claim->walk.holds) {
    return true;
  }
  cds_diag_error(
      it->reader->diag, at == NULL ? claim->node->place : at->place,
      "'lower_bound' of chain '%s' is %s: mappings have the value "
      "%s",
      claim->name, cds_format_double(one, claim->lower_bound),
      cds_format_double(two, cds_verify_value(&it->goal, &claim->walk.below)));
  return false;
}

/* Why a stage was evaluated by the model that the search uses, or NULL. */
static const char *stage_by_the_model_why(const cds_chain_claim *claim) {
  const char *why = NULL;
  for (unsigned s = 0; s < claim->stages && why == NULL; s++) {
    why = claim->stage[s].mapping != NULL || claim->stage[s].view == NULL
              ? claim->stage[s].foreign
              : NULL;
  }
  return why;
}

cds_status cds_chain_judge(const cds_checking *it, const cds_chain_claim *claim,
                           cds_verified_layer *out) {
  const bool whole = !isnan(claim->lower_bound);
  const cds_worth said = {.energy_pj = claim->energy_pj,
                          .latency_s = claim->latency_s};
  const cds_worth *worth = claim->unknown == NULL ? &claim->worth : &said;
  *out = (cds_verified_layer){
      .name = claim->name,
      .phase = claim->phase,
      .energy_pj = claim->energy_pj,
      .latency_s = claim->latency_s,
      .value = whole ? claim->value : cds_verify_value(&it->goal, worth),
      .bound = claim->lower_bound,
      .boxes = claim->walk.boxes};
  if (claim->chain == NULL) {
    return CDS_OK; /* refused */
  }
  out->name = cds_arena_printf(it->reader->arena, "%s to %s", claim->name,
                               claim->stage[claim->stages - 1].name);
  if (claim->unknown != NULL) {
    out->verdict = CDS_VERDICT_UNCERTIFIED;
    out->why = cds_arena_printf(it->reader->arena, "not evaluated: %s",
                                claim->unknown);
    return out->name == NULL || out->why == NULL ? CDS_ENOMEM : CDS_OK;
  }
  if (claim->found == CDS_EINPUT || claim->found == CDS_EINFEASIBLE) {
    (void)cds_chain_wrong(
        it, claim->node,
        "cannot be evaluated: expected number formats that the units "
        "have, tensors at home where an operation's unit works, and "
        "leakage below the power limit",
        claim->name);
    return CDS_OK;
  }
  if (claim->found != CDS_OK) {
    return claim->found;
  }
  if (claim->walked != CDS_OK && claim->walked != CDS_ELIMIT) {
    return claim->walked;
  }
  bool good = compare_stages(it, claim);
  good = (!whole || compare_whole(it, claim)) && good;
  good = compare_bound(it, claim) && good;
  out->why = !whole && it->bounds_elsewhere ? stage_by_the_model_why(claim)
             : !whole                       ? "no bound is claimed of a chain"
             : claim->walk.open
                 ? "pipelines whose operations outlast their products are open"
             : claim->walked == CDS_ELIMIT ? "the limit on boxes was reached"
                                           : claim->foreign;
  out->verdict = !good              ? CDS_VERDICT_REFUSED
                 : out->why != NULL ? CDS_VERDICT_UNCERTIFIED
                                    : CDS_VERDICT_CERTIFIED;
  return out->name == NULL ? CDS_ENOMEM : CDS_OK;
}
