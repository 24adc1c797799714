/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Twenty runs of timeloop-model, imported from its own input files and counted
 * as it counts: every count, energy and cycle that it prints. What is recorded
 * and how: tests/golden/timeloop/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "count/count.h"
#include "import/import.h"
#include "price/timeloop.h"
#include "spec/constraints.h"
#include "tests/support/close.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/timeloop/"

enum { CASES_MAX = 32, NAME_MAX_LENGTH = 40, LINE_MAX_LENGTH = 400 };

typedef struct run {
  char name[NAME_MAX_LENGTH];
  cds_arch arch;
  cds_workload workload;
  cds_mapping mapping;
  cds_timeloop_counts counts;
  cds_timeloop_cost cost;
  cds_counts native;
  unsigned compared; /* lines */
} run;

typedef struct session {
  cds_arena *arena;
  unsigned cases;
  run *run[CASES_MAX];
} session;

static void assert_fine(const cds_diag *diag, cds_status status) {
  if (status != CDS_OK) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
}

/* ---- importing and running ---------------------------------------------- */

static const cds_yaml *read_document(const cds_import *import,
                                     cds_import_kind kind,
                                     const cds_reader *reader) {
  const cds_import_document *document = &import->document[kind];
  const cds_yaml *root = NULL;
  assert_non_null(document->text);
  assert_fine(reader->diag,
              cds_yaml_read_text(&root, cds_import_kind_name(kind),
                                 document->text, document->length,
                                 reader->arena, reader->diag));
  return root;
}

static void read_mapping(run *it, const cds_import *import,
                         const cds_reader *reader) {
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  const cds_yaml *root = read_document(import, CDS_IMPORT_MAPPING, reader);
  assert_fine(reader->diag,
              cds_mapping_file_read_tree(&entry, &entries, root, reader));
  assert_int_equal(entries, 1);
  assert_fine(reader->diag,
              cds_mapping_read(&it->mapping, entry->nest, &it->arch,
                               &it->workload.layer[0].einsum, reader));
}

static void import_case(run *it, const char *architecture, cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  const cds_reader reader = {arena, diag, NULL, 0};
  const cds_import_options options = {0};
  const char *paths[] = {
      cds_arena_printf(arena, FOLDER "%s.yaml", architecture),
      cds_arena_printf(arena, FOLDER "%s.yaml", it->name)};
  cds_import import = {0};
  assert_fine(diag, cds_import_files(&import, cds_importer_find("timeloop"),
                                     paths, 2, &options, &reader));
  assert_fine(
      diag,
      cds_arch_read(&it->arch,
                    read_document(&import, CDS_IMPORT_ARCHITECTURE, &reader),
                    &reader, false));
  assert_fine(diag,
              cds_import_workload(&it->workload, &import, paths[1], &reader));
  const cds_yaml *constraints =
      read_document(&import, CDS_IMPORT_CONSTRAINTS, &reader);
  cds_arch limited = it->arch;
  assert_fine(diag, cds_constraints_read_file(&limited, constraints, &reader));
  assert_fine(diag, cds_constraints_check(&limited, &it->workload, diag));
  assert_int_equal(cds_diag_warnings(diag), 0);
  read_mapping(it, &import, &reader);
  const cds_einsum *einsum = &it->workload.layer[0].einsum;
  cds_misfit misfit;
  assert_fine(diag, cds_timeloop_count(&it->counts, &it->arch, einsum,
                                       &it->mapping, (cds_place){0}, &reader));
  assert_fine(diag, cds_timeloop_fits(&misfit, &it->arch, einsum, &it->counts));
  assert_fine(diag,
              cds_timeloop_price(&it->cost, &it->arch, einsum, &it->counts));
  assert_fine(diag,
              cds_count(&it->native, &it->arch, einsum, &it->mapping, arena));
}

