/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Summary of an exploration: the design, what it costs, where energy and time
 * go, and how good the proof is. */
#include "cli/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/heat_page.h"
#include "cli/inputs.h"
#include "cli/outlay_page.h"
#include "cli/residency.h"
#include "cli/uncertainty_page.h"
#include "export/breakdown.h"

enum {
  OPERATIONS_SHOWN = 12,
  COMPONENTS_SHOWN = 12,
  PARETO_SHOWN = 20,
  BAR = 20,
  NAME = 28,
  BOUND = 9
};

/* Sums over the layers of the winner. */
typedef struct totals {
  cds_cost all, other;
  cds_removable removable;
  double compulsory_bits;
} totals;

/* Layers of one name in one phase. */
typedef struct group {
  const char *name, *phase;
  bool other; /* no multiply-accumulate */
  double energy_pj, latency_s;
  cds_share bottleneck; /* of the layer that takes longest */
  double longest_s;
} group;

const char *cds_shown_unit(cds_objective objective, double *scale) {
  static const char *const units[] = {"J s", "J", "s", "J s2", "g CO2e", "USD"};
  static const double scales[] = {1e-12, 1e-12, 1, 1e-12, 1e3, 1};
  *scale = scales[objective];
  return units[objective];
}

const char *cds_origins_text(const cds_page *page, const cds_arch *arch) {
  unsigned assumptions = 0;
  for (unsigned i = 0; i < arch->origins; i++) {
    assumptions += arch->origin[i].assumption;
  }
  return cds_cli_printf(page->arena, "%u assumption%s, %u sourced figure%s",
                        assumptions, assumptions == 1 ? "" : "s",
                        arch->origins - assumptions,
                        arch->origins - assumptions == 1 ? "" : "s");
}

static void sum_up(totals *out, const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    const double times = layer->times;
    cds_cost_add(&out->all, &layer->cost, times);
    out->compulsory_bits += times * cds_compulsory_bits(layer);
    if (layer->layer->kind == CDS_LAYER_OPERATION) {
      cds_cost_add(&out->other, &layer->cost, times);
    }
    const cds_removable part = cds_removable_by_fusion(report->arch, layer);
    out->removable.energy_pj += times * part.energy_pj;
    out->removable.bits += times * part.bits;
  }
}

/* ---- the answer -------------------------------------------------------- */

static void write_variables(const cds_page *page, const cds_report *report) {
  const char *text =
      cds_design_text(report->space, report->result->winner, page->arena);
  fputs("best design   ", page->stream);
  cds_help_wrap(page->stream, *text == '\0' ? report->arch->name : text, 14,
                14);
}

/* Two figures on a line: "  energy  12.3 J       area  45.6 mm2". */
static void write_pair(const cds_page *page, const char *left,
                       const char *left_value, const char *right,
                       const char *right_value) {
  fputs("  ", page->stream);
  cds_page_cell(page, left, -12);
  cds_page_cell(page, left_value, -22);
  cds_page_cell(page, right, -13);
  fprintf(page->stream, "%s\n", right_value);
}

static void write_proof(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  double scale;
  const char *unit = cds_shown_unit(report->options->objective, &scale);
  const double gap = cds_gap(result->value, result->bound);
  const char *space = cds_mapping_space(result->arch, report->workload,
                                        report->options->search.optimizer);
  const char *text;
  if (result->network.chains > 0) {
    space = cds_cli_printf(page->arena, "%s; %s", space,
                           cds_fuse_space(report->options->fuse));
  }
  if (report->options->residency.mode != CDS_RESIDENCY_NONE) {
    space =
        cds_cli_printf(page->arena, "%s; %s", space,
                       cds_residency_space(report->options->residency.mode));
  }
  if (result->proven && result->complete) {
    text = cds_cli_printf(
        page->arena,
        "optimal: proven by lower bounds over every design and mapping of "
        "this space (%s)",
        space);
  } else {
    text = cds_cli_printf(
        page->arena,
        "not proven optimal: nothing in this space (%s) is below %s, a gap of "
        "%s",
        space, cds_page_si(page, result->bound * scale, unit),
        cds_page_percent(page, gap));
  }
  fputs("  ", page->stream);
  cds_help_wrap(page->stream, text, 2, 2);
}

