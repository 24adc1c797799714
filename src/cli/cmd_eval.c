/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign eval ARCH WORKLOAD MAPPING: counts and prices a given mapping. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/eval_timeloop.h"
#include "cli/forms.h"
#include "cli/heat_page.h"
#include "cli/inputs.h"
#include "cli/nest.h"
#include "cli/trace_page.h"
#include "explore/heated_alone.h"
#include "export/breakdown.h"
#include "export/csv.h"
#include "network/plan.h"
#include "price/advice.h"
#include "spec/rules.h"

typedef struct item {
  const cds_layer *layer;
  cds_mapping mapping;
  cds_counts counts;
  cds_layer_result result;
  cds_heated_state heat; /* where layers heat their design */
  cds_full_speed full;
} item;

typedef struct job {
  cds_cli *cli;
  cds_inputs inputs;
  double power_limit_w;
  cds_heated *heated; /* NULL: leakage is that at 85 degC */
  size_t entries;
  cds_mapping_entry *entry;
  item *item;
} job;

static const char *const action_names[CDS_ACTIONS] = {"reads", "fills",
                                                      "updates", "drains"};

/* ---- reading and pricing ------------------------------------------------ */

static cds_status misfit(const job *it, const cds_mapping_entry *entry,
                         const item *each, const cds_misfit *what) {
  const cds_page page = {NULL, false, it->cli->arena};
  const cds_arch *arch = it->inputs.arch;
  const cds_einsum *einsum = &each->layer->einsum;
  const cds_level *level = &arch->level[what->level];
  cds_diag_error(it->cli->diag, cds_mapping_hold_place(entry, level->name),
                 "the mapping of '%s' does not fit '%s': level '%s' needs %s, "
                 "most of it for tensor '%s', and has %s",
                 each->layer->name, arch->name, level->name,
                 cds_page_bits(&page, what->need_bits),
                 einsum->tensor[what->tensor].name,
                 cds_page_bits(&page, what->size_bits));
  cds_advice *advice =
      cds_cli_array(it->cli->arena, CDS_ADVICES_MAX, sizeof *advice);
  const size_t count =
      cds_advise(advice, arch, einsum, &each->mapping, it->cli->arena);
  for (size_t i = 0; i < count; i++) {
    const char *text = cds_advice_text(&advice[i], arch, einsum, &each->mapping,
                                       true, it->cli->arena);
    cds_diag_hint(it->cli->diag, "%s", text != NULL ? text : "");
  }
  return CDS_EINFEASIBLE;
}

static cds_status no_format(const job *it, const item *each) {
  const cds_einsum *einsum = &each->layer->einsum;
  const cds_compute *compute = &it->inputs.arch->compute;
  cds_diag_error(it->cli->diag, each->layer->place,
                 "'%s' has no number format for layer '%s': expected one that "
                 "covers %s and %s",
                 compute->name, each->layer->name,
                 einsum->tensor[0].format.name,
                 einsum->tensor[einsum->tensors > 2 ? 1 : 0].format.name);
  const char *list = "";
  for (unsigned i = 0; i < compute->formats; i++) {
    list = cds_cli_printf(it->cli->arena, "%s%s%s", list, i > 0 ? ", " : "",
                          compute->format[i].name);
  }
  cds_diag_hint(it->cli->diag, "'%s' computes in %s", compute->name, list);
  return CDS_EINFEASIBLE;
}

/* Says which constraint the mapping violates. */
static cds_status admit(const job *it, const cds_mapping_entry *entry,
                        const item *each) {
  const cds_constraint *broken = NULL;
  if (cds_constraints_admit(&broken, it->inputs.arch, &each->layer->einsum,
                            &each->mapping)) {
    return CDS_OK;
  }
  if (broken == NULL) {
    cds_diag_error(it->cli->diag, entry->place,
                   "the mapping of '%s' does not meet its constraints "
                   "together: each loop belongs to one level",
                   each->layer->name);
    return CDS_EINFEASIBLE;
  }
  cds_diag_error(it->cli->diag, entry->place,
                 "the mapping of '%s' violates the constraint '%s'",
                 each->layer->name, broken->text);
  cds_diag_note(it->cli->diag, broken->place, "it stands here");
  return CDS_EINFEASIBLE;
}

