/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/timeloop_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  LATTICE_MAX = 1 << 18,
  NODES_MAX = 1 << 16,
  OPTIONS_MAX = 256 /* of one node; beyond that the region is left to search */
};

double cds_tl_need(const cds_tl_space *space,
                   const unsigned kept[CDS_LEVELS_MAX], unsigned place,
                   const cds_tl_vector *at) {
  double need = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    if ((kept[place] >> t & 1U) != 0) {
      need += cds_tl_hull(space, t, at) * space->scale[place][t];
    }
  }
  return need;
}

bool cds_tl_fixed(const cds_tl_space *space,
                  const unsigned kept[CDS_LEVELS_MAX], unsigned place) {
  const cds_level *level = &space->arch->level[place];
  if (level->position == (level - 1)->position) {
    return true;
  }
  /* Loops right above a level that keeps nothing may as well stand below it;
   * not with windows, as two loops over a rank may stand between others then.
   */
  const bool open =
      place + 1 == space->levels || (level + 1)->position != level->position;
  return open && !space->windows && kept[place] == 0 &&
         space->below[place - 1] < 0;
}

void cds_tl_row_set(cds_tl_row *out, const cds_tl_row *outer,
                    const cds_tl_space *space, const cds_tl_block *block,
                    unsigned inner) {
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

/* ---- options ---------------------------------------------------------------
 */

static bool beats(const double *a, const double *b, unsigned legs) {
  for (unsigned i = 0; i < legs; i++) {
    if (a[i] > b[i]) {
      return false;
    }
  }
  return true;
}

/* Options under way. */
typedef struct gathering {
  const cds_tl_inner *inner;
  size_t count;
  bool full;
  double option[OPTIONS_MAX][CDS_TL_INNER_LEGS];
} gathering;

static void add_option(gathering *out, const double *made) {
  const unsigned legs = out->inner->legs;
  for (size_t i = 0; i < out->count; i++) {
    if (beats(out->option[i], made, legs)) {
      return;
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < out->count; i++) {
    if (!beats(made, out->option[i], legs)) {
      memmove(out->option[kept++], out->option[i], legs * sizeof *made);
    }
  }
  out->count = kept;
  if (out->count == OPTIONS_MAX) {
    out->full = true;
    return;
  }
  memcpy(out->option[out->count++], made, legs * sizeof *made);
}

/* Puts a block of loops above what a tile further in can do. */
static void combine(gathering *out, const cds_tl_node *inside, unsigned place,
                    const cds_tl_row *row) {
  const cds_tl_inner *inner = out->inner;
  for (size_t o = 0; o < inside->options; o++) {
    const double *of = &inside->option[o * inner->legs];
    double made[CDS_TL_INNER_LEGS];
    for (unsigned i = 0; i < inner->legs; i++) {
      const unsigned t = inner->leg[i].tensor;
      made[i] = 0;
      if (inner->leg[i].place >= place) {
        const bool stays = inner->leg[i].place == place || of[i] == 0;
        made[i] = stays ? row->passes[t] : row->lacked[t] * of[i];
      }
    }
    add_option(out, made);
  }
}

/* ---- nodes ------------------------------------------------------------------
 */

static size_t place_of(const cds_tl_space *space, const cds_tl_vector *at) {
  size_t place = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    place = place * space->dim[d].count + at->at[d];
  }
  return place;
}

static cds_status make_node(cds_tl_node **out, cds_tl_inner *inner,
                            unsigned place, const cds_tl_vector *at);

/* Tiles of the next place inside one. */
typedef struct inside {
  cds_tl_inner *inner;
  gathering *out;
  unsigned place; /* of the tiles listed */
  cds_tl_vector outer, now;
  cds_status status;
} inside;

/* The options of a tile inside, below the loops from the outer one to it.
 * Depth: the levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static void add_inside(inside *it) {
  const cds_tl_space *space = it->inner->space;
  cds_tl_node *node = NULL;
  cds_tl_block block = {0};
  unsigned lacks = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    const uint16_t trips =
        cds_tl_quotient(&space->dim[d], it->outer.at[d], it->now.at[d]);
    if (trips > 0) {
      block.dim[block.count] = (uint8_t)d;
      block.trips[block.count++] = (double)space->dim[d].divisor[trips];
      lacks |= space->dim[d].lacks;
    }
  }
  it->status = make_node(&node, it->inner, it->place, &it->now);
  if (it->status != CDS_OK || node == NULL) {
    return;
  }
  /* Nothing but a class innermost is ever better. */
  if (!space->single) {
    lacks = 1U << CDS_TL_ANYBODY;
  } else if (lacks == 0) {
    lacks = 1U << CDS_TL_NOBODY;
  }
  cds_tl_row first;
  cds_tl_row_first(&first);
  memset(first.passes, 0, sizeof first.passes); /* stays over all */
  for (unsigned i = 0; i <= CDS_TL_ANYBODY; i++) {
    if ((lacks >> i & 1U) != 0) {
      cds_tl_row row;
      cds_tl_row_set(&row, &first, space, &block, i);
      combine(it->out, node, it->place, &row);
    }
  }
}

