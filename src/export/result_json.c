/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.json; docs/results.md and docs/result.schema.json describe it. */
#include <math.h>

#include "export/breakdown.h"
#include "export/result.h"
#include "package/states.h"

static void write_value(cds_json *json, const char *key,
                        const cds_variable_value *value, cds_arena *arena) {
  cds_json_object_line(json, key);
  if (value->text != NULL) {
    cds_json_text(json, "value", value->text);
  } else {
    cds_json_number(json, "value", value->number);
  }
  cds_json_text(json, "unit",
                value->text != NULL ? ""
                                    : cds_dimension_unit(value->dimension));
  cds_json_text(json, "text", cds_variable_text(arena, value));
  cds_json_end(json);
}

void cds_json_phase_heat(cds_json *json, const cds_explore_result *result,
                         const cds_workload *workload, unsigned index) {
  const cds_phase_heat *phase = &result->phase_heat[index];
  const bool known = !phase->heat.runaway;
  cds_json_object_line(json, NULL);
  cds_json_text(json, "name", workload->phase[index].name);
  cds_json_text(json, "hottest_die",
                known ? result->arch->die[phase->hottest].name : NULL);
  cds_json_number(json, "hottest_degc",
                  known ? phase->heat.warmest_degc : (double)NAN);
  cds_json_number(json, "leakage_w",
                  known ? phase->heat.leakage_w : (double)NAN);
  cds_json_boolean(json, "steady", phase->steady);
  cds_json_end(json);
}

static void write_die(cds_json *json, const cds_arch *arch,
                      const cds_heated_state *state, unsigned index) {
  const cds_die *die = &arch->die[index];
  cds_json_object_line(json, NULL);
  cds_json_text(json, "name", die->name);
  cds_json_count(json, "dies", die->repeat);
  cds_json_number(json, "power_w", state->power_w[index]);
  /* Degrees of what stands in no stack are not known: null. */
  cds_json_number(json, "leakage_w",
                  isnan(state->heat.mean_degc[index])
                      ? (double)NAN
                      : state->heat.die_leakage_w[index]);
  cds_json_number(json, "mean_degc", state->heat.mean_degc[index]);
  cds_json_number(json, "hottest_degc", state->heat.hottest_degc[index]);
  cds_json_end(json);
}

/* Leaves the object open. */
static void begin_heat(cds_json *json, const cds_arch *arch,
                       const cds_heated_state *state) {
  cds_json_object(json, "heat");
  cds_json_number(json, "leakage_w", state->heat.leakage_w);
  cds_json_number(json, "layer_power_w", state->layer_w);
  cds_json_array(json, "dies");
  for (unsigned index = 0; index < arch->dies; index++) {
    write_die(json, arch, state, index);
  }
  cds_json_end(json);
}

void cds_json_heat(cds_json *json, const cds_arch *arch,
                   const cds_heated_state *state) {
  begin_heat(json, arch, state);
  cds_json_end(json);
}

/* How the dies are in the steady state of the run. */
static void write_heat(cds_json *json, const cds_explore_result *result,
                       const cds_workload *workload) {
  if (!(result->arch->sink_k_per_w > 0)) {
    cds_json_null(json, "heat");
    return;
  }
  begin_heat(json, result->arch, &result->heat);
  cds_json_array(json, "phases");
  for (unsigned index = 0;
       index < workload->phases && result->phase_heat != NULL; index++) {
    cds_json_phase_heat(json, result, workload, index);
  }
  cds_json_end(json);
  cds_json_end(json);
}

/* A design: its index and variables. */
static bool write_design(cds_json *json, const cds_report *report,
                         uint64_t index, cds_arena *arena) {
  const size_t variables = cds_space_variables(report->space);
  cds_variable_value *value =
      cds_arena_array(arena, variables + 1, sizeof *value);
  if (value == NULL) {
    return false;
  }
  cds_space_values(value, report->space, index);
  cds_json_count(json, "index", index);
  cds_json_object(json, "variables");
  for (size_t i = 0; i < variables; i++) {
    write_value(json, value[i].name, &value[i], arena);
  }
  cds_json_end(json);
  return true;
}

