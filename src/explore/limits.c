/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits of an exploration, and the explanation when nothing meets them. */
#include "explore/limits.h"

#include <inttypes.h>
#include <math.h>

#include "base/text.h"

void cds_limits_resolve(cds_limits *out, const cds_explore_options *options) {
  *out = (cds_limits){.by_wall = false};
  for (unsigned metric = 0; metric < CDS_METRICS; metric++) {
    out->bound[metric] = (double)INFINITY;
  }
  for (size_t i = 0; i < options->limits; i++) {
    const cds_limit *limit = &options->limit[i];
    if (limit->bound < out->bound[limit->metric]) {
      out->bound[limit->metric] = limit->bound;
      out->index[limit->metric] = (unsigned)i;
    }
  }
}

cds_limits cds_limits_of(const cds_limits *limits, const cds_outlay *outlay,
                         const cds_arch *arch) {
  cds_limits own = *limits;
  const cds_wall_bound *wall = &outlay->wall;
  const double wall_w = limits->bound[CDS_METRIC_WALL];
  if (wall_w < (double)INFINITY && outlay->no_wall == NULL) {
    const double power_w = arch->sink_k_per_w > 0
                               ? wall_w * wall->efficiency * wall->mains
                               : cds_wall_power_w(wall, wall_w);
    own.by_wall = power_w < own.bound[CDS_METRIC_POWER];
    own.bound[CDS_METRIC_POWER] = fmin(own.bound[CDS_METRIC_POWER], power_w);
  }
  return own;
}

cds_status cds_limits_unknown(const char **out, const cds_limits *limits,
                              const cds_explore_options *options,
                              const cds_outlay *outlay, cds_arena *arena) {
  const cds_objective objective = options->objective;
  const struct {
    cds_metric metric;
    const char *missing;
  } needs[] = {{CDS_METRIC_COST, outlay->no_usd},
               {CDS_METRIC_EMBODIED, outlay->no_embodied},
               {CDS_METRIC_WALL, outlay->no_wall}};
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    if (needs[i].missing != NULL &&
        limits->bound[needs[i].metric] < (double)INFINITY) {
      *out =
          cds_arena_printf(arena, "limit '%s': %s",
                           options->limit[limits->index[needs[i].metric]].text,
                           needs[i].missing);
      return *out == NULL ? CDS_ENOMEM : CDS_OK;
    }
  }
  const char *missing = objective == CDS_OBJECTIVE_COST ? outlay->no_usd
                        : objective == CDS_OBJECTIVE_CARBON
                            ? outlay->no_embodied
                            : NULL;
  *out = missing == NULL
             ? NULL
             : cds_arena_printf(arena, "objective '%s': %s",
                                objective == CDS_OBJECTIVE_COST ? "cost"
                                                                : "carbon",
                                missing);
  return missing != NULL && *out == NULL ? CDS_ENOMEM : CDS_OK;
}

void cds_limits_at_wall(cds_excess *excess, const cds_limits *limits,
                        const cds_outlay *outlay) {
  if (excess->metric == CDS_METRIC_POWER && limits->by_wall) {
    *excess = (cds_excess){CDS_METRIC_WALL,
                           cds_wall_most_w(&outlay->wall, excess->least)};
  }
}

static double heat_roof(const cds_limits *limits, const cds_arch *arch) {
  const double rise =
      limits->bound[CDS_METRIC_TEMPERATURE] - arch->ambient_degc;
  return arch->sink_k_per_w > 0 ? rise / arch->sink_k_per_w : (double)INFINITY;
}

double cds_limits_roof(const cds_limits *limits, const cds_arch *arch) {
  return fmin(limits->bound[CDS_METRIC_POWER], heat_roof(limits, arch));
}