/* Carbon or cost of a run: of electricity, and of its share of making. */
static void write_run(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const cds_objective objective = report->options->objective;
  const bool carbon = objective == CDS_OBJECTIVE_CARBON;
  const cds_run_price price = cds_outlay_price(&result->outlay, objective);
  double scale;
  const char *unit = cds_shown_unit(objective, &scale);
  if (!carbon && objective != CDS_OBJECTIVE_COST) {
    return;
  }
  const double used = scale * price.per_pj * result->network.energy_pj;
  const double latency_s = result->network.latency_s;
  const double waits = scale * price.per_pj * 1e12 * latency_s *
                       cds_outlay_idle_w(&result->outlay);
  const double made =
      scale * price.per_pj * price.time_pj_s * latency_s - waits;
  fprintf(page->stream, "  %s a run: %s, %s of it electricity, %s%s making\n",
          cds_objective_name(objective),
          cds_page_si(page, scale * result->value, unit),
          cds_page_si(page, used, unit),
          waits > 0 ? cds_cli_printf(page->arena, "%s between works, ",
                                     cds_page_si(page, waits, unit))
                    : "",
          cds_page_si(page, made, unit));
}

static void write_answer(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const double energy = 1e-12 * result->network.energy_pj;
  const double latency = result->network.latency_s;
  write_variables(page, report);
  write_pair(page, "energy", cds_page_si(page, energy, "J"), "area",
             result->area_um2 > 0.0
                 ? cds_page_plain(page, 1e-6 * result->area_um2, "mm2")
                 : "not given");
  write_pair(page, "time", cds_page_si(page, latency, "s"), "power",
             cds_page_si(page, result->average_power_w, "W"));
  write_pair(page, "EDP", cds_page_si(page, energy * latency, "J s"),
             "temperature",
             cds_page_plain(page, result->temperature_degc, "degC"));
  write_run(page, report);
  write_proof(page, report);
}

/* Power and temperature are roofs: each layer runs slowly enough for them. */
static void write_limits(const cds_page *page, const cds_report *report) {
  const cds_explore_options *options = report->options;
  const char *text = "";
  for (size_t i = 0; i < options->limits; i++) {
    const cds_limit *limit = &options->limit[i];
    const bool roof = limit->metric == CDS_METRIC_POWER ||
                      limit->metric == CDS_METRIC_WALL ||
                      limit->metric == CDS_METRIC_TEMPERATURE;
    const bool cold = limit->metric == CDS_METRIC_TEMPERATURE &&
                      !(report->arch->sink_k_per_w > 0);
    text = cds_cli_printf(page->arena, "%s%s%s%s", text, i > 0 ? ", " : "",
                          limit->text,
                          cold   ? " (not looked at: no cooling)"
                          : roof ? " in every layer"
                                 : "");
  }
  if (options->limits > 0) {
    fputs("limits        ", page->stream);
    cds_help_wrap(page->stream, text, 14, 14);
  }
}

