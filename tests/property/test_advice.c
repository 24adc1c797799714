/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Advice for mappings that do not fit, on random triples of einsum,
 * architecture and mapping whose levels are made too small: each change that
 * is offered is made anew and must fit; sizes are not one bit too large; no
 * smaller factor of a loop would do; what could be bypassed alone is offered.
 *
 * Usage: test_advice [seed N] [cases N] [case N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network/advice.h"
#include "oracle/arguments.h"
#include "price/advice.h"
#include "support/random_case.h"

enum { CASES = 1500, CASES_QUICK = 500 };
static const char *const kind_name[] = {"single", "tile",     "bypass",
                                        "format", "streamed", "size"};

typedef struct room {
  random_case random;
  cds_advice_case given, changed;
  cds_counts counts;
  cds_advice advice[CDS_ADVICES_MAX];
  cds_arena *arena;
  cds_diag *diag;
  unsigned long offered[6], cases, wrong;
} room;

static bool fits(room *it, const cds_advice_case *what) {
  const cds_place nowhere = {0};
  cds_misfit misfit;
  return cds_mapping_validate(&what->mapping, &what->arch, &what->einsum,
                              nowhere, it->diag) == CDS_OK &&
         cds_count(&it->counts, &what->arch, &what->einsum, &what->mapping,
                   it->arena) == CDS_OK &&
         cds_price_fits(&misfit, &what->arch, &what->einsum, &it->counts) ==
             CDS_OK;
}

static void wrong(room *it, const char *what, const cds_advice *advice) {
  it->wrong++;
  printf("case %lu: %s, %s of level %u\n", (unsigned long)it->random.number,
         what, kind_name[advice->kind], advice->level);
}

/* Makes one level that holds something smaller than its need. */
static bool shrink(room *it, random_stream *stream) {
  uint64_t need[CDS_LEVELS_MAX];
  cds_arch *arch = &it->given.arch;
  if (cds_count(&it->counts, arch, &it->given.einsum, &it->given.mapping,
                it->arena) != CDS_OK) {
    return false;
  }
  cds_price_needs(need, arch, &it->given.einsum, &it->counts);
  for (unsigned level = 0; level < arch->levels; level++) {
    arch->level[level].size_bits =
        need[level] + random_below(stream, 1 + (unsigned)need[level]);
  }
  const unsigned level = random_below(stream, arch->levels);
  if (need[level] < 2) {
    return false;
  }
  arch->level[level].size_bits =
      1 + random_below(stream, (unsigned)need[level] - 1);
  return true;
}

static void check_size(room *it, const cds_advice *advice) {
  for (unsigned level = 0; level < it->given.arch.levels; level++) {
    if ((advice->too_small >> level & 1U) == 0) {
      continue;
    }
    it->changed = it->given;
    cds_advice_apply(&it->changed, advice);
    it->changed.arch.level[level].size_bits--;
    if (fits(it, &it->changed)) {
      wrong(it, "a smaller size does", advice);
    }
  }
}

/* No smaller factor of any loop does. */
static void check_tile(room *it, const cds_advice *advice) {
  for (unsigned node = 0; node < it->given.mapping.nodes; node++) {
    const cds_node *loop = &it->given.mapping.node[node];
    for (uint64_t factor = 2; factor < advice->factor; factor++) {
      cds_advice smaller = *advice;
      smaller.node = node;
      smaller.factor = factor;
      if (loop->kind != CDS_FOR || loop->trips % factor != 0 ||
          node < advice->node) {
        continue;
      }
      it->changed = it->given;
      cds_advice_apply(&it->changed, &smaller);
      if (fits(it, &it->changed)) {
        wrong(it, "a smaller factor does", advice);
      }
    }
  }
}

/* Every hold at the level whose removal alone does is offered. */
static void check_bypasses(room *it, size_t count, unsigned level) {
  for (unsigned node = 0; node < it->given.mapping.nodes; node++) {
    const cds_node *hold = &it->given.mapping.node[node];
    if (hold->kind != CDS_HOLD || hold->level != level || level == 0) {
      continue;
    }
    it->changed = it->given;
    cds_mapping *mapping = &it->changed.mapping;
    mapping->nodes--;
    memmove(&mapping->node[node], &mapping->node[node + 1],
            (mapping->nodes - node) * sizeof *mapping->node);
    bool offered = false;
    for (size_t i = 0; i < count; i++) {
      offered = offered || (it->advice[i].kind == CDS_ADVICE_BYPASS &&
                            it->advice[i].tensor == hold->tensor);
    }
    if (fits(it, &it->changed) && !offered) {
      wrong(it, "a bypass is not offered", &it->advice[count - 1]);
    }
  }
}

static void check_case(room *it, random_stream *stream) {
  it->given.arch = it->random.arch;
  it->given.einsum = it->random.einsum;
  it->given.mapping = it->random.mapping;
  if (!shrink(it, stream) || fits(it, &it->given)) {
    return;
  }
  const size_t count =
      cds_advise(it->advice, &it->given.arch, &it->given.einsum,
                 &it->given.mapping, it->arena);
  it->cases++;
  if (count == 0 || it->advice[count - 1].kind != CDS_ADVICE_SIZE) {
    printf("case %lu: no size is offered\n", (unsigned long)it->random.number);
    it->wrong++;
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const cds_advice *advice = &it->advice[i];
    it->offered[advice->kind]++;
    it->changed = it->given;
    cds_advice_apply(&it->changed, advice);
    if (!fits(it, &it->changed)) {
      wrong(it, "does not fit", advice);
    }
    if (advice->kind == CDS_ADVICE_TILE) {
      check_tile(it, advice);
    }
    if (cds_advice_text(advice, &it->given.arch, &it->given.einsum,
                        &it->given.mapping, true, it->arena) == NULL) {
      wrong(it, "no words", advice);
    }
  }
  check_size(it, &it->advice[count - 1]);
  check_bypasses(it, count, it->advice[count - 1].level);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 20240501, .cases = CASES, .quick = CASES_QUICK};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  room *it = calloc(1, sizeof *it);
  if (it == NULL) {
    return EXIT_FAILURE;
  }
  it->arena = cds_arena_new();
  for (uint64_t i = 0; i < given.cases; i++) {
    const uint64_t number = given.first + i;
    const cds_arena_mark mark = cds_arena_mark_get(it->arena);
    random_stream stream = random_start(given.seed + 1, number);
    it->diag = cds_diag_new(it->arena);
    random_case_make(&it->random, given.seed, number);
    check_case(it, &stream);
    cds_arena_reset(it->arena, mark);
  }
  printf("%lu mappings that do not fit, %lu wrong; offered:", it->cases,
         it->wrong);
  for (unsigned kind = 0; kind < 6; kind++) {
    printf(" %s %lu", kind_name[kind], it->offered[kind]);
  }
  printf("\n");
  const bool good = it->wrong == 0 && it->cases > given.cases / 3 &&
                    it->offered[CDS_ADVICE_SINGLE] > 0 &&
                    it->offered[CDS_ADVICE_TILE] > 0 &&
                    it->offered[CDS_ADVICE_BYPASS] > 0 &&
                    it->offered[CDS_ADVICE_FORMAT] > 0 &&
                    it->offered[CDS_ADVICE_STREAMED] > 0;
  cds_arena_free(it->arena);
  free(it);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