/* Extents from dimension `dim` on. Depth: dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool list_inside(inside *it, unsigned dim) {
  const cds_tl_space *space = it->inner->space;
  if (cds_tl_need(space, it->inner->kept, it->place, &it->now) >
      space->capacity[it->place]) {
    return false;
  }
  if (dim == space->dims) {
    add_inside(it);
    return true;
  }
  const uint16_t most = it->outer.at[dim];
  const bool fixed = cds_tl_fixed(space, it->inner->kept, it->place);
  bool any = false;
  for (unsigned i = fixed ? most : 0;
       i <= most && it->status == CDS_OK && !it->out->full; i++) {
    if (cds_tl_quotient(&space->dim[dim], most, (uint16_t)i) == CDS_TL_NONE) {
      continue;
    }
    it->now.at[dim] = (uint16_t)i;
    if (!list_inside(it, dim + 1)) {
      break;
    }
    any = true;
  }
  it->now.at[dim] = 0;
  return any;
}

/* The node of a tile; NULL if nothing fits inside of it. Depth: the levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status make_node(cds_tl_node **out, cds_tl_inner *inner,
                            unsigned place, const cds_tl_vector *at) {
  const cds_tl_space *space = inner->space;
  static const double nothing[CDS_TL_INNER_LEGS];
  cds_tl_node **slot = &inner->known[place][place_of(space, at)];
  if (*slot != NULL) {
    *out = (*slot)->options > 0 ? *slot : NULL;
    return CDS_OK;
  }
  gathering *all = cds_malloc(sizeof *all);
  cds_tl_node *made = cds_arena_array(space->arena, 1, sizeof *made);
  inside it = {.inner = inner, .out = all, .place = place + 1, .outer = *at};
  if (all == NULL || made == NULL) {
    cds_free(all);
    return CDS_ENOMEM;
  }
  all->inner = inner;
  all->count = 0;
  all->full = false;
  if (place + 1 == space->levels) {
    add_option(all, nothing);
  } else {
    list_inside(&it, 0);
  }
  *made = (cds_tl_node){.at = *at, .options = all->count};
  for (unsigned t = 0; t < space->tensors; t++) {
    made->lacking[t] = 1;
    for (unsigned d = 0; d < space->dims; d++) {
      made->lacking[t] *=
          cds_tl_has(space, t, d) ? 1 : (double)cds_tl_value(space, at, d);
    }
  }
  const size_t room = all->count * inner->legs;
  made->option = cds_arena_array(space->arena, room + 1, sizeof *made->option);
  for (size_t o = 0; o < all->count && made->option != NULL; o++) {
    memcpy(&made->option[o * inner->legs], all->option[o],
           inner->legs * sizeof *made->option);
  }
  inner->possible = inner->possible && !all->full;
  cds_free(all);
  if (it.status != CDS_OK || made->option == NULL) {
    return it.status != CDS_OK ? it.status : CDS_ENOMEM;
  }
  *slot = made;
  *out = made->options > 0 ? made : NULL;
  return CDS_OK;
}

/* ---- the region -------------------------------------------------------------
 */

