/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found against what is claimed; see exploration.h. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "verify/exploration.h"

static bool is_excluded(cds_found_as as) {
  return as == CDS_FOUND_UNBUILT || as == CDS_FOUND_TOO_LARGE ||
         as == CDS_FOUND_UNKNOWN || as == CDS_FOUND_OVER ||
         as == CDS_FOUND_UNABLE;
}

/* ---- claims against what is found ------------------------------------ */

/* The claim is about a limit that is there, and that can be so. */
static const char *wrong_limit(const cds_exploring *it,
                               const cds_designed *of) {
  const cds_limit *limit = NULL;
  for (size_t i = 0; i < it->limits && of->claim.limit != NULL; i++) {
    limit =
        strcmp(it->limit[i].text, of->claim.limit) == 0 ? &it->limit[i] : limit;
  }
  if (limit == NULL) {
    return "names no limit of the exploration in 'limit': expected one of "
           "'limits'";
  }
  const bool exact = limit->metric == CDS_METRIC_AREA ||
                     limit->metric == CDS_METRIC_COST ||
                     limit->metric == CDS_METRIC_EMBODIED;
  const bool found = (of->shown.over >> limit->metric & 1U) != 0;
  return exact && !found && of->shown.as != CDS_FOUND_UNBUILT
             ? "meets the limit that it is claimed to pass"
             : NULL;
}

/* Leakage alone may be more than a package takes, whatever the limits are. */
static const char *wrong_infeasible(const cds_designed *of) {
  static const uint32_t of_making =
      1U << CDS_METRIC_AREA | 1U << CDS_METRIC_COST | 1U << CDS_METRIC_EMBODIED;
  const bool open =
      of->shown.as == CDS_FOUND_NO_BETTER || of->shown.as == CDS_FOUND_OPEN;
  return of->shown.as == CDS_FOUND_OVER && (of->shown.over & of_making) != 0
             ? "can be built, and is over a limit: expected 'status' over_limit"
         : open && of->fits_status == CDS_OK && !of->none_fits
             ? "can run each layer: expected another 'status' than infeasible"
             : NULL;
}

/* Why the claim cannot be so, or NULL. */
static const char *wrong_claim(const cds_exploring *it,
                               const cds_designed *of) {
  switch (of->claim.status) {
  case CDS_DESIGN_CLAIM_OVER:
    return wrong_limit(it, of);
  case CDS_DESIGN_CLAIM_INFEASIBLE:
    return wrong_infeasible(of);
  case CDS_DESIGN_CLAIM_OPEN: /* that nothing is below the value is news */
    return NULL;
  default:
    return is_excluded(of->shown.as)
               ? "cannot be built, cannot run the workload, or is over a "
                 "limit: expected 'status' infeasible or over_limit"
               : NULL;
  }
}

/* Whether the claim itself leaves open that the design is better: it says so,
 * or it is the best one with a bound below its value. */
static bool leaves_open(const cds_exploring *it, const cds_designed *of) {
  const bool bound = cds_yaml_get(of->node, "lower_bound") != NULL;
  return of->claim.status == CDS_DESIGN_CLAIM_OPEN ||
         (of->claim.status == CDS_DESIGN_CLAIM_BEST && bound &&
          of->claim.lower_bound <
              it->question.value * (1 - CDS_VERIFY_TOLERANCE));
}

/* A design has mappings below the value of the best one. Who leaves that open
 * has told no lie, unless they are below what no mapping is claimed to be. */
static cds_design_verdict judge_better(const cds_exploring *it,
                                       const cds_designed *of) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const bool open = leaves_open(it, of);
  const double whole = cds_result_number(it->keys.result, "bound");
  const double own = of->claim.lower_bound; /* 0: none */
  const double bound = whole > own ? whole : own;
  if (open && !(of->shown.below < bound * (1 - CDS_VERIFY_TOLERANCE))) {
    return CDS_VERDICT_DESIGN_UNSHOWN;
  }
  cds_diag_error(it->reader->diag, of->node->place,
                 "design %" PRIu64 " has mappings with the value %s: %s is %s",
                 of->claim.design, cds_format_double(one, of->shown.below),
                 open ? "the lower bound" : "that of the best design",
                 cds_format_double(two, open ? bound : it->question.value));
  return CDS_VERDICT_DESIGN_REFUSED;
}

