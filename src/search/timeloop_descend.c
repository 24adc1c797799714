/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A place gets a tile, and the loops above it one class that stands innermost:
 * the dimensions that one tensor lacks. Then the passes of all tensors without
 * windows are known (all loops of the class are taken to stand innermost, which
 * is the least), those of windows at least, and what stands further in passes
 * at least as often as this place.
 *
 * In order of their bounds, so that the first that is beyond the incumbent ends
 * a list.
 */
#include "search/timeloop_descend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 1024, CHILDREN_MAX = 1 << 24, FIRST_TILES = 32 };

void cds_tl_descent_free(cds_tl_descent *job) {
  for (unsigned c = 0; c < CDS_TL_PLACES; c++) {
    cds_free(job->children[c].child);
  }
  cds_free(job->rank);
}

/* ---- rows -----------------------------------------------------------------
 */

/* Where that of place 1 is kept, if it is. */
static cds_tl_fetch **first_fetch(const cds_tl_descent *job, unsigned tensor) {
  const cds_tl_space *space = job->space;
  size_t at = 0;
  if (job->first[tensor] == NULL) {
    return NULL;
  }
  for (unsigned d = 0; d < space->dims; d++) {
    at = at * space->dim[d].count + job->at[1].at[d];
  }
  return &job->first[tensor][at * (CDS_TL_ANYBODY + 1) + job->row[1].inner];
}

void cds_tl_slides_least(cds_tl_row *row, const cds_tl_descent *job,
                         unsigned place) {
  const cds_tl_space *space = job->space;
  for (unsigned t = 0; t < space->tensors && place < space->levels; t++) {
    if (!space->window[t] || !job->layout.leg[t][place].any) {
      continue;
    }
    cds_tl_fetch **known = place == 1 ? first_fetch(job, t) : NULL;
    if (known != NULL && *known != NULL) {
      row->slide[t] = **known;
      continue;
    }
    row->slide[t] =
        cds_tl_slide_least(&job->layout, t, place, job->at, job->row);
    if (known != NULL) {
      *known = cds_arena_array(space->arena, 1, sizeof **known);
      if (*known != NULL) { /* else it is worked out again */
        **known = row->slide[t];
      }
    }
  }
}

/* Bound when places up to this one are known. */
static double bound_at(cds_tl_descent *job, unsigned place) {
  const cds_tl_layout *layout = &job->layout;
  const cds_tl_inner *inner = job->inner;
  const unsigned split = inner == NULL          ? 0
                         : place < inner->start ? inner->start
                                                : inner->start + 1;
  cds_tl_total total =
      cds_tl_energy_of(layout, job->row, place, job->stays, split);
  double pj = 0;
  if (inner != NULL && place < inner->start) {
    pj = total.outer_pj + cds_tl_inner_below(job->asked, job->rank, job->ranks,
                                             inner, layout, &job->row[place]);
  } else if (inner != NULL && place == inner->start) {
    pj = total.outer_pj +
         cds_tl_inner_least(inner, layout,
                            cds_tl_inner_find(inner, &job->at[place]),
                            &job->row[place]);
  }
  total.pj = pj > total.pj ? pj : total.pj;
  const double bound = cds_tl_bound(job->aim, layout, &total);
  if (cds_tl_beyond(job, bound)) {
    return bound;
  }
  total.cycles =
      cds_tl_total_of(layout, job->row, place, job->stays, split).cycles;
  return cds_tl_bound(job->aim, layout, &total);
}

/* What tensors with windows fetch at least, without looking at tiles, or by
 * what is known of a tile of place 1 (timeloop_outer.c). */
static void slides_unknown(cds_tl_row *row, const cds_tl_descent *job,
                           unsigned place, const cds_tl_outer_tile *tile) {
  const cds_tl_space *space = job->space;
  for (unsigned t = 0; t < space->tensors; t++) {
    const cds_tl_leg *leg = &job->layout.leg[t][place];
    const double words = tile != NULL && t == job->outer->window
                             ? fmax(tile->words, leg->least)
                             : leg->least;
    row->slide[t] = (cds_tl_fetch){
        words, leg->linked ? 0 : words,
        words * (leg->child_pj + (leg->linked ? 0 : leg->parent_pj)), 0, 0};
  }
}

