/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found of a design; see design_shown.h. */
#include "verify/design_shown.h"

#include <math.h>
#include <string.h>

#include "verify/rows.h"
#include "verify/run_value.h"
#include "verify/tangent.h"

enum { TANGENTS = 6 };

typedef struct cds_showing {
  cds_shown *out;
  const cds_shown_question *of;
  cds_arena *arena;
  uint64_t design;
  cds_arch *arch;
  cds_run_facts_found facts;
  double power_limit_w;
  cds_warm *warm; /* NULL: not begun */
} cds_showing;

static void over(cds_showing *it, cds_metric metric, double found) {
  if (found > it->of->limit[metric]) {
    it->out->as = CDS_FOUND_OVER;
    it->out->over |= 1U << metric;
  }
}

/* ---- before any mapping ---------------------------------------------- */

static bool asks_facts(const cds_shown_question *of) {
  return of->objective == CDS_OBJECTIVE_CARBON ||
         of->objective == CDS_OBJECTIVE_COST ||
         isfinite(of->limit[CDS_METRIC_COST]) ||
         isfinite(of->limit[CDS_METRIC_EMBODIED]) ||
         isfinite(of->limit[CDS_METRIC_WALL]);
}

/* What a limit or the objective is on and is not known. */
static bool is_unknown(const cds_showing *it) {
  const cds_shown_question *of = it->of;
  const bool usd = isfinite(of->limit[CDS_METRIC_COST]) ||
                   of->objective == CDS_OBJECTIVE_COST;
  const bool kg = isfinite(of->limit[CDS_METRIC_EMBODIED]) ||
                  of->objective == CDS_OBJECTIVE_CARBON;
  return (usd && isnan(it->facts.cost_usd)) ||
         (kg && isnan(it->facts.embodied_kg));
}

/* Power that layers may take where leakage is that at 85 degC, by the limit at
 * the wall too. */
static cds_status find_power_limit(cds_showing *it) {
  const double wall_w = it->of->limit[CDS_METRIC_WALL];
  double by_wall_w = (double)INFINITY;
  it->power_limit_w = it->of->limit[CDS_METRIC_POWER];
  if (isfinite(wall_w) && !(it->arch->sink_k_per_w > 0)) {
    cds_diag *diag = cds_diag_new(it->arena);
    if (diag == NULL) {
      return CDS_ENOMEM;
    }
    const cds_status status =
        cds_find_wall_power(&by_wall_w, it->arch, wall_w, it->arena, diag);
    if (status != CDS_OK && status != CDS_EINPUT) {
      return status;
    }
    if (isfinite(by_wall_w)) {
      it->power_limit_w = fmin(it->power_limit_w, by_wall_w);
    }
  }
  return CDS_OK;
}

static cds_status look_at_package(cds_showing *it) {
  if (asks_facts(it->of)) {
    CDS_TRY(cds_find_run_facts(&it->facts, it->arch, it->arena));
    if (is_unknown(it)) {
      it->out->as = CDS_FOUND_UNKNOWN;
      return CDS_OK;
    }
    over(it, CDS_METRIC_COST, it->facts.cost_usd);
    over(it, CDS_METRIC_EMBODIED, it->facts.embodied_kg);
  }
  over(it, CDS_METRIC_AREA, cds_arch_area_um2(it->arch));
  return find_power_limit(it);
}

/* ---- mappings -------------------------------------------------------- */

static bool adds(cds_objective objective) {
  return objective == CDS_OBJECTIVE_CARBON || objective == CDS_OBJECTIVE_COST;
}

/* Carbon and cost: per pJ (E + w T). */
static cds_status close_line(cds_walk_result *out, const cds_showing *it,
                             cds_sum *sum) {
  const bool carbon = it->of->objective == CDS_OBJECTIVE_CARBON;
  const double per_j = carbon ? it->facts.per_j_kg : it->facts.per_j_usd;
  const double made = carbon ? it->facts.embodied_kg : it->facts.cost_usd;
  const double per_s = per_j * it->facts.idle_j_per_s + made / it->facts.life_s;
  memset(out, 0, sizeof *out);
  out->holds = true;
  if (!(per_j > 0)) {
    return CDS_ELIMIT;
  }
  const cds_fused_aim aim = {
      .goal = {.linear = true, .lambda_pj_per_s = per_s / (per_j * 1e-12)},
      .limit = it->of->value / (per_j * 1e-12) * (1 - CDS_VERIFY_TOLERANCE)};
  cds_fused_least found;
  const cds_status status = cds_sum_least(&found, sum, &aim, 0);
  out->boxes = found.boxes;
  out->holds = !found.found;
  out->below = found.worth;
  return status;
}

