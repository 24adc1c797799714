/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What no fused mapping undercuts (fuse/least.h), by what levels hold
 * (fuse/far.h), against the best fused mappings of random tiny groups, which
 * test_fuse_brute compares with brute force: at any price of time none takes
 * less energy or less time. In most cases levels hold about as much as some of
 * the tensors, and the outermost one is dear, or the only one that is paid for:
 * then the least energy is that of the words that it moves.
 *
 *   test_fuse_least [cases N] [seed N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/far.h"
#include "fuse/fuse.h"
#include "fuse/least.h"
#include "oracle/arguments.h"
#include "oracle/fuse_case.h"
#include "support/random_case.h"

enum { CASES = 400, CASES_QUICK = 60, DEAR_MOST = 32 };

typedef struct tally {
  unsigned groups, mappings, far, raised, met;
  double nearest; /* energy of the bound / that of the mapping */
} tally;

/* ---- cases --------------------------------------------------------------- */

/* Levels above all arrays hold a part of all tensors. */
static void draw_sizes(fuse_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  uint64_t bits = 0;
  for (unsigned s = 0; s < it->group.stages; s++) {
    const cds_einsum *einsum = it->group.stage[s].einsum;
    for (unsigned t = 0; t < einsum->tensors; t++) {
      uint64_t words = 0;
      (void)cds_tensor_words(&words, einsum, t);
      bits += words * einsum->tensor[t].format.bits;
    }
  }
  for (unsigned l = 1; l < arch->levels; l++) {
    if (arch->level[l].depth == 0) {
      arch->level[l].size_bits = bits * (1 + random_below(stream, 12)) / 16;
    }
  }
}

/* Nothing else is paid for. */
static void pay_far_only(cds_arch *arch) {
  arch->fixed_leakage_w = arch->compute.leakage_w = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    level->leakage_w = level->background_w = level->refresh_w = 0;
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a] = (cds_access_price){0, l == 0 ? 1 : 0};
    }
  }
  for (unsigned a = 0; a < arch->arrays; a++) {
    arch->array[a].bit_pj = arch->array[a].add_pj = arch->array[a].leakage_w =
        0;
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    arch->bond[b].bit_pj = 0;
  }
  for (unsigned v = 0; v < arch->vectors; v++) {
    arch->vector[v].leakage_w = 0;
    memset(arch->vector[v].energy_pj, 0, sizeof arch->vector[v].energy_pj);
  }
  memset(arch->compute.mac_pj, 0, sizeof arch->compute.mac_pj);
}

/* Three of four cases: small levels, a dear outermost one; half of these: no
 * other is paid for. */
static void starve(fuse_case *it, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 1000, number);
  cds_arch *arch = &it->tiny.arch;
  if (number % 4 == 0) {
    return;
  }
  draw_sizes(it, &stream);
  arch->level[0].word_bits = 0;
  const double dear = 1 + random_below(&stream, DEAR_MOST);
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    arch->level[0].price[a].access_pj *= dear;
    arch->level[0].price[a].bit_pj *= dear;
  }
  if (number % 4 >= 2) {
    pay_far_only(arch);
  }
}

/* ---- checks -------------------------------------------------------------- */

/* The bounds, and whether far.h raises them. */
static cds_status bound(double least[2], tally *seen, const fuse_case *it,
                        cds_arena *arena) {
  double plain[2];
  cds_floor_asked asked;
  CDS_TRY(cds_floor_ask(&asked, &it->tiny.arch, it->tiny.goal.power_limit_w,
                        arena));
  CDS_TRY(cds_fuse_least(&plain[0], &plain[1], &asked, &it->group));
  CDS_TRY(cds_floor_ask(&asked, &it->tiny.arch, it->tiny.goal.power_limit_w,
                        arena));
  asked.memo->rows.forms = true;
  asked.memo->far_told = true;
  CDS_TRY(cds_fuse_least(&least[0], &least[1], &asked, &it->group));
  seen->far += asked.memo->far != NULL;
  seen->raised += least[0] > plain[0] || least[1] > plain[1];
  return CDS_OK;
}

static bool check(tally *seen, const fuse_case *it, uint64_t number,
                  cds_fuser *fuser, cds_arena *arena) {
  const cds_arch *arch = &it->tiny.arch;
  const double leakage_w = cds_arch_leakage_w(arch);
  double least[2] = {0, 0};
  const unsigned raised = seen->raised;
  const cds_status status = bound(least, seen, it, arena);
  /* Those where it says nothing new take time. */
  if (status == CDS_OK && seen->raised == raised && number % 16 != 0) {
    return true;
  }
  if (cds_fuser_begin(fuser, arch, &it->group, it->tiny.goal.power_limit_w) !=
      CDS_OK) {
    return true;
  }
  bool good = true;
  static const double prices[] = {0, 1e9, 1e18};
  for (unsigned p = 0; p < sizeof prices / sizeof *prices; p++) {
    cds_fuse_result result;
    if (cds_fuser_solve(&result, fuser, prices[p], NULL) != CDS_OK ||
        !result.found) {
      continue;
    }
    const double own_pj = least[0] + leakage_w * 1e12 * least[1];
    good = good && status == CDS_OK && own_pj <= result.energy_pj &&
           least[1] <= result.latency_s;
    seen->mappings++;
    seen->met += own_pj >= (1 - 1e-9) * result.energy_pj;
    seen->nearest = fmax(seen->nearest, own_pj / result.energy_pj);
  }
  seen->groups++;
  return good;
}

typedef struct desk {
  fuse_case *it;
  cds_fuser *fuser;
  cds_arena *arena;
} desk;

/* False, with a line, where a bound is above what a mapping takes. */
static bool run(tally *all, desk *on, family of, uint64_t seed,
                uint64_t number) {
  const cds_arena_mark mark = cds_arena_mark_get(on->arena);
  fuse_case_make(on->it, seed, number, of);
  starve(on->it, seed, number);
  const bool good = check(all, on->it, number, on->fuser, on->arena);
  if (!good) {
    printf("family %u, case %" PRIu64 " of seed %" PRIu64
           ": more than a mapping takes\n",
           (unsigned)of, number, seed);
  }
  cds_arena_reset(on->arena, mark);
  return good;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  desk on = {(fuse_case *)calloc(1, sizeof *on.it), cds_fuser_new(),
             cds_arena_new()};
  unsigned bad = 0;
  tally all = {0};
  if (on.it == NULL || on.fuser == NULL || on.arena == NULL) {
    return EXIT_FAILURE;
  }
  for (unsigned of = OF_PRODUCTS; of <= OF_SUMS; of++) {
    for (unsigned n = 0; n < given.cases; n++) {
      bad += !run(&all, &on, (family)of, given.seed, n);
    }
  }
  /* Keys that each of the queries has for itself. */
  bad += !run(&all, &on, OF_MASKS, 9, 1066);
  printf("%u groups, %u mappings, %u bad: far.h was asked of %u groups, raised "
         "the bounds of %u; %u bounds are the mapping's energy, the nearest is "
         "%u ppm of it\n",
         all.groups, all.mappings, bad, all.far, all.raised, all.met,
         (unsigned)(1e6 * all.nearest));
  const bool met = 3 * all.raised > all.groups;
  cds_fuser_free(on.fuser);
  cds_arena_free(on.arena);
  free(on.it);
  return bad == 0 && met ? EXIT_SUCCESS : EXIT_FAILURE;
}
