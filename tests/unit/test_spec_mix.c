/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mixes: what is read, what is refused, and the optimum of a network of two
 * workloads with weights against all choices of mappings.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "network/network.h"
#include "spec/workload_mix.h"
#include "support/all_mappings.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { DESIGNS = 12, FILES = 4, TEXT = 256 };

static const char FIRST[] =
    "workload: first\n"
    "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
    "layers:\n"
    "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 2, k: 2}, count: 3}\n"
    "  - {name: sum, operation: add, rows: 4, length: 4}\n";
static const char SECOND[] =
    "workload: second\n"
    "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
    "layers:\n"
    "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 2, n: 4, k: 2}, count: 4}\n"
    "  - {name: c, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 2, k: 2}}\n";

typedef struct mix {
  fixture f;
  char folder[TEXT];
  char path[FILES][TEXT];
  unsigned files;
  cds_workload workload;
} mix;

static void open_mix(mix *m) {
  memset(m, 0, sizeof *m);
  fixture_open(&m->f);
  strcpy(m->folder, "/tmp/codesign-mix-XXXXXX");
  assert_non_null(mkdtemp(m->folder));
}

static void add_file(mix *m, const char *name, const char *text) {
  char *path = m->path[m->files++];
  snprintf(path, TEXT, "%.64s/%.64s", m->folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static cds_status read_mix(mix *m, const char *text) {
  add_file(m, "mix.yaml", text);
  return cds_workload_read(&m->workload, m->path[m->files - 1], &m->f.reader);
}

static void close_mix(mix *m) {
  for (unsigned i = 0; i < m->files; i++) {
    unlink(m->path[i]);
  }
  rmdir(m->folder);
  fixture_close(&m->f);
}

static void open_pair(mix *m) {
  open_mix(m);
  add_file(m, "first.yaml", FIRST);
  add_file(m, "second.yaml", SECOND);
}

static void parts_keep_their_layers_and_weights(void **state) {
  (void)state;
  mix m;
  open_pair(&m);
  assert_fine(&m.f, read_mix(&m, "mix: pair\n"
                                 "workloads:\n"
                                 "  - {workload: first.yaml, weight: 0.5}\n"
                                 "  - {workload: second.yaml}\n"));
  const cds_workload *w = &m.workload;
  assert_string_equal(w->name, "pair");
  assert_int_equal(w->parts, 2);
  assert_string_equal(w->part[1].name, "second");
  assert_true(w->part[0].weight == 0.5 && w->part[1].weight == 1);
  assert_int_equal(w->phases, 2);
  assert_string_equal(w->phase[0].name, "first");
  assert_true(cds_phase_weight(&w->phase[0]) == 0.5);
  assert_int_equal(w->layers, 4);
  assert_string_equal(w->layer[2].name, "second.b");
  assert_int_equal(w->layer[2].phase, 1);
  assert_int_equal(w->layer[2].count, 4);
  close_mix(&m);
}

/* One at a time the larger counts, together all weights do. */
static void footprint_is_the_largest_or_the_sum(void **state) {
  (void)state;
  static const char list[] = "mix: pair\n"
                             "workloads: [{workload: first.yaml}, {workload: "
                             "second.yaml}]\n";
  mix m;
  cds_workload one;
  cds_workload two;
  open_pair(&m);
  assert_fine(&m.f, cds_workload_read(&one, m.path[0], &m.f.reader));
  assert_fine(&m.f, cds_workload_read(&two, m.path[1], &m.f.reader));
  assert_fine(&m.f, read_mix(&m, list));
  const uint64_t most = one.footprint_bits > two.footprint_bits
                            ? one.footprint_bits
                            : two.footprint_bits;
  assert_int_equal(m.workload.footprint_bits, most);
  m.files--;
  char text[TEXT];
  snprintf(text, sizeof text, "%sresident: together\n", list);
  assert_fine(&m.f, read_mix(&m, text));
  const uint64_t live = one.activation_bits > two.activation_bits
                            ? one.activation_bits
                            : two.activation_bits;
  assert_int_equal(m.workload.footprint_bits,
                   one.parameter_bits + two.parameter_bits + live);
  close_mix(&m);
}

static void wrong_mixes_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } wrong[] = {
      {"mix: m\nworkloads: []\n", "'workloads' is no list of 1 to 16"},
      {"mix: m\nworkloads: [{workload: first.yaml}, {workload: first.yaml}]\n",
       "two workloads of a mix are named 'first'"},
      {"mix: m\nworkloads: [{workload: mix.yaml}]\n", "is a mix itself"},
      {"mix: m\nworkloads: [{workload: none.yaml}]\n", "none.yaml"},
      {"mix: m\nworkloads: [{workload: first.yaml, weight: 0}]\n", "'weight'"},
      {"mix: m\nworkloads: [{workload: first.yaml, wait: 2}]\n",
       "unknown key 'wait'"},
      {"mix: m\nresident: some\nworkloads: [{workload: first.yaml}]\n",
       "'resident'"},
      {"mix: m\n", "'workloads'"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    mix m;
    open_pair(&m);
    assert_int_equal(read_mix(&m, wrong[i].text), CDS_EINPUT);
    assert_message(&m.f, wrong[i].message);
    close_mix(&m);
  }
}

/* ---- the network ----------------------------------------------------------
 */

static const double WEIGHT[2] = {0.75, 2.5};

typedef struct products {
  all_points kind[2];
  cds_cost sum; /* of the operation */
} products;

static void list_points(products *out, const cds_arch *arch,
                        const cds_workload *workload) {
  cds_operation_counts counts;
  const cds_layer *layer = workload->layer;
  assert_int_equal(cds_price_operation(&out->sum, &counts, arch,
                                       &layer[1].operation, (double)INFINITY),
                   CDS_OK);
  all_mappings(&out->kind[0], arch, &layer[0].einsum, (double)INFINITY);
  all_mappings(&out->kind[1], arch, &layer[2].einsum, (double)INFINITY);
}

/* Runs of the two products: 3 x 0.75 + 2.5 of the first kind, 4 x 2.5 of the
 * second, and 0.75 of the operation. */
static double try_all(const products *all, cds_objective objective) {
  const all_points *kind = all->kind;
  double best = (double)INFINITY;
  for (size_t i = 0; i < kind[0].points; i++) {
    for (size_t j = 0; j < kind[1].points; j++) {
      const double e = 4.75 * kind[0].energy_pj[i] + 10 * kind[1].energy_pj[j] +
                       0.75 * all->sum.energy_pj;
      const double t = 4.75 * kind[0].latency_s[i] + 10 * kind[1].latency_s[j] +
                       0.75 * all->sum.latency_s;
      best = fmin(best, cds_objective_value(objective, e, t));
    }
  }
  return best;
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

static void check_sums(const cds_workload *workload,
                       const cds_network_result *result) {
  double energy_pj = 0;
  double latency_s = 0;
  double runs_pj = 0;
  for (unsigned i = 0; i < workload->parts; i++) {
    const cds_phase_result run = cds_network_part(workload, result, i);
    energy_pj += WEIGHT[i] * run.energy_pj;
    latency_s += WEIGHT[i] * run.latency_s;
  }
  for (size_t i = 0; i < result->layers; i++) {
    runs_pj += result->layer[i].times * result->layer[i].cost.energy_pj;
  }
  assert_true(energy_pj == result->energy_pj); /* one phase a part */
  assert_true(latency_s == result->latency_s);
  assert_true(near(runs_pj, result->energy_pj));
}

static void mix_equals_trying_all_mappings(void **state) {
  (void)state;
  static products all;
  mix m;
  open_pair(&m);
  assert_fine(&m.f, read_mix(&m, "mix: pair\n"
                                 "workloads:\n"
                                 "  - {workload: first.yaml, weight: 0.75}\n"
                                 "  - {workload: second.yaml, weight: 2.5}\n"));
  add_file(&m, "arch.yaml", TINY_ARCH);
  cds_space *space = NULL;
  assert_fine(&m.f, cds_space_read(&space, m.path[m.files - 1], NULL, 0,
                                   m.f.arena, m.f.diag));
  cds_searchers *searchers = cds_searchers_new();
  for (uint64_t d = 0; d < DESIGNS; d++) {
    cds_arch arch;
    assert_fine(&m.f, cds_space_design(&arch, space, d, m.f.arena, m.f.diag));
    list_points(&all, &arch, &m.workload);
    for (unsigned o = 0; o <= CDS_OBJECTIVE_ED2P; o++) {
      cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
      cds_network_result result;
      options.objective = (cds_objective)o;
      options.searchers = searchers;
      assert_fine(&m.f, cds_network_solve(&result, &arch, &m.workload,
                                          m.f.arena, &options, m.f.diag));
      assert_true(result.proven);
      assert_true(near(result.value, try_all(&all, options.objective)));
      check_sums(&m.workload, &result);
      cds_network_plan plan;
      cds_point floor;
      assert_fine(&m.f, cds_network_plan_make(&plan, &m.workload, CDS_FUSE_NONE,
                                              false, m.f.arena));
      cds_floor_asked asked;
      assert_int_equal(
          cds_floor_ask(&asked, &arch, (double)INFINITY, m.f.arena), CDS_OK);
      assert_int_equal(cds_network_floor(&floor, &asked, &plan), CDS_OK);
      assert_true(floor.energy_pj <= result.energy_pj);
      assert_true(floor.latency_s <= result.latency_s);
    }
  }
  cds_searchers_free(searchers);
  close_mix(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_keep_their_layers_and_weights),
      cmocka_unit_test(footprint_is_the_largest_or_the_sum),
      cmocka_unit_test(wrong_mixes_are_refused),
      cmocka_unit_test(mix_equals_trying_all_mappings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