static void write_designs(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const uint64_t seen = result->mapped + result->skipped + result->over_limit +
                        result->infeasible;
  const char *text = cds_cli_printf(
      page->arena,
      "%zu: %" PRIu64 " mapped, %" PRIu64 " skipped by bound, %" PRIu64
      " over a limit, %" PRIu64 " infeasible",
      result->designs, result->mapped, result->skipped, result->over_limit,
      result->infeasible);
  if (seen < result->designs) {
    text = cds_cli_printf(page->arena, "%s, %" PRIu64 " not looked at", text,
                          result->designs - seen);
  }
  fputs("\ndesigns       ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
  write_limits(page, report);
  fputs("model         ", page->stream);
  cds_help_wrap(page->stream,
                cds_cli_printf(page->arena, "%s: %s",
                               report->arch->sums_apart
                                   ? "by AccelForge's accounting"
                                   : "first-order physics",
                               cds_origins_text(page, report->arch)),
                14, 14);
}

/* ---- phases ------------------------------------------------------------ */

static void write_phase(const cds_page *page, const cds_phase *phase,
                        const cds_phase_result *result) {
  const double joule = 1e-12 * result->energy_pj;
  const double watts = joule / result->latency_s;
  const double tokens = (double)phase->tokens * (double)phase->batch;
  const bool prefill = phase->kind == CDS_PHASE_PREFILL;
  cds_page_cell(page, phase->name, -14);
  if (phase->kind == CDS_PHASE_PLAIN) {
    fprintf(page->stream, "%s, %s, %s\n",
            cds_page_si(page, result->latency_s, "s"),
            cds_page_si(page, joule, "J"), cds_page_si(page, watts, "W"));
    return;
  }
  fprintf(page->stream,
          "batch %" PRIu64 ", %s %" PRIu64 ", %" PRIu64 " tokens\n",
          phase->batch, prefill ? "context" : "after context", phase->context,
          phase->tokens);
  const double time =
      prefill ? result->latency_s : result->latency_s / (double)phase->tokens;
  write_pair(page, prefill ? "first token" : "each token",
             cds_page_si(page, time, "s"), "energy",
             cds_cli_printf(page->arena, "%s per token",
                            cds_page_si(page, joule / tokens, "J")));
  write_pair(page, "phase", cds_page_si(page, result->latency_s, "s"), "power",
             cds_page_si(page, watts, "W"));
}

/* Each workload of a mix: one run, and its share of the whole. */
static void write_parts(const cds_page *page, const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  const cds_workload *workload = report->workload;
  if (workload->parts == 0) {
    return;
  }
  cds_page_heading(page, "one run of each workload                         "
                         "weight  energy    time");
  for (unsigned i = 0; i < workload->parts; i++) {
    const cds_part *part = &workload->part[i];
    const cds_phase_result run = cds_network_part(workload, network, i);
    const double energy = part->weight * run.energy_pj / network->energy_pj;
    const double time = part->weight * run.latency_s / network->latency_s;
    fputs("  ", page->stream);
    cds_page_cell(page, cds_page_clip(page, part->name, 19), -20);
    cds_page_cell(page, cds_page_si(page, 1e-12 * run.energy_pj, "J"), 10);
    cds_page_cell(page, cds_page_si(page, run.latency_s, "s"), 11);
    cds_page_cell(page, cds_page_si(page, part->weight, ""), 12);
    cds_page_cell(page, cds_page_percent(page, energy), 8);
    fprintf(page->stream, "  %s\n", cds_page_percent(page, time));
  }
}

/* Electricity from wind and from coal, g CO2e a kWh (life cycle; Gupta et al.,
 * ISCA 2022, table of sources). */
static const double GRID_G_KWH[2] = {11, 820};
static const double J_PER_KWH = 3.6e6;
static const double MILLION = 1e6;

/* A million tokens of each phase that has any: electricity, and what making it
 * emits. */
static void write_million(const cds_page *page, const cds_report *report) {
  const cds_workload *workload = report->workload;
  const cds_explore_result *result = report->result;
  const char *text = "";
  const char *wall = "";
  for (unsigned i = 0; i < result->network.phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    const cds_phase_result *own = &result->network.phase[i];
    if (phase->kind == CDS_PHASE_PLAIN) {
      continue;
    }
    const double run_kwh =
        MILLION / J_PER_KWH / ((double)phase->tokens * (double)phase->batch);
    const double kwh = 1e-12 * own->energy_pj * run_kwh;
    const double wall_kwh =
        result->phase_wall[i].power_w * own->latency_s * run_kwh;
    wall = cds_cli_printf(
        page->arena, "%s%s%s of %s", wall, *wall == '\0' ? "" : ", ",
        cds_page_si(page, 1000 * wall_kwh, "Wh"), phase->name);
    text = cds_cli_printf(page->arena, "%s%s%s of %s (%s to %s CO2e)", text,
                          *text == '\0' ? "" : ", ",
                          cds_page_si(page, 1000 * kwh, "Wh"), phase->name,
                          cds_page_si(page, kwh * GRID_G_KWH[0], "g"),
                          cds_page_si(page, kwh * GRID_G_KWH[1], "g"));
  }
  wall =
      result->wall.known
          ? cds_cli_printf(page->arena,
                           "; at the wall, with what supplies lose, %s", wall)
          : "";
  fputs("a million     ", page->stream);
  cds_help_wrap(page->stream,
                cds_cli_printf(page->arena,
                               "tokens take %s, by wind (11 g/kWh) to coal "
                               "(820): accelerator and memory only, without "
                               "regulators, host and cooling%s",
                               text, wall),
                14, 14);
}

static void write_phases(const cds_page *page, const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  const cds_workload *workload = report->workload;
  bool plain = true;
  for (unsigned i = 0; i < network->phases; i++) {
    plain = plain && workload->phase[i].kind == CDS_PHASE_PLAIN;
  }
  if (plain) {
    return; /* its figures stand above */
  }
  fputc('\n', page->stream);
  for (unsigned i = 0; i < network->phases; i++) {
    write_phase(page, &workload->phase[i], &network->phase[i]);
  }
  write_million(page, report);
}

/* ---- components -------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
  const cds_share *left = a, *right = b;
  if (left->value != right->value) {
    return left->value < right->value ? 1 : -1;
  }
  return strcmp(left->name, right->name);
}

static const char *share_name(const cds_page *page, const cds_share *share) {
  if (strcmp(share->kind, share->name) == 0) {
    return share->name;
  }
  return cds_cli_printf(page->arena, "%s (%s)", share->name, share->kind);
}

static void write_share(const cds_page *page, const char *name, double value,
                        double whole) {
  fputs("  ", page->stream);
  cds_page_cell(page, cds_page_clip(page, name, NAME), -NAME);
  cds_page_cell(page, cds_page_si(page, 1e-12 * value, "J"), 11);
  cds_page_cell(page, cds_page_percent(page, value / whole), 9);
  const char *bar = cds_page_bar(page, value / whole, BAR);
  fprintf(page->stream, "%s%s\n", *bar == '\0' ? "" : "  ", bar);
}

static void write_components(const cds_page *page, const cds_report *report,
                             const totals *sum) {
  cds_share share[CDS_SHARES_MAX];
  const size_t count = cds_energy_shares(share, report->arch, &sum->all);
  qsort(share, count, sizeof *share, by_value);
  cds_page_heading(page, "energy by component");
  for (size_t i = 0; i < count && i < COMPONENTS_SHOWN; i++) {
    if (share[i].value > 0.0) {
      write_share(page, share_name(page, &share[i]), share[i].value,
                  sum->all.energy_pj);
    }
  }
}

/* ---- operations -------------------------------------------------------- */

static group *find_group(group *groups, size_t *count, const char *name,
                         const char *phase) {
  for (size_t i = 0; i < *count; i++) {
    if (strcmp(groups[i].name, name) == 0 &&
        strcmp(groups[i].phase, phase) == 0) {
      return &groups[i];
    }
  }
  group *fresh = &groups[(*count)++];
  fresh->name = name;
  fresh->phase = phase;
  return fresh;
}

/* "decode.av.48" of phase "decode" is "av": the phase has its own column, and
 * the lengths of a growing context are one operation. */
static const char *short_name(const cds_page *page, const char *name,
                              const char *phase) {
  const char *own = cds_name_in_phase(name, phase);
  name = own != NULL ? own : name;
  const char *dot = strrchr(name, '.');
  if (dot == NULL || dot[1] == '\0' ||
      strspn(dot + 1, "0123456789") != strlen(dot + 1)) {
    return name;
  }
  return cds_cli_printf(page->arena, "%.*s", (int)(dot - name), name);
}

static size_t make_groups(group **out, const cds_page *page,
                          const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  group *groups = cds_cli_array(page->arena, network->layers, sizeof *groups);
  size_t count = 0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *result = &network->layer[i];
    const cds_layer *layer = result->layer;
    const double times = result->times;
    const char *phase = report->workload->phase[layer->phase].name;
    group *into =
        find_group(groups, &count, short_name(page, layer->name, phase), phase);
    into->other = layer->kind == CDS_LAYER_OPERATION;
    into->energy_pj += times * result->cost.energy_pj;
    into->latency_s += times * result->cost.latency_s;
    if (times * result->cost.latency_s >= into->longest_s) {
      into->longest_s = times * result->cost.latency_s;
      into->bottleneck = cds_time_bottleneck(report->arch, result);
    }
  }
  *out = groups;
  return count;
}

