/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Timeloop would print for mappings: text, JSON and CSV. */
#include "cli/timeloop_result.h"

#include "cli/forms.h"
#include "cli/nest.h"
#include "export/csv.h"

typedef cds_timeloop_item item;
typedef cds_timeloop_job job;

/* The array below a level, or NULL. */
static const cds_array *array_below(const cds_arch *arch, unsigned level) {
  const unsigned above = arch->level[level].depth;
  const unsigned below =
      level + 1 < arch->levels ? arch->level[level + 1].depth : arch->arrays;
  return below > above ? &arch->array[above] : NULL;
}

/* ---- text --------------------------------------------------------------- */

static void write_words(const cds_page *page, const job *it, const item *each) {
  static const char *const head[] = {"tile", "reads", "fills", "updates"};
  const cds_einsum *einsum = &each->layer->einsum;
  fputs("\n  words of one instance ", page->stream);
  for (unsigned column = 0; column < 4; column++) {
    cds_page_cell(page, head[column], 11);
  }
  cds_page_cell(page, "energy", 9);
  fputc('\n', page->stream);
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_timeloop_traffic *at = &each->counts.at[level][t];
      if (!at->kept) {
        continue;
      }
      const uint64_t words[] = {at->tile_words, at->reads, at->fills,
                                at->updates};
      fputs("  ", page->stream);
      cds_page_cell(page,
                    cds_page_clip(page, it->inputs.arch->level[level].name, 11),
                    -12);
      cds_page_cell(page, cds_page_clip(page, einsum->tensor[t].name, 9), -10);
      for (unsigned column = 0; column < 4; column++) {
        cds_page_cell(page, cds_page_count(page, (double)words[column]), 11);
      }
      cds_page_cell(
          page, cds_page_si(page, 1e-12 * each->cost.tensor_pj[level][t], "J"),
          9);
      fputc('\n', page->stream);
    }
  }
}

static void write_level(const cds_page *page, const job *it, const item *each,
                        unsigned level) {
  const cds_timeloop_cost *cost = &each->cost;
  fputs("  ", page->stream);
  cds_page_cell(
      page, cds_page_clip(page, it->inputs.arch->level[level].name, 22), -22);
  cds_page_cell(page, cds_page_count(page, each->counts.used[level]), 11);
  cds_page_cell(page, cds_page_count(page, cost->level_cycles[level]), 11);
  cds_page_cell(page, cds_page_si(page, 1e-12 * cost->level_pj[level], "J"),
                11);
  cds_page_cell(page, cds_page_si(page, 1e-12 * cost->leakage_pj[level], "J"),
                11);
  fputc('\n', page->stream);
}

static void write_network(const cds_page *page, const job *it, const item *each,
                          unsigned level) {
  const cds_array *array = array_below(it->inputs.arch, level);
  double energy = 0.0;
  for (unsigned t = 0; t < each->layer->einsum.tensors; t++) {
    energy += each->cost.network_pj[level][t];
  }
  if (array == NULL || !(energy > 0.0)) {
    return;
  }
  fputs("  ", page->stream);
  cds_page_cell(page, cds_page_clip(page, array->name, 22), -44);
  cds_page_cell(page, cds_page_si(page, 1e-12 * energy, "J"), 11);
  fputc('\n', page->stream);
}

static void write_parts(const cds_page *page, const job *it, const item *each) {
  static const char *const head[] = {"instances", "cycles", "energy",
                                     "of it leaks"};
  fputs("\n                        ", page->stream);
  for (unsigned column = 0; column < 4; column++) {
    cds_page_cell(page, head[column], column == 3 ? 12 : 11);
  }
  fputc('\n', page->stream);
  for (unsigned level = 0; level < it->inputs.arch->levels; level++) {
    write_level(page, it, each, level);
    write_network(page, it, each, level);
  }
  fputs("  ", page->stream);
  cds_page_cell(page, cds_page_clip(page, it->inputs.arch->compute.name, 22),
                -22);
  cds_page_cell(page, cds_page_count(page, each->counts.units), 11);
  cds_page_cell(page, cds_page_count(page, (double)each->counts.steps), 11);
  cds_page_cell(page, cds_page_si(page, 1e-12 * each->cost.compute_pj, "J"),
                11);
  fputc('\n', page->stream);
}

