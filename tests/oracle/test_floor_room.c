/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floors that know sizes of levels (search/floor_room.h) against the least
 * energy of all mappings, on tiny random pairs, half of them stages of a fused
 * group with tensors at home below the outermost level:
 * - by brute force over every mapping, with the literal simulator's counts
 * - of more and larger ones by the exact search, which other tests hold against
 *   brute force
 * and what a level costs against every choice of extents and every order.
 *
 * Usage: test_floor_room [seed N] [cases N] [case N] [times N] [reports N]
 * `cases` by brute force, `times` as many by the search.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/arguments.h"
#include "oracle/brute_force.h"
#include "oracle/tiny_case.h"
#include "search/floor_memo.h"
#include "search/floor_room.h"
#include "search/search.h"
#include "support/random_case.h"

enum { CASES = 400, CASES_QUICK = 60, TIMES = 20, LEVELS = 50 };

typedef struct totals {
  uint64_t cases, brute, feasible, mismatches, raised, met, levels, fitting;
  double without, with; /* sums of floor / least energy */
} totals;

static totals sum;

/* Nothing leaks: then energy is dynamic. */
static void make_case(tiny_case *it, uint64_t seed, uint64_t number,
                      bool large) {
  tiny_case_make(it, seed, number);
  tiny_case_fuse(it);
  it->goal = (brute_goal){.power_limit_w = (double)INFINITY};
  cds_arch *arch = &it->arch;
  arch->any_factors = false;
  arch->fixed_leakage_w = arch->compute.leakage_w = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    level->leakage_w = level->background_w = level->refresh_w = 0;
    if (l > 0 && large && level->size_bits < UINT64_MAX / 16) {
      level->size_bits *= 1 + number % 9;
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    arch->array[k].leakage_w = 0;
  }
  for (unsigned r = 0; r < it->einsum.ranks && large; r++) {
    static const uint64_t times[] = {1, 2, 4, 3, 6, 8};
    it->einsum.rank[r].size *= times[(number + 5 * r) % 6];
    it->einsum.rank[r].real = it->einsum.rank[r].size;
  }
}

static double floor_of(const tiny_case *it, bool room, cds_arena *arena) {
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_floor_asked asked;
  double energy = 0;
  double latency = 0;
  if (cds_floor_ask(&asked, &it->arch, (double)INFINITY, arena) != CDS_OK) {
    abort();
  }
  asked.memo->rows.forms = room;
  if (cds_floor_pair(&energy, &latency, &asked, &it->einsum) != CDS_OK) {
    abort();
  }
  cds_arena_reset(arena, mark);
  return energy;
}

static bool least_of(double *out, const tiny_case *it, bool brute,
                     cds_searcher *searcher) {
  static brute_result all;
  static cds_search_result found;
  if (brute) {
    brute_force(&all, &it->arch, &it->einsum, &it->goal);
    *out = all.value;
    return all.found;
  }
  memset(&found, 0, sizeof found);
  const cds_goal goal = {.time_power = 0};
  if (cds_search_begin(searcher, &it->arch, &it->einsum, (double)INFINITY) !=
          CDS_OK ||
      cds_search_solve(&found, searcher, goal, NULL) != CDS_OK) {
    return false;
  }
  *out = found.value;
  return found.found && found.proven;
}

static void check_case(const tiny_case *it, bool brute, cds_searcher *searcher,
                       cds_arena *arena) {
  double least = 0;
  sum.cases++;
  sum.brute += brute;
  if (!least_of(&least, it, brute, searcher)) {
    return;
  }
  sum.feasible++;
  const double without = floor_of(it, false, arena);
  const double with = floor_of(it, true, arena);
  sum.without += without / least;
  sum.with += with / least;
  sum.raised += with > without * (1 + 1e-9);
  sum.met += with >= least * (1 - 1e-9);
  if (!(with <= least * (1 + 1e-12)) || !(with >= without)) {
    printf("mismatch: floor %.17g, without room %.17g, least %.17g\n  ", with,
           without, least);
    tiny_case_write(stdout, it);
    sum.mismatches++;
  }
}

/* ---- one level --------------------------------------------------------- */

static unsigned divisors_of(double out[32], uint64_t n) {
  unsigned count = 0;
  for (uint64_t d = 1; d <= n; d++) {
    if (n % d == 0) {
      out[count++] = (double)d;
    }
  }
  return count;
}

/* Of extents x, tensors in an order: the tile of each has what those inside of
 * it have inside, and of those outside of it the spread. */