bool cds_limits_exceeded(cds_excess *out, const cds_limits *limits,
                         const cds_arch *arch, const cds_outlay *outlay,
                         const cds_floors *floor) {
  const double leakage_w = cds_arch_leakage_w(arch);
  const double least[CDS_METRICS] = {
      [CDS_METRIC_AREA] = cds_arch_area_um2(arch),
      [CDS_METRIC_POWER] = leakage_w,
      [CDS_METRIC_TEMPERATURE] =
          arch->ambient_degc + arch->sink_k_per_w * leakage_w,
      [CDS_METRIC_ENERGY] = floor->all.energy_pj,
      [CDS_METRIC_LATENCY] = floor->all.latency_s,
      [CDS_METRIC_EDP] = floor->all.energy_pj * floor->all.latency_s,
      [CDS_METRIC_FIRST_TOKEN] = floor->first_token_s,
      [CDS_METRIC_TOKEN] = floor->token_s,
      [CDS_METRIC_COST] = outlay->usd.typical,
      [CDS_METRIC_EMBODIED] = outlay->embodied_kg.typical};
  for (unsigned metric = 0; metric < CDS_METRICS; metric++) {
    if (least[metric] > limits->bound[metric]) {
      *out = (cds_excess){(cds_metric)metric, least[metric]};
      cds_limits_at_wall(out, limits, outlay);
      return true;
    }
  }
  /* Leakage that takes all of the power leaves nothing to work with. */
  const double roof = cds_limits_roof(limits, arch);
  const bool power = roof == limits->bound[CDS_METRIC_POWER];
  const cds_metric metric = power ? CDS_METRIC_POWER : CDS_METRIC_TEMPERATURE;
  *out = (cds_excess){metric, least[metric]};
  cds_limits_at_wall(out, limits, outlay);
  return leakage_w >= roof;
}

bool cds_limits_missed(cds_excess *out, const cds_limits *limits,
                       const cds_network_result *result) {
  const double *bound = limits->bound;
  if (result->least_first_token_s > bound[CDS_METRIC_FIRST_TOKEN]) {
    *out = (cds_excess){CDS_METRIC_FIRST_TOKEN, result->least_first_token_s};
    return true;
  }
  if (result->least_token_s > bound[CDS_METRIC_TOKEN]) {
    *out = (cds_excess){CDS_METRIC_TOKEN, result->least_token_s};
    return true;
  }
  if (result->least_latency_s > bound[CDS_METRIC_LATENCY]) {
    *out = (cds_excess){CDS_METRIC_LATENCY, result->least_latency_s};
    return true;
  }
  if (result->least_energy_pj > bound[CDS_METRIC_ENERGY]) {
    *out = (cds_excess){CDS_METRIC_ENERGY, result->least_energy_pj};
    return true;
  }
  if (result->least_edp_pj_s > bound[CDS_METRIC_EDP]) {
    *out = (cds_excess){CDS_METRIC_EDP, result->least_edp_pj_s};
    return true;
  }
  /* Each alone may be in reach, or out of reach of what was found only. */
  if (bound[CDS_METRIC_EDP] < (double)INFINITY) {
    *out = (cds_excess){CDS_METRIC_EDP, result->least_edp_pj_s};
    return true;
  }
  if (bound[CDS_METRIC_LATENCY] < (double)INFINITY) {
    *out = (cds_excess){CDS_METRIC_LATENCY, result->least_latency_s};
    return true;
  }
  if (bound[CDS_METRIC_FIRST_TOKEN] < (double)INFINITY) {
    *out = (cds_excess){CDS_METRIC_FIRST_TOKEN, result->least_first_token_s};
    return true;
  }
  if (bound[CDS_METRIC_TOKEN] < (double)INFINITY) {
    *out = (cds_excess){CDS_METRIC_TOKEN, result->least_token_s};
    return true;
  }
  *out = (cds_excess){CDS_METRIC_ENERGY, result->least_energy_pj};
  return bound[CDS_METRIC_ENERGY] < (double)INFINITY;
}