/* What making its package takes, with the ends of the interval. */
static void write_outlay(cds_json *json, const cds_outlay *outlay) {
  cds_json_number(json, "cost_usd", outlay->usd.typical);
  cds_json_number(json, "embodied_kgco2e", outlay->embodied_kg.typical);
  cds_json_object_line(json, "making");
  cds_json_number(json, "cost_low_usd", outlay->usd.low);
  cds_json_number(json, "cost_high_usd", outlay->usd.high);
  cds_json_number(json, "embodied_low_kgco2e", outlay->embodied_kg.low);
  cds_json_number(json, "embodied_high_kgco2e", outlay->embodied_kg.high);
  cds_json_end(json);
}

/* What the wall gives on average, and where it goes. */
static void write_wall(cds_json *json, const cds_explore_result *result) {
  const cds_wall *wall = &result->wall;
  if (!wall->known) {
    cds_json_null(json, "wall");
    return;
  }
  cds_json_object(json, "wall");
  cds_json_number(json, "power_w", wall->power_w);
  cds_json_number(json, "energy_pj",
                  wall->power_w * 1e12 * result->network.latency_s);
  cds_json_number(json, "dies_w", wall->dies_w);
  cds_json_number(json, "outside_w", wall->outside_w);
  cds_json_number(json, "pads_w", wall->pads_w);
  cds_json_number(json, "network_w", wall->network_w);
  cds_json_number(json, "regulator_w", wall->regulator_w);
  cds_json_number(json, "mains_w", wall->mains_w);
  cds_json_boolean(json, "over_limit", wall->over);
  cds_json_end(json);
}

