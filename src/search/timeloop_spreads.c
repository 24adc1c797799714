/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What arrays may spread under Timeloop's accounting, and in which divisions
 * over the axes.
 *
 * A division matters in two ways. Links: words run over the links that lead to
 * the elements that want them (timeloop_space.c of count), so where links cost
 * energy all divisions and orders are kept and the best is taken for each
 * mapping. So they are where there are windows, on buses too: which elements
 * are neighbours, and may have what one wants, follows from the division.
 * Hand-over: right above compute, elements that want the word that
 * their neighbour had in the step before take it from there; so divisions and
 * orders of such an array are spreads of their own.
 */
#include "search/timeloop_spread.h"

#include <stdlib.h>
#include <string.h>

#include "count/hops.h"
#include "count/timeloop_nest.h"

enum {
  AXIS_VECTORS_MAX = 1 << 16,
  PAIRS_MAX = 1 << 23,
  LATTICE_MAX = 1 << 24,
  ORDERS_MAX = 4096 /* of one division */
};

/* ---- vectors of one axis ------------------------------------------------- */

typedef struct axis_list {
  const cds_tl_space *space;
  unsigned array, axis;
  size_t count, room;
  cds_tl_vector *vector;
  cds_tl_vector now;
} axis_list;

static cds_status add_vector(axis_list *it) {
  if (it->count == it->room) {
    const size_t room = it->room == 0 ? 64 : 2 * it->room;
    cds_tl_vector *more =
        room > AXIS_VECTORS_MAX
            ? NULL
            : cds_arena_array(it->space->arena, room, sizeof *more);
    if (more == NULL) {
      return room > AXIS_VECTORS_MAX ? CDS_ELIMIT : CDS_ENOMEM;
    }
    if (it->count > 0) {
      memcpy(more, it->vector, it->count * sizeof *more);
    }
    it->vector = more;
    it->room = room;
  }
  it->vector[it->count++] = it->now;
  return CDS_OK;
}

/* Dimensions from `dim` on with so much room left. Depth: the dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status list_axis(axis_list *it, unsigned dim, uint64_t room) {
  const cds_tl_space *space = it->space;
  if (dim == space->dims) {
    return add_vector(it);
  }
  const cds_tl_dim *d = &space->dim[dim];
  for (unsigned i = 0; i < d->count && d->divisor[i] <= room; i++) {
    const cds_range *range =
        space->rules == NULL
            ? NULL
            : &space->rules->spread[it->array][it->axis][d->rank];
    if (range != NULL &&
        (d->divisor[i] < range->least || d->divisor[i] > range->most)) {
      continue;
    }
    it->now.at[dim] = (uint16_t)i;
    CDS_TRY(list_axis(it, dim + 1, room / d->divisor[i]));
  }
  return CDS_OK;
}

/* ---- spreads ------------------------------------------------------------- */

/* Pairs of axis vectors by what they spread together. */
typedef struct pair {
  uint32_t axis[2];
  uint32_t next; /* + 1; 0: none */
} pair;

typedef struct cds_tl_lister {
  cds_tl_space *space;
  unsigned array;
  bool apart;  /* every division is a spread of its own */
  bool differ; /* divisions differ in energy, or in who neighbours whom */
  axis_list axis[2];
  size_t lattice;
  uint32_t *first; /* by place in the lattice: pair + 1 */
  size_t pairs, room;
  pair *pair;
  cds_tl_spreads *out;
  size_t spread_room;
} lister;

static double units_of(const cds_tl_space *space, const cds_tl_vector *at) {
  double units = 1;
  for (unsigned d = 0; d < space->dims; d++) {
    units *= (double)cds_tl_value(space, at, d);
  }
  return units;
}

static bool join(cds_tl_vector *out, const cds_tl_space *space,
                 const cds_tl_vector *a, const cds_tl_vector *b) {
  for (unsigned d = 0; d < space->dims; d++) {
    out->at[d] = cds_tl_product(&space->dim[d], a->at[d], b->at[d]);
    if (out->at[d] == CDS_TL_NONE) {
      return false;
    }
  }
  return true;
}

static size_t place_of(const cds_tl_space *space, const cds_tl_vector *at) {
  size_t place = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    place = place * space->dim[d].count + at->at[d];
  }
  return place;
}