/* What is known of a mapping that was searched for. */
static void write_proof(const cds_page *page, const job *it, const item *each) {
  const double hz = it->inputs.arch->clock_hz;
  const double edp = 1e-12 * each->cost.energy_pj * each->cost.cycles / hz;
  const char *goal = cds_objective_name(it->objective);
  if (each->proven) {
    fprintf(page->stream, "  EDP %s; optimal: no mapping has less %s\n",
            cds_page_si(page, edp, "J s"), goal);
  } else {
    fprintf(page->stream, "  EDP %s; not proven: %s may be %s less\n",
            cds_page_si(page, edp, "J s"), goal,
            cds_page_percent(page, each->gap));
  }
}

static void write_layer(const cds_page *page, const job *it, const item *each) {
  const double joule = 1e-12 * each->cost.energy_pj;
  const cds_einsum *einsum = &each->layer->einsum;
  const char **line = NULL;
  fprintf(page->stream, "%s on %s: %s\n",
          cds_page_bold(page, each->layer->name), it->inputs.arch->name,
          cds_einsum_text(page, einsum));
  fprintf(page->stream, "  %s\n", cds_ranks_text(page, einsum));
  fprintf(page->stream, "  Timeloop's accounting: %s, %s cycles, %s used\n",
          cds_page_si(page, joule, "J"),
          cds_page_count(page, each->cost.cycles),
          cds_page_percent(page, each->cost.utilization));
  if (each->searched) {
    write_proof(page, it, each);
  }
  fputc('\n', page->stream);
  const size_t lines = cds_mapping_lines(&line, &each->mapping, it->inputs.arch,
                                         einsum, page->arena);
  for (size_t i = 0; i < lines; i++) {
    fprintf(page->stream, "  %s\n", line[i]);
  }
  write_words(page, it, each);
  write_parts(page, it, each);
}

/* ---- JSON and CSV ------------------------------------------------------- */

static void write_tensor(cds_json *json, const item *each, unsigned level,
                         unsigned tensor) {
  const cds_timeloop_traffic *at = &each->counts.at[level][tensor];
  const double used = each->counts.used[level];
  cds_json_object_line(json, NULL);
  cds_json_text(json, "tensor", each->layer->einsum.tensor[tensor].name);
  cds_json_count(json, "tile_words", at->tile_words);
  cds_json_count(json, "partition_words", at->partition_words);
  cds_json_count(json, "reads", at->reads);
  cds_json_count(json, "fills", at->fills);
  cds_json_count(json, "updates", at->updates);
  cds_json_count(json, "reductions", at->reductions);
  cds_json_number(json, "reads_total", (double)at->reads * used);
  cds_json_number(json, "fills_total", (double)at->fills * used);
  cds_json_number(json, "updates_total", (double)at->updates * used);
  cds_json_number(json, "energy_pj", each->cost.tensor_pj[level][tensor]);
  cds_json_end(json);
}

static void write_levels(cds_json *json, const job *it, const item *each) {
  const cds_arch *arch = it->inputs.arch;
  cds_json_array(json, "levels");
  for (unsigned level = 0; level < arch->levels; level++) {
    uint64_t need = 0;
    uint64_t size = 0;
    cds_timeloop_needs(&need, &size, arch, &each->layer->einsum, &each->counts,
                       level);
    cds_json_object(json, NULL);
    cds_json_text(json, "level", arch->level[level].name);
    cds_json_number(json, "instances", each->counts.used[level]);
    cds_json_count(json, "instances_max", each->counts.used_max[level]);
    cds_json_number(json, "cycles", each->cost.level_cycles[level]);
    cds_json_number(json, "slowdown", each->cost.slowdown[level]);
    cds_json_number(json, "energy_pj", each->cost.level_pj[level]);
    cds_json_number(json, "leakage_pj", each->cost.leakage_pj[level]);
    const bool words = arch->level[level].word_bits > 0;
    cds_json_count(json, words ? "need_words" : "need_bits", need);
    if (size == UINT64_MAX) {
      cds_json_null(json, words ? "size_words" : "size_bits");
    } else {
      cds_json_count(json, words ? "size_words" : "size_bits", size);
    }
    cds_json_array(json, "tensors");
    for (unsigned t = 0; t < each->layer->einsum.tensors; t++) {
      if (each->counts.at[level][t].kept) {
        write_tensor(json, each, level, t);
      }
    }
    cds_json_end(json);
    cds_json_end(json);
  }
  cds_json_end(json);
}