/* The mapping at the temperatures that it makes. */
static cds_status heat(job *it, item *each) {
  CDS_TRY(
      cds_heated_given(&each->result, &each->heat, &each->full, it->heated));
  cds_heated_say_full(&each->full, &each->result, it->heated, it->cli->diag);
  return CDS_OK;
}

static cds_status evaluate(job *it, const cds_mapping_entry *entry,
                           item *each) {
  const cds_arch *arch = it->inputs.arch;
  const cds_reader reader = {it->cli->arena, it->cli->diag, NULL, 0};
  each->layer = cds_inputs_layer(&it->inputs.workload, entry, it->cli);
  if (each->layer == NULL) {
    return CDS_EINPUT;
  }
  const cds_einsum *einsum = &each->layer->einsum;
  CDS_TRY(cds_mapping_read(&each->mapping, entry->nest, arch, einsum, &reader));
  CDS_TRY(admit(it, entry, each));
  if (arch->sums_apart && !cds_mapping_perfect(&each->mapping, einsum)) {
    cds_diag_error(it->cli->diag, entry->place,
                   "the mapping of '%s' cuts ranks into parts that are not "
                   "equal: expected factors whose product is the size of each "
                   "rank with '--accounting accelforge'",
                   each->layer->name);
    return CDS_EINPUT;
  }
  const cds_status counted =
      cds_count(&each->counts, arch, einsum, &each->mapping, it->cli->arena);
  if (counted == CDS_ELIMIT) {
    cds_diag_error(it->cli->diag, entry->place,
                   "layer '%s' is too large to count: expected counts below "
                   "2^64",
                   each->layer->name);
  }
  CDS_TRY(counted);
  cds_misfit what;
  if (cds_price_fits(&what, arch, einsum, &each->counts) != CDS_OK) {
    return misfit(it, entry, each, &what);
  }
  each->result.layer = each->layer;
  each->result.mapping = each->mapping;
  each->result.counts = &each->counts;
  each->result.own_edp_pj_s = (double)NAN;
  each->result.own_bound_pj_s = (double)NAN;
  const cds_status priced = cds_price_einsum(
      &each->result.cost, arch, einsum, &each->counts,
      it->heated != NULL ? (double)INFINITY : it->power_limit_w);
  if (priced == CDS_EINPUT) {
    return no_format(it, each);
  }
  if (priced == CDS_EINFEASIBLE) {
    (void)cds_network_leakage(arch, it->power_limit_w, it->cli->diag);
  }
  CDS_TRY(priced);
  return it->heated != NULL ? heat(it, each) : CDS_OK;
}

static cds_status prepare(job *it) {
  cds_cli *cli = it->cli;
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_status inputs = cds_inputs_read(&it->inputs, cli, 3);
  if (it->inputs.wrong_call) {
    return inputs;
  }
  const char *path = cli->call.file[2];
  const cds_status mapping =
      cds_mapping_file_read(&it->entry, &it->entries, path, &reader);
  cds_stdin_rewind();
  CDS_TRY(inputs);
  CDS_TRY(mapping);
  cds_inputs_add(&it->inputs.provenance, "mapping", path);
  const cds_limit *limits = NULL;
  size_t count = 0;
  CDS_TRY(cds_inputs_limits(&limits, &count, &it->inputs, cli));
  it->power_limit_w = cds_power_limit(limits, count);
  CDS_TRY(cds_inputs_heat(&it->heated, &it->inputs, limits, count, cli));
  it->item = cds_cli_array(cli->arena, it->entries, sizeof *it->item);
  cds_status worst = CDS_OK;
  for (size_t i = 0; i < it->entries; i++) {
    const cds_status status = evaluate(it, &it->entry[i], &it->item[i]);
    /* Wrong input outranks what does not fit. */
    worst = worst == CDS_OK || status == CDS_EINPUT ? status : worst;
  }
  return worst;
}