static int by_energy(const void *a, const void *b) {
  const group *left = a, *right = b;
  if (left->energy_pj != right->energy_pj) {
    return left->energy_pj < right->energy_pj ? 1 : -1;
  }
  const int phase = strcmp(left->phase, right->phase);
  return phase != 0 ? phase : strcmp(left->name, right->name);
}

static void write_group(const cds_page *page, const group *each,
                        const totals *sum, bool phases) {
  const char *name =
      phases ? cds_cli_printf(page->arena, "%s %s", each->phase, each->name)
             : each->name;
  fputs("  ", page->stream);
  cds_page_cell(page, cds_page_clip(page, name, NAME), -NAME);
  cds_page_cell(page, cds_page_si(page, 1e-12 * each->energy_pj, "J"), 11);
  cds_page_cell(
      page, cds_page_percent(page, each->energy_pj / sum->all.energy_pj), 8);
  cds_page_cell(page, cds_page_si(page, each->latency_s, "s"), 11);
  cds_page_cell(
      page, cds_page_percent(page, each->latency_s / sum->all.latency_s), 8);
  const char *roof = each->bottleneck.name;
  fprintf(page->stream, "%s%s\n", roof == NULL ? "" : "  ",
          roof == NULL ? "" : cds_page_clip(page, roof, BOUND));
}