/* What it takes between works, and the states of its dies then. */
static void write_idle(cds_json *json, const cds_arch *arch,
                       const cds_outlay *outlay) {
  const cds_idle *idle = &outlay->idle;
  if (isnan(outlay->use.idle_s)) {
    cds_json_null(json, "idle");
    return;
  }
  cds_json_object(json, "idle");
  cds_json_number(json, "interval_s", outlay->use.idle_s);
  cds_json_number(json, "power_w", idle->power_w);
  cds_json_number(json, "running_w", idle->running_w);
  cds_json_array_line(json, "dies");
  for (unsigned d = 0; d < arch->dies; d++) {
    const int state = idle->state[d];
    cds_json_object(json, NULL);
    cds_json_text(json, "name", arch->die[d].name);
    cds_json_text(json, "state",
                  state == CDS_STATE_RUNNING ? "running"
                                             : arch->die[d].state[state].name);
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
}

/* Where and how long it runs; what the file does not give is assumed. */
static void write_use(cds_json *json, const cds_arch *arch,
                      const cds_outlay *outlay) {
  const cds_use *use = &outlay->use;
  const cds_use *given = &outlay->given;
  cds_json_object(json, "use");
  cds_json_number(json, "grid_g_per_kwh", use->grid_g_kwh);
  cds_json_number(json, "electricity_usd_per_kwh", use->electricity_usd_kwh);
  cds_json_number(json, "lifetime_s", use->lifetime_s);
  cds_json_number(json, "duty", use->duty);
  cds_json_number(json, "supply_efficiency", outlay->efficiency);
  cds_json_array_line(json, "assumed");
  const struct {
    double given;
    const char *name;
  } keys[] = {{given->grid_g_kwh, "grid"},
              {given->electricity_usd_kwh, "electricity"},
              {given->lifetime_s, "lifetime"},
              {given->duty, "duty"}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (isnan(keys[i].given)) {
      cds_json_text(json, NULL, keys[i].name);
    }
  }
  cds_json_end(json);
  write_idle(json, arch, outlay);
  cds_json_end(json);
}

static bool write_winner(cds_json *json, const cds_report *report,
                         cds_arena *arena) {
  const cds_explore_result *result = report->result;
  if (!result->found) {
    cds_json_null(json, "winner");
    return true;
  }
  cds_json_object(json, "winner");
  if (!write_design(json, report, result->winner, arena)) {
    return false;
  }
  const cds_network_result *network = &result->network;
  cds_json_number(json, "energy_pj", network->energy_pj);
  cds_json_number(json, "latency_s", network->latency_s);
  cds_json_number(json, "edp_pj_s", network->energy_pj * network->latency_s);
  cds_json_number(json, "area_mm2", cds_area_mm2(result->area_um2));
  cds_json_number(json, "power_w", result->average_power_w);
  cds_json_number(json, "temperature_degc", result->temperature_degc);
  write_outlay(json, &result->outlay);
  write_use(json, result->arch, &result->outlay);
  write_wall(json, result);
  write_heat(json, result, report->workload);
  cds_json_end(json);
  return true;
}

/* The answer to the same question without heat. */
static bool write_heat_off(cds_json *json, const cds_report *report,
                           cds_arena *arena) {
  const cds_explore_result *other = report->heat_off;
  if (other == NULL || !other->found || !report->result->found) {
    return true;
  }
  cds_json_object(json, "heat_off");
  if (!write_design(json, report, other->winner, arena)) {
    return false;
  }
  cds_json_number(json, "energy_pj", other->network.energy_pj);
  cds_json_number(json, "latency_s", other->network.latency_s);
  cds_json_number(json, "value", other->value);
  cds_json_number(json, "bound", other->bound);
  cds_json_boolean(json, "same_design",
                   other->winner == report->result->winner);
  cds_json_end(json);
  return true;
}

static void write_uncertain_run(cds_json *json, const cds_uncertain_run *run) {
  cds_json_object(json, NULL);
  cds_json_object_line(json, "ends");
  for (unsigned c = 0; c < run->ends.classes; c++) {
    cds_json_text(json, run->ends.name[c],
                  run->ends.end[c] == CDS_TECH_BEST ? "best" : "worst");
  }
  cds_json_end(json);
  if (run->found) {
    cds_json_count(json, "index", run->winner);
  } else {
    cds_json_null(json, "index");
  }
  cds_json_number(json, "value", run->value);
  cds_json_boolean(json, "proven", run->proven);
  cds_json_number(json, "same_design_value", run->same_value);
  cds_json_end(json);
}

/* What ranges of figures make of the answer. */
static bool write_uncertainty(cds_json *json, const cds_report *report,
                              cds_arena *arena) {
  const cds_uncertainty *of = report->uncertainty;
  bool good = true;
  if (of == NULL) {
    return true;
  }
  cds_json_object(json, "uncertainty");
  cds_json_boolean(json, "complete", of->complete);
  cds_json_array_line(json, "classes");
  for (unsigned c = 0; c < of->classes; c++) {
    cds_json_text(json, NULL, of->class_name[c]);
  }
  cds_json_end(json);
  cds_json_array(json, "explorations");
  for (size_t i = 0; i < of->runs && of->run[i].done; i++) {
    write_uncertain_run(json, &of->run[i]);
  }
  cds_json_end(json);
  cds_json_array(json, "contenders");
  for (size_t i = 0; i < of->contenders; i++) {
    cds_json_object(json, NULL);
    good = write_design(json, report, of->contender[i], arena) && good;
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
  return good;
}

const char *cds_explore_status_name(const cds_explore_result *result) {
  if (!result->complete) {
    return "interrupted";
  }
  if (!result->found) {
    return "none";
  }
  return result->proven ? "optimal" : "gap";
}

void cds_json_objective(cds_json *json, cds_objective objective) {
  cds_json_object_line(json, "objective");
  cds_json_text(json, "name", cds_objective_name(objective));
  cds_json_text(json, "unit", cds_objective_unit(objective));
  cds_json_end(json);
}

static void write_answer(cds_json *json, const cds_report *report) {
  const cds_explore_result *result = report->result;
  cds_json_objective(json, report->options->objective);
  const double value = result->found ? result->value : (double)NAN;
  cds_json_text(json, "status", cds_explore_status_name(result));
  cds_json_boolean(json, "proven", result->found && result->proven);
  cds_json_number(json, "value", value);
  cds_json_number(json, "bound", result->bound);
  cds_json_number(json, "gap", cds_gap(value, result->bound));
}

/* Texts of the values, and their numbers where these have one unit. */
static bool write_values(cds_json *json, const cds_value_list *list,
                         cds_arena *arena) {
  bool good = true;
  cds_json_object(json, NULL);
  cds_json_text(json, "name", list->name);
  cds_json_array_line(json, "values");
  for (size_t v = 0; v < list->count; v++) {
    const char *text = cds_variable_text(arena, &list->values[v]);
    good = good && text != NULL;
    cds_json_text(json, NULL, text);
  }
  cds_json_end(json);
  const cds_variable_value *first = &list->values[0];
  const char *unit =
      first->text != NULL ? NULL : cds_dimension_unit(first->dimension);
  if (unit != NULL) { /* else its text says all */
    cds_json_text(json, "unit", unit);
    cds_json_array_line(json, "numbers");
    for (size_t v = 0; v < list->count; v++) {
      cds_json_number(json, NULL, list->values[v].number);
    }
    cds_json_end(json);
  }
  cds_json_end(json);
  return good;
}

static bool write_space(cds_json *json, const cds_report *report,
                        cds_arena *arena) {
  const cds_space *space = report->space;
  cds_json_object(json, "space");
  cds_json_text(json, "mappings",
                cds_mapping_space(report->result->arch, report->workload,
                                  report->options->search.optimizer));
  cds_json_text(json, "fusion", cds_fuse_space(report->options->fuse));
  if (report->options->residency.mode != CDS_RESIDENCY_NONE) {
    cds_json_text(json, "residency",
                  cds_residency_space(report->options->residency.mode));
  }
  cds_json_text(json, "physics", "first-order");
  if (report->options->heat_off) {
    cds_json_text(json, "heat", "off");
  }
  cds_json_count(json, "designs", cds_space_designs(space));
  cds_json_array(json, "variables");
  bool good = true;
  for (size_t i = 0; i < cds_space_variables(space); i++) {
    good = write_values(json, cds_space_variable(space, i), arena) && good;
  }
  cds_json_end(json);
  cds_json_array_line(json, "limits");
  for (size_t i = 0; i < report->options->limits; i++) {
    cds_json_text(json, NULL, report->options->limit[i].text);
  }
  cds_json_end(json);
  cds_json_end(json);
  return good;
}

void cds_json_designs(cds_json *json, const cds_explore_result *result) {
  const cds_shown_counts count = cds_count_shown(result);
  cds_json_object_line(json, "designs");
  cds_json_count(json, "ranked", count.ranked);
  cds_json_count(json, "unranked", count.unranked);
  cds_json_count(json, "over_limit", count.over_limit);
  cds_json_count(json, "infeasible", count.infeasible);
  cds_json_count(json, "open", count.open);
  cds_json_end(json);
}

/* The best designs, where more than one is asked for. */
static bool write_ranking(cds_json *json, const cds_report *report,
                          cds_arena *arena) {
  const cds_explore_result *result = report->result;
  bool good = true;
  if (report->options->every || report->options->top <= 1) {
    return true;
  }
  const cds_design_result **place = (const cds_design_result **)cds_arena_array(
      arena, result->ranked + 1, sizeof(const cds_design_result *));
  if (place == NULL) {
    return false;
  }
  for (size_t i = 0; i < result->records; i++) {
    if (result->design[i].rank > 0) {
      place[result->design[i].rank - 1] = &result->design[i];
    }
  }
  cds_json_object(json, "ranking");
  cds_json_count(json, "asked", report->options->top);
  cds_json_boolean(json, "proven", result->ranking_proven);
  cds_json_array(json, "best");
  for (size_t i = 0; i < result->ranked; i++) {
    cds_json_object(json, NULL);
    good = write_design(json, report, place[i]->index, arena) && good;
    cds_json_number(json, "energy_pj", place[i]->energy_pj);
    cds_json_number(json, "latency_s", place[i]->latency_s);
    cds_json_number(json, "value", place[i]->value);
    cds_json_number(json, "bound", place[i]->bound);
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
  return good;
}

static void write_phase_rates(cds_json *json, const cds_phase *phase,
                              const cds_phase_result *result) {
  const double tokens = (double)phase->tokens;
  const double all = tokens * (double)phase->batch;
  if (phase->kind == CDS_PHASE_PREFILL) {
    cds_json_number(json, "time_to_first_token_s", result->latency_s);
  }
  if (phase->kind == CDS_PHASE_DECODE) {
    cds_json_number(json, "time_per_token_s", result->latency_s / tokens);
  }
  if (phase->kind != CDS_PHASE_PLAIN) {
    cds_json_number(json, "energy_per_token_j",
                    1e-12 * result->energy_pj / all);
  }
}

static void write_phases(cds_json *json, const cds_workload *workload,
                         const cds_explore_result *explored) {
  const cds_network_result *network = &explored->network;
  static const char *const kinds[] = {"plain", "prefill", "decode"};
  cds_json_array(json, "phases");
  for (unsigned i = 0; i < network->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    const cds_phase_result *result = &network->phase[i];
    cds_json_object(json, NULL);
    cds_json_text(json, "name", phase->name);
    cds_json_text(json, "kind", kinds[phase->kind]);
    if (phase->kind != CDS_PHASE_PLAIN) {
      cds_json_count(json, "batch", phase->batch);
      cds_json_count(json, "tokens", phase->tokens);
      cds_json_count(json, "context", phase->context);
    }
    cds_json_number(json, "runs", cds_phase_weight(phase));
    cds_json_number(json, "energy_pj", result->energy_pj);
    cds_json_number(json, "latency_s", result->latency_s);
    cds_json_number(json, "power_w",
                    1e-12 * result->energy_pj / result->latency_s);
    cds_json_number(json, "wall_w", explored->phase_wall[i].power_w);
    write_phase_rates(json, phase, result);
    cds_json_end(json);
  }
  cds_json_end(json);
}

/* Of a mix: one run of each of its workloads. */
static void write_parts(cds_json *json, const cds_workload *workload,
                        const cds_network_result *network) {
  if (workload->parts == 0) {
    return;
  }
  cds_json_array(json, "workloads");
  for (unsigned i = 0; i < workload->parts; i++) {
    const cds_part *part = &workload->part[i];
    const cds_phase_result run = cds_network_part(workload, network, i);
    cds_json_object(json, NULL);
    cds_json_text(json, "name", part->name);
    cds_json_number(json, "weight", part->weight);
    cds_json_number(json, "energy_pj", run.energy_pj);
    cds_json_number(json, "latency_s", run.latency_s);
    cds_json_number(json, "edp_pj_s", run.energy_pj * run.latency_s);
    cds_json_number(json, "power_w", 1e-12 * run.energy_pj / run.latency_s);
    cds_json_number(json, "energy_share",
                    part->weight * run.energy_pj / network->energy_pj);
    cds_json_number(json, "time_share",
                    part->weight * run.latency_s / network->latency_s);
    cds_json_end(json);
  }
  cds_json_end(json);
}

/* How many chains of layers there are and run fused, and the network without
 * fusing. */
static void write_fusion(cds_json *json, const cds_network_result *network) {
  const cds_point *unfused = &network->unfused;
  cds_json_object_line(json, "fusion");
  cds_json_count(json, "chains", network->chains);
  cds_json_count(json, "fused", network->fused);
  cds_json_count(json, "not_searched", network->chains_outside);
  cds_json_number(json, "unfused_energy_pj", unfused->energy_pj);
  cds_json_number(json, "unfused_latency_s", unfused->latency_s);
  cds_json_number(json, "unfused_edp_pj_s",
                  unfused->energy_pj * unfused->latency_s);
  cds_json_end(json);
}

/* What stays on chip, where that was asked for, and the network without. */
static void write_residency(cds_json *json, const cds_arch *arch,
                            const cds_network_result *network) {
  const cds_residency_result *residency = &network->residency;
  if (residency->level == 0 || residency->hindrance != CDS_RESIDENCY_FREE) {
    return;
  }
  const cds_point *none = &residency->none;
  cds_json_object_line(json, "residency");
  cds_json_text(json, "level", arch->level[residency->level].name);
  cds_json_count(json, "bits", residency->bits);
  cds_json_count(json, "tensors", residency->tensors);
  cds_json_count(json, "resident", residency->kept);
  cds_json_count(json, "caches", residency->caches);
  cds_json_count(json, "caches_resident", residency->caches_kept);
  cds_json_count(json, "handed_on", residency->handed);
  cds_json_count(json, "runs", residency->runs);
  cds_json_number(json, "load_energy_pj", residency->load.energy_pj);
  cds_json_number(json, "load_latency_s", residency->load.latency_s);
  cds_json_number(json, "cache_energy_pj", residency->cache_load.energy_pj);
  cds_json_number(json, "cache_latency_s", residency->cache_load.latency_s);
  cds_json_number(json, "without_energy_pj", none->energy_pj);
  cds_json_number(json, "without_latency_s", none->latency_s);
  cds_json_number(json, "without_edp_pj_s", none->energy_pj * none->latency_s);
  cds_json_number(json, "without_outermost_bits", residency->outer_bits);
  cds_json_end(json);
}

static void write_totals(cds_json *json, const cds_arch *arch,
                         const cds_network_result *network) {
  cds_cost total = {0}, other = {0};
  cds_removable removable = {0};
  double compulsory = 0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    const double times = layer->times;
    compulsory += times * cds_compulsory_bits(layer);
    cds_cost_add(&total, &layer->cost, times);
    if (layer->layer->kind == CDS_LAYER_OPERATION) {
      cds_cost_add(&other, &layer->cost, times);
    }
    const cds_removable part = cds_removable_by_fusion(arch, layer);
    removable.energy_pj += times * part.energy_pj;
    removable.bits += times * part.bits;
  }
  cds_json_object(json, "totals");
  cds_json_number(json, "energy_pj", network->energy_pj);
  cds_json_number(json, "latency_s", network->latency_s);
  cds_json_number(json, "leakage_pj", total.leakage_pj);
  cds_json_object_line(json, "other_operations");
  cds_json_number(json, "energy_pj", other.energy_pj);
  cds_json_number(json, "latency_s", other.latency_s);
  cds_json_end(json);
  cds_json_object_line(json, "removable_by_fusion");
  cds_json_number(json, "energy_pj", removable.energy_pj);
  cds_json_number(json, "bits", removable.bits);
  cds_json_end(json);
  cds_json_object_line(json, "outermost_traffic");
  cds_json_number(json, "bits", total.outer_bits);
  cds_json_number(json, "compulsory_bits", compulsory);
  cds_json_end(json);
  write_fusion(json, network);
  write_residency(json, arch, network);
  cds_json_energy(json, arch, &total);
  cds_json_end(json);
}

static void write_frontier(cds_json *json, const cds_network_result *network) {
  cds_json_array(json, "frontier");
  for (size_t i = 0; i < network->frontier_points; i++) {
    cds_json_object_line(json, NULL);
    cds_json_number(json, "energy_pj", network->frontier[i].energy_pj);
    cds_json_number(json, "latency_s", network->frontier[i].latency_s);
    cds_json_end(json);
  }
  cds_json_end(json);
}

static bool write_network(cds_json *json, const cds_report *report,
                          cds_arena *arena) {
  const cds_network_result *network = &report->result->network;
  bool good = true;
  write_totals(json, report->arch, network);
  write_parts(json, report->workload, network);
  write_phases(json, report->workload, report->result);
  write_frontier(json, network);
  cds_json_array(json, "layers");
  for (size_t i = 0; i < network->layers && good; i++) {
    cds_json_object(json, NULL);
    good = cds_json_layer(json, report->arch, report->workload,
                          &network->layer[i], arena);
    cds_json_end(json);
  }
  cds_json_end(json);
  return good;
}

static void write_pareto(cds_json *json, const cds_pareto_result *pareto) {
  cds_json_object(json, "pareto");
  cds_json_array_line(json, "metrics");
  cds_json_text(json, NULL, cds_metric_name(pareto->metric[0]));
  cds_json_text(json, NULL, cds_metric_name(pareto->metric[1]));
  cds_json_end(json);
  cds_json_number(json, "gap", pareto->gap);
  cds_json_boolean(json, "proven", pareto->proven);
  cds_json_number(json, "open", pareto->open);
  cds_json_array(json, "points");
  for (size_t i = 0; i < pareto->points; i++) {
    const cds_pareto_point *point = &pareto->point[i];
    cds_json_object_line(json, NULL);
    cds_json_count(json, "index", point->design);
    cds_json_number(json, "energy_pj", point->energy_pj);
    cds_json_number(json, "latency_s", point->latency_s);
    cds_json_number(json, "edp_pj_s", point->energy_pj * point->latency_s);
    cds_json_number(json, "area_mm2", cds_area_mm2(point->area_um2));
    cds_json_number(json, "power_w", point->power_w);
    cds_json_number(json, "temperature_degc", point->temperature_degc);
    cds_json_number(json, "leakage_w", point->leakage_w);
    cds_json_number(json, "cost_usd", point->cost_usd);
    cds_json_number(json, "embodied_kgco2e", point->embodied_kg);
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
}

static void write_origins(cds_json *json, const cds_arch *arch,
                          bool assumption) {
  cds_json_array(json, assumption ? "assumptions" : "sources");
  for (unsigned i = 0; arch != NULL && i < arch->origins; i++) {
    const cds_origin *origin = &arch->origin[i];
    if (origin->assumption == assumption) {
      cds_json_object_line(json, NULL);
      cds_json_text(json, "entry", origin->entry);
      cds_json_text(json, "what", origin->what);
      cds_json_text(json, "text", origin->text);
      cds_json_end(json);
    }
  }
  cds_json_end(json);
}

void cds_json_provenance(cds_json *json, const cds_provenance *provenance,
                         const cds_arch *arch) {
  cds_json_object(json, "provenance");
  cds_json_text(json, "program", "codesign");
  cds_json_text(json, "version", provenance->version);
  cds_json_count(json, "model_version", provenance->model_version);
  if (arch != NULL && arch->sums_apart) {
    cds_json_text(json, "accounting", "accelforge");
  }
  cds_json_array(json, "inputs");
  for (unsigned i = 0; i < provenance->inputs; i++) {
    const cds_input_file *input = &provenance->input[i];
    cds_json_object_line(json, NULL);
    cds_json_text(json, "role", input->role);
    cds_json_text(json, "path", input->path);
    cds_json_text(json, "sha256",
                  *input->sha256 == '\0' ? NULL : input->sha256);
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_array_line(json, "set");
  for (size_t i = 0; i < provenance->sets; i++) {
    cds_json_text(json, NULL, provenance->set[i]);
  }
  cds_json_end(json);
  if (provenance->imports > 0) {
    cds_json_array_line(json, "import");
    for (size_t i = 0; i < provenance->imports; i++) {
      cds_json_text(json, NULL, provenance->import[i]);
    }
    cds_json_end(json);
  }
  if (provenance->question != NULL) {
    cds_json_text(json, "question", provenance->question);
    cds_json_object_line(json, "options");
    for (size_t i = 0; i < provenance->options; i++) {
      cds_json_text(json, provenance->option[2 * i],
                    provenance->option[2 * i + 1]);
    }
    cds_json_end(json);
  }
  write_origins(json, arch, false);
  write_origins(json, arch, true);
  cds_json_end(json);
}

/* What became of designs, which depends on the order in which they were looked
 * at. */
static void write_effort(cds_json *json, const char *key,
                         const uint64_t count[4]) {
  cds_json_object_line(json, key);
  cds_json_count(json, "mapped", count[0]);
  cds_json_count(json, "skipped", count[1]);
  cds_json_count(json, "over_limit", count[2]);
  cds_json_count(json, "infeasible", count[3]);
  cds_json_end(json);
}

static void write_run(cds_json *json, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const double looked_at = (double)(result->mapped + result->skipped +
                                    result->over_limit + result->infeasible);
  cds_json_object(json, "run");
  cds_json_count(json, "threads", report->run.threads);
  cds_json_number(json, "wall_s", report->run.wall_s);
  if (report->run.timed) {
    cds_json_boolean(json, "reproducible", false);
  }
  cds_json_number(json, "designs_per_s", looked_at / report->run.wall_s);
  cds_json_count(json, "winner_solves",
                 result->found ? result->network.solves : 0);
  cds_json_count(json, "winner_nodes",
                 result->found ? result->network.nodes : 0);
  cds_json_count(json, "winner_outers",
                 result->found ? result->network.outers : 0);
  cds_json_count(json, "winner_outers_opened",
                 result->found ? result->network.outers_opened : 0);
  write_effort(json, "designs",
               (const uint64_t[]){result->mapped, result->skipped,
                                  result->over_limit, result->infeasible});
  const cds_box_counts *boxes = result->boxes;
  if (boxes != NULL) {
    cds_json_object_line(json, "boxes");
    cds_json_count(json, "bounded", boxes->bounded);
    cds_json_count(json, "halved", boxes->halved);
    cds_json_count(json, "designs", result->records);
    cds_json_end(json);
  }
  const cds_pareto_result *pareto = report->pareto;
  if (pareto != NULL) {
    write_effort(json, "pareto_designs",
                 (const uint64_t[]){pareto->solved, pareto->skipped,
                                    pareto->over_limit, pareto->infeasible});
  }
  cds_json_end(json);
}

bool cds_json_result(cds_json *json, const cds_report *report,
                     cds_arena *arena) {
  cds_json_count(json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(json, "architecture", cds_space_name(report->space));
  cds_json_text(json, "workload", report->workload->name);
  write_answer(json, report);
  bool good = write_winner(json, report, arena);
  good = write_heat_off(json, report, arena) && good;
  good = write_uncertainty(json, report, arena) && good;
  good = write_space(json, report, arena) && good;
  cds_json_designs(json, report->result);
  good = write_ranking(json, report, arena) && good;
  if (report->pareto != NULL) {
    write_pareto(json, report->pareto);
  }
  if (report->result->found) {
    good = write_network(json, report, arena) && good;
  }
  cds_json_provenance(json, &report->provenance, report->arch);
  return good;
}

bool cds_export_result_json(FILE *stream, const cds_report *report,
                            cds_arena *arena) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  const bool good = cds_json_result(&json, report, arena);
  write_run(&json, report);
  cds_json_end(&json);
  cds_json_finish(&json);
  return good;
}

bool cds_export_question_json(FILE *stream, const cds_report *report,
                              cds_arena *arena) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "architecture", cds_space_name(report->space));
  cds_json_text(&json, "workload", report->workload->name);
  cds_json_objective(&json, report->options->objective);
  const bool good = write_space(&json, report, arena);
  cds_json_provenance(&json, &report->provenance, NULL);
  cds_json_end(&json);
  cds_json_finish(&json);
  return good;
}
