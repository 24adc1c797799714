/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks the certificate of an exploration; see exploration.h. */
#include "verify/exploration.h"

#include <inttypes.h>
#include <string.h>

#include "base/parallel.h"
#include "codesign/version.h"

/* ---- finding --------------------------------------------------------- */

/* Whether a claim that mappings do not fit has to be looked at. */
static bool asks_whether_fits(const cds_designed *of) {
  return of->node != NULL && of->claim.status == CDS_DESIGN_CLAIM_INFEASIBLE &&
         (of->shown.as == CDS_FOUND_NO_BETTER ||
          of->shown.as == CDS_FOUND_OPEN);
}

static void find(size_t index, unsigned thread, void *payload) {
  (void)thread;
  cds_exploring *it = payload;
  cds_designed *of = &it->design[index];
  cds_arena *arena = cds_arena_new();
  of->status = arena == NULL
                   ? CDS_ENOMEM
                   : cds_show_design(&of->shown, &it->question, index, arena);
  if (of->status == CDS_OK && asks_whether_fits(of)) {
    of->fits_status =
        cds_show_none_fits(&of->none_fits, &it->question, index, arena);
  }
  cds_arena_free(arena);
}

/* ---- the whole ------------------------------------------------------- */

static cds_status check_versions(const cds_exploring *it,
                                 const cds_yaml *root) {
  if (it->keys.certificate != CDS_CERTIFICATE_VERSION) {
    cds_diag_error(it->reader->diag, cds_yaml_get(root, "certificate")->place,
                   "'certificate' has version %" PRIu64 ": expected %d",
                   it->keys.certificate, CDS_CERTIFICATE_VERSION);
    return CDS_EINPUT;
  }
  if (it->keys.model_version != CDS_MODEL_VERSION) {
    cds_diag_error(it->reader->diag, cds_yaml_get(root, "model_version")->place,
                   "'model_version' is %" PRIu64
                   ": expected %d, that of this program",
                   it->keys.model_version, CDS_MODEL_VERSION);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* Warnings about the inputs were given when they were explored. */
static cds_status read_inputs(cds_exploring *it) {
  cds_diag *own = cds_diag_new(it->reader->arena);
  const cds_reader reader = {it->reader->arena, own, NULL, 0};
  const cds_certificate_keys keys = {.factors = it->keys.factors,
                                     .sets = it->keys.sets,
                                     .inputs = it->keys.inputs};
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_certified_read(&it->inputs, &keys, &reader);
  if (cds_diag_errors(own) > 0) {
    cds_diag_append(it->reader->diag, own);
  }
  return status;
}

static cds_status show_designs(cds_verified *out, cds_exploring *it) {
  cds_verified_designs *found =
      cds_arena_alloc(it->reader->arena, sizeof *found);
  if (found == NULL) {
    return CDS_ENOMEM;
  }
  cds_parallel_for(it->designs, it->options->threads, find, it);
  CDS_TRY(cds_exploration_judge(found, it));
  out->explored = found;
  return CDS_OK;
}

cds_status cds_exploration_check(cds_verified *out, const cds_yaml *root,
                                 const cds_verify_options *options,
                                 cds_arena *arena, cds_diag *diag) {
  const cds_reader reader = {arena, diag, NULL, 0};
  cds_exploring *it = cds_arena_alloc(arena, sizeof *it);
  memset(out, 0, sizeof *out);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  it->options = options;
  it->reader = &reader;
  CDS_TRY(cds_schema_read(&it->keys, &cds_exploration_schema, root, &reader));
  CDS_TRY(check_versions(it, root));
  CDS_TRY(read_inputs(it));
  CDS_TRY(cds_exploration_read_result(it));
  CDS_TRY(cds_exploration_read_claims(it));
  const cds_result_given given = {&it->inputs, it->question.best};
  CDS_TRY(cds_result_check_given(out, it->keys.result, &given, options, arena,
                                 diag));
  out->claimed_whole = false;
  return show_designs(out, it);
}