/* Whether nothing is below the value on a design that stands for this one. */
static cds_status close_on(cds_walk_result *out, const cds_showing *it,
                           cds_sum *sum) {
  const cds_border border = {.ask = cds_sum_least,
                             .of = sum,
                             .objective = it->of->objective,
                             .bound = it->of->value};
  return adds(it->of->objective)
             ? close_line(out, it, sum)
             : cds_border_close(out, &border,
                                it->design == it->of->best ? &it->of->best_run
                                                           : NULL);
}

/* Limits that floors of energy and time pass. */
static cds_status look_at_floors(cds_showing *it, cds_sum *sum) {
  static const cds_objective least[] = {CDS_OBJECTIVE_ENERGY,
                                        CDS_OBJECTIVE_DELAY};
  double floor[2] = {0, 0};
  const double *limit = it->of->limit;
  const bool any = isfinite(limit[CDS_METRIC_ENERGY]) ||
                   isfinite(limit[CDS_METRIC_LATENCY]) ||
                   isfinite(limit[CDS_METRIC_EDP]);
  for (unsigned i = 0; i < 2 && any; i++) {
    const cds_fused_aim aim = {.goal = {.objective = least[i]},
                               .limit = (double)INFINITY,
                               .floor = true};
    cds_fused_least found;
    CDS_TRY(cds_sum_least(&found, sum, &aim, 0));
    floor[i] = found.least;
  }
  /* Sums have rounding, by their order. */
  const double energy_pj = floor[0] * (1 - CDS_VERIFY_TOLERANCE);
  const double latency_s = floor[1] * (1 - CDS_VERIFY_TOLERANCE);
  over(it, CDS_METRIC_ENERGY, energy_pj);
  over(it, CDS_METRIC_LATENCY, latency_s);
  over(it, CDS_METRIC_EDP, energy_pj * latency_s);
  return CDS_OK;
}

/* Whether runs are held against limits that are left out here. */
static bool limits_left_out(const cds_shown_question *of) {
  return isfinite(of->limit[CDS_METRIC_ENERGY]) ||
         isfinite(of->limit[CDS_METRIC_LATENCY]) ||
         isfinite(of->limit[CDS_METRIC_EDP]) ||
         isfinite(of->limit[CDS_METRIC_TOKEN]) ||
         isfinite(of->limit[CDS_METRIC_FIRST_TOKEN]);
}

/* A run of the design below the value. */
static void note_below(cds_showing *it, const cds_worth *run) {
  const double value = cds_run_value(&it->facts, it->of->objective, run);
  if (value < it->of->value * (1 - CDS_VERIFY_TOLERANCE) &&
      !limits_left_out(it->of)) {
    it->out->as = CDS_FOUND_BETTER;
    it->out->below = value;
  } else {
    it->out->as = CDS_FOUND_OPEN;
    it->out->why = limits_left_out(it->of)
                       ? "limits on energy and time are left out of the bound"
                       : "the bound is below the value";
  }
}

static uint64_t boxes_left(const cds_showing *it) {
  const bool best = it->design == it->of->best;
  const uint64_t times = best ? CDS_SHOWN_BEST_BOXES : 1;
  const uint64_t most = it->of->boxes_most > UINT64_MAX / times
                            ? UINT64_MAX
                            : it->of->boxes_most * times;
  return most > it->out->boxes ? most - it->out->boxes : 0;
}

