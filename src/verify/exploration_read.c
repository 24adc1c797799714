/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the certificate of an exploration; see exploration.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "verify/exploration.h"

/* ---- keys ------------------------------------------------------------ */

const char *const cds_fuse_choices[] = {"none",       "attention", "all",
                                        "everywhere", "pipelined", NULL};
static const char *const status_choices[] = {"best",       "infeasible", "open",
                                             "over_limit", "worse",      NULL};

typedef cds_exploration_keys top;
static const cds_key top_rows[] = {
    CDS_KEY_FIELD(top, certificate, COUNT, .required = true, .high = 1e6,
                  .help = "Version of the format."),
    CDS_KEY_FIELD(top, version, TEXT, .required = true,
                  .help = "Version of the program that made it."),
    CDS_KEY_FIELD(top, model_version, COUNT, .required = true, .high = 1e6,
                  .help = "Version of its model: others give other numbers."),
    CDS_KEY_FIELD(top, factors, CHOICE, .required = true,
                  .choices = cds_factors_choices,
                  .help = "How mappings cut ranks: the option --factors."),
    CDS_KEY_FIELD(top, fuse, CHOICE, .required = true,
                  .choices = cds_fuse_choices,
                  .help = "Which chains may run fused: the option --fuse."),
    CDS_KEY_FIELD(
        top, sets, NODE, .required = true,
        .help = "Variables of the architecture that were set, as by --set."),
    CDS_KEY_FIELD(top, inputs, NODE, .required = true,
                  .help = "The files that were read, with their text."),
    CDS_KEY_FIELD(top, result, NODE, .required = true,
                  .help = "The answer, as in result.json."),
    CDS_KEY_FIELD(top, designs, NODE, .required = true,
                  .help = "What is claimed of each design of the space."),
    {0}};
const cds_schema cds_exploration_schema = {.name = "certificate",
                                           .help =
                                               "What an exploration claims.",
                                           .keys = top_rows};

typedef cds_design_claim claim_keys;
static const cds_key design_rows[] = {
    CDS_KEY_FIELD(claim_keys, design, COUNT, .required = true, .high = 1e15,
                  .help = "Its number, the last variable fastest."),
    CDS_KEY_FIELD(claim_keys, status, CHOICE, .required = true,
                  .choices = status_choices,
                  .help = "Why it is not better than the best design."),
    CDS_KEY_FIELD(claim_keys, lower_bound, NUMBER,
                  .help = "Nothing on it has less."),
    CDS_KEY_FIELD(claim_keys, limit, TEXT,
                  .help = "The limit that it does not meet."),
    CDS_KEY_FIELD(claim_keys, why, TEXT, .help = "What keeps it from running."),
    {0}};
const cds_schema cds_exploration_design_schema = {
    .name = "design",
    .help = "What is claimed of a design.",
    .keys = design_rows};

/* ---- the result ------------------------------------------------------ */

static cds_status refuse(const cds_exploring *it, const cds_yaml *node,
                         const char *what) {
  cds_diag_error(it->reader->diag,
                 node != NULL ? node->place : it->keys.result->place, "%s",
                 what);
  return CDS_EINPUT;
}

static bool is_text(const cds_yaml *node, const char *text) {
  return node->kind == CDS_YAML_SCALAR && strcmp(node->text, text) == 0;
}

/* The values of a variable, as the result lists them. */
static cds_status check_variable(const cds_exploring *it, const cds_yaml *node,
                                 const cds_value_list *list) {
  const cds_yaml *values = cds_result_member(node, "values", NULL);
  bool same = strcmp(cds_result_text(node, "name"), list->name) == 0 &&
              values != NULL && values->kind == CDS_YAML_SEQUENCE &&
              values->count == list->count;
  for (size_t v = 0; same && v < list->count; v++) {
    const char *text = cds_variable_text(it->reader->arena, &list->values[v]);
    if (text == NULL) {
      return CDS_ENOMEM;
    }
    if (!is_text(values->items[v], text)) {
      return refuse(it, values->items[v],
                    "this is not what the architecture gives the variable: "
                    "expected its values in their order");
    }
  }
  return same ? CDS_OK
              : refuse(it, node,
                       "this is no variable of the architecture, or has other "
                       "values there: expected all of them, in their order");
}

/* The space that the result names is that of the inputs. */
static cds_status check_space(const cds_exploring *it) {
  const cds_space *space = it->inputs.space;
  const cds_yaml *said = cds_result_member(it->keys.result, "space", NULL);
  const cds_yaml *list = cds_result_member(said, "variables", NULL);
  const double designs = cds_result_number(said, "designs");
  if (designs != (double)it->designs) {
    char text[CDS_NUMBER_TEXT];
    const cds_yaml *node = cds_result_member(said, "designs", NULL);
    cds_diag_error(it->reader->diag,
                   node != NULL ? node->place : it->keys.result->place,
                   "'designs' is %s: the architecture has %zu designs",
                   cds_format_double(text, designs), it->designs);
    return CDS_EINPUT;
  }
  if (list == NULL || list->kind != CDS_YAML_SEQUENCE ||
      list->count != cds_space_variables(space)) {
    return refuse(it, list, "expected each variable that the architecture has");
  }
  for (size_t i = 0; i < list->count; i++) {
    CDS_TRY(check_variable(it, list->items[i], cds_space_variable(space, i)));
  }
  return CDS_OK;
}