/* ---- tiles of a place ------------------------------------------------------
 */

typedef struct opening {
  cds_tl_descent *job;
  unsigned place;
  cds_tl_vector most;            /* inside of the spreads above the place */
  bool fixed;                    /* no loops may stand above */
  const cds_tl_outer_tile *tile; /* of place 1, where it is listed; or NULL */
  unsigned alive;                /* classes that are looked at, as bits */
  double once[CDS_TENSORS_MAX];  /* inside of the last array: classes_alive */
} opening;

static bool add_child(opening *it, unsigned inner, double bound) {
  cds_tl_descent *job = it->job;
  cds_tl_children *list = &job->children[it->place];
  if (list->count == list->room) {
    const size_t room = list->room == 0 ? 256 : 2 * list->room;
    cds_tl_child *more = room > CHILDREN_MAX
                             ? NULL
                             : cds_realloc(list->child, room * sizeof *more);
    if (more == NULL) {
      job->status = room > CHILDREN_MAX ? CDS_ELIMIT : CDS_ENOMEM;
      return false;
    }
    list->child = more;
    list->room = room;
  }
  list->child[list->count++] = (cds_tl_child){bound, job->at[it->place], inner};
  return true;
}

/* Classes that may stand innermost, as bits. */
static unsigned inners_of(const cds_tl_descent *job, unsigned place,
                          const cds_tl_block *block) {
  const cds_tl_space *space = job->space;
  const bool ruled = space->rules != NULL && space->rules->loops;
  const bool free = place == space->levels && !job->layout.ordered;
  unsigned inners = 0;
  if (block->count == 0 || (free && !ruled)) {
    return 1U << CDS_TL_NOBODY;
  }
  if (free || !space->single) {
    return 1U << CDS_TL_ANYBODY;
  }
  bool shared = false;
  for (unsigned i = 0; i < block->count; i++) {
    const unsigned lacks = space->dim[block->dim[i]].lacks;
    inners |= lacks;
    shared = shared || lacks == 0;
  }
  /* Without windows a loop that all tensors have is never best innermost. */
  if (shared &&
      (inners == 0 || job->layout.windows || job->layout.ordered || ruled)) {
    inners |= 1U << CDS_TL_NOBODY;
  }
  return inners;
}

/* Adds the tile at hand under each class that may win. */
static void add_tile(opening *it) {
  cds_tl_descent *job = it->job;
  const unsigned place = it->place;
  cds_tl_row *row = &job->row[place];
  const bool slides = job->layout.windows && place < job->space->levels;
  cds_tl_block block;
  cds_tl_block_between(&block, &job->layout, place - 1, job->at);
  const unsigned inners = inners_of(job, place, &block) & it->alive;
  for (unsigned inner = 0; inner <= CDS_TL_ANYBODY; inner++) {
    if ((inners >> inner & 1U) == 0) {
      continue;
    }
    slides_unknown(row, job, place, it->tile);
    cds_tl_row_set(row, &job->row[place - 1], job->space, &block, inner);
    double bound = bound_at(job, place);
    if (slides && !cds_tl_beyond(job, bound)) {
      cds_tl_slides_least(row, job, place);
      bound = bound_at(job, place);
    }
    if (!cds_tl_beyond(job, bound) && !add_child(it, inner, bound)) {
      return;
    }
  }
}