static void write_operations(const cds_page *page, const cds_report *report,
                             const totals *sum) {
  group *groups = NULL;
  const size_t count = make_groups(&groups, page, report);
  qsort(groups, count, sizeof *groups, by_energy);
  const bool phases = report->workload->phases > 1;
  cds_page_heading(page, "energy and time by operation                       "
                         "                  bound by");
  group rest = {.name = "", .phase = ""};
  size_t left = 0;
  for (size_t i = 0; i < count; i++) {
    if (i < OPERATIONS_SHOWN) {
      write_group(page, &groups[i], sum, phases);
    } else {
      rest.energy_pj += groups[i].energy_pj;
      rest.latency_s += groups[i].latency_s;
      left++;
    }
  }
  if (left > 0) {
    rest.name = cds_cli_printf(page->arena, "%zu more (layers.csv)", left);
    write_group(page, &rest, sum, false);
  }
}

static void write_other(const cds_page *page, const totals *sum) {
  if (!(sum->other.energy_pj > 0.0)) {
    return;
  }
  fputs("others        ", page->stream);
  cds_help_wrap(
      page->stream,
      cds_cli_printf(
          page->arena,
          "operations that are not multiply-accumulate (softmax, norms, ...) "
          "take %s of the energy and %s of the time",
          cds_page_percent(page, sum->other.energy_pj / sum->all.energy_pj),
          cds_page_percent(page, sum->other.latency_s / sum->all.latency_s)),
      14, 14);
}

/* "prefill qk to av, decode qk to av": each kind of chains that is fused, in
 * the order of the workload. */
static const char *fused_names(const cds_page *page, const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  const char *text = "";
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_fused *fused = network->layer[i].fused;
    if (fused == NULL || fused->stage > 0) {
      continue;
    }
    const cds_layer *first = network->layer[i].layer;
    const cds_layer *last = network->layer[i + fused->chain->layers - 1].layer;
    const char *phase = report->workload->phase[first->phase].name;
    const bool phases = report->workload->phases > 1;
    const char *name =
        cds_cli_printf(page->arena, "%s%s%s to %s", phases ? phase : "",
                       phases ? " " : "", short_name(page, first->name, phase),
                       short_name(page, last->name, phase));
    if (strstr(text, name) == NULL) {
      text = cds_cli_printf(page->arena, "%s%s%s", text,
                            *text == '\0' ? "" : ", ", name);
    }
  }
  return text;
}