/* Distinct sums of a i + b j over windows: p + r - 1 at least. */
static double groups_of(const cds_tl_space *space, const cds_tl_spread *spread,
                        unsigned tensor) {
  double groups = 1;
  for (unsigned a = 0; a < space->axes[tensor]; a++) {
    const cds_tl_axis *axis = &space->axis[tensor][a];
    double size = 1;
    for (unsigned i = 0; i < axis->terms; i++) {
      size += (double)cds_tl_value(space, &spread->at, axis->dim[i]) - 1;
    }
    groups *= size;
  }
  return groups;
}

static void measure(cds_tl_spread *spread, const cds_tl_space *space) {
  spread->units = units_of(space, &spread->at);
  for (unsigned t = 0; t < space->tensors; t++) {
    spread->has[t] = spread->lacking[t] = 1;
    for (unsigned d = 0; d < space->dims; d++) {
      *(cds_tl_has(space, t, d) ? &spread->has[t] : &spread->lacking[t]) *=
          (double)cds_tl_value(space, &spread->at, d);
    }
    spread->groups[t] =
        space->window[t] ? groups_of(space, spread, t) : spread->has[t];
    spread->staying[t] = space->window[t] ? 0 : spread->groups[t];
  }
}

static cds_status add_spread(lister *it, const cds_tl_spread *spread) {
  cds_tl_spreads *out = it->out;
  if (out->count == it->spread_room) {
    const size_t room = it->spread_room == 0 ? 64 : 2 * it->spread_room;
    cds_tl_spread *more = cds_arena_array(it->space->arena, room, sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    if (out->count > 0) {
      memcpy(more, out->spread, out->count * sizeof *more);
    }
    out->spread = more;
    it->spread_room = room;
  }
  out->spread[out->count++] = *spread;
  return CDS_OK;
}

/* ---- orders -------------------------------------------------------------- */

typedef struct divisions {
  size_t count, room;
  cds_tl_division *division;
  cds_arena *arena;
} divisions;

static cds_status add_division(divisions *out, const cds_tl_division *made) {
  if (out->count == out->room) {
    const size_t room = out->room == 0 ? 8 : 2 * out->room;
    cds_tl_division *more = cds_arena_array(out->arena, room, sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    if (out->count > 0) {
      memcpy(more, out->division, out->count * sizeof *more);
    }
    out->division = more;
    out->room = room;
  }
  out->division[out->count++] = *made;
  return CDS_OK;
}

/* The next permutation in rising order; false after the last. */
static bool next_order(uint8_t *order, unsigned count) {
  unsigned i = count;
  while (i > 1 && order[i - 2] >= order[i - 1]) {
    i--;
  }
  if (i <= 1) {
    return false;
  }
  unsigned j = count - 1;
  while (order[j] <= order[i - 2]) {
    j--;
  }
  const uint8_t kept = order[i - 2];
  order[i - 2] = order[j];
  order[j] = kept;
  for (unsigned a = i - 1, b = count - 1; a < b; a++, b--) {
    const uint8_t other = order[a];
    order[a] = order[b];
    order[b] = other;
  }
  return true;
}

static void first_order(cds_tl_division *made, const cds_tl_space *space,
                        unsigned axis) {
  made->count[axis] = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    if (made->axis[axis].at[d] > 0) {
      made->order[axis][made->count[axis]++] = (uint8_t)d;
    }
  }
}

/* All orders of a pair, or the first alone. */
static cds_status add_orders(divisions *out, const lister *it, const pair *of,
                             bool all) {
  const cds_tl_space *space = it->space;
  const size_t before = out->count;
  cds_tl_division made;
  memset(&made, 0, sizeof made);
  for (unsigned a = 0; a < 2; a++) {
    if (a < space->arch->array[it->array].axes) {
      made.axis[a] = it->axis[a].vector[of->axis[a]];
    }
    first_order(&made, space, a);
  }
  do {
    first_order(&made, space, 1);
    do {
      CDS_TRY(add_division(out, &made));
      if (out->count - before > ORDERS_MAX) {
        return CDS_ELIMIT;
      }
    } while (all && next_order(made.order[1], made.count[1]));
  } while (all && next_order(made.order[0], made.count[0]));
  return CDS_OK;
}

/* ---- elements ------------------------------------------------------------ */

/* A nest of the spreads of one array alone, above tiles of these extents (NULL:
 * single points). */
static void write_nest(cds_timeloop_nest *nest, const cds_tl_space *space,
                       unsigned array, const cds_tl_division *division,
                       const cds_tl_vector *at) {
  const cds_array *here = &space->arch->array[array];
  cds_timeloop_block *block = &nest->block[0];
  nest->arch = space->arch;
  nest->einsum = space->einsum;
  nest->perfect = true;
  nest->loops = 0;
  *block =
      (cds_timeloop_block){.fanout = 1, .cols = 1, .rows = 1, .used_cols = 1};
  uint64_t inside[CDS_TL_DIMS];
  for (unsigned d = 0; d < space->dims; d++) {
    inside[d] = cds_tl_value(space, &division->axis[0], d) *
                cds_tl_value(space, &division->axis[1], d) *
                (at == NULL ? 1 : cds_tl_value(space, at, d));
  }
  for (unsigned a = 0; a < here->axes; a++) {
    const bool rows = cds_array_direction(here, a) == 0;
    *(rows ? &block->rows : &block->cols) = here->extent[a];
    for (unsigned i = 0; i < division->count[a]; i++) {
      const unsigned d = division->order[a][i];
      const uint64_t trips = cds_tl_value(space, &division->axis[a], d);
      inside[d] /= trips;
      nest->loop[nest->loops++] =
          (cds_timeloop_loop){.rank = space->dim[d].rank,
                              .trips = trips,
                              .last = trips,
                              .stride = inside[d],
                              .rows = rows};
      block->fanout *= trips;
      block->used_cols *= rows ? 1 : trips;
    }
  }
  block->end = nest->loops;
}

/* Tables by a number, of twice as many places as there are elements; what an
 * earlier use left there has another stamp. */
enum { FEW_ELEMENTS = 256, SLOTS = 2 * FEW_ELEMENTS };

typedef struct group_slot {
  uint64_t key;
  uint32_t stamp;
  uint32_t farthest;
} group_slot;

/* Of the elements of a group on a column; twice the links from the middle. */
typedef struct column_slot {
  uint32_t key, stamp;
  int32_t above, below;
} column_slot;

typedef struct cds_tl_few {
  uint32_t stamp;
  group_slot group[SLOTS];
  column_slot column[SLOTS];
} few_elements;

static size_t slot_of(uint64_t key) {
  return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 55);
}