/* Extents of dimensions from `dim` on; false once nothing larger fits. Depth:
 * the dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool list_tiles(opening *it, unsigned dim) {
  cds_tl_descent *job = it->job;
  const cds_tl_space *space = job->space;
  cds_tl_vector *at = &job->at[it->place];
  if (cds_tl_need(space, job->layout.kept, it->place, at) >
      space->capacity[it->place]) {
    return false;
  }
  if (dim == space->dims) {
    add_tile(it);
    return true;
  }
  const cds_tl_dim *d = &space->dim[dim];
  const uint16_t least = job->layout.below[it->place].at[dim];
  const unsigned first = it->fixed ? it->most.at[dim] : least;
  bool any = false;
  for (unsigned i = first; i <= it->most.at[dim] && job->status == CDS_OK;
       i++) {
    if (cds_tl_quotient(d, it->most.at[dim], (uint16_t)i) == CDS_TL_NONE ||
        cds_tl_quotient(d, (uint16_t)i, least) == CDS_TL_NONE) {
      continue;
    }
    at->at[dim] = (uint16_t)i;
    if (!list_tiles(it, dim + 1)) {
      break;
    }
    any = true;
  }
  at->at[dim] = least;
  return any;
}

/* Whether a tile lies inside of the spreads above, and holds those below. */
static bool has_room(const opening *it, const cds_tl_vector *at) {
  const cds_tl_space *space = it->job->space;
  const cds_tl_vector *below = &it->job->layout.below[it->place];
  for (unsigned d = 0; d < space->dims; d++) {
    const cds_tl_dim *dim = &space->dim[d];
    if (cds_tl_quotient(dim, it->most.at[d], at->at[d]) == CDS_TL_NONE ||
        cds_tl_quotient(dim, at->at[d], below->at[d]) == CDS_TL_NONE) {
      return false;
    }
  }
  return true;
}

/* Tiles of the first place inside of the last array, cheapest first. */
static void list_ranked(opening *it) {
  cds_tl_descent *job = it->job;
  const cds_tl_layout *layout = &job->layout;
  const cds_tl_total outside =
      cds_tl_total_of(layout, job->row, it->place - 1, job->stays, it->place);
  for (size_t i = 0; i < job->ranks && job->status == CDS_OK; i++) {
    const cds_tl_total least = {.pj = outside.outer_pj + job->rank[i].pj,
                                .cycles = outside.cycles};
    if (cds_tl_beyond(job, cds_tl_bound(job->aim, layout, &least))) {
      return;
    }
    const cds_tl_vector *at = &job->rank[i].node->at;
    if (has_room(it, at)) {
      job->at[it->place] = *at;
      add_tile(it);
    }
  }
}

/* What is known of a tile of place 1 whatever the class: passes of tensors
 * whose class does not stand innermost, and the least inside of the last array
 * below as many. */
typedef struct outer_rows {
  const cds_tl_outer_tile *tile;
  double passes[CDS_TENSORS_MAX], inside[CDS_TENSORS_MAX];
} outer_rows;

/* Of place 1 and inside of the last array when class c stands innermost. */
static double class_pj(const opening *it, const outer_rows *rows, unsigned c) {
  const cds_tl_descent *job = it->job;
  double inside = (double)INFINITY;
  double pj = 0;
  for (unsigned t = 0; t < job->space->tensors; t++) {
    const cds_tl_leg *leg = &job->layout.leg[t][1];
    const double words =
        t == job->outer->window ? rows->tile->words : leg->least;
    pj += job->space->window[t]
              ? words * (leg->child_pj + leg->parent_pj)
              : leg->energy_pj * (t == c ? 1 : rows->passes[t]);
    inside = fmin(inside, t == c ? it->once[t] : rows->inside[t]);
  }
  return pj + inside;
}

/* Classes that may win above a tile of place 1, by what bound_at has of energy
 * alone: with class c innermost its tensor passes once and the others as the
 * tile says, exactly, since no block stands further out; so the place itself
 * costs what it costs, and inside of the last array no class does better than
 * below these passes. `others`: all other places. */