static const char *fused_text(const cds_page *page, const cds_report *report) {
  const cds_network_result *network = &report->result->network;
  const double joule = 1e-12 * network->unfused.energy_pj;
  const double time = network->unfused.latency_s;
  if (network->chains == 0) {
    return "layers run unfused; ";
  }
  const cds_residency_result *residency = &network->residency;
  const bool stays = residency->kept > 0 || residency->caches_kept > 0 ||
                     residency->handed > 0;
  const char *text =
      network->chains_outside == network->chains ? ""
      : stays ? "no chain of layers takes less when it is fused than layer by "
                "layer with what stays on chip; "
              : "no chain of layers takes less when it is fused; ";
  if (network->fused > 0) {
    text = cds_cli_printf(
        page->arena, "%s; layer by layer it would be %s, %s, EDP %s; ",
        fused_names(page, report), cds_page_si(page, joule, "J"),
        cds_page_si(page, time, "s"), cds_page_si(page, joule * time, "J s"));
  }
  if (network->fused > 0 && isnan(joule)) {
    text = cds_cli_printf(page->arena,
                          "%s; layer by layer nothing within the limits was "
                          "found; ",
                          fused_names(page, report));
  }
  if (network->chains_outside > 0) {
    text = cds_cli_printf(page->arena,
                          "%s%zu of %zu chains of layers are not searched for "
                          "fused mappings on this design, or within its "
                          "constraints; ",
                          text, network->chains_outside, network->chains);
  }
  return text;
}

static void write_traffic(const cds_page *page, const cds_report *report,
                          const totals *sum) {
  fputs("traffic       ", page->stream);
  cds_help_wrap(
      page->stream,
      cds_cli_printf(
          page->arena,
          "%s through %s; each tensor once%s that is not only handed to a "
          "neighbour would be %s",
          cds_page_si(page, sum->all.outer_bits / 8, "B"),
          report->arch->level[0].name,
          report->result->network.residency.kept > 0 ||
                  report->result->network.residency.caches_kept > 0
              ? " in each run and step"
              : "",
          cds_page_si(page, sum->compulsory_bits / 8, "B")),
      14, 14);
}

/* What products execute whose scores are masked, and what of it counts. */
static const char *masked_text(const cds_page *page,
                               const cds_network_result *network) {
  double executed = 0;
  double useful = 0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *it = &network->layer[i];
    uint64_t all = 0;
    if (it->layer->kind == CDS_LAYER_EINSUM &&
        cds_einsum_macs(&all, &it->layer->einsum) == CDS_OK &&
        it->layer->useful_macs < all) {
      executed += it->times * (double)cds_layer_result_macs(it);
      useful += it->times * (double)it->layer->useful_macs;
    }
  }
  return executed > 0
             ? cds_cli_printf(page->arena,
                              "causal attention executes %s, of which a mask "
                              "leaves %s; ",
                              cds_page_si(page, executed, "MAC"),
                              cds_page_si(page, useful, "MAC"))
             : "";
}

static void write_fusion(const cds_page *page, const cds_report *report,
                         const totals *sum) {
  const cds_network_result *network = &report->result->network;
  if (!(sum->removable.bits > 0.0) && network->chains == 0) {
    return;
  }
  fputs("fusion        ", page->stream);
  cds_help_wrap(
      page->stream,
      cds_cli_printf(
          page->arena,
          "%s%swhat unfused layers only hand to a neighbour (operands of "
          "norms, "
          "softmax, activations, scores, inner vectors, ...) is %s through "
          "the outermost level and %s of the energy, the most that %sfusion "
          "could remove",
          fused_text(page, report), masked_text(page, network),
          cds_page_si(page, sum->removable.bits / 8.0, "B"),
          cds_page_percent(page, sum->removable.energy_pj / sum->all.energy_pj),
          network->fused > 0 ? "more " : ""),
      14, 14);
}

