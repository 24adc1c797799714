/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes certificates; see certificate.h. A line of an input is a line of the
 * file, so that messages about an input can name a place in it. */
#include "export/certificate.h"

#include <math.h>
#include <string.h>

static bool write_text(cds_json *json, const char *text, cds_arena *arena) {
  cds_json_array(json, "text");
  for (const char *line = text; line != NULL;) {
    const size_t length = strcspn(line, "\n");
    const char *copy = cds_arena_strndup(arena, line, length);
    if (copy == NULL) {
      return false;
    }
    cds_json_text(json, NULL, copy);
    line = line[length] == '\0' ? NULL : line + length + 1;
  }
  cds_json_end(json);
  return true;
}

static bool write_inputs(cds_json *json, const cds_provenance *provenance,
                         const char *const *text, cds_arena *arena) {
  bool good = true;
  cds_json_array_line(json, "sets");
  for (size_t i = 0; i < provenance->sets; i++) {
    cds_json_text(json, NULL, provenance->set[i]);
  }
  cds_json_end(json);
  cds_json_array(json, "inputs");
  for (unsigned i = 0; i < provenance->inputs && good; i++) {
    cds_json_object(json, NULL);
    cds_json_text(json, "role", provenance->input[i].role);
    cds_json_text(json, "path", provenance->input[i].path);
    cds_json_text(json, "sha256", provenance->input[i].sha256);
    good = write_text(json, text[i], arena);
    cds_json_end(json);
  }
  cds_json_end(json);
  return good;
}

static bool write_layer(cds_json *json, const cds_certificate *certificate,
                        const cds_claimed_layer *claim, cds_arena *arena) {
  const cds_layer *layer = claim->layer;
  bool good = true;
  cds_json_object(json, NULL);
  cds_json_text(json, "name", layer->name);
  cds_json_text(json, "phase", certificate->workload->phase[layer->phase].name);
  cds_json_text(json, "status",
                claim->result == NULL ? "infeasible"
                : claim->proven       ? "optimal"
                                      : "gap");
  if (claim->result != NULL) {
    cds_json_number(json, "energy_pj", claim->result->cost.energy_pj);
    cds_json_number(json, "latency_s", claim->result->cost.latency_s);
    cds_json_number(json, "value", claim->value);
    cds_json_number(json, "lower_bound", claim->bound);
    good = cds_json_mapping(json, certificate->arch, &layer->einsum,
                            &claim->result->mapping, arena);
  }
  cds_json_end(json);
  return good;
}

static bool write_stage(cds_json *json, const cds_certificate *certificate,
                        const cds_layer_result *result, cds_arena *arena) {
  bool good = true;
  cds_json_object(json, NULL);
  cds_json_text(json, "name", result->layer->name);
  cds_json_number(json, "energy_pj", result->cost.energy_pj);
  cds_json_number(json, "latency_s", result->cost.latency_s);
  if (result->layer->kind == CDS_LAYER_EINSUM) {
    good = cds_json_mapping(json, certificate->arch,
                            cds_layer_result_einsum(result), &result->mapping,
                            arena);
  }
  cds_json_end(json);
  return good;
}

/* Parts that run fused, of a chain that does not as a whole. */
static bool write_parts(cds_json *json, const cds_certificate *certificate,
                        const cds_claimed_chain *claim, cds_arena *arena) {
  bool good = true;
  cds_json_array(json, "parts");
  for (size_t i = 0; i < claim->layers && good; i++) {
    const cds_layer_fused *fused = claim->result->layer[i].fused;
    if (fused == NULL || fused->stage > 0) {
      continue;
    }
    cds_json_object(json, NULL);
    cds_json_text(json, "name", claim->result->layer[i].layer->name);
    cds_json_count(json, "stages", fused->chain->layers);
    good = cds_json_outer(json, certificate->arch, fused, arena);
    cds_json_end(json);
  }
  cds_json_end(json);
  return good;
}