/* Totals by level and tensor, as native results have them. */
static void write_totals(cds_json *json, const job *it, const item *each,
                         cds_action action) {
  static const char *const names[] = {"reads", "fills", "updates"};
  const cds_arch *arch = it->inputs.arch;
  cds_json_object(json, names[action]);
  for (unsigned level = 0; level < arch->levels; level++) {
    cds_json_object_line(json, arch->level[level].name);
    for (unsigned t = 0; t < each->layer->einsum.tensors; t++) {
      const cds_timeloop_traffic *at = &each->counts.at[level][t];
      const uint64_t words[] = {at->reads, at->fills, at->updates};
      if (at->kept) {
        cds_json_number(json, each->layer->einsum.tensor[t].name,
                        (double)words[action] * each->counts.used[level]);
      }
    }
    cds_json_end(json);
  }
  cds_json_end(json);
}

static void write_networks(cds_json *json, const job *it, const item *each) {
  const cds_arch *arch = it->inputs.arch;
  cds_json_array(json, "networks");
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_array *array = array_below(arch, level);
    for (unsigned t = 0; array != NULL && t < each->layer->einsum.tensors;
         t++) {
      const cds_timeloop_traffic *at = &each->counts.at[level][t];
      cds_json_object_line(json, NULL);
      cds_json_text(json, "array", array->name);
      cds_json_text(json, "below", arch->level[level].name);
      cds_json_text(json, "tensor", each->layer->einsum.tensor[t].name);
      cds_json_number(json, "ingresses", at->ingresses);
      cds_json_number(json, "hops_mean",
                      at->ingresses > 0.0 ? at->hops / at->ingresses : 0.0);
      cds_json_number(json, "link_transfers", at->links);
      cds_json_number(json, "additions", at->adds);
      cds_json_number(json, "energy_pj", each->cost.network_pj[level][t]);
      cds_json_end(json);
    }
  }
  cds_json_end(json);
}

static void write_json_item(cds_json *json, const job *it, const item *each) {
  const cds_timeloop_cost *cost = &each->cost;
  const cds_arch *arch = it->inputs.arch;
  cds_json_object(json, NULL);
  cds_json_text(json, "name", each->layer->name);
  cds_json_count(json, "macs", each->counts.macs);
  cds_json_number(json, "energy_pj", cost->energy_pj);
  cds_json_number(json, "cycles", cost->cycles);
  cds_json_number(json, "latency_s", cost->cycles / arch->clock_hz);
  cds_json_number(json, "edp_pj_cycles", cost->energy_pj * cost->cycles);
  cds_json_number(json, "utilization", cost->utilization);
  if (each->searched) {
    cds_json_boolean(json, "proven", each->proven);
    cds_json_number(json, "gap", each->gap);
  }
  cds_json_mapping(json, arch, &each->layer->einsum, &each->mapping,
                   it->cli->arena);
  cds_json_object_line(json, "compute");
  cds_json_text(json, "name", arch->compute.name);
  cds_json_number(json, "instances", each->counts.units);
  cds_json_count(json, "cycles", each->counts.steps);
  cds_json_number(json, "energy_pj", cost->compute_pj);
  cds_json_end(json);
  write_totals(json, it, each, CDS_READ);
  write_totals(json, it, each, CDS_FILL);
  write_totals(json, it, each, CDS_UPDATE);
  write_levels(json, it, each);
  write_networks(json, it, each);
  cds_json_end(json);
}

static void write_json(FILE *stream, const void *answer) {
  const job *it = answer;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "accounting", "timeloop");
  cds_json_text(&json, "architecture", it->inputs.arch->name);
  cds_json_text(&json, "workload", it->inputs.workload.name);
  if (it->searched) {
    cds_json_text(&json, "objective", cds_objective_name(it->objective));
  }
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
      const cds_timeloop_traffic *at = &each->counts.at[level][t];
      if (!at->kept) {
        continue;
      }
      cds_csv_text(csv, each->layer->name);
      cds_csv_text(csv, it->inputs.arch->level[level].name);
      cds_csv_text(csv, einsum->tensor[t].name);
      cds_csv_number(csv, each->counts.used[level]);
      cds_csv_count(csv, at->tile_words);
      cds_csv_count(csv, at->reads);
      cds_csv_count(csv, at->fills);
      cds_csv_count(csv, at->updates);
      cds_csv_number(csv, each->cost.tensor_pj[level][t]);
      cds_csv_end_record(csv);
    }
  }
}

static void write_csv(FILE *stream, const void *answer) {
  const job *it = answer;
  static const char *const columns[] = {"layer",     "level",   "tensor",
                                        "instances", "tile",    "reads",
                                        "fills",     "updates", "energy_pj"};
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

int cds_timeloop_result_write(const cds_timeloop_job *it, int code) {
  static const cds_forms forms = {write_text, write_json, write_csv};
  return cds_forms_write(it->cli, &forms, it, code);
}
