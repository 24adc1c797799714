/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of a holder are those of loads.c: the first one, and for each loop
 * j above it (prod_{i<j} f_i) (f_j - 1) equal ones. In a step, a word is taken
 * in by an element of the array iff on every axis of the tensor its position
 * is in the element's tile, and on some axis it is new there. So on each axis
 *
 *   class of a position = (elements whose tile has it, elements where it is
 *   new), both as sets of the coordinates that matter on this axis
 *
 * and the destinations of a word follow from the classes of its positions:
 * words are counted by classes, and each set of destinations is routed once.
 */
#include "count/halo.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/axis_set.h"
#include "count/halo_links.h"

#define MARKS_MAX (UINT64_C(1) << 24)
#define WORK_MAX (UINT64_C(1) << 30)

/* One axis of the tensor. */
typedef struct halo_axis {
  uint64_t coordinates; /* of array k that matter here, as one number */
  const uint32_t *of;   /* this number for each used element; NULL: 0 */
  uint64_t set_words;   /* of 64 coordinates in a set */
  uint64_t classes;
  uint64_t *count;      /* positions of each class */
  uint64_t *in, *fresh; /* sets of each class */
} halo_axis;

typedef struct halo {
  const cds_array *array;
  const cds_holder *holder;
  unsigned k, united;
  cds_arena *scratch;
  uint64_t used[2]; /* positions on rows and cols, as in halo_links */
  uint64_t elements;
  unsigned axes;
  halo_axis axis[CDS_AXES_MAX];
  cds_halo_links links;
  bool *taken; /* by element: destinations of the word at hand */
} halo;

void cds_holder_spreads(cds_spread_digits axis[2], const cds_holder *holder,
                        unsigned k) {
  const cds_mapping *mapping = holder->mapping;
  axis[0].count = axis[1].count = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array == k && node->trips > 1) {
      cds_spread_digits *on = &axis[node->axis];
      on->trips[on->count] = node->trips;
      on->has[on->count++] = cds_tensor_has_rank(
          &holder->einsum->tensor[holder->tensor], node->rank);
    }
  }
}

bool cds_holder_halo(const cds_holder *holder, unsigned k) {
  const cds_einsum *einsum = holder->einsum;
  const cds_tensor *tensor = &einsum->tensor[holder->tensor];
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms = cds_axis_long_terms(term, einsum, &tensor->axis[a]);
    for (unsigned n = 0; terms > 1 && n < holder->mapping->nodes; n++) {
      const cds_node *node = &holder->mapping->node[n];
      if (node->kind == CDS_SPREAD && node->array == k && node->trips > 1 &&
          cds_axis_step(holder, a, n) > 0) {
        return true;
      }
    }
  }
  return false;
}

static bool spreads_here(const halo *h, unsigned n) {
  const cds_node *node = &h->holder->mapping->node[n];
  return node->kind == CDS_SPREAD && node->array == h->k && node->trips > 1;
}

/* ---- elements -------------------------------------------------------- */

/* The number that the digits on tensor axis `a` give an element. */
static uint32_t coordinate_of(const halo *h, unsigned a, uint64_t row,
                              uint64_t col) {
  uint64_t position[2] = {row, col};
  uint64_t coordinate = 0;
  uint64_t scale = 1;
  for (unsigned n = h->holder->mapping->nodes; n-- > 0;) {
    if (!spreads_here(h, n)) {
      continue;
    }
    const cds_node *node = &h->holder->mapping->node[n];
    uint64_t *along = &position[cds_array_direction(h->array, node->axis)];
    if (cds_axis_step(h->holder, a, n) > 0) {
      coordinate += *along % node->trips * scale;
      scale *= node->trips;
    }
    *along /= node->trips;
  }
  return (uint32_t)coordinate;
}

/* Offset on the axis that a coordinate adds to the tile. */
static uint64_t offset_of(const halo *h, unsigned a, uint64_t coordinate) {
  uint64_t offset = 0;
  for (unsigned n = h->holder->mapping->nodes; n-- > 0;) {
    const uint64_t step =
        spreads_here(h, n) ? cds_axis_step(h->holder, a, n) : 0;
    if (step > 0) {
      const uint64_t trips = h->holder->mapping->node[n].trips;
      offset += coordinate % trips * step;
      coordinate /= trips;
    }
  }
  return offset;
}

static cds_status prepare_axis(halo *h, unsigned a) {
  halo_axis *axis = &h->axis[a];
  axis->coordinates = 1;
  for (unsigned n = 0; n < h->holder->mapping->nodes; n++) {
    if (spreads_here(h, n) && cds_axis_step(h->holder, a, n) > 0) {
      axis->coordinates *= h->holder->mapping->node[n].trips;
    }
  }
  axis->set_words = (axis->coordinates + 63) / 64;
  axis->of = NULL;
  if (axis->coordinates > 1) {
    uint32_t *of = cds_arena_array(h->scratch, (size_t)h->elements, sizeof *of);
    if (of == NULL) {
      return CDS_ENOMEM;
    }
    for (uint64_t element = 0; element < h->elements; element++) {
      of[element] =
          coordinate_of(h, a, element / h->used[1], element % h->used[1]);
    }
    axis->of = of;
  }
  return CDS_OK;
}

