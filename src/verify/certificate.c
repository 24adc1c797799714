/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The claims of a certificate against what the verifier finds. */
#include "verify/certificate.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/text.h"
#include "codesign/version.h"
#include "spec/rules.h"
#include "verify/certificate_keys.h"

/* One claim, and what was found. */
typedef struct cds_claim {
  const cds_yaml *node;
  cds_certificate_layer keys;
  const cds_layer *layer; /* NULL: refused already */
  cds_arch *arch;         /* with the policies of its constraints */
  cds_mapping *mapping;   /* NULL: none is claimed */
  const char *foreign;
  cds_status status;
  cds_worth worth;
  cds_walk_result walk;
} cds_claim;

typedef struct cds_checking {
  cds_verified *out;
  const cds_verify_options *options;
  const cds_reader *reader;
  cds_certificate_keys keys;
  cds_certified inputs;
  cds_verify_goal goal;
  double power_limit_w;
  size_t claims;
  cds_claim *claim;
} cds_checking;

static cds_place place_of(const cds_claim *claim, const char *key) {
  const cds_yaml *node = cds_yaml_get(claim->node, key);
  return node == NULL ? claim->node->place : node->place;
}

static bool is_close(double a, double b) {
  return fabs(a - b) <= CDS_VERIFY_TOLERANCE * fmax(fabs(a), fabs(b));
}

/* ---- reading --------------------------------------------------------- */

/* Finds the layer; kinds that were claimed are marked. */
static void find_layer(cds_checking *it, cds_claim *claim, bool *claimed) {
  const cds_workload *workload = &it->inputs.workload;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind != CDS_LAYER_EINSUM ||
        strcmp(layer->name, claim->keys.name) != 0 ||
        strcmp(workload->phase[layer->phase].name, claim->keys.phase) != 0) {
      continue;
    }
    if (claimed[i]) {
      cds_diag_error(it->reader->diag, place_of(claim, "name"),
                     "layer '%s' was claimed before: expected each distinct "
                     "layer once",
                     claim->keys.name);
      return;
    }
    claim->layer = layer;
    for (size_t k = 0; k < workload->layers; k++) {
      claimed[k] = claimed[k] || cds_layer_same(&workload->layer[k], layer);
    }
    return;
  }
  cds_diag_error(it->reader->diag, place_of(claim, "name"),
                 "workload '%s' has no layer '%s' in phase '%s': expected one "
                 "that is an einsum",
                 workload->name, claim->keys.name, claim->keys.phase);
}