static bool extents_fit(const cds_floor_space *space, const double x[3],
                        const unsigned order[3], unsigned held) {
  double bits = 0;
  bool whole = true;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const unsigned first = order[0];
    const double seen = (held >> t & 1U) != 0 ? x[t] : space->m[t];
    whole = whole && (t == first || seen >= space->whole[t]);
  }
  for (unsigned i = 0; i < CDS_MATRIX; i++) {
    const unsigned t = order[i];
    if ((held >> t & 1U) == 0) {
      continue;
    }
    double words = 1;
    for (unsigned j = 0; j < CDS_MATRIX; j++) {
      const unsigned u = order[j];
      if (j != i) {
        words *= j > i && (held >> u & 1U) != 0 ? x[u] : space->m[u];
      }
    }
    const bool twice = i == 0 && space->twice && !whole;
    bits += words * space->bits[t] * (twice ? 2 : 1);
  }
  return bits <= space->room;
}

static double level_by_force(const cds_floor_space *space,
                             const double slope[3], unsigned held) {
  static const unsigned order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  double least = held == 0 ? 0 : (double)INFINITY;
  for (unsigned o = 0; o < 6 && held != 0; o++) {
    const unsigned count = (unsigned)__builtin_popcount(held);
    bool first = true;
    for (unsigned i = 0; i < count; i++) {
      first = first && (held >> order[o][i] & 1U) != 0;
    }
    for (size_t a = 0; first && a < space->divisors[0]; a++) {
      for (size_t b = 0; b < space->divisors[1]; b++) {
        for (size_t c = 0; c < space->divisors[2]; c++) {
          double x[3] = {space->divisor[0][a], space->divisor[1][b],
                         space->divisor[2][c]};
          x[order[o][0]] = space->whole[order[o][0]];
          double cost = 0;
          bool legal = true;
          for (unsigned t = 0; t < 3; t++) {
            const bool here = (held >> t & 1U) != 0;
            legal = legal &&
                    (!here || (x[t] >= space->m[t] && x[t] <= space->whole[t]));
            cost += here ? slope[t] * space->whole[t] / x[t] : 0;
          }
          if (legal && extents_fit(space, x, order[o], held)) {
            least = fmin(least, cost);
          }
        }
      }
    }
  }
  return least;
}

static void check_level(uint64_t seed, uint64_t number) {
  static const uint64_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16, 20, 24};
  random_stream random = random_start(seed, number);
  double divisor[3][32];
  cds_floor_space space = {.room = 1 + random_below(&random, 600),
                           .twice = random_chance(&random, 50)};
  double slope[3];
  for (unsigned t = 0; t < 3; t++) {
    const uint64_t size = sizes[random_below(&random, 10)];
    space.divisors[t] = divisors_of(divisor[t], size);
    space.divisor[t] = divisor[t];
    const double spread =
        divisor[t][random_below(&random, (unsigned)space.divisors[t])];
    const bool under = random_chance(&random, 50);
    space.whole[t] = under ? (double)size / spread : (double)size;
    space.m[t] = under ? 1 : spread;
    space.bits[t] = 1 + random_below(&random, 8);
    slope[t] = random_chance(&random, 15) ? 0 : 1 + random_below(&random, 50);
  }
  const unsigned held = random_below(&random, 8);
  const double own = cds_floor_level(&space, slope, held);
  const double all = level_by_force(&space, slope, held);
  sum.levels++;
  sum.fitting += !isinf(all);
  if (!(own == all || fabs(own - all) <= 1e-12 * all)) {
    printf("mismatch: level %" PRIu64 ", held %u: %.17g, by force %.17g\n",
           number, held, own, all);
    sum.mismatches++;
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {.seed = 31,
                                       .cases = CASES,
                                       .quick = CASES_QUICK,
                                       .times = TIMES,
                                       .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  tiny_case *it = malloc(sizeof *it);
  cds_searcher *searcher = cds_searcher_new();
  cds_arena *arena = cds_arena_new();
  if (it == NULL || searcher == NULL || arena == NULL) {
    return EXIT_FAILURE;
  }
  const uint64_t all = given.cases * given.times;
  for (uint64_t i = 0; i < all && sum.mismatches < given.reports; i++) {
    const bool brute = i < given.cases;
    make_case(it, given.seed, given.first + i, !brute);
    check_case(it, brute, searcher, arena);
    for (unsigned l = 0; l < LEVELS && brute; l++) {
      check_level(given.seed, (given.first + i) * LEVELS + l);
    }
  }
  cds_arena_free(arena);
  cds_searcher_free(searcher);
  free(it);
  printf(
      "%" PRIu64 " pairs of seed %" PRIu64 ", %" PRIu64
      " by brute force; %" PRIu64 " feasible, %" PRIu64
      " mismatches\nfloor / least energy: %u ppm without sizes, %u ppm with; "
      "raised in %" PRIu64 ", met in %" PRIu64 "\n%" PRIu64
      " levels, something fits in %" PRIu64 "\n",
      sum.cases, given.seed, sum.brute, sum.feasible, sum.mismatches,
      (unsigned)(1e6 * sum.without / (double)sum.feasible),
      (unsigned)(1e6 * sum.with / (double)sum.feasible), sum.raised, sum.met,
      sum.levels, sum.fitting);
  return sum.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