/* ---- text --------------------------------------------------------------- */

static void write_words(const cds_page *page, const job *it, const item *each) {
  static const char *const head[] = {"reads", "fills", "updates", "drains"};
  const cds_einsum *einsum = &each->layer->einsum;
  fputs("\n  words", page->stream);
  cds_page_cell(page, "", 17);
  cds_page_cell(page, "tile", 9);
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    cds_page_cell(page, head[a], 11);
  }
  fputc('\n', page->stream);
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_traffic *entry = &each->counts.at[level][t];
      if (!entry->held) {
        continue;
      }
      fputs("  ", page->stream);
      cds_page_cell(page,
                    cds_page_clip(page, it->inputs.arch->level[level].name, 11),
                    -12);
      cds_page_cell(page, einsum->tensor[t].name, -10);
      cds_page_cell(page, cds_page_count(page, (double)entry->tile_words), 9);
      for (unsigned a = 0; a < CDS_ACTIONS; a++) {
        cds_page_cell(page, cds_page_count(page, (double)entry->words[a]), 11);
      }
      fputc('\n', page->stream);
    }
  }
}

static void write_network_words(const cds_page *page, const job *it,
                                const item *each) {
  const cds_einsum *einsum = &each->layer->einsum;
  for (unsigned k = 0; k < it->inputs.arch->arrays; k++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      uint64_t down = 0, up = 0, adds = 0, hops = 0;
      for (unsigned child = 0; child <= it->inputs.arch->levels; child++) {
        const cds_traffic *entry = &each->counts.at[child][t];
        down += entry->down[k];
        up += entry->up[k];
        adds += entry->adds[k];
        hops += entry->hops_down[k] + entry->hops_up[k];
      }
      if (down == 0 && up == 0) {
        continue;
      }
      fputs("  ", page->stream);
      cds_page_cell(
          page, cds_page_clip(page, it->inputs.arch->array[k].name, 11), -12);
      cds_page_cell(page, einsum->tensor[t].name, -10);
      fprintf(page->stream, "%s down, %s up, %s additions",
              cds_page_count(page, (double)down),
              cds_page_count(page, (double)up),
              cds_page_count(page, (double)adds));
      if (it->inputs.arch->array[k].network != CDS_NETWORK_BUS) {
        fprintf(page->stream, ", %s over links",
                cds_page_count(page, (double)hops));
      }
      fputc('\n', page->stream);
    }
  }
}

/* Energy of a level by action, beside its sum. */
static void write_level_energy(const cds_page *page, const job *it,
                               const item *each, unsigned level) {
  double action[CDS_ACTIONS];
  cds_level_action_energy(action, it->inputs.arch, &each->layer->einsum,
                          &each->counts, level);
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    cds_page_cell(page, cds_page_si(page, 1e-12 * action[a], "J"), 9);
  }
}

static void write_energy(const cds_page *page, const job *it,
                         const item *each) {
  const cds_arch *arch = it->inputs.arch;
  cds_share share[CDS_SHARES_MAX];
  const size_t count = cds_energy_shares(share, arch, &each->result.cost);
  fputs("\n  energy", page->stream);
  cds_page_cell(page, "", 33);
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    cds_page_cell(page, action_names[a], 9);
  }
  fputc('\n', page->stream);
  for (size_t i = 0; i < count; i++) {
    if (!(share[i].value > 0.0)) {
      continue;
    }
    fputs("  ", page->stream);
    cds_page_cell(page, cds_page_clip(page, share[i].name, 11), -12);
    cds_page_cell(page, share[i].kind, -10);
    cds_page_cell(page, cds_page_si(page, 1e-12 * share[i].value, "J"), 9);
    cds_page_cell(
        page,
        cds_page_percent(page, share[i].value / each->result.cost.energy_pj),
        8);
    if (i < arch->levels) {
      write_level_energy(page, it, each, (unsigned)i);
    }
    fputc('\n', page->stream);
  }
}