/* The winner is the design of its number. */
static cds_status check_winner(cds_exploring *it) {
  const cds_space *space = it->inputs.space;
  const cds_yaml *winner = cds_result_member(it->keys.result, "winner", NULL);
  const cds_yaml *said = cds_result_member(winner, "variables", NULL);
  const double index = cds_result_number(winner, "index");
  const size_t count = cds_space_variables(space);
  cds_variable_value *value =
      cds_arena_array(it->reader->arena, count + 1, sizeof *value);
  if (value == NULL) {
    return CDS_ENOMEM;
  }
  if (!(index >= 0 && index < (double)it->designs) || index != floor(index)) {
    return refuse(it, winner,
                  "no design of the space is the best one: "
                  "expected a winner and its 'index'");
  }
  it->question.best = (uint64_t)index;
  cds_space_values(value, space, it->question.best);
  if (said == NULL || said->kind != CDS_YAML_MAPPING || said->count != count) {
    return refuse(it, winner, "expected all 'variables' of the winner");
  }
  for (size_t i = 0; i < count; i++) {
    const cds_yaml *own = cds_result_member(said, value[i].name, NULL);
    const char *text = cds_variable_text(it->reader->arena, &value[i]);
    if (text == NULL) {
      return CDS_ENOMEM;
    }
    if (own == NULL || strcmp(cds_result_text(own, "text"), text) != 0) {
      const cds_yaml *at = cds_result_member(own, "text", NULL);
      return refuse(it, at != NULL ? at : said,
                    "this is not what the variable is in the design that "
                    "'index' names");
    }
  }
  return CDS_OK;
}

