/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an array may spread: every vector of divisors, one of each dimension,
 * that can be divided over its axes. On a bus one division costs what another
 * does; on links the one with the fewest links crossed by a word of each tensor
 * is taken (the first of these), which is part of the space.
 */
#include <stdlib.h>
#include <string.h>

#include "count/halo.h"
#include "search/constrain.h"

typedef struct cds_divider {
  const cds_general *general;
  const cds_array *array;
  cds_spread *spread;
  bool links; /* the network has links: hops decide */
  bool found;
  double least;
  cds_divisors_at rows; /* at hand */
} cds_divider;

/* The digits of an axis, as far as a tensor is concerned. */
static void list_digits(cds_spread_digits out[2], const cds_divider *it,
                        unsigned tensor) {
  out[0].count = out[1].count = 0;
  for (unsigned d = 0; d < it->general->dims; d++) {
    const uint64_t rows = cds_extent(it->general, &it->rows, d);
    const uint64_t all = cds_extent(it->general, &it->spread->at, d);
    const uint64_t trips[2] = {rows, all / rows};
    for (unsigned x = 0; x < 2; x++) {
      if (trips[x] > 1) {
        out[x].trips[out[x].count] = trips[x];
        out[x].has[out[x].count++] = !cds_lacks(it->general, d, tensor);
      }
    }
  }
}

static double hops_of(const cds_divider *it, unsigned tensor, cds_way way,
                      double peak[2]) {
  cds_spread_digits axis[2];
  cds_hops hops;
  list_digits(axis, it, tensor);
  cds_network_hops(&hops, it->array, axis, way);
  for (unsigned x = 0; x < 2; x++) {
    peak[x] = (double)hops.peak[x] / (double)hops.words;
  }
  return (double)hops.links / (double)hops.words;
}

static double skew_of(const cds_divider *it) {
  double rows = 1;
  double cols = 1;
  for (unsigned d = 0; d < it->general->dims; d++) {
    const uint64_t on_rows = cds_extent(it->general, &it->rows, d);
    rows *= (double)on_rows;
    cols *=
        (double)cds_extent(it->general, &it->spread->at, d) / (double)on_rows;
  }
  return it->array->network == CDS_NETWORK_SYSTOLIC ? rows + cols - 2 : 0;
}

/* Takes the division at hand if words cross fewer links than so far. */
static void weigh(cds_divider *it) {
  const cds_general *general = it->general;
  cds_spread trial = *it->spread;
  double sum = 0;
  trial.rows = it->rows;
  for (unsigned t = 0; t < general->tensors && it->links; t++) {
    trial.hops[t] = hops_of(
        it, t, t == general->output ? CDS_WAY_UP : CDS_WAY_DOWN, trial.peak[t]);
    sum += trial.hops[t];
  }
  if (it->found && sum >= it->least) {
    return;
  }
  if (it->links) {
    trial.hops_back =
        hops_of(it, general->output, CDS_WAY_BACK, trial.peak_back);
    trial.corner_cycles = skew_of(it);
    trial.skew_cycles = it->array->passes_apart ? 0 : trial.corner_cycles;
  }
  *it->spread = trial;
  it->least = sum;
  it->found = true;
}

/* Whether constraints allow so much of a dimension on each axis. */
static bool allowed(const cds_divider *it, const cds_dim *dim, uint64_t rows,
                    uint64_t cols) {
  const cds_rules *rules = it->general->rules;
  const size_t k = (size_t)(it->array - it->general->arch->array);
  return rules == NULL || (cds_range_allows(dim, rules->spread[k][0], rows) &&
                           cds_range_allows(dim, rules->spread[k][1], cols));
}