bool cds_limits_on_tokens(const cds_limits *limits) {
  return limits->bound[CDS_METRIC_FIRST_TOKEN] < (double)INFINITY ||
         limits->bound[CDS_METRIC_TOKEN] < (double)INFINITY;
}

static bool has_phase(const cds_workload *workload, cds_phase_kind kind) {
  bool found = false;
  for (unsigned i = 0; i < workload->phases; i++) {
    found = found || workload->phase[i].kind == kind;
  }
  return found;
}

cds_status cds_limits_apply(const cds_limits *limits,
                            const cds_explore_options *options,
                            const cds_workload *workload, cds_diag *diag) {
  static const struct {
    cds_metric metric;
    cds_phase_kind kind;
    const char *name;
  } needs[] = {{CDS_METRIC_FIRST_TOKEN, CDS_PHASE_PREFILL, "prefill"},
               {CDS_METRIC_TOKEN, CDS_PHASE_DECODE, "decode"}};
  cds_status status = CDS_OK;
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    if (limits->bound[needs[i].metric] == (double)INFINITY ||
        has_phase(workload, needs[i].kind)) {
      continue;
    }
    const cds_limit *limit = &options->limit[limits->index[needs[i].metric]];
    cds_diag_error(diag, limit->place,
                   "limit '%s' needs a %s phase: workload '%s' has none",
                   limit->text, needs[i].name, workload->name);
    status = CDS_EINPUT;
  }
  return status;
}

/* ---- messages ----------------------------------------------------------- */

static const char *value_text(cds_metric metric, double value,
                              cds_arena *arena) {
  char text[CDS_NUMBER_TEXT];
  switch (metric) {
  case CDS_METRIC_AREA:
    return cds_arena_printf(arena, "%s mm2",
                            cds_format_si(text, value * 1e-6, ""));
  case CDS_METRIC_TEMPERATURE:
    return cds_arena_printf(arena, "%s degC", cds_format_si(text, value, ""));
  case CDS_METRIC_POWER:
  case CDS_METRIC_WALL:
    return cds_arena_strdup(arena, cds_format_si(text, value, "W"));
  case CDS_METRIC_COST:
    return cds_arena_printf(
        arena, "%s USD", cds_format_double(text, cds_round_decimal(value, 4)));
  case CDS_METRIC_EMBODIED:
    return cds_arena_printf(
        arena, "%s kg", cds_format_double(text, cds_round_decimal(value, 4)));
  case CDS_METRIC_ENERGY:
    return cds_arena_strdup(arena, cds_format_si(text, value * 1e-12, "J"));
  case CDS_METRIC_LATENCY:
  case CDS_METRIC_FIRST_TOKEN:
  case CDS_METRIC_TOKEN:
    return cds_arena_strdup(arena, cds_format_si(text, value, "s"));
  case CDS_METRIC_EDP:
    break;
  }
  return cds_arena_strdup(arena, cds_format_si(text, value * 1e-12, "J s"));
}

/* "rows=8, cols=8", or the architecture's name without variables. */
static const char *design_text(const cds_space *space, uint64_t index,
                               cds_arena *arena) {
  const size_t variables = cds_space_variables(space);
  cds_variable_value *value = (cds_variable_value *)cds_arena_array(
      arena, variables + 1, sizeof *value);
  const char *text = variables == 0 ? cds_space_name(space) : "";
  if (value != NULL && variables > 0) {
    cds_space_values(value, space, index);
  }
  for (size_t i = 0; i < variables && value != NULL && text != NULL; i++) {
    text = cds_arena_printf(arena, "%s%s%s=%s", text, i == 0 ? "" : ", ",
                            value[i].name, cds_variable_text(arena, &value[i]));
  }
  return text != NULL ? text : "";
}