/* A digit of elements: by what one more of it moves the place and the words. */
typedef struct digit {
  uint64_t trips, now;
  uint64_t number, key;
} digit;

/* Digits of the elements, innermost first. Distances along the axes are numbers
 * of one key, as each is less than `far`. */
static unsigned list_digits(digit out[CDS_NODES_MAX],
                            const cds_timeloop_nest *nest, unsigned tensor) {
  const cds_tensor *which = &nest->einsum->tensor[tensor];
  uint64_t x = 1;
  uint64_t y = nest->block[0].used_cols;
  uint64_t far = 1;
  for (unsigned at = 0; at < nest->loops; at++) {
    const cds_timeloop_move move = cds_timeloop_step(nest, tensor, at);
    for (unsigned a = 0; a < which->axes; a++) {
      far += (uint64_t)move.by[a] * nest->loop[at].trips;
    }
  }
  for (unsigned at = nest->loops; at-- > 0;) {
    const cds_timeloop_loop *loop = &nest->loop[at];
    const cds_timeloop_move move = cds_timeloop_step(nest, tensor, at);
    digit *made = &out[nest->loops - 1 - at];
    *made = (digit){loop->trips, 0, loop->rows ? y : x, 0};
    *(loop->rows ? &y : &x) *= loop->trips;
    uint64_t scale = 1;
    for (unsigned a = 0; a < which->axes; a++) {
      made->key += (uint64_t)move.by[a] * scale;
      scale *= far;
    }
  }
  return nest->loops;
}