static run *find(session *all, const char *name, const char *architecture) {
  for (unsigned c = 0; c < all->cases; c++) {
    if (strcmp(all->run[c]->name, name) == 0) {
      return all->run[c];
    }
  }
  assert_non_null(architecture);
  assert_true(all->cases < CASES_MAX);
  run *it = cds_arena_alloc(all->arena, sizeof *it);
  assert_non_null(it);
  (void)snprintf(it->name, sizeof it->name, "%s", name);
  import_case(it, architecture, all->arena);
  all->run[all->cases++] = it;
  return it;
}

/* ---- comparing ---------------------------------------------------------- */

/* Timeloop prints two decimals, the sums of the record are of such. */
static void assert_printed(const run *it, const char *what, double ours,
                           double printed, double terms) {
  const double room = 0.00501 * terms + 1e-12 * printed;
  if (!(ours <= printed + room && ours >= printed - room)) {
    fail_msg("%s: %s is %.10g, Timeloop prints %.10g", it->name, what, ours,
             printed);
  }
}

static void assert_words(const run *it, const char *what, uint64_t ours,
                         double printed) {
  if ((double)ours < printed || (double)ours > printed) {
    fail_msg("%s: %s is %llu, Timeloop prints %.17g", it->name, what,
             (unsigned long long)ours, printed);
  }
}

static void compare_total(run *it, const char *line) {
  double cycles = 0, energy = 0, used = 0;
  assert_int_equal(
      sscanf(line, "%*s %*s %*s %lf %lf %lf", &cycles, &energy, &used), 3);
  assert_printed(it, "energy", it->cost.energy_pj, energy, 20);
  assert_words(it, "cycles", (uint64_t)it->cost.cycles, cycles);
  assert_printed(it, "utilization", 100 * it->cost.utilization, used, 1);
}

static void compare_level(run *it, const char *line) {
  char level[NAME_MAX_LENGTH];
  double cycles = 0, throttling = 0, leakage = 0;
  assert_int_equal(sscanf(line, "%*s %*s %39s %lf %lf %lf", level, &cycles,
                          &throttling, &leakage),
                   4);
  const unsigned at = cds_arch_level(&it->arch, level);
  assert_true(at < it->arch.levels);
  assert_words(it, level, (uint64_t)it->cost.level_cycles[at], cycles);
  assert_printed(it, level, it->cost.slowdown[at], throttling, 1);
  assert_printed(it, level, it->cost.leakage_pj[at], leakage, 1);
}

static void compare_words(run *it, const char *line) {
  char level[NAME_MAX_LENGTH], tensor[NAME_MAX_LENGTH];
  double n[8] = {0};
  assert_int_equal(sscanf(line,
                          "%*s %*s %39s %39s %lf %lf %lf %lf %lf %lf "
                          "%lf %lf",
                          level, tensor, &n[0], &n[1], &n[2], &n[3], &n[4],
                          &n[5], &n[6], &n[7]),
                   10);
  const unsigned at = cds_arch_level(&it->arch, level);
  const unsigned t = cds_einsum_tensor(&it->workload.layer[0].einsum, tensor);
  assert_true(at < it->arch.levels && t < CDS_TENSORS_MAX);
  const cds_timeloop_traffic *ours = &it->counts.at[at][t];
  assert_true(ours->kept);
  assert_printed(it, "instances", it->counts.used[at], n[0], 0);
  assert_words(it, "tile", ours->tile_words, n[1]);
  assert_words(it, "partition", ours->partition_words, n[2]);
  assert_words(it, "reads", ours->reads, n[3]);
  assert_words(it, "fills", ours->fills, n[4]);
  assert_words(it, "updates", ours->updates, n[5]);
  assert_words(it, "reductions", ours->reductions, n[6]);
  assert_printed(it, "energy of a tensor", it->cost.tensor_pj[at][t], n[7], 1);
}

