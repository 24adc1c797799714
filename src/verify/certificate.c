/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what a certificate claims. */
#include "verify/certificate.h"

#include <math.h>
#include <string.h>

#include "codesign/version.h"
#include "verify/chains.h"

/* Finds the layer; the kinds that were claimed are marked. */
static void find_layer(const cds_checking *it, cds_claim *claim,
                       bool *claimed) {
  const cds_workload *workload = &it->inputs.workload;
  const size_t found = cds_claim_layer(it, claim);
  if (found == SIZE_MAX) {
    return;
  }
  if (claimed[found]) {
    cds_diag_error(it->reader->diag, cds_claim_place(claim, "name"),
                   "layer '%s' was claimed before: expected each distinct "
                   "layer once",
                   claim->keys.name);
    return;
  }
  claim->layer = &workload->layer[found];
  for (size_t i = 0; i < workload->layers; i++) {
    claimed[i] =
        claimed[i] || cds_layer_same(&workload->layer[i], claim->layer);
  }
}

static void tell_unclaimed(const cds_checking *it, const cds_yaml *list,
                           const bool *claimed) {
  const cds_workload *workload = &it->inputs.workload;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    bool told = layer->kind != CDS_LAYER_EINSUM || claimed[i];
    for (size_t k = 0; k < i && !told; k++) {
      told = cds_layer_same(&workload->layer[k], layer);
    }
    if (!told) {
      cds_diag_error(it->reader->diag, list->place,
                     "nothing is claimed of layer '%s': expected each distinct "
                     "layer of workload '%s'",
                     layer->name, workload->name);
    }
  }
}

static cds_status read_claims(cds_checking *it, const cds_yaml *list) {
  cds_arena *arena = it->reader->arena;
  bool *claimed =
      cds_arena_array(arena, it->inputs.workload.layers, sizeof *claimed);
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
      status = claim->layer == NULL ? CDS_EINPUT : cds_claim_bind(it, claim);
    }
    if (status != CDS_OK) {
      claim->layer = NULL;
    }
    CDS_TRY(status == CDS_ENOMEM ? status : CDS_OK);
  }
  tell_unclaimed(it, list, claimed);
  return CDS_OK;
}

static cds_status check_versions(const cds_certificate_keys *keys,
                                 const cds_yaml *root, cds_diag *diag) {
  if (keys->certificate != CDS_CERTIFICATE_VERSION) {
    cds_diag_error(diag, cds_yaml_get(root, "certificate")->place,
                   "'certificate' has version %llu: expected %d",
                   (unsigned long long)keys->certificate,
                   CDS_CERTIFICATE_VERSION);
    return CDS_EINPUT;
  }
  if (keys->model_version != CDS_MODEL_VERSION) {
    cds_diag_error(diag, cds_yaml_get(root, "model_version")->place,
                   "'model_version' is %llu: expected %d, that of this program",
                   (unsigned long long)keys->model_version, CDS_MODEL_VERSION);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* Warnings about the inputs were given when they were mapped. */
static cds_status read_inputs(cds_checking *it, const cds_yaml *root,
                              const cds_certificate_keys *keys) {
  cds_diag *own = cds_diag_new(it->reader->arena);
  const cds_reader reader = {it->reader->arena, own, NULL, 0};
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_certified_read(&it->inputs, keys, &reader);
  if (status == CDS_OK) {
    cds_certified_check_power(&it->inputs, root, keys, own);
  }
  if (cds_diag_errors(own) > 0) {
    cds_diag_append(it->reader->diag, own);
  }
  return status;
}

cds_status cds_certificate_check(cds_verified *out, const cds_yaml *root,
                                 const cds_verify_options *options,
                                 cds_arena *arena, cds_diag *diag) {
  const cds_reader reader = {arena, diag, NULL, 0};
  cds_certificate_keys keys = {0};
  cds_checking it = {.options = options,
                     .reader = &reader,
                     .value_key = "value",
                     .bound_key = "lower_bound"};
  memset(out, 0, sizeof *out);
  CDS_TRY(cds_schema_read(&keys, &cds_certificate_schema, root, &reader));
  CDS_TRY(check_versions(&keys, root, diag));
  CDS_TRY(read_inputs(&it, root, &keys));
  it.goal.objective = (cds_objective)keys.objective;
  it.power_limit_w =
      isnan(keys.power_limit_w) ? (double)INFINITY : keys.power_limit_w;
  it.pipelines = keys.pipelined;
  CDS_TRY(read_claims(&it, keys.layers));
  if (keys.chains != NULL) {
    CDS_TRY(cds_chains_read(&it, keys.chains));
  }
  return cds_claims_judge(out, &it);
}