static void write_time(const cds_page *page, const job *it, const item *each) {
  const cds_cost *cost = &each->result.cost;
  cds_share roof[CDS_SHARES_MAX];
  const size_t count = cds_time_roofs(roof, it->inputs.arch, &each->result);
  const cds_share highest = cds_time_bottleneck(it->inputs.arch, &each->result);
  fputs("\n  cycles\n", page->stream);
  for (size_t i = 0; i < count; i++) {
    const bool binds = strcmp(roof[i].name, highest.name) == 0 &&
                       strcmp(roof[i].kind, highest.kind) == 0;
    fputs("  ", page->stream);
    cds_page_cell(page, cds_page_clip(page, roof[i].name, 11), -12);
    cds_page_cell(page, roof[i].kind, -10);
    cds_page_cell(page, cds_page_count(page, roof[i].value), 11);
    fprintf(page->stream, "%s\n", binds ? "   binds" : "");
  }
  if (cost->first_cycles + cost->last_cycles > 0.0) {
    fputs("  first fill and last drain", page->stream);
    cds_page_cell(
        page, cds_page_count(page, cost->first_cycles + cost->last_cycles), 8);
    fputc('\n', page->stream);
  }
  if (cost->skew_cycles > 0.0) {
    fputs("  skew of systolic arrays  ", page->stream);
    cds_page_cell(page, cds_page_count(page, cost->skew_cycles), 8);
    fputc('\n', page->stream);
  }
}

static void write_layer(const cds_page *page, const job *it, const item *each) {
  const cds_cost *cost = &each->result.cost;
  const double joule = 1e-12 * cost->energy_pj;
  fprintf(page->stream, "%s on %s: %s\n",
          cds_page_bold(page, each->layer->name), it->inputs.arch->name,
          cds_einsum_text(page, &each->layer->einsum));
  fprintf(page->stream, "  %s\n", cds_ranks_text(page, &each->layer->einsum));
  fprintf(page->stream, "  %s%s, %s (%s cycles), EDP %s\n",
          it->inputs.arch->sums_apart ? "AccelForge's accounting: " : "",
          cds_page_si(page, joule, "J"),
          cds_page_si(page, cost->latency_s, "s"),
          cds_page_count(page, cost->cycles),
          cds_page_si(page, joule * cost->latency_s, "J s"));
  if (it->heated != NULL) {
    cds_heat_note(page, it->inputs.arch, &each->heat, cost);
  }
  fputc('\n', page->stream);
  cds_nest_write(page, it->inputs.arch, &each->layer->einsum, &each->mapping,
                 &each->counts, 4);
  write_words(page, it, each);
  write_network_words(page, it, each);
  write_energy(page, it, each);
  write_time(page, it, each);
  if (it->cli->options->trace) {
    cds_trace_write(page, it->inputs.arch, &each->counts, &each->result);
  }
}

/* ---- JSON and CSV ------------------------------------------------------- */

static void write_action_energy(cds_json *json, const job *it,
                                const item *each) {
  cds_json_object(json, "energy_pj_by_action");
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    double action[CDS_ACTIONS];
    cds_level_action_energy(action, it->inputs.arch, &each->layer->einsum,
                            &each->counts, level);
    cds_json_object_line(json, it->inputs.arch->level[level].name);
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      cds_json_number(json, action_names[a], action[a]);
    }
    cds_json_end(json);
  }
  cds_json_end(json);
}

static void write_capacity(cds_json *json, const job *it, const item *each) {
  uint64_t need[CDS_LEVELS_MAX] = {0};
  cds_price_needs(need, it->inputs.arch, &each->layer->einsum, &each->counts);
  cds_json_array(json, "capacity");
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    const uint64_t size = it->inputs.arch->level[level].size_bits;
    cds_json_object_line(json, NULL);
    cds_json_text(json, "level", it->inputs.arch->level[level].name);
    cds_json_count(json, "need_bits", need[level]);
    if (size == UINT64_MAX) {
      cds_json_null(json, "size_bits");
    } else {
      cds_json_count(json, "size_bits", size);
    }
    cds_json_end(json);
  }
  cds_json_end(json);
}