static unsigned classes_alive(const opening *it, const cds_tl_outer_tile *tile,
                              const cds_tl_total *others) {
  cds_tl_descent *job = it->job;
  const cds_tl_space *space = job->space;
  outer_rows rows = {.tile = tile};
  for (unsigned t = 0; t < space->tensors; t++) {
    rows.passes[t] = cds_tl_outer_passes(space, t, &tile->at);
    if (job->inner != NULL) {
      rows.inside[t] =
          cds_tl_inner_under(job->asked, job->rank, job->ranks, job->inner,
                             &job->layout, (cds_tl_class){t, rows.passes[t]});
    }
  }
  double pj[CDS_TENSORS_MAX + 1];
  unsigned first = 0;
  for (unsigned c = 0; c <= space->tensors; c++) {
    pj[c] = others->pj + class_pj(it, &rows, c);
    first = pj[c] < pj[first] ? c : first;
  }
  unsigned alive = 0;
  for (unsigned i = 0; i <= space->tensors; i++) {
    const unsigned c = i == 0 ? first : i == first ? 0 : i; /* first: least */
    const cds_tl_total total = {.pj = pj[c], .cycles = others->cycles};
    if (!cds_tl_beyond(job, cds_tl_bound(job->aim, &job->layout, &total))) {
      alive |= 1U << (c < space->tensors ? c : CDS_TL_NOBODY);
    } else if (i == 0) {
      return 0; /* as are those that cost more */
    }
  }
  return alive;
}

/* How many tiles of place 1, cheapest first, are not beyond. */
static size_t outer_tiles(const cds_tl_descent *job, double others_pj,
                          double cycles) {
  size_t low = 0;
  size_t high = job->outer->tiles;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const cds_tl_total least = {.pj = others_pj + job->outer->tile[middle].pj,
                                .cycles = cycles};
    if (cds_tl_beyond(job, cds_tl_bound(job->aim, &job->layout, &least))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Dimensions that the spreads below take a part of. */
static unsigned dims_below(unsigned dims[CDS_TL_DIMS], const opening *it) {
  const cds_tl_space *space = it->job->space;
  unsigned count = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    if (it->job->layout.below[it->place].at[d] > 0) {
      dims[count++] = d;
    }
  }
  return count;
}

/* Tiles of place 1, cheapest there first. No array stands above, so any divisor
 * lies inside of what is there. */
static void list_outer(opening *it) {
  cds_tl_descent *job = it->job;
  const cds_tl_layout *layout = &job->layout;
  const cds_tl_space *space = job->space;
  const cds_tl_inner *inner = job->inner;
  const unsigned split = inner == NULL ? CDS_TL_PLACES : inner->start;
  /* All other places at least. */
  const cds_tl_total all =
      cds_tl_total_of(layout, job->row, 0, job->stays, split);
  const cds_tl_total first =
      cds_tl_total_of(layout, job->row, 0, job->stays, 2);
  const cds_tl_total others = {.pj = all.outer_pj - first.outer_pj +
                                     layout->base_pj,
                               .cycles = all.cycles};
  for (unsigned t = 0; t < space->tensors && inner != NULL; t++) {
    const cds_tl_class class = {t, 1};
    it->once[t] = cds_tl_inner_under(job->asked, job->rank, job->ranks, inner,
                                     layout, class);
  }
  unsigned dims[CDS_TL_DIMS];
  const unsigned count = dims_below(dims, it);
  const size_t tiles = outer_tiles(
      job, others.pj + (inner == NULL ? 0 : job->rank[0].pj), all.cycles);
  size_t left = job->first_tiles > 0 ? job->first_tiles : tiles;
  for (size_t i = 0; i < tiles && left > 0 && job->status == CDS_OK; i++) {
    const cds_tl_outer_tile *tile = &job->outer->tile[i];
    bool room = true;
    for (unsigned k = 0; k < count && room; k++) {
      room =
          cds_tl_quotient(&space->dim[dims[k]], tile->at.at[dims[k]],
                          layout->below[it->place].at[dims[k]]) != CDS_TL_NONE;
    }
    it->alive = !room           ? 0
                : space->single ? classes_alive(it, tile, &others)
                                : ~0U;
    if (it->alive != 0) {
      job->at[it->place] = tile->at;
      it->tile = tile;
      add_tile(it);
      left--;
    }
  }
}

static int by_bound(const void *left, const void *right) {
  const cds_tl_child *a = left;
  const cds_tl_child *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  const int order = memcmp(&a->at, &b->at, sizeof a->at);
  return order != 0 ? order : (a->inner > b->inner) - (a->inner < b->inner);
}

static void list_children(cds_tl_descent *job, unsigned place) {
  const cds_tl_space *space = job->space;
  const cds_tl_spread *spread = job->layout.spread[place - 1];
  opening it = {.job = job, .place = place, .alive = ~0U};
  job->children[place].count = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    it.most.at[d] = job->at[place - 1].at[d];
    if (spread != NULL) {
      it.most.at[d] =
          cds_tl_quotient(&space->dim[d], it.most.at[d], spread->at.at[d]);
    }
  }
  memset(&job->at[place], 0, sizeof job->at[place]);
  for (unsigned d = 0; d < space->dims; d++) {
    job->at[place].at[d] = job->layout.below[place].at[d];
  }
  if (place == space->levels) {
    add_tile(&it); /* single points */
  } else if (job->outer != NULL && place == 1 &&
             (job->inner == NULL || job->inner->start > 1)) {
    list_outer(&it);
  } else if (job->inner != NULL && place == job->inner->start &&
             !cds_tl_fixed(space, job->layout.kept, place)) {
    list_ranked(&it);
  } else {
    it.fixed = cds_tl_fixed(space, job->layout.kept, place);
    list_tiles(&it, 0);
  }
  if (job->children[place].count == 0) {
    return;
  }
  qsort(job->children[place].child, job->children[place].count,
        sizeof(cds_tl_child), by_bound);
}

