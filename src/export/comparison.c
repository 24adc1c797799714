/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comparison.csv and comparison.json; see comparison.h. */
#include "export/comparison.h"

#include <math.h>

#include "export/csv.h"

static const cds_explore_result *result_of(const cds_comparison_row *row) {
  return row->report != NULL ? row->report->result : NULL;
}

static bool found(const cds_comparison_row *row) {
  return row->report != NULL && row->report->result->found;
}

/* NaN without a best design. */
static double value_of(const cds_comparison_row *row) {
  const cds_explore_result *result = result_of(row);
  return result != NULL && result->found ? result->value : (double)NAN;
}

/* An architecture that cannot run the workload at all keeps nothing below. */
static double bound_of(const cds_comparison_row *row) {
  const cds_explore_result *result = result_of(row);
  if (row->unknown) {
    return 0; /* it may be the best */
  }
  return result == NULL ? (double)INFINITY : result->bound;
}

void cds_comparison_conclude(cds_comparison *comparison) {
  double least = (double)INFINITY;
  comparison->best = comparison->rows;
  comparison->bound = (double)INFINITY;
  comparison->complete = comparison->looked = true;
  for (size_t i = 0; i < comparison->rows; i++) {
    const cds_comparison_row *row = &comparison->row[i];
    const cds_explore_result *result = result_of(row);
    comparison->bound = fmin(comparison->bound, bound_of(row));
    comparison->complete =
        comparison->complete && (result == NULL || result->complete);
    comparison->looked = comparison->looked &&
                         (result == NULL || result->complete || result->looked);
    if (value_of(row) < least) {
      least = value_of(row);
      comparison->best = i;
    }
  }
  comparison->proven = comparison->complete &&
                       comparison->best < comparison->rows &&
                       comparison->bound >= least;
}

static double without_heat(const cds_comparison_row *row) {
  return row->report == NULL || row->report->heat_off == NULL ||
                 !row->report->heat_off->found
             ? (double)NAN
             : row->report->heat_off->value;
}

/* -1, 0, 1; what is not there is beyond all that is. */
static int compare_values(double a, double b) {
  const double first = isnan(a) ? (double)INFINITY : a;
  const double second = isnan(b) ? (double)INFINITY : b;
  return (first > second) - (first < second);
}

bool cds_comparison_turned(const cds_comparison_row *a,
                           const cds_comparison_row *b) {
  const int with = compare_values(value_of(a), value_of(b));
  const int without = compare_values(without_heat(a), without_heat(b));
  return with != without && with != 0 && without != 0;
}

double cds_comparison_end(const cds_comparison_row *row, cds_tech_end end) {
  const cds_uncertainty *of =
      row->report == NULL ? NULL : row->report->uncertainty;
  if (of == NULL || !of->complete || !found(row)) {
    return (double)NAN;
  }
  return of->classes == 0 ? row->report->result->value
                          : of->run[end == CDS_TECH_BEST ? 0 : 1].same_value;
}

double cds_comparison_leakage(const cds_comparison_row *row) {
  const cds_network_result *network = &row->report->result->network;
  double leakage_pj = 0;
  for (size_t i = 0; i < network->layers; i++) {
    leakage_pj += network->layer[i].times * network->layer[i].cost.leakage_pj;
  }
  return leakage_pj / network->energy_pj;
}

const char *cds_comparison_status(const cds_comparison_row *row) {
  const cds_explore_result *result = result_of(row);
  if (result == NULL) {
    return row->unknown ? "unknown" : "impossible";
  }
  return cds_explore_status_name(result);
}

cds_share cds_comparison_bottleneck(const cds_comparison_row *row) {
  cds_share list[CDS_SHARES_MAX];
  if (!found(row)) {
    return (cds_share){NULL, NULL, (double)NAN};
  }
  const cds_network_result *network = &row->report->result->network;
  const size_t count =
      cds_network_bottlenecks(list, row->report->arch, network);
  if (count == 0) {
    return (cds_share){NULL, NULL, (double)NAN};
  }
  list[0].value /= network->latency_s;
  return list[0];
}

/* ---- the table ----------------------------------------------------------- */