/* What of its dynamic power is within limits: null, any would be. */
static void write_heat(cds_json *json, const job *it, const item *each) {
  double power_w = 0;
  cds_json_heat(json, it->inputs.arch, &each->heat);
  for (unsigned d = 0; d < it->inputs.arch->dies; d++) {
    power_w += each->full.power_w[d];
  }
  cds_json_number(json, "full_speed_w", power_w);
  cds_json_number(json, "sustainable_w", each->full.sustainable * power_w);
}

static void write_json_item(cds_json *json, const job *it, const item *each) {
  const cds_cost *cost = &each->result.cost;
  const cds_arch *arch = it->inputs.arch;
  cds_json_object(json, NULL);
  cds_json_text(json, "name", each->layer->name);
  cds_json_count(json, "macs", each->counts.macs);
  cds_json_number(json, "energy_pj", cost->energy_pj);
  cds_json_number(json, "latency_s", cost->latency_s);
  cds_json_number(json, "cycles", cost->cycles);
  cds_json_number(json, "edp_pj_s", cost->energy_pj * cost->latency_s);
  cds_json_number(json, "first_cycles", cost->first_cycles);
  cds_json_number(json, "last_cycles", cost->last_cycles);
  if (cost->skew_cycles > 0.0) {
    cds_json_number(json, "skew_cycles", cost->skew_cycles);
  }
  cds_json_mapping(json, arch, &each->layer->einsum, &each->mapping,
                   it->cli->arena);
  cds_json_counts(json, arch, &each->layer->einsum, &each->counts);
  cds_json_energy(json, arch, cost);
  write_action_energy(json, it, each);
  cds_json_roofs(json, arch, &each->result);
  write_capacity(json, it, each);
  if (it->heated != NULL) {
    write_heat(json, it, each);
  }
  cds_json_end(json);
}

static void write_json(FILE *stream, const void *answer) {
  const job *it = answer;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "architecture", it->inputs.arch->name);
  cds_json_text(&json, "workload", it->inputs.workload.name);
  cds_json_array(&json, "layers");
  for (size_t i = 0; i < it->entries; i++) {
    write_json_item(&json, it, &it->item[i]);
  }
  cds_json_end(&json);
  cds_json_provenance(&json, &it->inputs.provenance, it->inputs.arch);
  cds_json_end(&json);
  cds_json_finish(&json);
}

static void write_csv_item(cds_csv *csv, const job *it, const item *each) {
  const cds_einsum *einsum = &each->layer->einsum;
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_traffic *entry = &each->counts.at[level][t];
      if (!entry->held) {
        continue;
      }
      cds_csv_text(csv, each->layer->name);
      cds_csv_text(csv, it->inputs.arch->level[level].name);
      cds_csv_text(csv, einsum->tensor[t].name);
      cds_csv_count(csv, entry->tile_words);
      for (unsigned a = 0; a < CDS_ACTIONS; a++) {
        cds_csv_count(csv, entry->words[a]);
      }
      cds_csv_end_record(csv);
    }
  }
}

static void write_csv(FILE *stream, const void *answer) {
  const job *it = answer;
  static const char *const columns[] = {"layer", "level", "tensor",  "tile",
                                        "reads", "fills", "updates", "drains"};
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    cds_csv_text(&csv, columns[i]);
  }
  cds_csv_end_record(&csv);
  for (size_t i = 0; i < it->entries; i++) {
    write_csv_item(&csv, it, &it->item[i]);
  }
}

static void write_text(const cds_page *page, const void *answer) {
  const job *it = answer;
  for (size_t i = 0; i < it->entries; i++) {
    if (i > 0) {
      fputc('\n', page->stream);
    }
    write_layer(page, it, &it->item[i]);
  }
}

int cds_cmd_eval(cds_cli *cli) {
  if (cli->options->accounting == CDS_ACCOUNTING_TIMELOOP) {
    return cds_eval_timeloop(cli);
  }
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  const cds_status status = prepare(it);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  static const cds_forms forms = {write_text, write_json, write_csv};
  return cds_forms_write(cli, &forms, it, CDS_EXIT_DONE);
}