/* Divides the dimensions from `dim` on over axes with so much room left. Depth:
 * the dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static void divide(cds_divider *it, unsigned dim, const uint64_t room[2]) {
  if (dim == it->general->dims) {
    weigh(it);
    return;
  }
  const cds_dim *d = &it->general->dim[dim];
  for (unsigned i = 0; i < d->divisors && d->divisor[i] <= room[0]; i++) {
    const uint16_t cols = cds_quotient(d, it->spread->at.at[dim], (uint16_t)i);
    if (cols == CDS_NONE || d->divisor[cols] > room[1] ||
        !allowed(it, d, d->divisor[i], d->divisor[cols])) {
      continue;
    }
    const uint64_t left[2] = {room[0] / d->divisor[i],
                              room[1] / d->divisor[cols]};
    it->rows.at[dim] = (uint16_t)i;
    divide(it, dim + 1, left);
    if (it->found && !it->links) {
      return;
    }
  }
}

static bool make_spread(cds_spread *out, const cds_general *general,
                        const cds_array *array, const cds_divisors_at *at) {
  const uint64_t room[2] = {array->extent[0],
                            array->axes > 1 ? array->extent[1] : 1};
  const double most = (double)room[0] * (double)room[1];
  *out = (cds_spread){.at = *at, .units = 1, .hops_back = 1};
  uint64_t of_rank[CDS_RANKS_MAX] = {0}; /* of ranks of windows */
  for (unsigned d = 0; d < general->dims; d++) {
    if (general->dim[d].partial) {
      of_rank[general->dim[d].rank[0]] = cds_extent(general, at, d);
    }
  }
  for (unsigned t = 0; t < general->tensors; t++) {
    out->lacking[t] = out->window[t] = out->hops[t] = 1;
    out->crossed_part[t] = cds_windows_part(general->einsum, t, of_rank);
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
  cds_divider divider = {.general = general,
                         .array = array,
                         .spread = out,
                         .links = array->network != CDS_NETWORK_BUS};
  const cds_rules *rules = general->rules;
  const unsigned k = (unsigned)(array - general->arch->array);
  if (rules != NULL && !cds_rules_used(rules, k, out->units, most)) {
    return false;
  }
  divide(&divider, 0, room);
  return divider.found;
}

/* Most units first. */
static int by_units(const void *left, const void *right) {
  const cds_spread *a = left;
  const cds_spread *b = right;
  if (a->units != b->units) {
    return a->units > b->units ? -1 : 1;
  }
  return memcmp(&a->at, &b->at, sizeof a->at);
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
    if (list->count == 0) {
      return CDS_EINFEASIBLE; /* constraints allow none */
    }
    qsort(list->spread, list->count, sizeof *list->spread, by_units);
    general->most_units *= list->most_units;
  }
  return CDS_OK;
}

/* ---- halo ------------------------------------------------------------ */

/* A nest of the spreads alone. */
static void write_spreads(cds_mapping *out, const cds_general *general,
                          unsigned array, const cds_spread *spread) {
  out->nodes = 0;
  for (unsigned axis = 0; axis < 2; axis++) {
    for (unsigned d = 0; d < general->dims; d++) {
      const uint64_t rows = cds_extent(general, &spread->rows, d);
      const uint64_t cols = cds_extent(general, &spread->at, d) / rows;
      const uint64_t trips = axis == 0 ? rows : cols;
      if (trips > 1) {
        cds_node *node = &out->node[out->nodes++];
        memset(node, 0, sizeof *node);
        node->kind = CDS_SPREAD;
        node->rank = general->dim[d].rank[0];
        node->trips = trips;
        node->array = array;
        node->axis = axis;
      }
    }
  }
}

/* Hops of one step, in which every unit takes in one word. */
static cds_status step_hops(cds_spread *spread, const cds_general *general,
                            const cds_mapping *mapping, unsigned array,
                            unsigned tensor) {
  const cds_holder holder = {.einsum = general->einsum,
                             .mapping = mapping,
                             .tensor = tensor,
                             .position = mapping->nodes,
                             .depth = array + 1,
                             .memoryless = true};
  const unsigned united = 1U << array;
  uint64_t words = 0;
  cds_link_loads loads;
  CDS_TRY(cds_loads(&words, NULL, &holder, united, array, general->scratch));
  CDS_TRY(cds_halo_loads(&loads, &general->arch->array[array], &holder, array,
                         united, general->scratch));
  spread->halo_hops[tensor] = (double)loads.hops / (double)words;
  for (unsigned x = 0; x < 2; x++) {
    spread->halo_peak[tensor][x] = (double)loads.peak[x] / (double)words;
  }
  return CDS_OK;
}

cds_status cds_spread_halo(cds_general *general, cds_spread *spread) {
  const unsigned k = general->arch->arrays - 1;
  const cds_array *array = &general->arch->array[k];
  const bool links = array->network != CDS_NETWORK_BUS && array->multicast;
  if (spread->halo_known) {
    return CDS_OK;
  }
  spread->halo_known = true;
  for (unsigned t = 0; t < general->output; t++) {
    spread->halo_hops[t] = 1;
    spread->halo_peak[t][0] = spread->halo_peak[t][1] = 0;
  }
  cds_mapping mapping;
  write_spreads(&mapping, general, k, spread);
  for (unsigned t = 0; t < general->output; t++) {
    if (links && spread->window[t] > 1) {
      /* Beyond the limits of the count the least stays. */
      const cds_status status = step_hops(spread, general, &mapping, k, t);
      if (status != CDS_OK && status != CDS_ELIMIT) {
        return status;
      }
    }
  }
  return CDS_OK;
}