/* Bounds the design by one that stands for it. `plain`: it is the design. */
static cds_status bound_by(cds_worth *below, cds_showing *it,
                           const cds_arch *arch, double power_limit_w,
                           bool by_model) {
  cds_sum sum = {.plan = &it->of->plan,
                 .arch = arch,
                 .power_limit_w = power_limit_w,
                 .by_model = by_model,
                 .options = it->of->options,
                 .arena = it->arena};
  cds_walk_result found;
  cds_status status = cds_sum_begin(&sum);
  it->out->as = CDS_FOUND_OPEN;
  if (status == CDS_EINFEASIBLE) {
    it->out->as = CDS_FOUND_UNABLE;
    return CDS_OK;
  }
  CDS_TRY(status);
  sum.boxes_most = boxes_left(it);
  CDS_TRY(look_at_floors(it, &sum));
  if (it->out->as == CDS_FOUND_OVER) {
    return CDS_OK;
  }
  status = close_on(&found, it, &sum);
  it->out->boxes += found.boxes;
  it->out->by_model = by_model && sum.left_out != NULL;
  it->out->why = sum.rough != NULL      ? sum.rough
                 : sum.left_out != NULL ? sum.left_out
                 : status == CDS_ELIMIT ? "the limit on boxes was reached, or "
                                          "rounding is all that is left"
                                        : NULL;
  *below = found.below;
  if (status == CDS_OK && found.holds) {
    it->out->as = CDS_FOUND_NO_BETTER;
  } else if (status == CDS_OK && (sum.left_out == NULL || by_model)) {
    it->out->as = CDS_FOUND_BETTER; /* of what stands for the design */
  }
  return status == CDS_ELIMIT ? CDS_OK : status;
}

/* A design whose leakage is that of its steady state. */
static cds_status begin_warm(cds_showing *it) {
  const cds_heat_limits limits = {it->of->limit[CDS_METRIC_POWER],
                                  it->of->limit[CDS_METRIC_WALL]};
  cds_warm *warm = cds_arena_alloc(it->arena, sizeof *warm);
  if (warm == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_warm_begin(warm, it->arch, &limits,
                         it->of->limit[CDS_METRIC_TEMPERATURE], it->arena));
  it->warm = warm;
  if (!(warm->safe.most_w > 0)) {
    it->out->as = CDS_FOUND_OVER;
    it->out->over |= 1U << CDS_METRIC_POWER | 1U << CDS_METRIC_TEMPERATURE |
                     1U << CDS_METRIC_WALL;
  }
  return CDS_OK;
}

static cds_status try_tangents(cds_showing *it, bool by_model) {
  double power_w[CDS_DIES_MAX];
  memcpy(power_w, it->of->best_power_w, sizeof power_w);
  cds_arch *arch = cds_arena_alloc(it->arena, sizeof *arch);
  if (arch == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned n = 0; n < TANGENTS; n++) {
    cds_worth below = {.energy_pj = 0};
    const cds_status status = cds_warm_tangent(arch, it->warm, power_w);
    if (status != CDS_OK) {
      it->out->as = CDS_FOUND_OPEN;
      it->out->why = "a tangent has a negative base";
      return status == CDS_ENOMEM ? status : CDS_OK;
    }
    CDS_TRY(bound_by(&below, it, arch, (double)INFINITY, by_model));
    if (it->out->as != CDS_FOUND_BETTER) {
      return CDS_OK;
    }
    cds_worth run = below;
    run.energy_pj = cds_warm_energy_pj(power_w, it->warm, &below);
    note_below(it, &run);
    if (it->out->as == CDS_FOUND_BETTER || isnan(run.energy_pj)) {
      return CDS_OK;
    }
  }
  return CDS_OK;
}

