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

enum { CHECK_EVERY = 1024, CHILDREN_MAX = 1 << 24 };

void cds_tl_descent_free(cds_tl_descent *job) {
  for (unsigned c = 0; c < CDS_TL_PLACES; c++) {
    cds_free(job->children[c].child);
  }
}

/* ---- rows -----------------------------------------------------------------
 */

/* Passes at a place below a block of loops. */
static void set_passes(cds_tl_row *out, const cds_tl_row *outer,
                       const cds_tl_descent *job, const cds_tl_block *block,
                       unsigned inner) {
  const cds_tl_space *space = job->space;
  out->inner = block->count == 0 ? outer->inner : inner;
  for (unsigned t = 0; t < space->tensors; t++) {
    double mine = 1;
    bool moves = false;
    for (unsigned i = 0; i < block->count; i++) {
      if (cds_tl_has(space, t, block->dim[i])) {
        moves = true;
      } else {
        mine *= block->trips[i];
      }
    }
    out->lacked[t] = outer->lacked[t] * mine;
    if (!moves) {
      out->passes[t] = outer->passes[t];
    } else if (inner == t || inner == CDS_TL_ANYBODY) {
      out->passes[t] = outer->lacked[t];
    } else {
      out->passes[t] = out->lacked[t];
    }
  }
}

void cds_tl_slides_least(cds_tl_row *row, const cds_tl_descent *job,
                         unsigned place) {
  const cds_tl_space *space = job->space;
  for (unsigned t = 0; t < space->tensors && place < space->levels; t++) {
    if (space->window[t] && job->layout.leg[t][place].any) {
      row->slide[t] = cds_tl_slide_least(&job->layout, t, place, job->at);
    }
  }
}

/* Bound when places up to this one are known; without its windows: the one
 * before. */
static double bound_at(const cds_tl_descent *job, unsigned place) {
  const cds_tl_total total =
      cds_tl_total_of(&job->layout, job->row, place, job->stays);
  return cds_tl_bound(job->aim, &job->layout, &total);
}

/* What tensors with windows fetch at least, without looking at tiles. */
static void slides_unknown(cds_tl_row *row, const cds_tl_descent *job,
                           unsigned place) {
  const cds_tl_space *space = job->space;
  for (unsigned t = 0; t < space->tensors; t++) {
    const cds_tl_leg *leg = &job->layout.leg[t][place];
    row->slide[t] = (cds_tl_fetch){
        leg->least,
        leg->least * (leg->child_pj + (leg->linked ? 0 : leg->parent_pj))};
  }
}

/* ---- tiles of a place ------------------------------------------------------
 */

typedef struct opening {
  cds_tl_descent *job;
  unsigned place;
  cds_tl_vector most; /* inside of the spreads above the place */
  bool fixed;         /* no loops may stand above */
} opening;

static double need_of(const opening *it, const cds_tl_vector *at) {
  const cds_tl_descent *job = it->job;
  const cds_tl_space *space = job->space;
  double need = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    if ((job->layout.kept[it->place] >> t & 1U) != 0) {
      need += cds_tl_hull(space, t, at) * space->scale[it->place][t];
    }
  }
  return need;
}

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
  const bool free = place == space->levels && !job->layout.handed;
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
  if (shared && (inners == 0 || job->layout.windows || ruled)) {
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
  bool known = false;
  cds_tl_block block;
  cds_tl_block_between(&block, &job->layout, place - 1, job->at);
  const unsigned inners = inners_of(job, place, &block);
  slides_unknown(row, job, place);
  for (unsigned inner = 0; inner <= CDS_TL_ANYBODY; inner++) {
    if ((inners >> inner & 1U) == 0) {
      continue;
    }
    set_passes(row, &job->row[place - 1], job, &block, inner);
    double bound = bound_at(job, place);
    if (slides && !known && !cds_tl_beyond(job, bound)) {
      cds_tl_slides_least(row, job, place);
      known = true;
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
  if (need_of(it, at) > space->capacity[it->place]) {
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
  opening it = {.job = job, .place = place};
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
  } else {
    const cds_level *level = &space->arch->level[place];
    it.fixed = level->position == (level - 1)->position ||
               (job->layout.kept[place] == 0 && space->below[place - 1] < 0);
    list_tiles(&it, 0);
  }
  qsort(job->children[place].child, job->children[place].count,
        sizeof(cds_tl_child), by_bound);
}

/* ---- nodes ----------------------------------------------------------------
 */

static void count_node(cds_tl_descent *job) {
  job->nodes++;
  if (job->nodes % CHECK_EVERY == 0 && cds_control_cancelled(job->control)) {
    job->stopped = true;
  }
  job->stopped = job->stopped || job->nodes >= job->most_nodes;
}

/* Sets the row of a place whose tile is set. */
static void enter(cds_tl_descent *job, unsigned place, unsigned inner) {
  cds_tl_block_between(&job->block[place - 1], &job->layout, place - 1,
                       job->at);
  set_passes(&job->row[place], &job->row[place - 1], job,
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
  open_place(job, 1);
  return job->status;
}
