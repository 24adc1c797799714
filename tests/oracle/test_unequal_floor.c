/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least energies of vectors of spreads (search/unequal_floor.c) against the
 * legs of each chain: on random pairs, for every vector of spreads that fits
 * the axes,
 * - what a chain takes is what its legs take with their least words, and what
 *   all chains take is no more;
 * - what any vector takes that goes on from the first spreads of this one is no
 *   more than what this one takes.
 *
 * Usage: test_unequal_floor [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/arguments.h"
#include "oracle/depth_case.h"
#include "search/unequal_nest.h"

enum { CASES = 1500, CASES_QUICK = 200, VECTORS = 3000 };

typedef struct totals {
  uint64_t cases, vectors, chains, prefixes, mismatches, reducing, windows;
} totals;

static depth_case it;
static cds_general general;
static uint16_t vector[CDS_SLOTS_MAX * CDS_RANKS_MAX];
static totals sum;

static void make_case(uint64_t seed, uint64_t number) {
  depth_case_make(&it, seed, number, 1);
  it.arch.any_factors = true;
  it.arch.sums_apart = false;
  for (unsigned k = 0; k < it.arch.arrays; k++) {
    it.arch.array[k].network = CDS_NETWORK_BUS;
  }
  for (unsigned r = 0; r < it.einsum.ranks; r++) {
    const uint64_t size = it.einsum.rank[r].size + (number + r) % 3;
    it.einsum.rank[r].size = it.einsum.rank[r].real = size;
  }
}

static double legs_pj(const cds_unequal *u) {
  return general.base_pj + u->layout.least[1].at[CDS_ENERGY];
}

static void report(const char *what, double floor, double exact) {
  printf("mismatch: %s: %.17g, legs %.17g\n", what, floor, exact);
  depth_case_write(stdout, &it);
  sum.mismatches++;
}

static bool above(double floor, double exact) {
  return floor > exact + 1e-9 * fabs(exact);
}

/* All vectors that begin as this one does, of its first `known` spreads. */
static void check_prefix(cds_unequal *u, size_t known, double exact) {
  uint16_t first[CDS_SLOTS_MAX * CDS_RANKS_MAX];
  double room = 1;
  for (unsigned i = 0; i < u->slots; i++) {
    uint64_t left = u->slot_extent[i];
    for (unsigned r = 0; r < u->ranks; r++) {
      const size_t at = (size_t)i * u->ranks + r;
      first[at] = at < known ? vector[at] : 1;
      left /= first[at];
    }
    room *= (double)left;
  }
  (void)cds_unequal_spreads_set(&u->layout, u, first);
  const double floor = cds_unequal_floor_pj(u, room);
  if (above(floor, exact)) {
    report("vectors that go on", floor, exact);
  }
  sum.prefixes++;
}

static void check_vector(cds_unequal *u) {
  if (!cds_unequal_spreads_set(&u->layout, u, vector)) {
    return;
  }
  double least = (double)INFINITY;
  const double floor = cds_unequal_floor_pj(u, 1);
  for (size_t c = 0; c < u->chains; c++) {
    const double chain = cds_unequal_chain_pj(u, c);
    u->layout.chain = &u->chain[c];
    cds_unequal_legs_set(u);
    const double exact = legs_pj(u);
    least = fmin(least, exact);
    if (above(chain, exact) || above(exact * (1 - 2e-9), chain)) {
      report("a chain", chain, exact);
    }
    sum.chains++;
  }
  if (above(floor, least)) {
    report("all chains", floor, least);
  }
  sum.reducing += u->layout.sums_at_once ? 0 : 1;
  sum.vectors++;
  const size_t each = (size_t)u->slots * u->ranks;
  for (size_t known = 0; known < each; known++) {
    check_prefix(u, known, least);
  }
}

/* Every vector, or the first of them. Depth: slots x ranks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void walk(cds_unequal *u, size_t at, uint64_t room, uint64_t *left) {
  const size_t each = (size_t)u->slots * u->ranks;
  if (*left == 0 || sum.mismatches > 0) {
    return;
  }
  if (at == each) {
    --*left;
    check_vector(u);
    return;
  }
  if (at % u->ranks == 0) {
    room = u->slot_extent[at / u->ranks];
  }
  for (uint64_t s = 1; s <= room; s++) {
    vector[at] = (uint16_t)s;
    walk(u, at + 1, room / s, left);
  }
}

static void check_case(cds_unequal *u, cds_arena *arena, cds_arena *scratch) {
  memset(&general, 0, sizeof general);
  general.arch = &it.arch;
  general.einsum = &it.einsum;
  general.power_limit_w = (double)INFINITY;
  general.arena = arena;
  general.scratch = scratch;
  if (cds_general_begin(&general) != CDS_OK || !cds_unequal_takes(&general) ||
      cds_unequal_begin(u, &general) != CDS_OK || u->ranks == 0 || u->limited ||
      cds_unequal_floors(u) != CDS_OK) {
    return;
  }
  uint64_t left = VECTORS;
  walk(u, 0, 1, &left);
  for (unsigned t = 0; t < general.tensors; t++) {
    sum.windows += u->tensor[t].windows > 0 ? 1 : 0;
  }
  sum.cases++;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 7, .cases = CASES, .quick = CASES_QUICK, .reports = 1};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  cds_unequal *u = cds_unequal_new();
  cds_arena *arena = cds_arena_new();
  cds_arena *scratch = cds_arena_new();
  if (u == NULL || arena == NULL || scratch == NULL) {
    return EXIT_FAILURE;
  }
  const cds_arena_mark marks[3] = {cds_arena_mark_get(arena),
                                   cds_arena_mark_get(scratch),
                                   cds_arena_mark_get(u->scratch)};
  for (uint64_t i = 0; i < given.cases && sum.mismatches < given.reports; i++) {
    make_case(given.seed, given.first + i);
    check_case(u, arena, scratch);
    cds_arena_reset(arena, marks[0]);
    cds_arena_reset(scratch, marks[1]);
    cds_arena_reset(u->scratch, marks[2]);
  }
  cds_unequal_free(u);
  cds_arena_free(arena);
  cds_arena_free(scratch);
  printf("%" PRIu64 " pairs of seed %" PRIu64 ", %" PRIu64
         " tensors with windows, %" PRIu64 " vectors (%" PRIu64
         " reduce in several steps), %" PRIu64 " chains, %" PRIu64
         " first spreads, %" PRIu64 " mismatches\n",
         sum.cases, given.seed, sum.windows, sum.vectors, sum.reducing,
         sum.chains, sum.prefixes, sum.mismatches);
  return sum.mismatches == 0 && sum.cases > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