/* The architecture with what constraints say of the layer, and the mapping. */
static cds_status bind(cds_checking *it, cds_claim *claim) {
  const cds_einsum *einsum = &claim->layer->einsum;
  const cds_reader *reader = it->reader;
  claim->arch = cds_arena_alloc(reader->arena, sizeof *claim->arch);
  cds_rules *rules = cds_arena_alloc(reader->arena, sizeof *rules);
  if (claim->arch == NULL || rules == NULL) {
    return CDS_ENOMEM;
  }
  *claim->arch = *it->inputs.arch;
  claim->foreign = cds_pair_foreign(claim->arch, einsum);
  if (claim->arch->any_factors) {
    claim->foreign = "parts need not be equal";
  }
  if (cds_constraints_concern(claim->arch, einsum, false)) {
    CDS_TRY(cds_rules_bind(rules, claim->arch, einsum, NULL, reader->diag));
    cds_rules_apply(claim->arch, rules, einsum);
  }
  if (claim->keys.status == CDS_CLAIM_INFEASIBLE) {
    return CDS_OK;
  }
  if (claim->keys.mapping == NULL || isnan(claim->keys.energy_pj) ||
      isnan(claim->keys.latency_s) || isnan(claim->keys.value) ||
      isnan(claim->keys.lower_bound)) {
    cds_diag_error(reader->diag, claim->node->place,
                   "layer '%s' lacks 'mapping', 'energy_pj', 'latency_s', "
                   "'value' or 'lower_bound': expected all of them",
                   claim->keys.name);
    return CDS_EINPUT;
  }
  claim->mapping = cds_arena_alloc(reader->arena, sizeof *claim->mapping);
  if (claim->mapping == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_mapping_read(claim->mapping, claim->keys.mapping, claim->arch,
                           einsum, reader));
  if (claim->foreign == NULL && !cds_mapping_perfect(claim->mapping, einsum)) {
    cds_diag_error(reader->diag, place_of(claim, "mapping"),
                   "the mapping of '%s' cuts a rank into parts that are not "
                   "equal: expected factors whose product is its size",
                   claim->keys.name);
    return CDS_EINPUT;
  }
  const cds_constraint *broken = NULL;
  if (!cds_constraints_admit(&broken, it->inputs.arch, einsum,
                             claim->mapping)) {
    cds_diag_error(reader->diag, place_of(claim, "mapping"),
                   "the mapping of '%s' violates a constraint: expected one "
                   "that meets all",
                   claim->keys.name);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_claims(cds_checking *it) {
  const cds_workload *workload = &it->inputs.workload;
  const cds_yaml *list = it->keys.layers;
  cds_diag *diag = it->reader->diag;
  cds_arena *arena = it->reader->arena;
  bool *claimed = cds_arena_array(arena, workload->layers, sizeof *claimed);
  it->claims = list->kind == CDS_YAML_SEQUENCE ? list->count : 0;
  it->claim = cds_arena_array(arena, it->claims, sizeof *it->claim);
  if (claimed == NULL || it->claim == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->claims; i++) {
    cds_claim *claim = &it->claim[i];
    claim->node = list->items[i];
    cds_status status = cds_schema_read(
        &claim->keys, &cds_certificate_layer_schema, claim->node, it->reader);
    if (claim->keys.name != NULL && claim->keys.phase != NULL) {
      find_layer(it, claim, claimed);
    }
    if (status == CDS_OK) {
      status = claim->layer == NULL ? CDS_EINPUT : bind(it, claim);
    }
    if (status != CDS_OK) {
      claim->layer = NULL;
    }
    CDS_TRY(status == CDS_ENOMEM ? status : CDS_OK);
  }
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    bool told = layer->kind != CDS_LAYER_EINSUM || claimed[i];
    for (size_t k = 0; k < i && !told; k++) {
      told = cds_layer_same(&workload->layer[k], layer);
    }
    if (!told) {
      cds_diag_error(diag, list->place,
                     "nothing is claimed of layer '%s': expected each distinct "
                     "layer of workload '%s'",
                     layer->name, workload->name);
    }
  }
  return CDS_OK;
}

/* ---- finding --------------------------------------------------------- */

/* Everything here is the claim's own: claims are checked in parallel. */
static void find(size_t index, unsigned thread, void *payload) {
  (void)thread;
  const cds_checking *it = payload;
  cds_claim *claim = &it->claim[index];
  if (claim->layer == NULL) {
    return;
  }
  const cds_einsum *einsum = &claim->layer->einsum;
  cds_pair pair;
  claim->walk.holds = true;
  if (claim->foreign != NULL) {
    claim->status = claim->mapping == NULL
                        ? CDS_OK
                        : it->options->other(&claim->worth, claim->arch, einsum,
                                             claim->mapping, it->power_limit_w);
    return;
  }
  claim->status = cds_pair_init(&pair, claim->arch, einsum, it->power_limit_w);
  if (claim->status != CDS_OK) {
    return;
  }
  if (claim->mapping != NULL) {
    cds_choices choices;
    cds_choices_of(&choices, &pair, claim->mapping);
    cds_worth_of(&claim->worth, &pair, &choices);
  }
  claim->status = cds_walk(&claim->walk, &pair, &it->goal,
                           claim->mapping == NULL ? (double)INFINITY
                                                  : claim->keys.lower_bound,
                           it->options->boxes_most, it->options->control);
}

/* ---- comparing ------------------------------------------------------- */

/* Tells a number that is not what was found. */
static bool same(const cds_checking *it, const cds_claim *claim,
                 const char *key, double claimed, double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  if (is_close(claimed, found)) {
    return true;
  }
  cds_diag_error(it->reader->diag, place_of(claim, key),
                 "'%s' of layer '%s' is %s: the mapping has %s", key,
                 claim->keys.name, cds_format_double(one, claimed),
                 cds_format_double(two, found));
  return false;
}

static bool compare_mapping(const cds_checking *it, const cds_claim *claim) {
  const cds_certificate_layer *keys = &claim->keys;
  cds_diag *diag = it->reader->diag;
  if (claim->worth.misfit < claim->arch->levels) {
    cds_diag_error(diag, place_of(claim, "mapping"),
                   "the mapping of '%s' does not fit level '%s': expected one "
                   "that does",
                   keys->name, claim->arch->level[claim->worth.misfit].name);
    return false;
  }
  const double value = cds_verify_value(&it->goal, &claim->worth);
  bool good =
      same(it, claim, "energy_pj", keys->energy_pj, claim->worth.energy_pj);
  good =
      same(it, claim, "latency_s", keys->latency_s, claim->worth.latency_s) &&
      good;
  good = same(it, claim, "value", keys->value, value) && good;
  if (keys->status == CDS_CLAIM_OPTIMAL &&
      keys->lower_bound < value * (1 - CDS_VERIFY_TOLERANCE)) {
    cds_diag_error(diag, place_of(claim, "status"),
                   "'status' of layer '%s' is 'optimal', but its lower bound "
                   "is below its value: expected 'gap'",
                   keys->name);
    return false;
  }
  return good;
}

static bool compare_bound(const cds_checking *it, const cds_claim *claim) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const double below = cds_verify_value(&it->goal, &claim->walk.below);
  if (claim->walk.holds) {
    return true;
  }
  if (claim->mapping == NULL) {
    cds_diag_error(it->reader->diag, place_of(claim, "status"),
                   "'status' of layer '%s' is 'infeasible': a mapping with the "
                   "value %s fits",
                   claim->keys.name, cds_format_double(one, below));
    return false;
  }
  cds_diag_error(it->reader->diag, place_of(claim, "lower_bound"),
                 "'lower_bound' of layer '%s' is %s: a mapping has the value "
                 "%s",
                 claim->keys.name,
                 cds_format_double(one, claim->keys.lower_bound),
                 cds_format_double(two, below));
  return false;
}