static const char *nearest_text(const cds_space *space, const cds_limit *limit,
                                uint64_t design, double least,
                                cds_arena *arena) {
  static const char *const nearest[CDS_METRICS] = {
      [CDS_METRIC_AREA] = "the smallest has",
      [CDS_METRIC_POWER] = "the least leakage is",
      [CDS_METRIC_TEMPERATURE] = "the coolest has at least",
      [CDS_METRIC_ENERGY] = "the least energy is at least",
      [CDS_METRIC_LATENCY] = "the fastest takes at least",
      [CDS_METRIC_EDP] = "the best has at least",
      [CDS_METRIC_FIRST_TOKEN] = "the fastest takes at least",
      [CDS_METRIC_TOKEN] = "the fastest takes at least",
      [CDS_METRIC_COST] = "the cheapest costs",
      [CDS_METRIC_EMBODIED] = "the least is",
      [CDS_METRIC_WALL] = "by the bound used for it, leakage takes"};
  /* A limit that can be met alone fails beside the others. */
  const bool alone = least > limit->bound;
  return cds_arena_printf(arena, "%s%s %s (%s)", alone ? "" : "by itself ",
                          nearest[limit->metric],
                          value_text(limit->metric, least, arena),
                          design_text(space, design, arena));
}

/* Of boxes only bounds are known, and how many designs they rule out. */
static void diagnose_boxes(const cds_space *space,
                           const cds_explore_options *options,
                           const cds_explore_result *result, cds_arena *scratch,
                           cds_diag *diag) {
  bool said = false;
  for (size_t i = 0; i < options->limits; i++) {
    const cds_limit *limit = &options->limit[i];
    const cds_box_counts *boxes = result->boxes;
    uint64_t over = boxes->by_limit[i];
    double least = over == 0 ? (double)INFINITY : boxes->least[i];
    for (size_t d = 0; d < result->records; d++) {
      const cds_design_result *design = &result->design[d];
      const bool here =
          design->status == CDS_DESIGN_OVER_LIMIT && design->limit == i;
      over += here;
      least = here ? fmin(least, limit->bound) : least;
    }
    const char *text = value_text(limit->metric, least, scratch);
    if (over == 0 || text == NULL) {
      continue;
    }
    if (!said) {
      cds_diag_error(diag, limit->place,
                     "no design of '%s' meets all limits and can be mapped",
                     cds_space_name(space));
      said = true;
    }
    cds_diag_hint(diag,
                  "'%s' rules out %" PRIu64
                  " of %zu designs: none of them has less than %s",
                  limit->text, over, result->designs, text);
  }
}

void cds_limits_diagnose(const cds_space *space,
                         const cds_explore_options *options,
                         const cds_explore_result *result, const double *least,
                         cds_arena *scratch, cds_diag *diag) {
  bool said = false;
  if (result->boxes != NULL) {
    diagnose_boxes(space, options, result, scratch, diag);
    return;
  }
  for (size_t i = 0; i < options->limits; i++) {
    const cds_limit *limit = &options->limit[i];
    uint64_t over = 0;
    size_t best = 0;
    bool proven = true;
    for (size_t d = 0; d < result->designs; d++) {
      const cds_design_result *design = &result->design[d];
      if (design->status != CDS_DESIGN_OVER_LIMIT || design->limit != i) {
        continue;
      }
      best = over == 0 || least[d] < least[best] ? d : best;
      proven = proven && design->limit_proven;
      over++;
    }
    if (over == 0) {
      continue;
    }
    const char *near = nearest_text(space, limit, best, least[best], scratch);
    if (near == NULL) {
      return;
    }
    if (over == result->designs) {
      cds_diag_error(diag, limit->place, "no design %s '%s': %s",
                     proven ? "meets" : "was found that meets", limit->text,
                     near);
      return;
    }
    if (!said) {
      cds_diag_error(diag, limit->place,
                     "no design of '%s' meets all limits and can be mapped",
                     cds_space_name(space));
      said = true;
    }
    cds_diag_hint(diag, "'%s' rules out %" PRIu64 " of %zu designs: %s",
                  limit->text, over, result->designs, near);
  }
}
