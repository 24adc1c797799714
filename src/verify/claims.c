/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found of claims; see claims.h. */
#include "verify/claims.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/text.h"
#include "spec/rules.h"
#include "verify/chains.h"

cds_place cds_claim_place(const cds_claim *claim, const char *key) {
  const cds_yaml *node = cds_yaml_get(claim->node, key);
  return node == NULL ? claim->node->place : node->place;
}

bool cds_claim_close(double a, double b) {
  return fabs(a - b) <= CDS_VERIFY_TOLERANCE * fmax(fabs(a), fabs(b));
}

/* ---- reading --------------------------------------------------------- */

size_t cds_claim_layer(const cds_checking *it, const cds_claim *claim) {
  const cds_workload *workload = &it->inputs.workload;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM &&
        strcmp(layer->name, claim->keys.name) == 0 &&
        strcmp(workload->phase[layer->phase].name, claim->keys.phase) == 0) {
      return i;
    }
  }
  cds_diag_error(it->reader->diag, cds_claim_place(claim, "name"),
                 "workload '%s' has no layer '%s' in phase '%s': expected one "
                 "that is an einsum",
                 workload->name, claim->keys.name, claim->keys.phase);
  return SIZE_MAX;
}

/* The architecture with what constraints say of the layer, and the mapping. */
cds_status cds_claim_bind(const cds_checking *it, cds_claim *claim) {
  const cds_einsum *einsum = &claim->layer->einsum;
  const cds_reader *reader = it->reader;
  claim->arch = cds_arena_alloc(reader->arena, sizeof *claim->arch);
  cds_rules *rules = cds_arena_alloc(reader->arena, sizeof *rules);
  if (claim->arch == NULL || rules == NULL) {
    return CDS_ENOMEM;
  }
  *claim->arch = *it->inputs.arch;
  claim->foreign = cds_pair_foreign(claim->arch, einsum);
  if (cds_constraints_concern(claim->arch, einsum, false)) {
    if (cds_rules_bind(rules, claim->arch, einsum, NULL, NULL) == CDS_OK) {
      cds_rules_apply(claim->arch, rules, einsum);
    } else {
      claim->foreign = "its constraints contradict each other";
    }
  }
  if (claim->keys.status == CDS_CLAIM_INFEASIBLE) {
    return CDS_OK;
  }
  if (claim->keys.mapping == NULL || isnan(claim->keys.energy_pj) ||
      isnan(claim->keys.latency_s) || isnan(claim->keys.value) ||
      isnan(claim->keys.lower_bound)) {
    cds_diag_error(reader->diag, claim->node->place,
                   "layer '%s' lacks 'mapping', 'energy_pj', 'latency_s', "
                   "'%s' or '%s': expected all of them",
                   claim->keys.name, it->value_key, it->bound_key);
    return CDS_EINPUT;
  }
  claim->mapping = cds_arena_alloc(reader->arena, sizeof *claim->mapping);
  if (claim->mapping == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_mapping_read(claim->mapping, claim->keys.mapping, claim->arch,
                           einsum, reader));
  if (claim->foreign == NULL && !claim->arch->any_factors &&
      !cds_mapping_perfect(claim->mapping, einsum)) {
    cds_diag_error(reader->diag, cds_claim_place(claim, "mapping"),
                   "the mapping of '%s' cuts a rank into parts that are not "
                   "equal: expected factors whose product is its size",
                   claim->keys.name);
    return CDS_EINPUT;
  }
  const cds_constraint *broken = NULL;
  if (!cds_constraints_admit(&broken, it->inputs.arch, einsum,
                             claim->mapping)) {
    cds_diag_error(reader->diag, cds_claim_place(claim, "mapping"),
                   "the mapping of '%s' violates a constraint: expected one "
                   "that meets all",
                   claim->keys.name);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* ---- finding --------------------------------------------------------- */

static cds_status by_the_model(const cds_checking *it, cds_claim *claim) {
  return claim->mapping == NULL
             ? CDS_OK
             : it->options->other(&claim->worth, claim->arch,
                                  &claim->layer->einsum, claim->mapping,
                                  it->power_limit_w);
}

/* Everything here is the claim's own: claims are checked in parallel. */
static void find_claim(const cds_checking *it, cds_claim *claim) {
  if (claim->layer == NULL) {
    return;
  }
  cds_pair pair;
  cds_choices choices;
  claim->walk.holds = true;
  if (claim->foreign != NULL) {
    claim->status = by_the_model(it, claim);
    return;
  }
  claim->status = cds_pair_init(&pair, claim->arch, &claim->layer->einsum,
                                it->power_limit_w);
  if (claim->status != CDS_OK) {
    return;
  }
  if (claim->mapping != NULL) {
    if (cds_choices_of(&choices, &pair, claim->mapping) != CDS_OK) {
      claim->foreign = "parts of its mapping have too many lengths";
      claim->status = by_the_model(it, claim);
      return;
    }
    cds_worth_of(&claim->worth, &pair, &choices);
  }
  claim->status = cds_walk(&claim->walk, &pair, &it->goal,
                           claim->mapping == NULL ? (double)INFINITY
                                                  : claim->keys.lower_bound,
                           it->options->boxes_most, it->options->control);
}

/* Chains take longest: they come first. */
static void find(size_t index, unsigned thread, void *payload) {
  (void)thread;
  const cds_checking *it = payload;
  if (index < it->chains) {
    cds_chain_check(it, &it->chain[index]);
  } else {
    find_claim(it, &it->claim[index - it->chains]);
  }
}

/* ---- comparing ------------------------------------------------------- */

bool cds_claim_same(const cds_checking *it, const cds_claim *claim,
                    const char *key, double claimed, double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  if (cds_claim_close(claimed, found)) {
    return true;
  }
  cds_diag_error(it->reader->diag, cds_claim_place(claim, key),
                 "'%s' of layer '%s' is %s: the mapping has %s", key,
                 claim->keys.name, cds_format_double(one, claimed),
                 cds_format_double(two, found));
  return false;
}

static bool compare_mapping(const cds_checking *it, const cds_claim *claim) {
  const cds_certificate_layer *keys = &claim->keys;
  cds_diag *diag = it->reader->diag;
  if (claim->worth.misfit < claim->arch->levels) {
    cds_diag_error(diag, cds_claim_place(claim, "mapping"),
                   "the mapping of '%s' does not fit level '%s': expected one "
                   "that does",
                   keys->name, claim->arch->level[claim->worth.misfit].name);
    return false;
  }
  const double value = cds_verify_value(&it->goal, &claim->worth);
  bool good = cds_claim_same(it, claim, "energy_pj", keys->energy_pj,
                             claim->worth.energy_pj);
  good = cds_claim_same(it, claim, "latency_s", keys->latency_s,
                        claim->worth.latency_s) &&
         good;
  good = cds_claim_same(it, claim, it->value_key, keys->value, value) && good;
  if (keys->status == CDS_CLAIM_OPTIMAL &&
      keys->lower_bound < value * (1 - CDS_VERIFY_TOLERANCE)) {
    cds_diag_error(diag, cds_claim_place(claim, "status"),
                   "'status' of layer '%s' is 'optimal', but its lower bound "
                   "is below its value: expected 'gap'",
                   keys->name);
    return false;
  }
  return good;
}

/* The mapping itself is one that the bound must not be above, also where no
 * other is looked at. */
static bool compare_bound(const cds_checking *it, const cds_claim *claim) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const bool own = claim->walk.holds && claim->mapping != NULL;
  const double below =
      cds_verify_value(&it->goal, own ? &claim->worth : &claim->walk.below);
  if (own ? claim->keys.lower_bound <= below * (1 + CDS_VERIFY_TOLERANCE)
          : claim->walk.holds) {
    return true;
  }
  if (claim->mapping == NULL) {
    cds_diag_error(it->reader->diag, cds_claim_place(claim, "status"),
                   "'status' of layer '%s' is 'infeasible': a mapping with the "
                   "value %s fits",
                   claim->keys.name, cds_format_double(one, below));
    return false;
  }
  cds_diag_error(it->reader->diag, cds_claim_place(claim, it->bound_key),
                 "'%s' of layer '%s' is %s: a mapping has the value %s",
                 it->bound_key, claim->keys.name,
                 cds_format_double(one, claim->keys.lower_bound),
                 cds_format_double(two, below));
  return false;
}

/* The verdict on a claim; an outcome of its own is left to the caller. */
static cds_status judge(const cds_checking *it, const cds_claim *claim,
                        cds_verified_layer *out) {
  const bool none = claim->mapping == NULL;
  *out = (cds_verified_layer){.name = claim->keys.name,
                              .phase = claim->keys.phase,
                              .energy_pj = claim->keys.energy_pj,
                              .latency_s = claim->keys.latency_s,
                              .value = claim->keys.value,
                              .bound = claim->keys.lower_bound,
                              .boxes = claim->walk.boxes};
  if (claim->layer == NULL) {
    return CDS_OK; /* refused */
  }
  if (claim->status == CDS_EINFEASIBLE && none) {
    out->verdict = CDS_VERDICT_NONE_FITS; /* leakage passes the limit */
    return CDS_OK;
  }
  if (claim->status == CDS_EINPUT || claim->status == CDS_EINFEASIBLE) {
    cds_diag_error(it->reader->diag, claim->node->place,
                   "layer '%s' cannot be evaluated on '%s': expected a number "
                   "format that its compute units have, and leakage below the "
                   "power limit",
                   claim->keys.name, claim->arch->name);
    return CDS_OK;
  }
  if (claim->status != CDS_OK && claim->status != CDS_ELIMIT) {
    return claim->status;
  }
  const bool known = none || compare_mapping(it, claim);
  const bool bound = compare_bound(it, claim);
  out->why = claim->foreign;
  if (!known || !bound) {
    out->verdict = CDS_VERDICT_REFUSED;
  } else if (claim->foreign != NULL) {
    out->verdict = CDS_VERDICT_UNCERTIFIED;
  } else if (claim->status == CDS_ELIMIT) {
    out->why = "the limit on boxes was reached";
    out->verdict = CDS_VERDICT_UNCERTIFIED;
  } else {
    out->verdict = none ? CDS_VERDICT_NONE_FITS : CDS_VERDICT_CERTIFIED;
  }
  return CDS_OK;
}

cds_status cds_claims_judge(cds_verified *out, cds_checking *it) {
  out->architecture = cds_space_name(it->inputs.space);
  out->workload = it->inputs.workload.name;
  out->objective = it->goal.objective;
  out->of_layers = it->goal.objective;
  out->layers = it->claims;
  out->chains = it->chains;
  out->layer =
      cds_arena_array(it->reader->arena, it->claims, sizeof *out->layer);
  out->chain =
      cds_arena_array(it->reader->arena, it->chains, sizeof *out->chain);
  if (out->layer == NULL || out->chain == NULL) {
    return CDS_ENOMEM;
  }
  cds_parallel_for(it->claims + it->chains, it->options->threads, find, it);
  for (size_t i = 0; i < it->claims; i++) {
    CDS_TRY(judge(it, &it->claim[i], &out->layer[i]));
  }
  for (size_t i = 0; i < it->chains; i++) {
    CDS_TRY(cds_chain_judge(it, &it->chain[i], &out->chain[i]));
  }
  return CDS_OK;
}
