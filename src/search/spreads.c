/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an array may spread: every vector of divisors, one of each dimension,
 * that can be divided over its axes. Where the network's cost does not depend
 * on the axis, one division stands for all.
 */
#include "search/general.h"

/* Divides the dimensions from `dim` on over axes with so much room left; the
 * part on the first axis goes to `rows`. Depth: the dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool divide(cds_divisors_at *rows, const cds_general *general,
                   const cds_divisors_at *at, unsigned dim, uint64_t room[2]) {
  if (dim == general->dims) {
    return true;
  }
  const cds_dim *d = &general->dim[dim];
  for (unsigned i = 0; i < d->divisors && d->divisor[i] <= room[0]; i++) {
    const uint16_t cols = cds_quotient(d, at->at[dim], (uint16_t)i);
    if (cols == CDS_NONE || d->divisor[cols] > room[1]) {
      continue;
    }
    uint64_t left[2] = {room[0] / d->divisor[i], room[1] / d->divisor[cols]};
    rows->at[dim] = (uint16_t)i;
    if (divide(rows, general, at, dim + 1, left)) {
      return true;
    }
  }
  return false;
}

static bool make_spread(cds_spread *out, const cds_general *general,
                        const cds_array *array, const cds_divisors_at *at) {
  uint64_t room[2] = {array->extent[0], array->axes > 1 ? array->extent[1] : 1};
  const double most = (double)room[0] * (double)room[1];
  *out = (cds_spread){.at = *at, .units = 1};
  for (unsigned t = 0; t < general->tensors; t++) {
    out->lacking[t] = out->window[t] = 1;
  }
  for (unsigned d = 0; d < general->dims; d++) {
    const double trips = (double)cds_extent(general, at, d);
    out->units *= trips;
    if (out->units > most) {
      return false;
    }
    for (unsigned t = 0; t < general->tensors; t++) {
      if (cds_lacks(general, d, t)) {
        out->lacking[t] *= trips;
      } else if ((general->tensor[t].whole >> d & 1U) == 0) {
        out->window[t] *= trips;
      }
    }
  }
  return divide(&out->rows, general, at, 0, room);
}

cds_status cds_spreads_list(cds_general *general) {
  general->most_units = 1;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    cds_spread_list *list = &general->spreads[k];
    size_t room = 64;
    list->spread = cds_arena_array(general->arena, room, sizeof(cds_spread));
    for (size_t i = 0; i < general->tiles && list->spread != NULL; i++) {
      cds_spread made;
      if (!make_spread(&made, general, &general->arch->array[k],
                       &general->tile[i].at)) {
        continue;
      }
      if (list->count == room) {
        cds_spread *grown =
            cds_arena_array(general->arena, 2 * room, sizeof *grown);
        if (grown == NULL) {
          return CDS_ENOMEM;
        }
        for (size_t j = 0; j < list->count; j++) {
          grown[j] = list->spread[j];
        }
        list->spread = grown;
        room *= 2;
      }
      list->spread[list->count++] = made;
      list->most_units =
          made.units > list->most_units ? made.units : list->most_units;
    }
    if (list->spread == NULL) {
      return CDS_ENOMEM;
    }
    general->most_units *= list->most_units;
  }
  return CDS_OK;
}