/* ---- classes of the positions of an axis ------------------------------ */

/* Room for one class a position, at most. */
static cds_status open_classes(halo *h, halo_axis *axis, uint64_t positions) {
  const size_t words = (size_t)(positions * axis->set_words);
  axis->classes = 0;
  axis->count =
      cds_arena_array(h->scratch, (size_t)positions, sizeof(uint64_t));
  axis->in = cds_arena_array(h->scratch, words, sizeof(uint64_t));
  axis->fresh = cds_arena_array(h->scratch, words, sizeof(uint64_t));
  return axis->count == NULL || axis->in == NULL || axis->fresh == NULL
             ? CDS_ENOMEM
             : CDS_OK;
}

/* Counts the class that stands behind the last one, as a new one or as one
 * that is there. */
static void close_class(halo_axis *axis, uint64_t positions) {
  const uint64_t words = axis->set_words;
  const size_t bytes = (size_t)words * sizeof(uint64_t);
  const uint64_t *in = &axis->in[axis->classes * words];
  const uint64_t *fresh = &axis->fresh[axis->classes * words];
  bool anywhere = false;
  for (uint64_t w = 0; w < words; w++) {
    anywhere = anywhere || in[w] != 0;
  }
  if (!anywhere || positions == 0) {
    return; /* a gap between tiles */
  }
  for (uint64_t c = 0; c < axis->classes; c++) {
    if (memcmp(&axis->in[c * words], in, bytes) == 0 &&
        memcmp(&axis->fresh[c * words], fresh, bytes) == 0) {
      axis->count[c] += positions;
      return;
    }
  }
  axis->count[axis->classes++] = positions;
}

/* An axis that array k does not spread: all elements take the same. */
static cds_status plain_classes(halo *h, unsigned a, int64_t move, bool all) {
  halo_axis *axis = &h->axis[a];
  cds_digits tile;
  cds_digits spread;
  cds_axis_digits(&tile, &spread, h->holder, a, h->united, h->k + 1);
  uint64_t every = 0;
  uint64_t fresh = 0;
  CDS_TRY(cds_axis_union(&every, &fresh, &tile, &spread, move, h->scratch));
  fresh = all ? every : fresh;
  CDS_TRY(open_classes(h, axis, 2));
  axis->in[0] = axis->fresh[0] = 1;
  close_class(axis, fresh);
  axis->in[axis->classes] = 1;
  axis->fresh[axis->classes] = 0;
  close_class(axis, every - fresh);
  return CDS_OK;
}

static cds_status mark_classes(halo *h, unsigned a, int64_t move, bool all) {
  halo_axis *axis = &h->axis[a];
  cds_digits tile;
  cds_digits spread;
  cds_axis_flags own; /* of the element at coordinate 0 */
  cds_axis_digits(&tile, &spread, h->holder, a, h->united, h->k + 1);
  CDS_TRY(cds_axis_marks(&own, &tile, &spread, move, all, h->scratch));
  const uint64_t positions =
      own.length + offset_of(h, a, axis->coordinates - 1);
  if (positions > MARKS_MAX / axis->coordinates) {
    return CDS_ELIMIT;
  }
  uint64_t *offset =
      cds_arena_array(h->scratch, (size_t)axis->coordinates, sizeof *offset);
  if (offset == NULL) {
    return CDS_ENOMEM;
  }
  for (uint64_t c = 0; c < axis->coordinates; c++) {
    offset[c] = offset_of(h, a, c);
  }
  CDS_TRY(open_classes(h, axis, positions));
  for (uint64_t x = 0; x < positions; x++) {
    uint64_t *set = &axis->in[axis->classes * axis->set_words];
    uint64_t *new_set = &axis->fresh[axis->classes * axis->set_words];
    memset(set, 0, (size_t)axis->set_words * sizeof *set);
    memset(new_set, 0, (size_t)axis->set_words * sizeof *new_set);
    for (uint64_t c = 0; c < axis->coordinates; c++) {
      if (x < offset[c] || x - offset[c] >= own.length) {
        continue;
      }
      const uint64_t bit = UINT64_C(1) << c % 64;
      set[c / 64] |= own.all[x - offset[c]] ? bit : 0;
      new_set[c / 64] |= own.fresh[x - offset[c]] ? bit : 0;
    }
    close_class(axis, 1);
  }
  return CDS_OK;
}

/* ---- one step --------------------------------------------------------- */

static bool has(const uint64_t *set, uint64_t index) {
  return (set[index / 64] >> index % 64 & 1) != 0;
}

/* Marks the destinations of words of these classes; false: there are none. */
static bool find_taken(const halo *h, const uint64_t *class_of) {
  bool any = false;
  for (uint64_t e = 0; e < h->elements; e++) {
    bool in = true;
    bool fresh = false;
    for (unsigned a = 0; in && a < h->axes; a++) {
      const halo_axis *axis = &h->axis[a];
      const uint64_t set = class_of[a] * axis->set_words;
      const uint64_t c = axis->of == NULL ? 0 : axis->of[e];
      in = has(&axis->in[set], c);
      fresh = fresh || has(&axis->fresh[set], c);
    }
    h->taken[e] = in && fresh;
    any = any || h->taken[e];
  }
  return any;
}

