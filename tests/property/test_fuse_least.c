/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What no fused mapping undercuts (fuse/least.h), by what levels hold
 * (fuse/far.h), against the best fused mappings of random tiny groups, which
 * test_fuse_brute compares with brute force: at any price of time none takes
 * less energy or less time.
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

enum { CASES = 600, CASES_QUICK = 60 };

typedef struct tally {
  unsigned groups, mappings, far, raised;
  double nearest; /* energy of the bound / that of the mapping */
} tally;

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
  CDS_TRY(cds_fuse_least(&least[0], &least[1], &asked, &it->group));
  seen->far += asked.memo->far != NULL;
  seen->raised += least[0] > plain[0] || least[1] > plain[1];
  return CDS_OK;
}

static bool check(tally *seen, const fuse_case *it, cds_fuser *fuser,
                  cds_arena *arena) {
  const cds_arch *arch = &it->tiny.arch;
  const double leakage_w = cds_arch_leakage_w(arch);
  double least[2] = {0, 0};
  if (cds_fuser_begin(fuser, arch, &it->group, it->tiny.goal.power_limit_w) !=
      CDS_OK) {
    return true;
  }
  const cds_status status = bound(least, seen, it, arena);
  bool good = true;
  static const double prices[] = {0, 1e6, 1e9, 1e12, 1e18};
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
    seen->nearest = fmax(seen->nearest, own_pj / result.energy_pj);
  }
  seen->groups++;
  return good;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  fuse_case *it = (fuse_case *)calloc(1, sizeof *it);
  cds_fuser *fuser = cds_fuser_new();
  cds_arena *arena = cds_arena_new();
  unsigned bad = 0;
  tally all = {0};
  for (unsigned of = OF_PRODUCTS;
       it != NULL && fuser != NULL && arena != NULL && of <= OF_SUMS; of++) {
    for (unsigned n = 0; n < given.cases; n++) {
      const cds_arena_mark mark = cds_arena_mark_get(arena);
      fuse_case_make(it, given.seed, n, (family)of);
      if (!check(&all, it, fuser, arena)) {
        bad++;
        printf("family %u, case %u: more than a mapping takes\n", of, n);
      }
      cds_arena_reset(arena, mark);
    }
  }
  printf(
      "%u groups, %u mappings, %u bad: far.h was asked of %u, raised %u; the "
      "nearest bound is %u ppm of the energy\n",
      all.groups, all.mappings, bad, all.far, all.raised,
      (unsigned)(1e6 * all.nearest));
  const bool met = all.groups > 0 && all.raised > 0;
  cds_fuser_free(fuser);
  cds_arena_free(arena);
  free(it);
  return bad == 0 && met ? EXIT_SUCCESS : EXIT_FAILURE;
}