static void list_legs(cds_tl_inner *inner) {
  const cds_tl_space *space = inner->space;
  for (unsigned c = inner->start + 1; c < space->levels; c++) {
    for (unsigned t = 0; t < space->tensors; t++) {
      if (space->window[t] || (inner->kept[c] >> t & 1U) == 0) {
        continue;
      }
      if (inner->legs == CDS_TL_INNER_LEGS) {
        inner->possible = false;
        return;
      }
      inner->leg[inner->legs].tensor = (unsigned char)t;
      inner->leg[inner->legs++].place = (unsigned char)c;
    }
  }
}

/* All tiles of the first place that fit; false once nothing larger does. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool list_first(cds_tl_inner *inner, cds_tl_vector *now, unsigned dim,
                       cds_status *status) {
  const cds_tl_space *space = inner->space;
  if (cds_tl_need(space, inner->kept, inner->start, now) >
      space->capacity[inner->start]) {
    return false;
  }
  if (dim == space->dims) {
    cds_tl_node *node = NULL;
    *status = make_node(&node, inner, inner->start, now);
    if (node != NULL && inner->nodes == NODES_MAX) {
      inner->possible = false;
    } else if (node != NULL) {
      inner->node[inner->nodes++] = node;
    }
    return true;
  }
  for (unsigned i = 0;
       i < space->dim[dim].count && inner->possible && *status == CDS_OK; i++) {
    now->at[dim] = (uint16_t)i;
    if (!list_first(inner, now, dim + 1, status)) {
      break;
    }
  }
  now->at[dim] = 0;
  return true;
}

cds_status cds_tl_inner_begin(cds_tl_inner *out, const cds_tl_space *space,
                              const unsigned kept[CDS_LEVELS_MAX]) {
  out->space = space;
  memcpy(out->kept, kept, sizeof out->kept);
  out->start = space->levels;
  while (out->start > 1 && space->below[out->start - 1] < 0) {
    out->start--;
  }
  out->possible = out->start < space->levels;
  out->legs = 0;
  out->nodes = 0;
  out->lattice = 1;
  for (unsigned d = 0; d < space->dims && out->possible; d++) {
    out->lattice *= space->dim[d].count;
    out->possible = out->lattice <= LATTICE_MAX;
  }
  list_legs(out);
  if (!out->possible) {
    return CDS_OK;
  }
  const size_t room = out->lattice < NODES_MAX ? out->lattice : NODES_MAX;
  out->node = cds_arena_array(space->arena, room, sizeof(cds_tl_node *));
  for (unsigned c = out->start; c < space->levels; c++) {
    out->known[c] =
        cds_arena_array(space->arena, out->lattice, sizeof(cds_tl_node *));
    if (out->known[c] == NULL) {
      return CDS_ENOMEM;
    }
  }
  cds_tl_vector now;
  memset(&now, 0, sizeof now);
  cds_status status = out->node == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    list_first(out, &now, 0, &status);
  }
  return status;
}

const cds_tl_node *cds_tl_inner_find(const cds_tl_inner *inner,
                                     const cds_tl_vector *at) {
  return inner->known[inner->start][place_of(inner->space, at)];
}

/* ---- in a layout
 * ------------------------------------------------------------- */

double cds_tl_inner_least(const cds_tl_inner *inner,
                          const cds_tl_layout *layout, const cds_tl_node *node,
                          const cds_tl_row *row) {
  double least = (double)INFINITY;
  for (size_t o = 0; o < node->options; o++) {
    const double *option = &node->option[o * inner->legs];
    double pj = 0;
    for (unsigned i = 0; i < inner->legs; i++) {
      const unsigned t = inner->leg[i].tensor;
      const double passes =
          option[i] == 0 ? row->passes[t] : row->lacked[t] * option[i];
      pj += layout->leg[t][inner->leg[i].place].energy_pj * passes;
    }
    least = pj < least ? pj : least;
  }
  return least;
}