/* ---- nodes ----------------------------------------------------------------
 */

static void count_node(cds_tl_descent *job) {
  job->nodes++;
  if (job->nodes % CHECK_EVERY == 0 && (cds_control_cancelled(job->control) ||
                                        cds_control_hurried(job->control))) {
    job->stopped = true;
  }
  job->stopped = job->stopped || job->nodes >= job->most_nodes;
}

/* Sets the row of a place whose tile is set. */
static void enter(cds_tl_descent *job, unsigned place, unsigned inner) {
  cds_tl_block_between(&job->block[place - 1], &job->layout, place - 1,
                       job->at);
  cds_tl_row_set(&job->row[place], &job->row[place - 1], job->space,
                 &job->block[place - 1], inner);
  cds_tl_slides_least(&job->row[place], job, place);
}

/* Depth: the levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static void open_place(cds_tl_descent *job, unsigned place) {
  const unsigned last = job->space->levels;
  if (place > last) {
    cds_tl_leaf(job);
    return;
  }
  list_children(job, place);
  const cds_tl_children *list = &job->children[place];
  for (size_t i = 0; i < list->count && !job->stopped; i++) {
    const cds_tl_child *child = &list->child[i];
    if (job->status != CDS_OK || cds_tl_beyond(job, child->bound)) {
      return;
    }
    count_node(job);
    job->at[place] = child->at;
    enter(job, place, child->inner);
    open_place(job, place + 1);
  }
}

cds_status cds_tl_descend(cds_tl_descent *job) {
  const cds_tl_space *space = job->space;
  for (unsigned d = 0; d < space->dims; d++) {
    job->at[0].at[d] = (uint16_t)(space->dim[d].count - 1);
  }
  cds_tl_row_first(&job->row[0]);
  job->status = CDS_OK;
  if (job->inner != NULL) {
    for (unsigned t = 0; t < space->tensors; t++) {
      job->asked[t].count = 0;
    }
    job->ranks = cds_tl_inner_rank(job->rank, job->inner, &job->layout);
    if (job->ranks == 0 || cds_tl_beyond(job, bound_at(job, 0))) {
      return CDS_OK;
    }
  }
  /* Without an incumbent every tile would get its full bound: a part of the
   * same search finds one first. */
  if (job->outer != NULL && !job->best.found) {
    job->first_tiles = FIRST_TILES;
    open_place(job, 1);
    job->first_tiles = 0;
  }
  if (job->status == CDS_OK && !job->stopped) {
    open_place(job, 1);
  }
  return job->status;
}
