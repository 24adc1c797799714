/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Advice where the search finds that no mapping fits: with each change that is
 * offered, the search finds one. Small matrix products on random two- and
 * three-level architectures whose levels are too small.
 *
 * Usage: test_advice_search [seed N] [cases N] [case N]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network/advice.h"
#include "oracle/arguments.h"
#include "search/search.h"
#include "spec/space.h"
#include "support/random_case.h"

enum { CASES = 400, CASES_QUICK = 100 };

typedef struct room {
  cds_arena *arena;
  cds_diag *diag;
  cds_searcher *searcher;
  cds_arch arch;
  cds_workload workload;
  cds_mapping mapping;
  cds_advice_case changed;
  cds_advice advice[CDS_ADVICES_MAX];
  unsigned long infeasible, hopeless, offered, wrong;
} room;

static const char *keep_text(random_stream *stream) {
  static const char *const texts[] = {
      "",
      ", keep: [input]",
      ", keep: [weight, output]",
      ", keep: [input, weight, output]",
      ", keep: [A, O], bypass: [weight]",
      ", keep: [B], buffering: single",
      ", keep: [output, input], may: [B]",
  };
  return texts[random_below(stream, sizeof texts / sizeof *texts)];
}

static bool make(room *it, random_stream *stream) {
  static const char *const precisions[] = {
      "8 bit", "int4", "{weights: int4, activations: int8}", "fp16"};
  const cds_reader reader = {.arena = it->arena, .diag = it->diag};
  const cds_yaml *root = NULL;
  cds_space *space = NULL;
  char text[2048];
  int at = snprintf(text, sizeof text,
                    "architecture: a\nlevels:\n"
                    "  - {level: L, size: %u B, energy: 1 pJ}\n",
                    20 + random_below(stream, 300));
  const unsigned levels = 1 + random_below(stream, 2);
  const unsigned array = random_below(stream, 3);
  for (unsigned level = 1; level <= levels; level++) {
    if (array == level) {
      at += snprintf(text + at, sizeof text - (size_t)at,
                     "  - {array: PE, cols: 2, network: {kind: bus, energy: 1 "
                     "pJ/bit, add: 1 pJ}}\n");
    }
    at += snprintf(text + at, sizeof text - (size_t)at,
                   "  - {level: M%u, size: %u bit, energy: 1 pJ%s}\n", level,
                   4 + 4 * random_below(stream, 12), keep_text(stream));
  }
  at += snprintf(text + at, sizeof text - (size_t)at,
                 "  - {compute: MAC, energy: 1 pJ}\n");
  if (cds_yaml_read_text(&root, "a.yaml", text, (size_t)at, it->arena,
                         it->diag) != CDS_OK ||
      cds_space_of(&space, root, NULL, 0, it->arena, it->diag) != CDS_OK ||
      cds_space_design(&it->arch, space, 0, it->arena, it->diag) != CDS_OK) {
    return false;
  }
  at =
      snprintf(text, sizeof text,
               "workload: w\nprecision: %s\nlayers:\n  - {name: g, einsum: "
               "\"O[m,n] += A[m,k] * B[k,n]\", ranks: {m: %u, n: %u, k: %u}}\n",
               precisions[random_below(stream, 4)], 1 + random_below(stream, 8),
               1 + random_below(stream, 8), 1 + random_below(stream, 8));
  return cds_yaml_read_text(&root, "w.yaml", text, (size_t)at, it->arena,
                            it->diag) == CDS_OK &&
         cds_workload_read_tree(&it->workload, root, "w.yaml", &reader) ==
             CDS_OK;
}

static bool can_map(room *it, const cds_arch *arch, const cds_einsum *einsum) {
  static cds_search_result result;
  return cds_search_begin(it->searcher, arch, einsum, (double)INFINITY) ==
             CDS_OK &&
         cds_search_solve(&result, it->searcher, (cds_goal){.time_power = 1},
                          NULL) == CDS_OK;
}

static void check_case(room *it, uint64_t number) {
  const cds_einsum *einsum = &it->workload.layer[0].einsum;
  cds_misfit lack;
  const bool hopeless = cds_layer_hopeless(&lack, &it->arch, einsum);
  it->hopeless += hopeless;
  if (can_map(it, &it->arch, einsum)) {
    if (hopeless) {
      printf("case %lu: a mapping without hope\n", (unsigned long)number);
      it->wrong++;
    }
    return;
  }
  it->infeasible++;
  if (!cds_layer_lack(&lack, &it->mapping, &it->arch, einsum, it->arena)) {
    printf("case %lu: nothing is lacking\n", (unsigned long)number);
    it->wrong++;
    return;
  }
  const size_t count =
      cds_advise(it->advice, &it->arch, einsum, &it->mapping, it->arena);
  it->wrong += count == 0;
  for (size_t i = 0; i < count; i++) {
    it->changed.arch = it->arch;
    it->changed.einsum = *einsum;
    it->changed.mapping = it->mapping;
    cds_advice_apply(&it->changed, &it->advice[i]);
    it->offered++;
    if (!can_map(it, &it->changed.arch, &it->changed.einsum)) {
      printf("case %lu: no mapping with the change: %s\n",
             (unsigned long)number,
             cds_advice_text(&it->advice[i], &it->arch, einsum, &it->mapping,
                             false, it->arena));
      it->wrong++;
    }
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 7, .cases = CASES, .quick = CASES_QUICK};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  room *it = calloc(1, sizeof *it);
  if (it == NULL) {
    return EXIT_FAILURE;
  }
  it->arena = cds_arena_new();
  it->searcher = cds_searcher_new();
  for (uint64_t i = 0; i < given.cases; i++) {
    const uint64_t number = given.first + i;
    const cds_arena_mark mark = cds_arena_mark_get(it->arena);
    random_stream stream = random_start(given.seed, number);
    it->diag = cds_diag_new(it->arena);
    if (make(it, &stream)) {
      check_case(it, number);
    } else {
      cds_diag_write(it->diag, stdout, CDS_DIAG_TEXT);
      it->wrong++;
    }
    cds_arena_reset(it->arena, mark);
  }
  printf(
      "%lu layers that nothing maps (%lu known before), %lu changes offered, "
      "%lu wrong\n",
      it->infeasible, it->hopeless, it->offered, it->wrong);
  const bool good = it->wrong == 0 && it->infeasible > given.cases / 8 &&
                    it->offered > it->infeasible;
  cds_searcher_free(it->searcher);
  cds_arena_free(it->arena);
  free(it);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