/* All limits, those of the file among them. */
static cds_status read_limits(cds_exploring *it) {
  const cds_yaml *list = cds_result_member(it->keys.result, "space", "limits");
  for (unsigned m = 0; m < CDS_SHOWN_METRICS; m++) {
    it->question.limit[m] = (double)INFINITY;
  }
  if (list == NULL || list->kind != CDS_YAML_SEQUENCE ||
      list->count > CDS_LIMITS_MAX) {
    return refuse(it, list, "expected the list of limits, 'limits'");
  }
  for (size_t i = 0; i < list->count; i++) {
    cds_limit *limit = &it->limit[it->limits++];
    const char *text =
        list->items[i]->kind == CDS_YAML_SCALAR ? list->items[i]->text : "";
    CDS_TRY(cds_limit_parse(limit, text, list->items[i]->place,
                            it->reader->arena, it->reader->diag));
    it->question.limit[limit->metric] =
        fmin(it->question.limit[limit->metric], limit->bound);
  }
  for (size_t i = 0; i < cds_space_limits(it->inputs.space); i++) {
    const cds_limit *own = cds_space_limit(it->inputs.space, i);
    bool here = false;
    for (size_t k = 0; k < it->limits; k++) {
      here = here || (it->limit[k].metric == own->metric &&
                      it->limit[k].bound == own->bound);
    }
    if (!here) {
      cds_diag_error(it->reader->diag, list->place,
                     "the limit '%s' of the architecture is missing: expected "
                     "all of its limits",
                     own->text);
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}

/* Energy, time and powers of the best design, where bounds begin. */
static cds_status read_run(cds_exploring *it) {
  const cds_yaml *result = it->keys.result;
  const cds_yaml *winner = cds_result_member(result, "winner", NULL);
  const cds_yaml *heat = cds_result_member(winner, "heat", NULL);
  const cds_yaml *dies = cds_result_member(heat, "dies", NULL);
  it->question.value = cds_result_number(result, "value");
  it->question.best_run =
      (cds_worth){.energy_pj = cds_result_number(winner, "energy_pj"),
                  .latency_s = cds_result_number(winner, "latency_s")};
  for (size_t d = 0; dies != NULL && dies->kind == CDS_YAML_SEQUENCE &&
                     d < dies->count && d < CDS_DIES_MAX;
       d++) {
    const double power_w = cds_result_number(dies->items[d], "power_w");
    it->question.best_power_w[d] = power_w > 0 ? power_w : 0;
  }
  return it->question.value > 0 && isfinite(it->question.value)
             ? CDS_OK
             : refuse(it, cds_result_member(result, "value", NULL),
                      "no 'value' of the best design: expected one above 0");
}

/* Whether so many layers from one on may run fused. */
static bool may_run(const cds_sum_plan *plan, size_t first, double stages) {
  bool may = false;
  for (size_t i = 0; i < plan->items; i++) {
    const cds_sum_item *item = &plan->item[i];
    for (unsigned p = 0; item->chain != NULL && p < item->parts; p++) {
      const cds_fused_part *part = &item->part[p];
      may = may || (item->chain->first + part->first == first &&
                    (double)part->group->stages == stages);
    }
  }
  return may;
}

/* No layer runs in a way that is outside of the space. That those behind the
 * first of a group are in it is checked with its result. */
static cds_status check_fused(const cds_exploring *it) {
  const cds_sum_plan *plan = &it->question.plan;
  const cds_yaml *list = cds_result_member(it->keys.result, "layers", NULL);
  for (size_t i = 0;
       list != NULL && list->kind == CDS_YAML_SEQUENCE && i < list->count;
       i++) {
    const cds_yaml *fused = cds_result_member(list->items[i], "fused", NULL);
    if (fused == NULL || fused->kind != CDS_YAML_MAPPING) {
      continue;
    }
    const bool first = cds_result_number(fused, "stage") == 0;
    const bool pipelined = cds_result_member(fused, "pipelined", NULL) != NULL;
    if ((first && !may_run(plan, i, cds_result_number(fused, "stages"))) ||
        (pipelined && !plan->pipelines)) {
      return refuse(it, fused,
                    "this layer runs as 'fuse' does not let it: expected the "
                    "space that was explored");
    }
  }
  return CDS_OK;
}

cds_status cds_exploration_read_result(cds_exploring *it) {
  const cds_yaml *result = it->keys.result;
  const uint64_t designs = cds_space_designs(it->inputs.space);
  if (result->kind != CDS_YAML_MAPPING) {
    return refuse(it, result, "expected the keys of a result");
  }
  if (designs > SIZE_MAX / sizeof *it->design) {
    return refuse(it, result, "too many designs to look at each");
  }
  it->designs = (size_t)designs;
  it->question.space = it->inputs.space;
  it->question.workload = &it->inputs.workload;
  it->question.options = it->options;
  it->question.boxes_most = it->options->boxes_most == UINT64_MAX
                                ? CDS_SHOWN_BOXES
                                : it->options->boxes_most;
  it->question.heat_off =
      strcmp(cds_result_text(cds_result_member(result, "space", NULL), "heat"),
             "off") == 0;
  CDS_TRY(check_space(it));
  CDS_TRY(check_winner(it));
  CDS_TRY(read_limits(it));
  CDS_TRY(
      cds_result_objective(&it->question.objective, result, it->reader->diag));
  CDS_TRY(cds_sum_plan_make(
      &it->question.plan, &it->inputs.workload, (cds_fusing)it->keys.fuse,
      it->question.objective == CDS_OBJECTIVE_DELAY, it->reader->arena));
  CDS_TRY(check_fused(it));
  return read_run(it);
}

/* ---- claims ---------------------------------------------------------- */

static void wrong(const cds_exploring *it, const cds_yaml *node,
                  const char *what, uint64_t design) {
  cds_diag_error(it->reader->diag, node->place, "design %" PRIu64 " %s", design,
                 what);
}

/* Whether the claim is one, by itself. */
static void check_claim(const cds_exploring *it, const cds_designed *of) {
  const cds_design_claim *claim = &of->claim;
  const bool best = claim->design == it->question.best;
  const cds_yaml *bound = cds_yaml_get(of->node, "lower_bound");
  if (best != (claim->status == CDS_DESIGN_CLAIM_BEST)) {
    wrong(it, of->node,
          best ? "is the winner of 'result': expected 'status' best"
               : "is not the winner of 'result': expected another 'status'",
          claim->design);
  } else if (claim->status == CDS_DESIGN_CLAIM_WORSE &&
             !(claim->lower_bound >=
               it->question.value * (1 - CDS_VERIFY_TOLERANCE))) {
    wrong(it, bound != NULL ? bound : of->node,
          "has a 'lower_bound' below the value of the best design, or none: "
          "expected one that is not, or 'status' open",
          claim->design);
  }
}

static cds_status read_claim(cds_exploring *it, const cds_yaml *node) {
  cds_design_claim claim = {0};
  const cds_status status =
      cds_schema_read(&claim, &cds_exploration_design_schema, node, it->reader);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? CDS_OK : status; /* it was told */
  }
  if (claim.design >= it->designs) {
    wrong(it, node, "is none of the space", claim.design);
    return CDS_OK;
  }
  cds_designed *of = &it->design[claim.design];
  if (of->node != NULL) {
    wrong(it, node, "was claimed before: expected each design once",
          claim.design);
    return CDS_OK;
  }
  of->node = node;
  of->claim = claim;
  check_claim(it, of);
  return CDS_OK;
}

cds_status cds_exploration_read_claims(cds_exploring *it) {
  const cds_yaml *list = it->keys.designs;
  it->design =
      cds_arena_array(it->reader->arena, it->designs, sizeof *it->design);
  if (it->design == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; list->kind == CDS_YAML_SEQUENCE && i < list->count; i++) {
    CDS_TRY(read_claim(it, list->items[i]));
  }
  for (size_t i = 0; i < it->designs; i++) {
    if (it->design[i].node == NULL) {
      cds_diag_error(it->reader->diag, list->place,
                     "nothing is claimed of design %zu: expected each design "
                     "of the space",
                     i);
    }
  }
  return CDS_OK;
}
