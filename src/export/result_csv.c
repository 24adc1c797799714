/* SPDX-License-Identifier: GPL-3.0-or-later */
/* designs.csv and layers.csv; docs/results.md describes every column. */
#include <math.h>
#include <string.h>

#include "export/breakdown.h"
#include "export/csv.h"
#include "export/result.h"
#include "spec/fusion_text.h"

/* Name of a variable's column: with the unit of its numbers. */
static const char *column_name(const cds_value_list *list, cds_arena *arena) {
  const cds_variable_value *first = &list->values[0];
  const char *suffix = "";
  if (first->text == NULL) {
    switch (first->dimension) {
    case CDS_DIM_NONE:
    case CDS_DIM_BANDWIDTH:
      break;
    case CDS_DIM_BITS:
      suffix = "_bits";
      break;
    case CDS_DIM_ENERGY:
      suffix = "_pj";
      break;
    case CDS_DIM_ENERGY_BIT:
      suffix = "_pj_per_bit";
      break;
    case CDS_DIM_FREQUENCY:
      suffix = "_hz";
      break;
    case CDS_DIM_TIME:
      suffix = "_s";
      break;
    case CDS_DIM_POWER:
      suffix = "_w";
      break;
    case CDS_DIM_VOLTAGE:
      suffix = "_v";
      break;
    case CDS_DIM_LENGTH:
      suffix = "_um";
      break;
    case CDS_DIM_AREA:
      suffix = "_um2";
      break;
    case CDS_DIM_TEMPERATURE:
      suffix = "_degc";
      break;
    case CDS_DIM_RESISTANCE:
      suffix = "_k_per_w";
      break;
    case CDS_DIM_CONDUCTIVITY:
      suffix = "_w_per_mk";
      break;
    case CDS_DIM_OHM:
      suffix = "_ohm";
      break;
    case CDS_DIM_CURRENT:
      suffix = "_a";
      break;
    case CDS_DIM_RATE:
      suffix = "_op_per_s";
      break;
    case CDS_DIM_MASS:
      suffix = "_kg";
      break;
    case CDS_DIM_MONEY:
      suffix = "_usd";
      break;
    case CDS_DIM_CARBON:
      suffix = "_g_per_kwh";
      break;
    case CDS_DIM_PRICE:
      suffix = "_usd_per_kwh";
      break;
    }
  }
  return cds_arena_printf(arena, "%s%s", list->name, suffix);
}

static bool write_variable_names(cds_csv *csv, const cds_space *space,
                                 cds_arena *arena) {
  for (size_t i = 0; i < cds_space_variables(space); i++) {
    const char *name = column_name(cds_space_variable(space, i), arena);
    if (name == NULL) {
      return false;
    }
    cds_csv_text(csv, name);
  }
  return true;
}

static bool write_design_header(cds_csv *csv, const cds_report *report,
                                cds_arena *arena) {
  const cds_space *space = report->space;
  const char *suffix = cds_objective_suffix(report->options->objective);
  cds_csv_text(csv, "index");
  if (!write_variable_names(csv, space, arena)) {
    return false;
  }
  cds_csv_text(csv, "status");
  cds_csv_text(csv, "rank");
  cds_csv_text(csv, "energy_pj");
  cds_csv_text(csv, "latency_s");
  cds_csv_text(csv, "edp_pj_s");
  cds_csv_text(csv, cds_arena_printf(arena, "value_%s", suffix));
  cds_csv_text(csv, cds_arena_printf(arena, "bound_%s", suffix));
  cds_csv_text(csv, cds_arena_printf(arena, "floor_%s", suffix));
  cds_csv_text(csv, "area_mm2");
  cds_csv_text(csv, "power_w");
  cds_csv_text(csv, "temperature_degc");
  cds_csv_text(csv, "cost_usd");
  cds_csv_text(csv, "embodied_kgco2e");
  cds_csv_text(csv, "wall_w");
  cds_csv_text(csv, "limit");
  cds_csv_text(csv, "reason");
  cds_csv_end_record(csv);
  return true;
}

static void write_variable(cds_csv *csv, const cds_variable_value *value,
                           cds_arena *arena) {
  if (value->text != NULL || value->dimension == CDS_DIM_BANDWIDTH) {
    cds_csv_text(csv, cds_variable_text(arena, value));
  } else {
    cds_csv_number(csv, value->number);
  }
}

/* A number that is told of the best designs alone. */
static void write_ranked(cds_csv *csv, const cds_design_result *design,
                         double value) {
  cds_csv_number(csv, design->rank > 0 ? value : (double)NAN);
}