/* The verdict on a claim; an outcome of its own is left to the caller. */
static cds_status judge(cds_checking *it, cds_claim *claim,
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
  if (claim->foreign != NULL) {
    out->verdict = known ? CDS_VERDICT_UNCERTIFIED : CDS_VERDICT_REFUSED;
  } else if (claim->status == CDS_ELIMIT) {
    out->why = "the limit on boxes was reached";
    out->verdict = known ? CDS_VERDICT_UNCERTIFIED : CDS_VERDICT_REFUSED;
  } else if (known && bound) {
    out->verdict = none ? CDS_VERDICT_NONE_FITS : CDS_VERDICT_CERTIFIED;
  }
  return CDS_OK;
}

static cds_status check_versions(const cds_checking *it, const cds_yaml *root) {
  if (it->keys.certificate != CDS_CERTIFICATE_VERSION) {
    cds_diag_error(it->reader->diag, root->place,
                   "'certificate' has version %llu: expected %d",
                   (unsigned long long)it->keys.certificate,
                   CDS_CERTIFICATE_VERSION);
    return CDS_EINPUT;
  }
  if (it->keys.model_version != CDS_MODEL_VERSION) {
    cds_diag_error(it->reader->diag, root->place,
                   "'model_version' is %llu: expected %d, that of this program",
                   (unsigned long long)it->keys.model_version,
                   CDS_MODEL_VERSION);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* Warnings about the inputs were given when they were mapped. */
static cds_status read_inputs(cds_checking *it, const cds_yaml *root) {
  cds_diag *own = cds_diag_new(it->reader->arena);
  const cds_reader reader = {it->reader->arena, own, NULL, 0};
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status =
      cds_certified_read(&it->inputs, root, &it->keys, &reader);
  if (cds_diag_errors(own) > 0) {
    cds_diag_append(it->reader->diag, own);
  }
  return status;
}

cds_status cds_certificate_check(cds_verified *out, const cds_yaml *root,
                                 const cds_verify_options *options,
                                 cds_arena *arena, cds_diag *diag) {
  const cds_reader reader = {arena, diag, NULL, 0};
  cds_checking it = {.out = out, .options = options, .reader = &reader};
  memset(out, 0, sizeof *out);
  CDS_TRY(cds_schema_read(&it.keys, &cds_certificate_schema, root, &reader));
  CDS_TRY(check_versions(&it, root));
  CDS_TRY(read_inputs(&it, root));
  it.goal.objective = (cds_objective)it.keys.objective;
  it.power_limit_w =
      isnan(it.keys.power_limit_w) ? (double)INFINITY : it.keys.power_limit_w;
  CDS_TRY(read_claims(&it));
  out->architecture = cds_space_name(it.inputs.space);
  out->workload = it.inputs.workload.name;
  out->objective = it.goal.objective;
  out->layers = it.claims;
  out->layer = cds_arena_array(arena, it.claims, sizeof *out->layer);
  if (out->layer == NULL) {
    return CDS_ENOMEM;
  }
  cds_parallel_for(it.claims, options->threads, find, &it);
  for (size_t i = 0; i < it.claims; i++) {
    CDS_TRY(judge(&it, &it.claim[i], &out->layer[i]));
  }
  return CDS_OK;
}