static void meet(few_elements *it, double *hops, uint64_t key, uint32_t x,
                 int32_t off) {
  size_t g = slot_of(key);
  while (it->group[g].stamp == it->stamp && it->group[g].key != key) {
    g = (g + 1) % SLOTS;
  }
  group_slot *group = &it->group[g];
  if (group->stamp != it->stamp) {
    *group = (group_slot){key, it->stamp, 0};
  }
  if (x > group->farthest) {
    *hops += x - group->farthest;
    group->farthest = x;
  }
  const uint32_t mine = (uint32_t)g << 16 | x;
  size_t c = slot_of(mine);
  while (it->column[c].stamp == it->stamp && it->column[c].key != mine) {
    c = (c + 1) % SLOTS;
  }
  column_slot *at = &it->column[c];
  if (at->stamp != it->stamp) {
    *at = (column_slot){mine, it->stamp, 0, 0};
  }
  if (-off > at->above) {
    *hops += (double)(-off - at->above) / 2;
    at->above = -off;
  }
  if (off > at->below) {
    *hops += (double)(off - at->below) / 2;
    at->below = off;
  }
}

/* What cds_timeloop_space finds for one word, if elements are few: hops. */
static double few_hops(few_elements *it, const cds_timeloop_nest *nest,
                       unsigned tensor) {
  const cds_timeloop_block *block = &nest->block[0];
  digit digits[CDS_NODES_MAX];
  const unsigned count = list_digits(digits, nest, tensor);
  const int32_t middle = (int32_t)block->rows - 1;
  uint64_t number = 0;
  uint64_t key = 0;
  double hops = 0;
  it->stamp++;
  for (uint64_t n = 0; n < block->fanout; n++) {
    const uint32_t x = (uint32_t)(number % block->cols);
    const int32_t off = 2 * (int32_t)(number / block->cols) - middle;
    meet(it, &hops, key, x, off);
    for (unsigned i = 0; i < count; i++) {
      digit *at = &digits[i];
      if (++at->now < at->trips) {
        number += at->number;
        key += at->key;
        break;
      }
      number -= at->number * (at->trips - 1);
      key -= at->key * (at->trips - 1);
      at->now = 0;
    }
  }
  return hops;
}

/* Whether few_hops can count so: few elements, and distances whose numbers fit
 * one key. */
static bool are_few(const cds_timeloop_nest *nest, unsigned tensor) {
  const cds_timeloop_block *block = &nest->block[0];
  double far = 1;
  double keys = 1;
  for (unsigned at = 0; at < nest->loops; at++) {
    const cds_timeloop_move move = cds_timeloop_step(nest, tensor, at);
    for (unsigned a = 0; a < nest->einsum->tensor[tensor].axes; a++) {
      far += (double)move.by[a] * (double)nest->loop[at].trips;
    }
  }
  for (unsigned a = 0; a < nest->einsum->tensor[tensor].axes; a++) {
    keys *= far;
  }
  return block->fanout <= FEW_ELEMENTS && block->cols < 1U << 16 &&
         block->rows < 1U << 16 && keys < 1e18;
}

/* Hops of a word that every element fetches, and groups that the parent serves
 * when no element moves. */
static cds_status reach(double *hops, double *staying,
                        const cds_timeloop_nest *nest, unsigned tensor,
                        const cds_tl_space *space) {
  cds_arena *scratch = space->scratch;
  if (staying == NULL && are_few(nest, tensor)) {
    *hops = few_hops(space->few, nest, tensor);
    return CDS_OK;
  }
  cds_timeloop_fetch fetch = {.times = 1, .words = 1};
  const cds_timeloop_fetches one = {1, &fetch, 1};
  cds_timeloop_records records;
  CDS_TRY(cds_timeloop_space(&records, nest, tensor, 0, &one, scratch));
  *hops = 0;
  for (size_t i = 0; i < records.count; i++) {
    *hops += records.record[i].hops;
  }
  if (staying == NULL) {
    return CDS_OK;
  }
  fetch.linked = true;
  CDS_TRY(cds_timeloop_space(&records, nest, tensor, 0, &one, scratch));
  *staying = 0;
  for (size_t i = 0; i < records.count; i++) {
    *staying += records.record[i].words;
  }
  return CDS_OK;
}

/* Hops of a division, and what stays (may be NULL). Tensors with windows: 0, as
 * these depend on tiles. */