/* ---- bottleneck -------------------------------------------------------- */

/* Idle multipliers of which the summary speaks. */
static const double least_idle = 0.05;

/* Share of the MACs that work, averaged over the run. */
static double mac_use(const cds_report *report, const totals *sum) {
  const cds_network_result *network = &report->result->network;
  double macs = 0.0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    if (layer->layer->kind == CDS_LAYER_EINSUM) {
      macs += layer->times * (double)cds_layer_result_macs(layer);
    }
  }
  const cds_arch *arch = report->arch;
  return macs / (double)cds_arch_instances(arch, arch->arrays) /
         sum->all.cycles;
}

/* Part of the time in which compute binds and multipliers are idle. */
static double idle_part(const cds_report *report, const totals *sum) {
  const cds_network_result *network = &report->result->network;
  const cds_arch *arch = report->arch;
  const double units = (double)cds_arch_instances(arch, arch->arrays);
  double idle = 0.0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    const cds_cost *cost = &layer->cost;
    if (layer->layer->kind == CDS_LAYER_EINSUM &&
        cost->compute_cycles >= 0.9 * cost->cycles) {
      idle += layer->times * (cost->compute_cycles -
                              (double)cds_layer_result_macs(layer) / units);
    }
  }
  return idle / sum->all.cycles;
}

/* What equal parts may cost. */
static const char *parts_text(const cds_page *page, const cds_report *report,
                              const totals *sum) {
  const double idle = idle_part(report, sum);
  return report->arch->any_factors || idle < least_idle
             ? ""
             : cds_cli_printf(page->arena,
                              "; where they bind, idle ones are worth %s of "
                              "the time: parts that need not be equal "
                              "(--factors any) may use some of them",
                              cds_page_percent(page, idle));
}