static cds_status show_bound(cds_showing *it, bool by_model) {
  cds_worth below = {.energy_pj = 0};
  if (!(it->arch->sink_k_per_w > 0)) {
    CDS_TRY(bound_by(&below, it, it->arch, it->power_limit_w, by_model));
    if (it->out->as == CDS_FOUND_BETTER) {
      note_below(it, &below);
    }
    return CDS_OK;
  }
  if (it->warm == NULL) {
    cds_arch *cool = cds_arena_alloc(it->arena, sizeof *cool);
    if (cool == NULL) {
      return CDS_ENOMEM;
    }
    *cool = *it->arch;
    cds_heat_loop_coolest(cool);
    over(it, CDS_METRIC_POWER, cds_arch_leakage_w(cool));
    if (it->out->as == CDS_FOUND_OVER) {
      return CDS_OK;
    }
    if (it->design != it->of->best) {
      CDS_TRY(bound_by(&below, it, cool, it->power_limit_w, by_model));
      if (it->out->as != CDS_FOUND_BETTER) {
        return CDS_OK;
      }
    }
    const cds_status status = begin_warm(it);
    if (status == CDS_EINPUT) {
      it->out->as = CDS_FOUND_UNBUILT;
      return CDS_OK;
    }
    CDS_TRY(status);
    if (it->out->as == CDS_FOUND_OVER) {
      return CDS_OK;
    }
  }
  return try_tangents(it, by_model);
}

/* ---- all of it ------------------------------------------------------- */

/* Builds the design; false: that is all that there is to say, or `status`. */
static cds_status build(cds_showing *it) {
  cds_diag *diag = cds_diag_new(it->arena);
  it->arch = cds_arena_alloc(it->arena, sizeof *it->arch);
  if (diag == NULL || it->arch == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status =
      cds_space_design(it->arch, it->of->space, it->design, it->arena, diag);
  if (status == CDS_ENOMEM || status == CDS_EINTERNAL) {
    return status;
  }
  if (status != CDS_OK) {
    it->out->as = CDS_FOUND_UNBUILT;
    return CDS_OK;
  }
  if (it->of->heat_off) {
    it->arch->sink_k_per_w = 0;
  }
  CDS_TRY(look_at_package(it));
  const cds_level *outermost = &it->arch->level[0];
  if (!outermost->streamed &&
      it->of->workload->footprint_bits > outermost->size_bits &&
      it->out->as == CDS_FOUND_OPEN) {
    it->out->as = CDS_FOUND_TOO_LARGE;
  }
  return CDS_OK;
}

static cds_showing begin(cds_shown *out, const cds_shown_question *of,
                         uint64_t design, cds_arena *arena) {
  *out = (cds_shown){.as = CDS_FOUND_OPEN};
  return (cds_showing){.out = out, .of = of, .arena = arena, .design = design};
}

cds_status cds_show_design(cds_shown *out, const cds_shown_question *of,
                           uint64_t design, cds_arena *arena) {
  cds_showing it = begin(out, of, design, arena);
  CDS_TRY(build(&it));
  if (out->as != CDS_FOUND_OPEN) {
    return CDS_OK;
  }
  if (!(it.arch->sink_k_per_w > 0)) {
    over(&it, CDS_METRIC_POWER, cds_arch_leakage_w(it.arch));
    const bool idle = cds_arch_leakage_w(it.arch) >= it.power_limit_w;
    if (out->as == CDS_FOUND_OVER || idle) {
      out->as = CDS_FOUND_OVER;
      out->over |= 1U << CDS_METRIC_POWER | 1U << CDS_METRIC_WALL;
      return CDS_OK;
    }
  }
  CDS_TRY(show_bound(&it, false));
  const bool left_out = out->as == CDS_FOUND_OPEN && out->why != NULL;
  return left_out && cds_rows_alone_foreign(it.arch) != NULL
             ? show_bound(&it, true)
             : CDS_OK;
}

cds_status cds_show_none_fits(bool *out, const cds_shown_question *of,
                              uint64_t design, cds_arena *arena) {
  cds_shown shown;
  cds_sum sum;
  cds_showing it = begin(&shown, of, design, arena);
  *out = false;
  CDS_TRY(build(&it));
  if (shown.as != CDS_FOUND_OPEN) {
    return CDS_OK;
  }
  sum = (cds_sum){.plan = &of->plan,
                  .arch = it.arch,
                  .power_limit_w = (double)INFINITY,
                  .options = of->options,
                  .arena = arena};
  const cds_status status = cds_sum_begin(&sum);
  if (status == CDS_EINFEASIBLE) {
    *out = true;
    return CDS_OK;
  }
  CDS_TRY(status);
  return cds_sum_none_fits(out, &sum);
}