static cds_status reach_all(cds_tl_division *division, double *staying,
                            const lister *it) {
  const cds_tl_space *space = it->space;
  const cds_arena_mark mark = cds_arena_mark_get(space->scratch);
  cds_timeloop_nest *nest = cds_arena_alloc(space->scratch, sizeof *nest);
  cds_status status = nest == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    write_nest(nest, space, it->array, division, NULL);
  }
  for (unsigned t = 0; t < space->tensors && status == CDS_OK; t++) {
    double stays = 0;
    division->hops[t] = 0;
    if (!space->window[t] && nest->block[0].fanout > 1) {
      status = reach(&division->hops[t], staying == NULL ? NULL : &stays, nest,
                     t, space);
    }
    if (staying != NULL) {
      staying[t] = nest->block[0].fanout > 1 ? stays : 1;
    }
  }
  cds_arena_reset(space->scratch, mark);
  return status;
}

cds_status cds_tl_division_hops(cds_tl_space *space, unsigned array,
                                const cds_tl_spread *spread,
                                cds_tl_division *division, unsigned tensor,
                                const cds_tl_vector *at) {
  bool known = division->known[tensor];
  for (unsigned d = 0; d < space->dims; d++) {
    const bool matters = spread->at.at[d] > 0 && cds_tl_has(space, tensor, d);
    known = known && (!matters || division->extent[tensor][d] == at->at[d]);
  }
  if (known) {
    return CDS_OK;
  }
  const cds_arena_mark mark = cds_arena_mark_get(space->scratch);
  cds_timeloop_nest *nest = cds_arena_alloc(space->scratch, sizeof *nest);
  cds_status status = nest == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    write_nest(nest, space, array, division, at);
    status = reach(&division->hops[tensor], NULL, nest, tensor, space);
    division->known[tensor] = true;
    memcpy(division->extent[tensor], at->at, sizeof at->at);
  }
  cds_arena_reset(space->scratch, mark);
  return status;
}

/* Whether tiles of these extents place the words of the tensor alike. */
static bool alike_for(const cds_tl_space *space, const cds_tl_spread *spread,
                      unsigned tensor, const cds_tl_vector *a,
                      const cds_tl_vector *b) {
  for (unsigned d = 0; d < space->dims; d++) {
    if (spread->at.at[d] > 0 && cds_tl_has(space, tensor, d) &&
        a->at[d] != b->at[d]) {
      return false;
    }
  }
  return true;
}