/* Nothing here depends on the order in which designs were looked at. */
static void write_design(cds_csv *csv, const cds_report *report,
                         const cds_design_result *design) {
  const cds_shown_status status = cds_design_shown(report->result, design);
  const bool over = status == CDS_SHOWN_OVER_LIMIT;
  cds_csv_text(csv, cds_shown_status_name(status));
  if (design->rank > 0) {
    cds_csv_count(csv, design->rank);
  } else {
    cds_csv_empty(csv);
  }
  write_ranked(csv, design, design->energy_pj);
  write_ranked(csv, design, design->latency_s);
  write_ranked(csv, design, design->energy_pj * design->latency_s);
  write_ranked(csv, design, design->value);
  write_ranked(csv, design, design->bound);
  cds_csv_number(csv, isfinite(design->floor) ? design->floor : (double)NAN);
  cds_csv_number(csv, cds_area_mm2(design->area_um2));
  write_ranked(csv, design, design->power_w);
  write_ranked(csv, design, design->temperature_degc);
  cds_csv_number(csv, design->cost_usd);
  cds_csv_number(csv, design->embodied_kg);
  write_ranked(csv, design, design->wall_w);
  cds_csv_text(csv, over && design->limit < report->options->limits
                        ? report->options->limit[design->limit].text
                        : NULL);
  cds_csv_text(csv, status == CDS_SHOWN_INFEASIBLE ? design->reason : NULL);
  cds_csv_end_record(csv);
}

bool cds_export_designs_csv(FILE *stream, const cds_report *report,
                            cds_arena *arena) {
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  const size_t variables = cds_space_variables(report->space);
  cds_variable_value *value =
      cds_arena_array(arena, variables + 1, sizeof *value);
  if (value == NULL || !write_design_header(&csv, report, arena)) {
    return false;
  }
  for (size_t i = 0; i < report->result->records; i++) {
    const cds_design_result *design = &report->result->design[i];
    if (report->result->boxes != NULL && design->rank == 0) {
      continue; /* which of them have a record depends on the order of work */
    }
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    cds_space_values(value, report->space, design->index);
    cds_csv_count(&csv, design->index);
    for (size_t v = 0; v < variables; v++) {
      write_variable(&csv, &value[v], arena);
    }
    write_design(&csv, report, design);
    cds_arena_reset(arena, mark);
  }
  return true;
}

bool cds_export_pareto_csv(FILE *stream, const cds_report *report,
                           cds_arena *arena) {
  static const char *const columns[] = {
      "energy_pj",        "latency_s", "edp_pj_s",        "area_mm2", "power_w",
      "temperature_degc", "cost_usd",  "embodied_kgco2e", "leakage_w"};
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  const size_t variables = cds_space_variables(report->space);
  cds_variable_value *value =
      cds_arena_array(arena, variables + 1, sizeof *value);
  cds_csv_text(&csv, "index");
  if (value == NULL || !write_variable_names(&csv, report->space, arena)) {
    return false;
  }
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    cds_csv_text(&csv, columns[i]);
  }
  cds_csv_end_record(&csv);
  for (size_t i = 0; i < report->pareto->points; i++) {
    const cds_pareto_point *point = &report->pareto->point[i];
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    cds_space_values(value, report->space, point->design);
    cds_csv_count(&csv, point->design);
    for (size_t v = 0; v < variables; v++) {
      write_variable(&csv, &value[v], arena);
    }
    cds_csv_number(&csv, point->energy_pj);
    cds_csv_number(&csv, point->latency_s);
    cds_csv_number(&csv, point->energy_pj * point->latency_s);
    cds_csv_number(&csv, cds_area_mm2(point->area_um2));
    cds_csv_number(&csv, point->power_w);
    cds_csv_number(&csv, point->temperature_degc);
    cds_csv_number(&csv, point->cost_usd);
    cds_csv_number(&csv, point->embodied_kg);
    cds_csv_number(&csv, point->leakage_w);
    cds_csv_end_record(&csv);
    cds_arena_reset(arena, mark);
  }
  return true;
}

static void write_layer_header(cds_csv *csv, const cds_share *share,
                               size_t shares, cds_arena *arena) {
  static const char *const columns[] = {
      "name",      "kind",     "phase",
      "count",     "status",   "energy_pj",
      "latency_s", "edp_pj_s", "lower_bound_pj_s",
      "gap",       "macs",     "cycles",
      "bottleneck"};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    cds_csv_text(csv, columns[i]);
  }
  for (size_t i = 0; i < shares; i++) {
    const bool alone = strcmp(share[i].kind, share[i].name) == 0;
    cds_csv_text(csv, alone ? cds_arena_printf(arena, "%s_pj", share[i].kind)
                            : cds_arena_printf(arena, "%s_%s_pj", share[i].kind,
                                               share[i].name));
  }
  cds_csv_text(csv, "chain");
  cds_csv_text(csv, "fused");
  cds_csv_text(csv, "mapping");
  cds_csv_text(csv, "useful_macs");
}