static bool write_header(cds_csv *csv, const cds_comparison *comparison,
                         cds_arena *arena) {
  const char *suffix = cds_objective_suffix(comparison->objective);
  const char *value = cds_arena_printf(arena, "value_%s", suffix);
  const char *bound = cds_arena_printf(arena, "bound_%s", suffix);
  const char *const columns[] = {"architecture",
                                 "workload",
                                 "status",
                                 "best",
                                 "energy_pj",
                                 "latency_s",
                                 "edp_pj_s",
                                 value,
                                 bound,
                                 "gap",
                                 "area_mm2",
                                 "power_w",
                                 "temperature_degc",
                                 "cost_usd",
                                 "embodied_kgco2e",
                                 "wall_w",
                                 "leakage_share",
                                 "supply_v",
                                 "clock_hz",
                                 "hottest_phase",
                                 "hottest_die",
                                 "hottest_degc",
                                 "heat_off_value",
                                 "best_figures_value",
                                 "worst_figures_value",
                                 "bottleneck",
                                 "bottleneck_share",
                                 "index",
                                 "design",
                                 "designs",
                                 "over_limit",
                                 "infeasible",
                                 "reason"};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    cds_csv_text(csv, columns[i]);
  }
  cds_csv_end_record(csv);
  return value != NULL && bound != NULL;
}

/* The phase in which some die is warmest of all. */
static void write_hottest(cds_csv *csv, const cds_comparison_row *row) {
  const cds_explore_result *result = row->report->result;
  const cds_workload *workload = row->report->workload;
  if (result->phase_heat == NULL) {
    cds_csv_empty(csv);
    cds_csv_empty(csv);
    cds_csv_empty(csv);
    return;
  }
  unsigned most = 0;
  for (unsigned p = 1; p < workload->phases; p++) {
    if (result->phase_heat[p].heat.warmest_degc >
        result->phase_heat[most].heat.warmest_degc) {
      most = p;
    }
  }
  const cds_phase_heat *phase = &result->phase_heat[most];
  cds_csv_text(csv, workload->phase[most].name);
  cds_csv_text(csv, result->arch->die[phase->hottest].name);
  cds_csv_number(csv, phase->heat.warmest_degc);
}

static void write_numbers(cds_csv *csv, const cds_comparison_row *row) {
  const cds_explore_result *result = result_of(row);
  const cds_network_result *network = &result->network;
  const cds_share binds = cds_comparison_bottleneck(row);
  cds_csv_number(csv, network->energy_pj);
  cds_csv_number(csv, network->latency_s);
  cds_csv_number(csv, network->energy_pj * network->latency_s);
  cds_csv_number(csv, result->value);
  cds_csv_number(csv, result->bound);
  cds_csv_number(csv, cds_gap(result->value, result->bound));
  cds_csv_number(csv, cds_area_mm2(result->area_um2));
  cds_csv_number(csv, result->average_power_w);
  cds_csv_number(csv, result->temperature_degc);
  cds_csv_number(csv, result->outlay.usd.typical);
  cds_csv_number(csv, result->outlay.embodied_kg.typical);
  cds_csv_number(csv, result->wall.power_w);
  cds_csv_number(csv, cds_comparison_leakage(row));
  cds_csv_number(csv, result->arch->die[result->arch->compute.die].supply_v);
  cds_csv_number(csv, result->arch->clock_hz);
  write_hottest(csv, row);
  cds_csv_number(csv, without_heat(row));
  cds_csv_number(csv, cds_comparison_end(row, CDS_TECH_BEST));
  cds_csv_number(csv, cds_comparison_end(row, CDS_TECH_WORST));
  cds_csv_text(csv, binds.name);
  cds_csv_number(csv, binds.value);
  cds_csv_count(csv, result->winner);
  cds_csv_text(csv, row->design);
}

static void write_row(cds_csv *csv, const cds_comparison *comparison,
                      size_t index) {
  enum { NUMBERS = 25, DESIGNS = 3 };
  const cds_comparison_row *row = &comparison->row[index];
  const cds_explore_result *result = result_of(row);
  cds_csv_text(csv, row->architecture);
  cds_csv_text(csv, comparison->workload);
  cds_csv_text(csv, cds_comparison_status(row));
  cds_csv_text(csv, index == comparison->best ? "yes" : NULL);
  if (found(row)) {
    write_numbers(csv, row);
  }
  for (unsigned i = 0; i < NUMBERS && !found(row); i++) {
    cds_csv_empty(csv);
  }
  if (result != NULL) {
    cds_csv_count(csv, result->designs);
    const cds_shown_counts count = cds_count_shown(result);
    cds_csv_count(csv, count.over_limit);
    cds_csv_count(csv, count.infeasible);
  }
  for (unsigned i = 0; i < DESIGNS && result == NULL; i++) {
    cds_csv_empty(csv);
  }
  cds_csv_text(csv, row->reason);
  cds_csv_end_record(csv);
}