static cds_design_verdict verdict_of(const cds_exploring *it,
                                     const cds_designed *of) {
  if (of->node == NULL) {
    return CDS_VERDICT_DESIGN_REFUSED; /* it was told */
  }
  const char *wrong = wrong_claim(it, of);
  if (wrong != NULL) {
    cds_diag_error(it->reader->diag, of->node->place, "design %" PRIu64 " %s",
                   of->claim.design, wrong);
    return CDS_VERDICT_DESIGN_REFUSED;
  }
  if (of->shown.as == CDS_FOUND_BETTER) {
    return judge_better(it, of);
  }
  return of->shown.as != CDS_FOUND_OPEN && !of->shown.by_model
             ? CDS_VERDICT_DESIGN_DERIVED
         : leaves_open(it, of) ? CDS_VERDICT_DESIGN_UNSHOWN
                               : CDS_VERDICT_DESIGN_CLAIMED;
}

/* ---- verdicts -------------------------------------------------------- */

/* "rows=8, glb=1 MiB"; NULL: no memory. */
static const char *text_of(const cds_exploring *it, uint64_t design) {
  cds_arena *arena = it->reader->arena;
  const size_t variables = cds_space_variables(it->inputs.space);
  cds_variable_value *value =
      cds_arena_array(arena, variables + 1, sizeof *value);
  const char *text = "";
  if (value == NULL) {
    return NULL;
  }
  cds_space_values(value, it->inputs.space, design);
  for (size_t i = 0; i < variables && text != NULL; i++) {
    text = cds_arena_printf(arena, "%s%s%s=%s", text, i == 0 ? "" : ", ",
                            value[i].name, cds_variable_text(arena, &value[i]));
  }
  return text;
}

static cds_status list_design(cds_verified_designs *out,
                              const cds_exploring *it, size_t index,
                              cds_design_verdict verdict) {
  const cds_designed *of = &it->design[index];
  cds_verified_design *listed = &out->list[out->listed++];
  *listed = (cds_verified_design){.design = index,
                                  .verdict = verdict,
                                  .as = of->shown.as,
                                  .text = text_of(it, index),
                                  .why = of->shown.why};
  if (verdict == CDS_VERDICT_DESIGN_UNSHOWN &&
      of->shown.as == CDS_FOUND_BETTER) {
    char value[CDS_NUMBER_TEXT];
    listed->why =
        cds_arena_printf(it->reader->arena, "it has mappings with the value %s",
                         cds_format_double(value, of->shown.below));
  }
  return listed->text == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_exploration_judge(cds_verified_designs *out, cds_exploring *it) {
  cds_arena *arena = it->reader->arena;
  *out =
      (cds_verified_designs){.designs = it->designs,
                             .fuse = cds_fuse_choices[it->keys.fuse],
                             .factors = cds_factors_choices[it->keys.factors],
                             .heat_off = it->question.heat_off,
                             .value = it->question.value,
                             .best = it->question.best,
                             .best_text = text_of(it, it->question.best)};
  out->list = cds_arena_array(arena, it->designs, sizeof *out->list);
  out->limit = cds_arena_array(arena, it->limits + 1, sizeof *out->limit);
  out->set = cds_arena_array(arena, it->keys.sets->count + 1, sizeof *out->set);
  if (out->list == NULL || out->limit == NULL || out->set == NULL ||
      out->best_text == NULL) {
    return CDS_ENOMEM;
  }
  while (out->sets < it->keys.sets->count) { /* texts, or no space was read */
    out->set[out->sets] = it->keys.sets->items[out->sets]->text;
    out->sets++;
  }
  for (size_t i = 0; i < it->limits; i++) {
    out->limit[out->limits++] = it->limit[i].text;
  }
  for (size_t i = 0; i < it->designs; i++) {
    const cds_designed *of = &it->design[i];
    CDS_TRY(of->status);
    CDS_TRY(of->fits_status == CDS_ELIMIT ? CDS_OK : of->fits_status);
    const cds_design_verdict verdict = verdict_of(it, of);
    out->count[verdict]++;
    out->boxes += of->shown.boxes;
    if (verdict == CDS_VERDICT_DESIGN_DERIVED) {
      out->derived_as[of->shown.as]++;
    } else {
      CDS_TRY(list_design(out, it, i, verdict));
    }
  }
  return CDS_OK;
}