/* Of the place itself and all inside when class f stands innermost above and
 * passes so often. */
static double cost_under(const cds_tl_inner *inner, const cds_tl_layout *layout,
                         const cds_tl_node *node, unsigned f, double passes) {
  const cds_tl_space *space = inner->space;
  cds_tl_row row;
  double pj = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    const cds_tl_leg *leg = &layout->leg[t][inner->start];
    row.lacked[t] = layout->all[t] / node->lacking[t];
    row.passes[t] = !space->single ? 1 : t == f ? passes : row.lacked[t];
    if (space->window[t]) {
      pj += leg->any ? leg->least *
                           (leg->child_pj + (leg->linked ? 0 : leg->parent_pj))
                     : 0;
    } else {
      pj += leg->energy_pj * row.passes[t];
    }
  }
  return pj + cds_tl_inner_least(inner, layout, node, &row);
}

/* Whichever class stands innermost: its tensor passes once at least. */
static double rank_of(const cds_tl_inner *inner, const cds_tl_layout *layout,
                      const cds_tl_node *node) {
  double least = (double)INFINITY;
  for (unsigned f = 0; f < inner->space->tensors; f++) {
    least = fmin(least, cost_under(inner, layout, node, f, 1));
  }
  return least;
}

static double least_under(const cds_tl_ranked *rank, size_t ranks,
                          const cds_tl_inner *inner,
                          const cds_tl_layout *layout, unsigned f,
                          double passes) {
  double least = (double)INFINITY;
  for (size_t i = 0; i < ranks && rank[i].pj < least; i++) {
    least = fmin(least, cost_under(inner, layout, rank[i].node, f, passes));
  }
  return least;
}

double cds_tl_inner_under(cds_tl_asked asked[CDS_TENSORS_MAX],
                          const cds_tl_ranked *rank, size_t ranks,
                          const cds_tl_inner *inner,
                          const cds_tl_layout *layout, cds_tl_class class) {
  cds_tl_asked *of = &asked[class.tensor];
  unsigned i = 0;
  while (i < of->count && of->passes[i] != class.passes) {
    i++;
  }
  if (i < of->count) {
    return of->pj[i];
  }
  const double pj =
      least_under(rank, ranks, inner, layout, class.tensor, class.passes);
  if (of->count < CDS_TL_ASKED_MAX) {
    of->passes[of->count] = class.passes;
    of->pj[of->count++] = pj;
  }
  return pj;
}

double cds_tl_inner_below(cds_tl_asked asked[CDS_TENSORS_MAX],
                          const cds_tl_ranked *rank, size_t ranks,
                          const cds_tl_inner *inner,
                          const cds_tl_layout *layout, const cds_tl_row *row) {
  double least = (double)INFINITY;
  for (unsigned f = 0; f < inner->space->tensors; f++) {
    const cds_tl_class class = {f, row->passes[f]};
    least = fmin(least,
                 cds_tl_inner_under(asked, rank, ranks, inner, layout, class));
  }
  return least;
}

static int by_pj(const void *left, const void *right) {
  const cds_tl_ranked *a = left;
  const cds_tl_ranked *b = right;
  if (a->pj != b->pj) {
    return a->pj < b->pj ? -1 : 1;
  }
  return memcmp(&a->node->at, &b->node->at, sizeof a->node->at);
}

size_t cds_tl_inner_rank(cds_tl_ranked *out, const cds_tl_inner *inner,
                         const cds_tl_layout *layout) {
  const cds_tl_space *space = inner->space;
  size_t count = 0;
  for (size_t i = 0; i < inner->nodes; i++) {
    const cds_tl_node *node = inner->node[i];
    bool room = true;
    for (unsigned d = 0; d < space->dims; d++) {
      room = room && cds_tl_product(&space->dim[d], node->at.at[d],
                                    layout->below[0].at[d]) != CDS_TL_NONE;
    }
    if (room) {
      out[count++] = (cds_tl_ranked){rank_of(inner, layout, node), node};
    }
  }
  if (count > 0) {
    qsort(out, count, sizeof *out, by_pj);
  }
  return count;
}