static void compare_network(run *it, const char *line) {
  char level[NAME_MAX_LENGTH], tensor[NAME_MAX_LENGTH];
  double n[5] = {0};
  assert_int_equal(sscanf(line, "%*s %*s %39s %39s %lf %lf %lf %lf %lf", level,
                          tensor, &n[0], &n[1], &n[2], &n[3], &n[4]),
                   7);
  const unsigned at = cds_arch_level(&it->arch, level);
  const unsigned t = cds_einsum_tensor(&it->workload.layer[0].einsum, tensor);
  assert_true(at < it->arch.levels && t < CDS_TENSORS_MAX);
  const cds_timeloop_traffic *ours = &it->counts.at[at][t];
  assert_printed(it, "ingresses", ours->ingresses, n[0], 1);
  assert_printed(it, "mean hops", ours->hops / ours->ingresses, n[1], 1);
  assert_printed(it, "link transfers", ours->links, n[2], 1);
  assert_printed(it, "spatial reductions", ours->adds, n[3], 1);
  assert_printed(it, "energy of a network", it->cost.network_pj[at][t], n[4],
                 2);
}

static void compare_line(session *all, const char *line) {
  char kind[NAME_MAX_LENGTH], name[NAME_MAX_LENGTH];
  char architecture[NAME_MAX_LENGTH];
  if (line[0] == '#' ||
      sscanf(line, "%39s %39s %39s", kind, name, architecture) < 3) {
    return;
  }
  const bool total = strcmp(kind, "total") == 0;
  run *it = find(all, name, total ? architecture : NULL);
  it->compared++;
  if (total) {
    compare_total(it, line);
  } else if (strcmp(kind, "level") == 0) {
    compare_level(it, line);
  } else if (strcmp(kind, "words") == 0) {
    compare_words(it, line);
  } else {
    assert_string_equal(kind, "net");
    compare_network(it, line);
  }
}

static int set_up(void **state) {
  static session all;
  char line[LINE_MAX_LENGTH];
  all.arena = cds_arena_new();
  FILE *file = fopen(FOLDER "recorded.txt", "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    compare_line(&all, line);
  }
  fclose(file);
  *state = &all;
  return 0;
}

static int tear_down(void **state) {
  cds_arena_free(((session *)*state)->arena);
  return 0;
}

static void all_that_timeloop_prints_is_met(void **state) {
  const session *all = *state;
  unsigned compared = 0;
  assert_int_equal(all->cases, 20);
  for (unsigned c = 0; c < all->cases; c++) {
    const run *it = all->run[c];
    compared += it->compared;
    assert_true(it->compared >= 4);
  }
  assert_int_equal(compared, 285); /* lines of the record */
}

/* ---- where the machine moves other words -------------------------------- */

typedef struct difference {
  const char *name, *level, *tensor;
  cds_action action;
  uint64_t timeloop, native; /* of all instances */
} difference;

/* The table of README.md. */
static const difference differences[] = {
    {"m02_conv1d_P_inner", "RF", "Inputs", CDS_FILL, 24, 18},
    {"m05_conv1d_stride4_gap", "GLB", "Inputs", CDS_FILL, 63, 48},
    {"m10_gemm_spatialK", "RF", "Outputs", CDS_FILL, 1024, 64},
    {"m12_conv1d_spatialP", "GLB", "Inputs", CDS_READ, 48, 18},
};

static uint64_t timeloop_words(const run *it, unsigned level, unsigned tensor,
                               cds_action action) {
  const cds_timeloop_traffic *at = &it->counts.at[level][tensor];
  const uint64_t one = action == CDS_READ     ? at->reads
                       : action == CDS_FILL   ? at->fills
                       : action == CDS_UPDATE ? at->updates
                                              : 0;
  return one * it->counts.used_max[level];
}

static void known_differences_are_as_listed(void **state) {
  session *all = *state;
  for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
    const difference *d = &differences[i];
    const run *it = find(all, d->name, NULL);
    const unsigned level = cds_arch_level(&it->arch, d->level);
    const unsigned t =
        cds_einsum_tensor(&it->workload.layer[0].einsum, d->tensor);
    assert_int_equal(timeloop_words(it, level, t, d->action), d->timeloop);
    assert_int_equal(it->native.at[level][t].words[d->action], d->native);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_that_timeloop_prints_is_met),
      cmocka_unit_test(known_differences_are_as_listed),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