static bool write_chain(cds_json *json, const cds_certificate *certificate,
                        const cds_claimed_chain *claim, cds_arena *arena) {
  const cds_network_result *result = claim->result;
  const cds_layer_fused *first = result->layer[0].fused;
  const bool whole = first != NULL && first->chain->layers == claim->layers;
  const unsigned phase = claim->layer->phase;
  bool any = false;
  for (size_t i = 0; i < claim->layers; i++) {
    any = any || result->layer[i].fused != NULL;
  }
  cds_json_object(json, NULL);
  cds_json_text(json, "name", claim->layer->name);
  cds_json_text(json, "phase", certificate->workload->phase[phase].name);
  cds_json_text(json, "run", whole ? "fused" : any ? "parts" : "apart");
  cds_json_text(json, "status", result->proven ? "optimal" : "gap");
  cds_json_number(json, "energy_pj", result->energy_pj);
  cds_json_number(json, "latency_s", result->latency_s);
  cds_json_number(json, "value", result->value);
  cds_json_number(json, "lower_bound", result->bound);
  bool good = whole ? cds_json_outer(json, certificate->arch, first, arena)
              : any ? write_parts(json, certificate, claim, arena)
                    : true;
  cds_json_array(json, "stages");
  for (size_t i = 0; i < claim->layers && good; i++) {
    good = write_stage(json, certificate, &result->layer[i], arena);
  }
  cds_json_end(json);
  cds_json_end(json);
  return good;
}

bool cds_export_certificate(FILE *stream, const cds_certificate *certificate,
                            cds_arena *arena) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "certificate", CDS_CERTIFICATE_FORMAT);
  cds_json_text(&json, "version", certificate->provenance->version);
  cds_json_count(&json, "model_version",
                 certificate->provenance->model_version);
  cds_json_text(&json, "objective", cds_objective_name(certificate->objective));
  cds_json_text(&json, "factors",
                certificate->arch->any_factors ? "any" : "perfect");
  if (isfinite(certificate->power_limit_w)) {
    cds_json_number(&json, "power_limit_w", certificate->power_limit_w);
  }
  if (certificate->pipelined) {
    cds_json_boolean(&json, "pipelined", true);
  }
  bool good =
      write_inputs(&json, certificate->provenance, certificate->text, arena);
  cds_json_array(&json, "layers");
  for (size_t i = 0; i < certificate->layers && good; i++) {
    good = write_layer(&json, certificate, &certificate->layer[i], arena);
  }
  cds_json_end(&json);
  for (size_t i = 0; i < certificate->chains && good; i++) {
    if (i == 0) {
      cds_json_array(&json, "chains");
    }
    good = write_chain(&json, certificate, &certificate->chain[i], arena);
  }
  if (!good) {
    return false;
  }
  if (certificate->chains > 0) {
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_finish(&json);
  return true;
}

/* ---- explorations ------------------------------------------------------ */

/* A design that may be better than the best one, as far as is known, is open.
 */
static const char *claim_of(const cds_explore_result *result,
                            const cds_design_result *design) {
  const bool worse = design->bound >= result->value;
  switch (design->status) {
  case CDS_DESIGN_INFEASIBLE:
    return "infeasible";
  case CDS_DESIGN_OVER_LIMIT:
    return "over_limit";
  case CDS_DESIGN_MAPPED:
  case CDS_DESIGN_SKIPPED:
    return worse ? "worse" : "open";
  case CDS_DESIGN_OPEN:
    break;
  }
  return "open";
}

static void write_claim(cds_json *json, const cds_report *report,
                        const cds_design_result *design) {
  const cds_explore_result *result = report->result;
  const bool best = design->index == result->winner;
  cds_json_object_line(json, NULL);
  cds_json_count(json, "design", design->index);
  cds_json_text(json, "status", best ? "best" : claim_of(result, design));
  if (design->status == CDS_DESIGN_OVER_LIMIT) {
    cds_json_text(json, "limit", report->options->limit[design->limit].text);
  } else if (design->status == CDS_DESIGN_INFEASIBLE) {
    cds_json_text(json, "why", design->reason);
  } else if (isfinite(design->bound)) {
    cds_json_number(json, "lower_bound", design->bound);
  }
  cds_json_end(json);
}

bool cds_export_explored(FILE *stream, const cds_explored *explored,
                         cds_arena *arena) {
  static const char *const fusing[] = {"none", "attention", "all", "everywhere",
                                       "pipelined"};
  const cds_report *report = explored->report;
  const cds_explore_result *result = report->result;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "certificate", CDS_CERTIFICATE_FORMAT);
  cds_json_text(&json, "version", report->provenance.version);
  cds_json_count(&json, "model_version", report->provenance.model_version);
  cds_json_text(&json, "factors",
                report->arch->any_factors ? "any" : "perfect");
  cds_json_text(&json, "fuse", fusing[report->options->fuse]);
  bool good = write_inputs(&json, &report->provenance, explored->text, arena);
  cds_json_object(&json, "result");
  good = cds_json_result(&json, report, arena) && good;
  cds_json_end(&json);
  cds_json_array(&json, "designs");
  for (size_t i = 0; i < result->records; i++) {
    write_claim(&json, report, &result->design[i]);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
  return good;
}