/* Routes the words of all combinations of classes, `times` over. */
static cds_status route_step(halo *h, uint64_t times) {
  uint64_t class_of[CDS_AXES_MAX] = {0};
  uint64_t work = h->elements;
  for (unsigned a = 0; a < h->axes; a++) {
    if (h->axis[a].classes == 0 ||
        !cds_mul_u64(&work, work, h->axis[a].classes) || work > WORK_MAX) {
      return CDS_ELIMIT;
    }
  }
  for (;;) {
    uint64_t words = times;
    for (unsigned a = 0; a < h->axes; a++) {
      if (!cds_mul_u64(&words, words, h->axis[a].count[class_of[a]])) {
        return CDS_ELIMIT;
      }
    }
    if (find_taken(h, class_of)) {
      CDS_TRY(cds_halo_route(&h->links, h->taken, words));
    }
    unsigned a = 0;
    while (a < h->axes && ++class_of[a] == h->axis[a].classes) {
      class_of[a++] = 0;
    }
    if (a == h->axes) {
      return CDS_OK;
    }
  }
}

/* One step, or `times` equal ones: the whole tile (`advancing` UINT_MAX), or
 * what is new when the loop goes on. */
static cds_status take_step(halo *h, unsigned advancing, uint64_t times) {
  const cds_arena_mark mark = cds_arena_mark_get(h->scratch);
  const bool all = advancing == UINT_MAX;
  bool moves = all;
  cds_status status = CDS_OK;
  for (unsigned a = 0; status == CDS_OK && a < h->axes; a++) {
    const int64_t move = all ? 0 : cds_axis_move(h->holder, a, advancing);
    moves = moves || move != 0;
    status = h->axis[a].coordinates > 1 ? mark_classes(h, a, move, all)
                                        : plain_classes(h, a, move, all);
  }
  if (status == CDS_OK && moves) {
    status = route_step(h, times);
  }
  cds_arena_reset(h->scratch, mark);
  return status;
}

static cds_status take_steps(halo *h, cds_link_loads *out) {
  const cds_holder *holder = h->holder;
  uint64_t outer = 1;
  if (!holder->memoryless) {
    CDS_TRY(take_step(h, UINT_MAX, 1));
    cds_halo_peaks(out->first, &h->links);
  }
  for (unsigned n = 0; n < holder->position; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind != CDS_FOR || node->trips < 2) {
      continue;
    }
    uint64_t times = 0;
    if (!cds_mul_u64(&times, outer, node->trips - 1) ||
        !cds_mul_u64(&outer, outer, node->trips)) {
      return CDS_ELIMIT;
    }
    if (!holder->memoryless) {
      CDS_TRY(take_step(h, n, times));
    }
  }
  return holder->memoryless ? take_step(h, UINT_MAX, outer) : CDS_OK;
}

/* Totals: the networks of an array are equal, and so are the copies for
 * arrays below that do not multicast. */
static cds_status scale_loads(cds_link_loads *out, const halo *h) {
  const uint64_t copies = cds_added_spreads(h->holder, h->k, h->united, h->k);
  const uint64_t networks = cds_added_spreads(h->holder, 0, h->united, h->k);
  for (unsigned x = 0; x < 2; x++) {
    if (!cds_mul_u64(&out->peak[x], out->peak[x], copies) ||
        !cds_mul_u64(&out->first[x], out->first[x], copies)) {
      return CDS_ELIMIT;
    }
  }
  return cds_mul_u64(&out->hops, h->links.hops, networks) ? CDS_OK : CDS_ELIMIT;
}

cds_status cds_halo_loads(cds_link_loads *out, const cds_array *array,
                          const cds_holder *holder, unsigned k, unsigned united,
                          cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  cds_spread_digits spreads[2];
  halo h = {.array = array,
            .holder = holder,
            .k = k,
            .united = united,
            .scratch = scratch,
            .axes = tensor->axes};
  *out = (cds_link_loads){0};
  cds_holder_spreads(spreads, holder, k);
  cds_status status =
      cds_halo_open(&h.links, array, spreads, CDS_WAY_DOWN, scratch);
  h.used[0] = h.links.used[0];
  h.used[1] = h.links.used[1];
  h.elements = h.used[0] * h.used[1];
  if (status == CDS_OK) {
    h.taken = cds_arena_array(scratch, (size_t)h.elements, sizeof *h.taken);
    status = h.taken == NULL ? CDS_ENOMEM : CDS_OK;
  }
  for (unsigned a = 0; status == CDS_OK && a < h.axes; a++) {
    status = prepare_axis(&h, a);
  }
  if (status == CDS_OK) {
    status = take_steps(&h, out);
  }
  if (status == CDS_OK) {
    cds_halo_peaks(out->peak, &h.links);
    status = scale_loads(out, &h);
  }
  cds_arena_reset(scratch, mark);
  return status;
}