cds_status cds_tl_window_hops(double *hops, cds_tl_space *space, unsigned array,
                              cds_tl_spread *spread, unsigned tensor,
                              const cds_tl_vector *at) {
  for (const cds_tl_reach *r = spread->reach; r != NULL; r = r->next) {
    if (r->tensor == tensor && alike_for(space, spread, tensor, &r->at, at)) {
      *hops = r->hops;
      return CDS_OK;
    }
  }
  cds_tl_reach *made = cds_arena_array(space->arena, 1, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = (cds_tl_reach){tensor, *at, 0, spread->reach};
  for (size_t i = 0; i < spread->divisions; i++) {
    cds_tl_division *division = &spread->division[i];
    CDS_TRY(cds_tl_division_hops(space, array, spread, division, tensor, at));
    made->hops = i == 0 || division->hops[tensor] < made->hops
                     ? division->hops[tensor]
                     : made->hops;
  }
  spread->reach = made;
  *hops = made->hops;
  return CDS_OK;
}

static bool same_numbers(const double *a, const double *b) {
  for (unsigned t = 0; t < CDS_TENSORS_MAX; t++) {
    if (a[t] < b[t] || a[t] > b[t]) {
      return false;
    }
  }
  return true;
}

/* Divisions with the same hops of all tensors cost the same without windows:
 * keeps one of them. */
static void drop_alike(divisions *all, const cds_tl_space *space) {
  size_t kept = 0;
  for (size_t i = 0; i < all->count && !space->windows; i++) {
    size_t k = 0;
    while (k < kept &&
           !same_numbers(all->division[k].hops, all->division[i].hops)) {
      k++;
    }
    if (k == kept) {
      all->division[kept++] = all->division[i];
    }
  }
  all->count = space->windows ? all->count : kept;
}

/* ---- all of an array ----------------------------------------------------- */

static cds_status open_links(lister *it, cds_tl_spread *spread) {
  divisions all = {.arena = it->space->arena};
  for (uint32_t p = spread->first; p != 0; p = it->pair[p - 1].next) {
    CDS_TRY(add_orders(&all, it, &it->pair[p - 1], it->differ));
    if (!it->differ) {
      break;
    }
  }
  for (size_t i = 0; i < all.count && it->differ; i++) {
    CDS_TRY(reach_all(&all.division[i], NULL, it));
    for (unsigned t = 0; t < it->space->tensors; t++) {
      const double hops = all.division[i].hops[t];
      spread->hops[t] =
          i == 0 || hops < spread->hops[t] ? hops : spread->hops[t];
    }
  }
  drop_alike(&all, it->space);
  spread->divisions = all.count;
  spread->division = all.division;
  return CDS_OK;
}

/* One spread for each division that differs in what it costs. */
static cds_status list_apart(lister *it, const cds_tl_spread *spread,
                             uint32_t first) {
  divisions all = {.arena = it->space->arena};
  const size_t before = it->out->count;
  for (uint32_t p = first; p != 0; p = it->pair[p - 1].next) {
    CDS_TRY(add_orders(&all, it, &it->pair[p - 1], true));
  }
  for (size_t i = 0; i < all.count; i++) {
    cds_tl_spread one = *spread;
    CDS_TRY(reach_all(&all.division[i], one.staying, it));
    memcpy(one.hops, all.division[i].hops, sizeof one.hops);
    one.divisions = 1;
    one.division = &all.division[i];
    bool alike = false;
    for (size_t k = before; k < it->out->count && !it->space->windows; k++) {
      alike = alike || (same_numbers(it->out->spread[k].staying, one.staying) &&
                        same_numbers(it->out->spread[k].hops, one.hops));
    }
    if (!alike) {
      CDS_TRY(add_spread(it, &one));
    }
  }
  return CDS_OK;
}

static cds_status note_pair(lister *it, size_t a, size_t b,
                            const cds_tl_vector *all) {
  uint32_t *first = &it->first[place_of(it->space, all)];
  if (*first != 0 && !it->differ && !it->apart) {
    return CDS_OK;
  }
  if (it->pairs == it->room) {
    const size_t room = it->room == 0 ? 1024 : 2 * it->room;
    pair *more = room > PAIRS_MAX
                     ? NULL
                     : cds_arena_array(it->space->arena, room, sizeof *more);
    if (more == NULL) {
      return room > PAIRS_MAX ? CDS_ELIMIT : CDS_ENOMEM;
    }
    if (it->pairs > 0) {
      memcpy(more, it->pair, it->pairs * sizeof *more);
    }
    it->pair = more;
    it->room = room;
  }
  it->pair[it->pairs++] = (pair){{(uint32_t)a, (uint32_t)b}, *first};
  *first = (uint32_t)it->pairs;
  return CDS_OK;
}

static int by_units(const void *left, const void *right) {
  const cds_tl_spread *a = left;
  const cds_tl_spread *b = right;
  if (a->units != b->units) {
    return a->units > b->units ? -1 : 1;
  }
  return memcmp(&a->at, &b->at, sizeof a->at);
}

/* Notes a pair if together it passes no dimension and uses the array enough. */
static cds_status try_pair(lister *it, size_t a, size_t b, double most) {
  const cds_tl_space *space = it->space;
  const cds_array *array = &space->arch->array[it->array];
  cds_tl_vector all = it->axis[0].vector[a];
  if (array->axes > 1 && !join(&all, space, &all, &it->axis[1].vector[b])) {
    return CDS_OK;
  }
  if (space->rules != NULL &&
      !cds_rules_used(space->rules, it->array, units_of(space, &all), most)) {
    return CDS_OK;
  }
  return note_pair(it, a, b, &all);
}

/* All pairs of axis vectors that together pass no dimension. */
static cds_status list_pairs(lister *it) {
  cds_tl_space *space = it->space;
  const cds_array *array = &space->arch->array[it->array];
  const double most = (double)array->extent[0] *
                      (array->axes > 1 ? (double)array->extent[1] : 1);
  for (unsigned a = 0; a < array->axes; a++) {
    it->axis[a] = (axis_list){.space = space, .array = it->array, .axis = a};
    CDS_TRY(list_axis(&it->axis[a], 0, array->extent[a]));
  }
  for (size_t a = 0; a < it->axis[0].count; a++) {
    const size_t others = array->axes > 1 ? it->axis[1].count : 1;
    for (size_t b = 0; b < others; b++) {
      CDS_TRY(try_pair(it, a, b, most));
    }
  }
  return CDS_OK;
}

static void vector_at(cds_tl_vector *out, const cds_tl_space *space,
                      size_t place) {
  for (unsigned d = space->dims; d-- > 0;) {
    out->at[d] = (uint16_t)(place % space->dim[d].count);
    place /= space->dim[d].count;
  }
}

/* Whether all divisions use all columns or a single row: then an element's
 * place follows from its digits. */
static bool uses_columns(const lister *it, uint32_t first) {
  const cds_tl_space *space = it->space;
  const cds_array *array = &space->arch->array[it->array];
  bool all = true;
  for (uint32_t p = first; p != 0; p = it->pair[p - 1].next) {
    double used[2] = {1, 1}; /* rows, columns */
    double cols = 1;
    for (unsigned a = 0; a < array->axes; a++) {
      const unsigned cols_axis = cds_array_direction(array, a) == 0 ? 0 : 1;
      used[cols_axis] *=
          units_of(space, &it->axis[a].vector[it->pair[p - 1].axis[a]]);
      cols *= cols_axis == 1 ? (double)array->extent[a] : 1;
    }
    all = all && (used[0] == 1 || used[1] == cols);
  }
  return all;
}

static cds_status list_array(cds_tl_space *space, unsigned array) {
  /* Hops are worked out at once; not where every division of a leaf is looked
   * at (windows): there few spreads are ever opened. */
  enum { EAGER_UNITS = 64 };
  lister *it = cds_arena_array(space->arena, 1, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  space->lister[array] = it;
  it->space = space;
  it->array = array;
  it->out = &space->spreads[array];
  it->apart = space->below[space->levels - 1] == (int)array;
  it->differ = cds_tl_has_links(space, array) || space->windows;
  it->lattice = 1;
  for (unsigned d = 0; d < space->dims; d++) {
    it->lattice *= space->dim[d].count;
    if (it->lattice > LATTICE_MAX) {
      return CDS_ELIMIT;
    }
  }
  it->first = cds_arena_array(space->arena, it->lattice, sizeof *it->first);
  if (it->first == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(list_pairs(it));
  for (size_t i = 0; i < it->lattice; i++) {
    if (it->first[i] == 0) {
      continue;
    }
    cds_tl_spread made;
    memset(&made, 0, sizeof made);
    made.first = it->first[i];
    vector_at(&made.at, space, i);
    measure(&made, space);
    made.all_columns = uses_columns(it, made.first);
    if (it->apart && made.units > 1) {
      CDS_TRY(list_apart(it, &made, made.first));
      continue;
    }
    if (made.units <= EAGER_UNITS && !space->windows) {
      CDS_TRY(cds_tl_spread_open(space, array, &made));
    }
    CDS_TRY(add_spread(it, &made));
  }
  if (it->out->count == 0) {
    return CDS_EINFEASIBLE; /* constraints allow none */
  }
  qsort(it->out->spread, it->out->count, sizeof(cds_tl_spread), by_units);
  space->most_units[array] = it->out->spread[0].units;
  return CDS_OK;
}

bool cds_tl_has_links(const cds_tl_space *space, unsigned array) {
  const cds_array *at = &space->arch->array[array];
  return at->network != CDS_NETWORK_BUS && at->bit_pj > 0;
}

cds_status cds_tl_spread_open(cds_tl_space *space, unsigned array,
                              cds_tl_spread *spread) {
  return spread->divisions > 0 ? CDS_OK
                               : open_links(space->lister[array], spread);
}

cds_status cds_tl_spreads_list(cds_tl_space *space) {
  space->few = cds_arena_array(space->arena, 1, sizeof *space->few);
  if (space->few == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned k = 0; k < space->arch->arrays; k++) {
    CDS_TRY(list_array(space, k));
  }
  return CDS_OK;
}
