/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transition sum of src/count/loads.c for a holder below the loops decided
 * so far, in floating point and without a mapping: going outwards, each loop
 * adds (trips of all loops outside) x (trips - 1) x (words that are new when it
 * goes on and all loops inside it start again).
 */
#include <stdlib.h>

#include "count/axis_set.h"
#include "search/descend.h"

typedef struct cds_sliding {
  const cds_window *window;
  uint64_t extent[2];
  uint64_t size; /* positions of one tile */
  bool run;
  unsigned spreads;
  cds_digit spread[2 * CDS_ARRAYS_MAX];
  uint64_t all;  /* positions of the united tiles */
  int64_t reset; /* move when all loops inside start again */
} cds_sliding;

static const cds_divisors_at *tile_at(const cds_descent *job, unsigned group) {
  return group > job->general->groups ? &job->general->one.at
                                      : &job->tile[group]->at;
}

/* Extent of a dimension inside the spread over an array. */
static uint64_t inside_spread(const cds_descent *job, unsigned group,
                              unsigned array, unsigned dim) {
  const cds_general *general = job->general;
  unsigned g = group; /* the group right below the array */
  while (g > 1 && general->group[g - 1].depth > array) {
    g--;
  }
  uint64_t extent = cds_extent(general, tile_at(job, g), dim);
  const unsigned depth =
      g > general->groups ? general->arch->arrays : general->group[g].depth;
  for (unsigned k = array + 1; k < depth; k++) {
    extent *= cds_extent(general, &job->layout.spread[k]->at, dim);
  }
  return extent;
}

static void list_spreads(cds_sliding *out, const cds_descent *job,
                         unsigned group, unsigned from, unsigned depth) {
  const cds_general *general = job->general;
  for (unsigned k = from; k < depth; k++) {
    if (!general->arch->array[k].multicast) {
      continue;
    }
    for (unsigned i = 0; i < 2; i++) {
      const unsigned dim = out->window->dim[i];
      const uint64_t trips =
          cds_extent(general, &job->layout.spread[k]->at, dim);
      if (trips > 1) {
        out->spread[out->spreads++] = (cds_digit){
            out->window->coefficient[i] * inside_spread(job, group, k, dim),
            trips};
      }
    }
  }
}

/* Positions that are new in some united tile after a move. */
static uint64_t fresh(cds_sliding *it, int64_t move, const cds_descent *job,
                      uint64_t *all) {
  const uint64_t moved = (uint64_t)llabs(move);
  if (it->spreads == 0 && it->run) {
    *all = it->size;
    return moved < it->size ? moved : it->size;
  }
  cds_digits tile;
  cds_digits spread;
  tile.count = spread.count = 0;
  for (unsigned i = 0; i < 2; i++) {
    if (it->extent[i] > 1) {
      tile.digit[tile.count++] =
          (cds_digit){it->window->coefficient[i], it->extent[i]};
    }
  }
  for (unsigned i = 0; i < it->spreads; i++) {
    spread.digit[spread.count++] = it->spread[i];
  }
  uint64_t result = 0;
  if (cds_axis_union(all, &result, &tile, &spread, move,
                     job->general->scratch) != CDS_OK) {
    *all = it->size; /* below the exact numbers; cds_confirm counts them */
    return 0;
  }
  return result;
}

static void begin_sliding(cds_sliding *it, const cds_window *window,
                          const cds_descent *job, unsigned group,
                          unsigned from) {
  const cds_general *general = job->general;
  const cds_divisors_at *at = tile_at(job, group);
  const unsigned depth = group > general->groups ? general->arch->arrays
                                                 : general->group[group].depth;
  const size_t here = cds_window_at(general, window, at);
  it->window = window;
  it->spreads = 0;
  it->reset = 0;
  it->size = window->size[here];
  it->run = window->run[here];
  for (unsigned i = 0; i < 2; i++) {
    it->extent[i] = cds_extent(general, at, window->dim[i]);
  }
  list_spreads(it, job, group, from, depth);
  it->all = it->size;
  if (it->spreads > 0) {
    fresh(it, 0, job, &it->all);
  }
}

/* New words when the loop goes on. */
static double new_words(cds_sliding *sliding, unsigned windows,
                        const cds_loop *loop, const cds_descent *job) {
  double every = 1;
  double known = 1;
  for (unsigned w = 0; w < windows; w++) {
    cds_sliding *it = &sliding[w];
    int64_t move = -it->reset;
    for (unsigned i = 0; i < 2; i++) {
      if (it->window->dim[i] == loop->dim) {
        move += (int64_t)(it->window->coefficient[i] * loop->step);
      }
    }
    uint64_t all = it->all;
    const uint64_t more = move == 0 ? 0 : fresh(it, move, job, &all);
    every *= (double)it->all;
    known *= (double)(it->all - (more < it->all ? more : it->all));
  }
  return every - known;
}

static void start_again(cds_sliding *sliding, unsigned windows,
                        const cds_loop *loop) {
  for (unsigned w = 0; w < windows; w++) {
    for (unsigned i = 0; i < 2; i++) {
      if (sliding[w].window->dim[i] == loop->dim) {
        sliding[w].reset += (int64_t)((loop->trips - 1) * loop->step *
                                      sliding[w].window->coefficient[i]);
      }
    }
  }
}

double cds_loads_of(double *first, const cds_descent *job, unsigned tensor,
                    unsigned group, unsigned from) {
  const cds_general *general = job->general;
  const cds_operand_shape *shape = &general->tensor[tensor];
  const cds_divisors_at *at = tile_at(job, group);
  const unsigned depth = group > general->groups ? general->arch->arrays
                                                 : general->group[group].depth;
  double whole = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    if ((shape->whole >> d & 1U) != 0) {
      whole *= (double)cds_extent(general, at, d);
      for (unsigned k = from; k < depth; k++) {
        if (general->arch->array[k].multicast) {
          whole *= (double)cds_extent(general, &job->layout.spread[k]->at, d);
        }
      }
    }
  }
  cds_sliding sliding[CDS_WINDOWS_MAX];
  double tile = whole;
  for (unsigned w = 0; w < shape->windows; w++) {
    begin_sliding(&sliding[w], &shape->window[w], job, group, from);
    tile *= (double)sliding[w].all;
  }
  if (first != NULL) {
    *first = tile;
  }
  if (group > general->groups) {
    return tile; /* compute remembers nothing */
  }
  const unsigned loops = job->frame[group].loops;
  double outside = 1;
  for (unsigned i = 0; i < loops; i++) {
    outside *= (double)job->loop[i].trips;
  }
  double loads = tile;
  bool all_new = false; /* a whole dimension inside starts again */
  for (unsigned i = loops; i-- > 0;) {
    const cds_loop *loop = &job->loop[i];
    all_new = all_new || (shape->whole >> loop->dim & 1U) != 0;
    const double words =
        all_new ? tile : whole * new_words(sliding, shape->windows, loop, job);
    outside /= (double)loop->trips;
    loads += outside * (double)(loop->trips - 1) * words;
    start_again(sliding, shape->windows, loop);
  }
  return loads;
}
