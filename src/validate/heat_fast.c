/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rises from geometry alone (package/heat_fast.h) against the grid, over drawn
 * packages. Those for which the model itself asks for the grid count for
 * nothing, as there the grid is what is used.
 */
#include "package/heat_fast.h"

#include <math.h>

#include "package/heat_grid.h"
#include "validate/cases.h"
#include "validate/random_package.h"

enum {
  MEANS,
  HOTTEST,
  SOME = 16, /* packages, by a coarse grid */
  MORE = 40, /* others with `all`, by a fine one */
  COARSE = 48,
  FINE = 80, /* cells across */
  BLOCKS = CDS_RANDOM_DIES * CDS_RANDOM_BLOCKS
};

size_t cds_validate_heat_fast_cases(bool all) {
  return all ? SOME + MORE : SOME;
}

static void compare(cds_validate_case *to, const cds_random_package *of,
                    const double *mean, const double *hottest,
                    const cds_heat_rises *grid) {
  size_t block = 0;
  for (size_t die = 0; die < of->package.die_count; die++) {
    double most = 0;
    for (size_t i = 0; i < of->dies[die].block_count; i++, block++) {
      cds_validate_compare(to, MEANS, mean[block], grid->mean_k[block]);
      most = fmax(most, grid->hottest_k[block]);
    }
    cds_validate_compare(to, HOTTEST, hottest[die], most);
  }
}

cds_status cds_validate_heat_fast(cds_validate_case *to, size_t index) {
  const cds_heat_grid_options options = {index < SOME ? COARSE : FINE, 1};
  cds_random_package of;
  cds_heat_response fast;
  const char *reason = NULL;
  double mean[BLOCKS];
  double hottest[CDS_RANDOM_DIES];
  double grid_mean[BLOCKS];
  double grid_hottest[BLOCKS];
  cds_heat_rises rises = {.mean_k = grid_mean, .hottest_k = grid_hottest};
  cds_random_package_draw(&of, index);
  CDS_TRY(
      cds_heat_fast_response(&of.package, to->arena, &fast, &reason, to->diag));
  if (reason != NULL) {
    return CDS_OK;
  }
  double *scratch = cds_arena_array(to->arena, fast.probes, sizeof *scratch);
  cds_heat_grid *grid = NULL;
  if (scratch == NULL) {
    return CDS_ENOMEM;
  }
  cds_heat_respond(&fast, of.power_w, mean, hottest, scratch);
  CDS_TRY(cds_heat_grid_new(&grid, &of.package, &options, to->diag));
  const cds_status status =
      cds_heat_grid_solve(grid, of.power_w, &rises, to->diag);
  cds_heat_grid_free(grid);
  CDS_TRY(status);
  compare(to, &of, mean, hottest, &rises);
  return CDS_OK;
}
