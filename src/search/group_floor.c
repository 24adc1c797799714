/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/group_floor.h"

#include <math.h>
#include <string.h>

#include "search/candidates.h"

enum { CDS_FLOORS_MAX = 256 };

static bool is_above(const cds_tensor_loads *a, const cds_tensor_loads *b,
                     unsigned tensors) {
  for (unsigned t = 0; t < tensors; t++) {
    if (a->of[t] < b->of[t]) {
      return false;
    }
  }
  return a->staying >= b->staying;
}

/* Keeps loads that are not above others. Where there are too many the last
 * takes what is less of each. */
static void keep_loads(cds_holding *holding, const cds_tensor_loads *loads,
                       unsigned tensors) {
  size_t kept = 0;
  for (size_t i = 0; i < holding->floors; i++) {
    if (is_above(loads, &holding->floor[i], tensors)) {
      /* What is above the next one often is above this one, too. */
      const cds_tensor_loads found = holding->floor[i];
      holding->floor[i] = holding->floor[0];
      holding->floor[0] = found;
      return;
    }
  }
  for (size_t i = 0; i < holding->floors; i++) {
    if (!is_above(&holding->floor[i], loads, tensors)) {
      holding->floor[kept++] = holding->floor[i];
    }
  }
  holding->floors = kept;
  if (kept < CDS_FLOORS_MAX) {
    holding->floor[holding->floors++] = *loads;
    return;
  }
  cds_tensor_loads *last = &holding->floor[kept - 1];
  for (unsigned t = 0; t < tensors; t++) {
    last->of[t] = fmin(loads->of[t], last->of[t]);
  }
  last->staying = fmin(loads->staying, last->staying);
}

/* Of a tile: words of the output that must be results, loads of a pass. */
typedef struct cds_floor_tile {
  double staying;
  const double *pass;
} cds_floor_tile;

/* Loads of a tile by the tensor of the block; those of a tensor that the
 * holding does not hold are 0. */
static void add_tile(cds_holding *holding, const cds_general *general,
                     const cds_tile *tile, const cds_floor_tile *it) {
  const double *pass = it->pass;
  cds_tensor_loads all = {.staying = it->staying};
  for (unsigned t = 0; t < general->tensors; t++) {
    const double passes = general->whole.inside[t] / tile->inside[t];
    const bool held = (holding->held >> t & 1U) != 0;
    all.of[t] = held ? pass[t] * passes : 0;
  }
  for (unsigned u = 0; u < general->tensors; u++) {
    if (general->passes[u].all > 1) {
      cds_tensor_loads loads = all;
      loads.of[u] = (holding->held >> u & 1U) != 0 ? pass[u] : 0;
      keep_loads(holding, &loads, general->tensors);
    }
  }
}

/* Whether the tile may fit; `*staying`: only if so many words of the output may
 * be results although reductions are left outside (cds_output_stays). */
static bool may_fit(double *staying, const cds_general *general,
                    const cds_holding *holding, const cds_tile *tile) {
  const unsigned t = general->output;
  const cds_operand_shape *output = &general->tensor[t];
  *staying = 0;
  if (output->wide > output->bits &&
      tile->inside[t] != general->whole.inside[t] &&
      (holding->held >> t & 1U) != 0) {
    if (cds_holding_fits(general, holding, tile, output->wide)) {
      return true;
    }
    *staying = tile->words[t];
  }
  return cds_holding_fits(general, holding, tile,
                          fmin(output->bits, output->wide));
}

cds_status cds_group_floors(cds_general *general, cds_layout *spare) {
  cds_group_levels *group = &general->group[1];
  if (general->groups == 0 || !general->single || group->depth > 0) {
    return CDS_OK;
  }
  spare->general = general;
  memset(spare->above, 0, sizeof spare->above);
  memset(spare->between, 0, sizeof spare->between);
  for (size_t h = 0; h < group->holdings; h++) {
    cds_holding *holding = &group->holding[h];
    holding->floors = 0;
    holding->floor =
        cds_arena_array(general->arena, CDS_FLOORS_MAX, sizeof *holding->floor);
    if (holding->floor == NULL) {
      return CDS_ENOMEM;
    }
  }
  cds_windows_forget(general);
  for (size_t i = general->tiles; i-- > 0;) {
    const cds_tile *tile = &general->tile[i];
    double pass[CDS_TENSORS_MAX];
    bool known = false;
    for (size_t h = 0; h < group->holdings; h++) {
      cds_holding *holding = &group->holding[h];
      double staying = 0;
      if (!holding->possible || !may_fit(&staying, general, holding, tile)) {
        continue;
      }
      for (unsigned t = 0; t < general->tensors && !known; t++) {
        pass[t] = cds_pass_of(spare, 1, tile, t);
      }
      known = true;
      add_tile(holding, general, tile, &(cds_floor_tile){staying, pass});
    }
  }
  return CDS_OK;
}