bool cds_export_comparison_csv(FILE *stream, const cds_comparison *comparison,
                               cds_arena *arena) {
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  const bool good = write_header(&csv, comparison, arena);
  for (size_t i = 0; i < comparison->rows && good; i++) {
    write_row(&csv, comparison, i);
  }
  return good;
}

/* ---- the object ---------------------------------------------------------- */

static void write_phase_heats(cds_json *json, const cds_comparison_row *row) {
  const cds_explore_result *result = row->report->result;
  const cds_workload *workload = row->report->workload;
  cds_json_array(json, "hottest");
  for (unsigned p = 0; p < workload->phases && result->phase_heat != NULL;
       p++) {
    cds_json_phase_heat(json, result, workload, p);
  }
  cds_json_end(json);
}

static void write_found(cds_json *json, const cds_comparison_row *row) {
  const cds_explore_result *result = result_of(row);
  const cds_network_result *network = &result->network;
  const cds_share binds = cds_comparison_bottleneck(row);
  cds_json_number(json, "energy_pj", network->energy_pj);
  cds_json_number(json, "latency_s", network->latency_s);
  cds_json_number(json, "edp_pj_s", network->energy_pj * network->latency_s);
  cds_json_number(json, "value", result->value);
  cds_json_number(json, "bound", result->bound);
  cds_json_number(json, "gap", cds_gap(result->value, result->bound));
  cds_json_number(json, "area_mm2", cds_area_mm2(result->area_um2));
  cds_json_number(json, "power_w", result->average_power_w);
  cds_json_number(json, "temperature_degc", result->temperature_degc);
  cds_json_number(json, "cost_usd", result->outlay.usd.typical);
  cds_json_number(json, "embodied_kgco2e", result->outlay.embodied_kg.typical);
  cds_json_number(json, "wall_w", result->wall.power_w);
  cds_json_number(json, "leakage_share", cds_comparison_leakage(row));
  cds_json_number(json, "supply_v",
                  result->arch->die[result->arch->compute.die].supply_v);
  cds_json_number(json, "clock_hz", result->arch->clock_hz);
  write_phase_heats(json, row);
  cds_json_number(json, "heat_off_value", without_heat(row));
  cds_json_number(json, "best_figures_value",
                  cds_comparison_end(row, CDS_TECH_BEST));
  cds_json_number(json, "worst_figures_value",
                  cds_comparison_end(row, CDS_TECH_WORST));
  cds_json_text(json, "bottleneck", binds.name);
  cds_json_number(json, "bottleneck_share", binds.value);
  cds_json_count(json, "index", result->winner);
  cds_json_text(json, "design", row->design);
}

static void write_architecture(cds_json *json, const cds_comparison_row *row) {
  cds_json_object(json, NULL);
  cds_json_text(json, "architecture", row->architecture);
  cds_json_text(json, "status", cds_comparison_status(row));
  cds_json_text(json, "reason", row->reason);
  if (row->report != NULL) {
    cds_json_designs(json, row->report->result);
  }
  if (found(row)) {
    write_found(json, row);
  }
  cds_json_end(json);
}

bool cds_export_comparison_json(FILE *stream, const cds_comparison *comparison,
                                const cds_provenance *provenance) {
  const bool any = comparison->best < comparison->rows;
  const cds_comparison_row *best =
      any ? &comparison->row[comparison->best] : NULL;
  const double value = any ? value_of(best) : (double)NAN;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "workload", comparison->workload);
  cds_json_objective(&json, comparison->objective);
  cds_json_text(&json, "best", any ? best->architecture : NULL);
  cds_json_boolean(&json, "proven", comparison->proven);
  cds_json_number(&json, "value", value);
  cds_json_number(&json, "bound", comparison->bound);
  cds_json_number(&json, "gap", cds_gap(value, comparison->bound));
  cds_json_array(&json, "architectures");
  for (size_t i = 0; i < comparison->rows; i++) {
    write_architecture(&json, &comparison->row[i]);
  }
  cds_json_end(&json);
  cds_json_provenance(&json, provenance, NULL);
  cds_json_end(&json);
  cds_json_finish(&json);
  return true;
}