/* The lines, separated by commas. */
static const char *joined(const char *const *lines, size_t count,
                          cds_arena *arena) {
  const char *all = lines == NULL ? NULL : "";
  for (size_t i = 0; i < count && all != NULL; i++) {
    all = cds_arena_printf(arena, "%s%s%s", all, i > 0 ? ", " : "", lines[i]);
  }
  return all;
}

/* What stands outside of the stages of the layer's group; NULL: it runs alone.
 */
static const char *fused_text(const cds_layer_result *result,
                              const cds_arch *arch, cds_arena *arena) {
  const cds_layer_fused *fused = result->fused;
  if (fused == NULL) {
    return NULL;
  }
  const char **lines = NULL;
  const size_t count =
      cds_outer_lines(&lines, &fused->chain->group, arch, fused->outer, arena);
  const char *outer = joined(lines, count, arena);
  return outer == NULL
             ? NULL
             : cds_arena_printf(arena, "stage %u of %u: %s", fused->stage + 1,
                                fused->chain->group.stages, outer);
}

const char *cds_mapping_joined(const cds_mapping *mapping, const cds_arch *arch,
                               const cds_einsum *einsum, cds_arena *arena) {
  const char **lines = NULL;
  const size_t count = cds_mapping_lines(&lines, mapping, arch, einsum, arena);
  return joined(lines, count, arena);
}

/* Operations have none. */
static void write_macs(cds_csv *csv, bool einsum, uint64_t macs) {
  if (einsum) {
    cds_csv_count(csv, macs);
  } else {
    cds_csv_empty(csv);
  }
}

static void write_layer(cds_csv *csv, const cds_arch *arch,
                        const cds_workload *workload,
                        const cds_layer_result *result, cds_arena *arena) {
  const cds_layer *layer = result->layer;
  const cds_cost *cost = &result->cost;
  const bool einsum = layer->kind == CDS_LAYER_EINSUM;
  const double edp = cds_layer_result_edp(result);
  const double bound = !cds_layer_result_alone(result) ? (double)NAN
                       : result->status == CDS_LAYER_COSTED
                           ? edp
                           : result->own_bound_pj_s;
  cds_csv_text(csv, layer->name);
  cds_csv_text(csv, einsum ? "einsum" : layer->operation.kind);
  cds_csv_text(csv, workload->phase[layer->phase].name);
  cds_csv_count(csv, layer->count);
  cds_csv_text(csv, cds_layer_status_name(result->status));
  cds_csv_number(csv, cost->energy_pj);
  cds_csv_number(csv, cost->latency_s);
  cds_csv_number(csv, edp);
  cds_csv_number(csv, bound);
  cds_csv_number(csv, cds_gap(edp, bound));
  write_macs(csv, einsum, cds_layer_result_macs(result));
  cds_csv_number(csv, cost->cycles);
  cds_csv_text(csv, cds_time_bottleneck(arch, result).name);
  cds_share share[CDS_SHARES_MAX];
  const size_t shares = cds_energy_shares(share, arch, cost);
  for (size_t i = 0; i < shares; i++) {
    cds_csv_number(csv, share[i].value);
  }
  if (result->chain > 0) {
    cds_csv_count(csv, result->chain);
  } else {
    cds_csv_empty(csv);
  }
  cds_csv_text(csv, fused_text(result, arch, arena));
  cds_csv_text(csv, einsum ? cds_mapping_joined(&result->mapping, arch,
                                                cds_layer_result_einsum(result),
                                                arena)
                           : NULL);
  write_macs(csv, einsum, layer->useful_macs);
}

/* What stays on chip: of the layer itself, and of others meanwhile. */
static void write_resident(cds_csv *csv, const cds_layer_result *result) {
  const cds_layer_resident *resident = result->resident;
  if (resident == NULL) {
    cds_csv_empty(csv);
    cds_csv_empty(csv);
    return;
  }
  cds_csv_count(csv, resident->own_bits);
  cds_csv_count(csv, resident->taken_bits);
}

bool cds_export_layers_csv(FILE *stream, const cds_arch *arch,
                           const cds_workload *workload,
                           const cds_network_result *network,
                           cds_arena *arena) {
  cds_csv csv;
  cds_share share[CDS_SHARES_MAX];
  const cds_cost nothing = {0};
  cds_csv_begin(&csv, stream);
  const size_t shares = cds_energy_shares(share, arch, &nothing);
  const bool stays = network->residency.level > 0 &&
                     network->residency.hindrance == CDS_RESIDENCY_FREE;
  write_layer_header(&csv, share, shares, arena);
  if (stays) {
    cds_csv_text(&csv, "resident_bits");
    cds_csv_text(&csv, "taken_bits");
  }
  cds_csv_end_record(&csv);
  for (size_t i = 0; i < network->layers; i++) {
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    write_layer(&csv, arch, workload, &network->layer[i], arena);
    if (stays) {
      write_resident(&csv, &network->layer[i]);
    }
    cds_csv_end_record(&csv);
    cds_arena_reset(arena, mark);
  }
  return true;
}