static void write_bottleneck(const cds_page *page, const cds_report *report,
                             const totals *sum) {
  cds_share list[CDS_SHARES_MAX];
  const size_t count =
      cds_network_bottlenecks(list, report->arch, &report->result->network);
  const char *text = "";
  for (size_t i = 0; i < count && i < 4; i++) {
    const bool level = strcmp(list[i].kind, "level") == 0;
    text = cds_cli_printf(
        page->arena, "%s%s%s%s %s %s of the time", text, i > 0 ? ", " : "",
        list[i].name, level ? " bandwidth" : "", i > 0 ? "for" : "binds for",
        cds_page_percent(page, list[i].value / sum->all.latency_s));
  }
  text = cds_cli_printf(page->arena, "%s; %s units busy %s on average%s", text,
                        report->arch->compute.name,
                        cds_page_percent(page, mac_use(report, sum)),
                        parts_text(page, report, sum));
  fputs("bottleneck    ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
}

/* ---- Pareto set --------------------------------------------------------- */

static const char *metric_text(const cds_page *page, cds_metric metric,
                               double value) {
  switch (metric) {
  case CDS_METRIC_AREA:
    return cds_page_plain(page, 1e-6 * value, "mm2");
  case CDS_METRIC_POWER:
  case CDS_METRIC_WALL:
    return cds_page_si(page, value, "W");
  case CDS_METRIC_COST:
    return cds_page_plain(page, value, "USD");
  case CDS_METRIC_EMBODIED:
    return cds_page_plain(page, value, "kg");
  case CDS_METRIC_TEMPERATURE:
    return cds_page_plain(page, value, "degC");
  case CDS_METRIC_ENERGY:
    return cds_page_si(page, 1e-12 * value, "J");
  case CDS_METRIC_EDP:
    return cds_page_si(page, 1e-12 * value, "J s");
  case CDS_METRIC_LATENCY:
  case CDS_METRIC_FIRST_TOKEN:
  case CDS_METRIC_TOKEN:
    break;
  }
  return cds_page_si(page, value, "s");
}

/* A row, unless it reads as the last one: points that differ in later digits
 * only stand in the file. Returns how it reads. */
static const char *write_point(const cds_page *page, const cds_report *report,
                               const cds_pareto_point *point,
                               const char *last) {
  const cds_metric *metric = report->pareto->metric;
  const char *first = metric_text(page, metric[0], point->value[0]);
  const char *second = metric_text(page, metric[1], point->value[1]);
  const char *text = cds_design_text(report->space, point->design, page->arena);
  const char *row =
      cds_cli_printf(page->arena, "%s, %s, %s", first, second, text);
  if (strcmp(row, last) != 0) {
    fputs("  ", page->stream);
    cds_page_cell(page, first, 12);
    cds_page_cell(page, second, 13);
    fputs("  ", page->stream);
    cds_help_wrap(page->stream, *text == '\0' ? report->arch->name : text, 29,
                  29);
  }
  return row;
}

static const char *pareto_claim(const cds_page *page,
                                const cds_pareto_result *pareto) {
  if (!pareto->proven) {
    return pareto->open < 1
               ? cds_cli_printf(
                     page->arena,
                     ", not proven: some may be missing that are below the "
                     "line between two of them by at most %s",
                     cds_page_plain(page, 100 * pareto->open, "%"))
               : ", not proven: some may be missing";
  }
  return cds_cli_printf(
      page->arena,
      ", proven: no vertex of a design's convex frontier is better than all of "
      "them in both%s%s",
      pareto->gap > 0 ? " by more than " : "",
      pareto->gap > 0 ? cds_page_percent(page, pareto->gap) : "");
}

static void write_pareto(const cds_page *page, const cds_report *report) {
  const cds_pareto_result *pareto = report->pareto;
  if (pareto == NULL) {
    return;
  }
  const char *first = cds_metric_name(pareto->metric[0]);
  const char *second = cds_metric_name(pareto->metric[1]);
  cds_page_heading(page, cds_cli_printf(page->arena, "Pareto set of %s and %s",
                                        first, second));
  const char *last = "";
  size_t shown = 0;
  size_t i = 0;
  for (; i < pareto->points && shown < PARETO_SHOWN; i++) {
    const char *row = write_point(page, report, &pareto->point[i], last);
    shown += strcmp(row, last) != 0;
    last = row;
  }
  if (i < pareto->points) {
    fprintf(page->stream, "  %zu more (pareto.csv)\n", pareto->points - i);
  }
  const char *text = cds_cli_printf(
      page->arena,
      "%zu point%s%s; %" PRIu64 " designs mapped, %" PRIu64
      " skipped by bound, %" PRIu64 " over a limit, %" PRIu64 " infeasible",
      pareto->points, pareto->points == 1 ? "" : "s",
      pareto_claim(page, pareto), pareto->solved, pareto->skipped,
      pareto->over_limit, pareto->infeasible);
  fputs("  ", page->stream);
  cds_help_wrap(page->stream, text, 2, 2);
}

void cds_summary_write(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  fprintf(page->stream, "%s\n\n",
          cds_page_bold(
              page, cds_cli_printf(
                        page->arena, "%s x %s: least %s",
                        cds_space_name(report->space), report->workload->name,
                        cds_objective_name(report->options->objective))));
  if (!result->found) {
    fputs(result->complete ? "no design can be used\n"
                           : "no design was mapped before the interruption\n",
          page->stream);
    write_designs(page, report);
    return;
  }
  totals sum;
  sum_up(&sum, report);
  write_answer(page, report);
  cds_heat_write(page, report);
  cds_uncertainty_write(page, report);
  write_parts(page, report);
  write_phases(page, report);
  write_components(page, report, &sum);
  write_operations(page, report, &sum);
  fputc('\n', page->stream);
  write_other(page, &sum);
  write_traffic(page, report, &sum);
  write_fusion(page, report, &sum);
  cds_residency_write(page, report);
  write_bottleneck(page, report, &sum);
  cds_outlay_write(page, report);
  write_pareto(page, report);
  write_designs(page, report);
}
