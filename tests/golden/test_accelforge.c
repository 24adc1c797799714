/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AccelForge's reference runs without fusion, by its accounting: energy and
 * time of every operation, bits that every level reads and writes of every
 * tensor, and that our search, kept to its space, finds just these. What is
 * recorded, and what differs natively: tests/golden/accelforge/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "search/search.h"
#include "spec/constraints.h"
#include "spec/rules.h"
#include "spec/space.h"
#include "tests/support/accelforge_record.h"
#include "tests/support/close.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/accelforge/"

static const double near = ACCELFORGE_NEAR;

typedef struct fixture {
  cds_arena *arena;
  cds_diag *diag;
  cds_reader reader;
  cds_arch arch;
  cds_workload workload;
} fixture;

static void assert_fine(const fixture *f, cds_status status) {
  if (status != CDS_OK) {
    cds_diag_write(f->diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
}

static const char *path_of(const fixture *f, const char *name) {
  return cds_arena_printf(f->arena, FOLDER "%s.yaml", name);
}

/* The pair as the accounting sees it; a softmax is done by the scalar units of
 * the architecture, if it has such. */
static void open_pair(fixture *f, const char *arch, const char *workload,
                      bool softmax, bool accelforge) {
  f->arena = cds_arena_new();
  f->diag = cds_diag_new(f->arena);
  f->reader = (cds_reader){f->arena, f->diag, NULL, 0};
  const bool scalar = softmax && strcmp(arch, "tpu_v4i") == 0;
  const bool bytes = !scalar && strcmp(arch, "tpu_v4i") == 0 &&
                     strstr(workload, "matmuls") != NULL;
  static const char *const set[] = {"word=8bit"};
  cds_space *space = NULL;
  assert_fine(f, cds_space_read(&space,
                                path_of(f, scalar ? "tpu_v4i-scalar" : arch),
                                set, bytes ? 1 : 0, f->arena, f->diag));
  cds_space_set_accelforge(space, accelforge);
  assert_fine(f, cds_space_design(&f->arch, space, 0, f->arena, f->diag));
  assert_fine(f, cds_workload_read(
                     &f->workload,
                     path_of(f, softmax ? cds_arena_printf(
                                              f->arena, "%s-softmax", workload)
                                        : workload),
                     &f->reader));
}

static void close_pair(fixture *f) { cds_arena_free(f->arena); }

static const cds_einsum *find_layer(const fixture *f, const char *name) {
  for (size_t i = 0; i < f->workload.layers; i++) {
    if (strcmp(f->workload.layer[i].name, name) == 0) {
      return &f->workload.layer[i].einsum;
    }
  }
  fail_msg("no layer '%s'", name);
  return NULL;
}

static bool is_softmax(const char *operation) {
  return strstr(operation, "softmax") != NULL;
}

static void read_constraints(fixture *f, const char *name) {
  const cds_yaml *root = NULL;
  assert_fine(f,
              cds_yaml_read_file(&root, path_of(f, name), f->arena, f->diag));
  assert_fine(f, cds_constraints_read_file(&f->arch, root, &f->reader));
  assert_fine(f, cds_constraints_check(&f->arch, &f->workload, f->diag));
}

/* ---- where the search is quick ------------------------------------------- */

static cds_search_result *search(fixture *f, const char *operation) {
  cds_search_result *out = cds_arena_alloc(f->arena, sizeof *out);
  cds_searcher *searcher = cds_searcher_new();
  const cds_goal goal = {.time_power = 1};
  assert_non_null(out);
  assert_non_null(searcher);
  assert_fine(f, cds_search_begin(searcher, &f->arch, find_layer(f, operation),
                                  (double)INFINITY));
  assert_fine(f, cds_search_solve(out, searcher, goal, NULL));
  assert_true(out->proven);
  cds_searcher_free(searcher);
  return out;
}

/* Whether the operation's best mapping is searched: all distinct ones, where
 * the projections of the prefill take five seconds each; fewer with sanitizers.
 */
static bool is_searched(const accelforge_record *it) {
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  const bool prefill = strcmp(it->workload, "gpt3-prefill") == 0;
  const bool attention =
      strcmp(it->operation, "QK") == 0 || strcmp(it->operation, "AV") == 0;
  if (strcmp(it->arch, "tpu_v4i") != 0 || is_softmax(it->operation)) {
    return true;
  }
  if (quick != NULL && strcmp(quick, "1") == 0) {
    return strstr(it->workload, "matmuls") != NULL || (!prefill && attention);
  }
  /* V, K and Q are the same product. */
  return !prefill ||
         (strcmp(it->operation, "K") != 0 && strcmp(it->operation, "Q") != 0);
}

/* ---- comparing ----------------------------------------------------------- */

static void read_mapping(cds_mapping *out, fixture *f,
                         const accelforge_record *it) {
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  const char *name =
      cds_arena_printf(f->arena, "%s%s-%s%s-mappings", it->arch,
                       is_softmax(it->operation) ? "-scalar" : "", it->workload,
                       is_softmax(it->operation) ? "-softmax" : "");
  assert_fine(
      f, cds_mapping_file_read(&entry, &entries, path_of(f, name), &f->reader));
  for (size_t i = 0; i < entries; i++) {
    if (strcmp(entry[i].layer, it->operation) == 0) {
      assert_fine(f,
                  cds_mapping_read(out, entry[i].nest, &f->arch,
                                   find_layer(f, it->operation), &f->reader));
      return;
    }
  }
  fail_msg("no mapping of '%s'", it->operation);
}

/* Counts and price of the mapping that stands beside the record, or, on the
 * architectures without arrays, of the one that is found. */
static void run(cds_counts *counts, cds_cost *cost, fixture *f,
                const accelforge_record *it) {
  const cds_einsum *einsum = find_layer(f, it->operation);
  cds_mapping *mapping = cds_arena_alloc(f->arena, sizeof *mapping);
  cds_misfit misfit;
  assert_non_null(mapping);
  if (strcmp(it->arch, "tpu_v4i") == 0) {
    read_mapping(mapping, f, it);
  } else {
    *mapping = search(f, it->operation)->mapping;
  }
  assert_fine(f, cds_count(counts, &f->arch, einsum, mapping, f->arena));
  assert_int_equal(cds_price_fits(&misfit, &f->arch, einsum, counts), CDS_OK);
  assert_fine(
      f, cds_price_einsum(cost, &f->arch, einsum, counts, (double)INFINITY));
}

static void add_constraints(fixture *f, const accelforge_record *it) {
  if (strcmp(it->arch, "tpu_v4i") != 0 || is_softmax(it->operation)) {
    return;
  }
  const bool matmuls = strstr(it->workload, "matmuls") != NULL;
  read_constraints(f, cds_arena_printf(f->arena, "tpu_v4i-%s-constraints",
                                       matmuls ? "matmuls" : it->workload));
}

static void assert_cost(const accelforge_record *it, const char *how,
                        const cds_cost *cost, double energy, double seconds) {
  const double joule = 1e-12 * cost->energy_pj;
  if (!(joule <= energy * (1 + near) && joule >= energy * (1 - near)) ||
      !(seconds <= it->b * (1 + near) && seconds >= it->b * (1 - near))) {
    fail_msg("%s %s %s, %s: %.12g J, %.12g s; recorded %.12g, %.12g", it->arch,
             it->workload, it->operation, how, joule, seconds, energy, it->b);
  }
}

static void check_operation(const accelforge_record *it) {
  fixture f;
  static cds_counts counts;
  cds_cost cost;
  open_pair(&f, it->arch, it->workload, is_softmax(it->operation), true);
  add_constraints(&f, it);
  run(&counts, &cost, &f, it);
  /* snowcat has no times: its multiplier takes none there. */
  const bool timed = strcmp(it->arch, "snowcat") != 0;
  assert_cost(it, "its mapping", &cost, it->a, timed ? cost.latency_s : it->b);
  if (is_searched(it)) {
    const cds_search_result *found = search(&f, it->operation);
    assert_cost(it, "search", &found->cost, it->a,
                timed ? found->cost.latency_s : it->b);
    assert_true(cds_constraints_admit(
        NULL, &f.arch, find_layer(&f, it->operation), &found->mapping));
  }
  close_pair(&f);
}

static unsigned tensor_of(const cds_einsum *einsum, const char *role) {
  return strcmp(role, "input") == 0    ? 0
         : strcmp(role, "weight") == 0 ? 1
                                       : einsum->tensors - 1;
}

/* Fills and updates are written, reads and drains are read. */
static void check_bits(const accelforge_record *it) {
  fixture f;
  static cds_counts counts;
  cds_cost cost;
  open_pair(&f, it->arch, it->workload, is_softmax(it->operation), true);
  run(&counts, &cost, &f, it);
  const cds_einsum *einsum = find_layer(&f, it->operation);
  const unsigned t = tensor_of(einsum, it->role);
  const unsigned level = cds_arch_level(&f.arch, it->level);
  assert_true(level < f.arch.levels);
  const uint64_t *words = counts.at[level][t].words;
  const double bits = einsum->tensor[t].format.bits;
  assert_close((double)(words[CDS_READ] + words[CDS_DRAIN]) * bits, it->a,
               near);
  assert_close((double)(words[CDS_FILL] + words[CDS_UPDATE]) * bits, it->b,
               near);
  close_pair(&f);
}

typedef struct sums {
  accelforge_record total;
  double joule, seconds;
  unsigned operations, bits, totals;
} sums;

/* Energies and times of operations add up. */
static void check_total(const sums *it) {
  if (it->total.kind[0] != '\0') {
    assert_close(it->joule, it->total.a, near);
    assert_close(it->seconds, it->total.b, near);
  }
}

static void all_that_is_recorded_is_met(void **state) {
  (void)state;
  char line[ACCELFORGE_LINE];
  sums sum = {.joule = 0};
  FILE *file = fopen(FOLDER "recorded.txt", "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    accelforge_record it;
    if (!accelforge_parse(&it, line)) {
      continue;
    }
    if (strcmp(it.kind, "total") == 0) {
      check_total(&sum);
      sum.total = it;
      sum.joule = sum.seconds = 0;
      sum.totals++;
    } else if (strcmp(it.kind, "operation") == 0) {
      check_operation(&it);
      sum.joule += it.a;
      sum.seconds += it.b;
      sum.operations++;
    } else {
      check_bits(&it);
      sum.bits++;
    }
  }
  check_total(&sum);
  fclose(file);
  assert_int_equal(sum.totals, 10);
  assert_int_equal(sum.operations, 51);
  assert_int_equal(sum.bits, 249);
}

/* ---- natively --------------------------------------------------------------
 */

/* The mappings are ours, too: natively each costs the same, but for one whose
 * four instances add to the same sums (README.md). */
static void native_counts_differ_in_one_term(void **state) {
  (void)state;
  static const char *const operations[] = {"V", "QK", "AV", "Z", "FFA", "FFB"};
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    for (unsigned decode = 0; decode < 2; decode++) {
      accelforge_record it = {.arch = "tpu_v4i"};
      strcpy(it.workload, decode == 1 ? "gpt3-decode" : "gpt3-prefill");
      strcpy(it.operation, operations[i]);
      static cds_counts counts;
      cds_cost cost[2];
      for (unsigned accelforge = 0; accelforge < 2; accelforge++) {
        fixture f;
        open_pair(&f, it.arch, it.workload, false, accelforge == 1);
        run(&counts, &cost[accelforge], &f, &it);
        close_pair(&f);
      }
      const bool apart = decode == 1 && strcmp(operations[i], "FFB") == 0;
      /* 3 of 4 instances: 12288 words of 16 bit, read from the GlobalBuffer. */
      const double more = apart ? 3 * 12288 * 16 * 1.88 : 0;
      assert_close(cost[0].energy_pj, cost[1].energy_pj + more, 1e-12);
      assert_close(cost[0].cycles, cost[1].cycles, 1e-12);
    }
  }
}

/* Free of the restrictions, the small products need less. */
static void free_of_its_space_products_cost_less(void **state) {
  (void)state;
  static const struct {
    const char *workload, *operation;
    double edp; /* recorded, J s */
  } products[] = {{"matmuls", "Matmul0", 1.07236557e-6 * 2.00130293e-8},
                  {"three_matmuls", "Matmul1", 4.37754266e-6 * 8.00521173e-8}};
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    fixture f;
    open_pair(&f, "tpu_v4i", products[i].workload, false, false);
    const cds_cost cost = search(&f, products[i].operation)->cost;
    assert_true(1e-12 * cost.energy_pj * cost.latency_s <
                products[i].edp * (1 - 1e-3));
    close_pair(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_that_is_recorded_is_met),
      cmocka_unit_test(native_counts_differ_in_one_term),
      cmocka_unit_test(free_of_its_space_products_cost_less),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
