/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best first over choices: spreads of all arrays, then the holders of one group
 * after the other, from the innermost outwards. The bound of a choice has the
 * groups that are chosen by deep_bound.c and those outside at one pass each,
 * with the best holders for them; that no mapping takes less time than its
 * units and the outermost port need is all that it knows of time. A choice that
 * is complete is searched (deep_descend.c), the first one at once. When the
 * next bound is beyond the incumbent, so is all that is left.
 *
 * Spreads are listed in bands of units in use, each down to a part of the one
 * before, as far as the incumbent asks for: those that are not listed have
 * fewer units and so take more cycles.
 */
#include <math.h>
#include <string.h>

#include "base/heap.h"
#include "search/deep_chain.h"
#include "search/deep_descend.h"
#include "search/spread_bands.h"

enum { LISTED_MAX = 1 << 22, OPEN_MAX = 1 << 24 };

/* ---- spreads --------------------------------------------------------- */

static cds_status add_spreads(cds_deep *deep, const cds_deep_spreads *spreads) {
  if (deep->listed == deep->listed_room) {
    const size_t room = 2 * deep->listed_room + 256;
    if (room > LISTED_MAX) {
      return CDS_ELIMIT;
    }
    cds_deep_spreads *grown = cds_realloc(deep->list, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    deep->list = grown;
    deep->listed_room = room;
  }
  deep->list[deep->listed++] = *spreads;
  return CDS_OK;
}

static cds_status take_spreads(cds_spread_band *band, double units) {
  const cds_general *general = band->general;
  cds_deep_spreads spreads;
  memset(&spreads, 0, sizeof spreads);
  memcpy(spreads.spread, band->spread, sizeof spreads.spread);
  spreads.cycles = fmax(general->macs / units, general->floor_cycles);
  return add_spreads(band->payload, &spreads);
}

/* Lists the next band; all that is left if there is little. */
static cds_status list_band(cds_deep *deep) {
  cds_spread_band band = {
      .general = deep->general, .take = take_spreads, .payload = deep};
  cds_spread_band_set(&band, deep->listed_units, 1);
  CDS_TRY(cds_spread_band_walk(&band));
  deep->listed_units = band.from;
  return CDS_OK;
}

/* Bound on all spreads that are not listed. */
static double unlisted_bound(const cds_deep *deep, const cds_descent *job) {
  const cds_general *general = deep->general;
  if (deep->listed_units <= 0) {
    return (double)INFINITY;
  }
  const double cycles = general->macs / deep->listed_units;
  return cds_aim_value(&job->aim, general->base_pj,
                       fmax(cycles, general->floor_cycles));
}

/* ---- the heap -------------------------------------------------------- */

/* Of equal bounds the deeper choice first: it is nearer to an incumbent. */
static bool before(const void *left, const void *right) {
  const cds_deep_choice *a = left;
  const cds_deep_choice *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound;
  }
  if (a->depth != b->depth) {
    return a->depth > b->depth;
  }
  if (a->spreads != b->spreads) {
    return a->spreads < b->spreads;
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    if (a->suffix[t] != b->suffix[t]) {
      return a->suffix[t] > b->suffix[t];
    }
  }
  return false;
}

static cds_status push(cds_deep_heap *heap, const cds_deep_choice *choice) {
  if (heap->count == heap->room) {
    const size_t room = 2 * heap->room + 1024;
    if (room > OPEN_MAX) {
      return CDS_ELIMIT;
    }
    cds_deep_choice *grown = cds_realloc(heap->choice, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    heap->choice = grown;
    heap->room = room;
  }
  cds_heap_insert(heap->choice, heap->count++, sizeof *choice, choice, before);
  return CDS_OK;
}

static cds_deep_choice pop(cds_deep_heap *heap) {
  cds_deep_choice top;
  cds_heap_take(&top, heap->choice, heap->count--, sizeof top, before);
  return top;
}

/* ---- choices --------------------------------------------------------- */

static bool beyond(const cds_deep *deep, const cds_descent *job,
                   const cds_deep_choice *choice) {
  return isinf(choice->energy_pj) || /* nothing fits */
         cds_deep_beyond(job, choice->bound, choice->energy_pj,
                         deep->list[choice->spreads].cycles);
}

/* How well a choice is bounded: by the tiles of each group, of the groups in
 * order but for the outermost, of all. */
enum { KNOWN_QUICKLY, KNOWN_HALF, KNOWN_WELL };

/* Costs and tiles of the groups that are chosen, and what the others cost at
 * least; INFINITY: nothing is allowed. */
static cds_status set_input(cds_deep_bound_input *out, double *others_pj,
                            cds_deep *deep, const cds_deep_view *view,
                            const cds_deep_choice *choice) {
  const unsigned groups = deep->groups;
  out->first = groups - choice->depth + 1;
  *others_pj = deep->general->base_pj;
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    const size_t at = deep->first[choice->depth] + choice->suffix[t];
    *others_pj += view->price[t]->low[at];
    memcpy(out->cost[t], &view->price[t]->cost[at * (groups + 1)],
           (groups + 1) * sizeof(double));
  }
  bool inside = false;
  for (unsigned g = groups; g >= out->first && !isinf(*others_pj); g--) {
    cds_deep_held held = {.group = g, .output_inside = inside};
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      held.digit[t] = cds_deep_digit(deep, choice->suffix[t], choice->depth, g);
      out->held[t][g] = held.digit[t] > 0;
    }
    CDS_TRY(cds_deep_tiles_get(&out->tiles[g], deep, view, &held));
    inside = inside || held.digit[deep->general->output] > 0;
  }
  return CDS_OK;
}

static void raise_bound(const cds_descent *job, const cds_deep_view *view,
                        cds_deep_choice *choice, double energy_pj) {
  choice->energy_pj = fmax(choice->energy_pj, energy_pj);
  const double bound =
      cds_aim_value(&job->aim, choice->energy_pj, view->spreads->cycles);
  choice->bound = fmax(bound, choice->bound);
}

/* Bounds the choice, each group by its own tiles. */
static cds_status bound_quickly(cds_deep *deep, const cds_descent *job,
                                const cds_deep_view *view,
                                cds_deep_choice *choice) {
  cds_deep_bound_input input;
  double energy_pj = 0;
  CDS_TRY(set_input(&input, &energy_pj, deep, view, choice));
  if (!isinf(energy_pj)) {
    cds_deep_runs runs;
    cds_deep_bound(&runs, deep, &input);
    const double inverse[CDS_DEEP_TENSORS] = {
        1 / view->rest_size[0], 1 / view->rest_size[1], 1 / view->rest_size[2]};
    energy_pj +=
        cds_deep_bound_from(&runs, &input, deep->groups, input.first, inverse);
  }
  raise_bound(job, view, choice, energy_pj);
  return CDS_OK;
}

/* Bounds the choice with the tiles of its groups in their order: first of all
 * but the outermost of them. */
static cds_status bound_well(cds_deep *deep, const cds_descent *job,
                             const cds_deep_view *view,
                             cds_deep_choice *choice) {
  cds_deep_bound_input input;
  double energy_pj = 0;
  double inside_pj = 0;
  CDS_TRY(set_input(&input, &energy_pj, deep, view, choice));
  choice->known++;
  CDS_TRY(choice->known == KNOWN_WELL
              ? cds_deep_chain_least(&inside_pj, deep, &input)
              : cds_deep_chain_most(&inside_pj, deep, &input));
  raise_bound(job, view, choice, energy_pj + inside_pj);
  return CDS_OK;
}

/* Chooses the next group outside: all its holders go to the heap. */
static cds_status open_choice(cds_deep *deep, cds_descent *job,
                              const cds_deep_view *view,
                              const cds_deep_choice *choice) {
  const unsigned g = deep->groups - choice->depth;
  const unsigned radix = deep->radix[g];
  for (unsigned i = 0; i < radix * radix * radix; i++) {
    const unsigned digit[CDS_DEEP_TENSORS] = {i / (radix * radix),
                                              i / radix % radix, i % radix};
    cds_deep_choice next = *choice;
    next.depth++;
    next.known = next.depth == 1 ? KNOWN_WELL : KNOWN_QUICKLY;
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      next.suffix[t] = (uint16_t)(choice->suffix[t] * radix + digit[t]);
    }
    job->nodes++;
    CDS_TRY(bound_quickly(deep, job, view, &next));
    if (!beyond(deep, job, &next)) {
      CDS_TRY(push(&deep->inside, &next));
    }
  }
  return CDS_OK;
}

/* How far the choices of one vector of spreads are opened. Without an incumbent
 * the first choice of all groups is searched on the way, to have one: the
 * choices of other vectors are then opened no further than it asks for. */
typedef enum cds_deep_look {
  LOOK_AT_GROUP, /* until the holders of the innermost group are bounded */
  LOOK_AT_ALL,   /* until the least bound of a choice of all groups is known */
  LOOK_NO_MORE   /* all */
} cds_deep_look_until;

/* One choice; true: looked far enough, `spreads` has its bound. */
static cds_status take_choice(bool *enough, cds_deep *deep, cds_descent *job,
                              const cds_deep_view *view,
                              cds_deep_look_until look) {
  cds_deep_choice choice = pop(&deep->inside);
  *enough = false;
  if (beyond(deep, job, &choice)) {
    return CDS_OK;
  }
  if (choice.depth == 1 && look == LOOK_AT_GROUP) {
    *enough = true;
    return CDS_OK;
  }
  CDS_TRY(cds_deep_chain_trim(deep, view));
  if (choice.known < KNOWN_WELL && choice.depth > 0) {
    CDS_TRY(bound_well(deep, job, view, &choice));
    return beyond(deep, job, &choice) ? CDS_OK : push(&deep->inside, &choice);
  }
  if (choice.depth < deep->groups) {
    return open_choice(deep, job, view, &choice);
  }
  if (look == LOOK_AT_ALL && job->best.found) {
    *enough = true;
    return CDS_OK;
  }
  return cds_deep_descend(deep, job, view, &choice);
}

/* Opens the choices of one vector of spreads, best first, as far as asked for;
 * `spreads` gets the least bound of what was not opened, or INFINITY. */
static cds_status open_spreads(cds_deep *deep, cds_descent *job,
                               cds_deep_choice *spreads,
                               cds_deep_look_until look) {
  cds_deep_view view;
  cds_status status = CDS_OK;
  if (!cds_deep_look(&view, deep, &deep->list[spreads->spreads], &status)) {
    return status;
  }
  if (look != LOOK_AT_GROUP) {
    CDS_TRY(cds_deep_chain_begin(deep, &view));
  }
  cds_deep_choice first = *spreads;
  first.depth = 0;
  deep->inside.count = 0;
  CDS_TRY(push(&deep->inside, &first));
  while (deep->inside.count > 0 && !job->stopped) {
    bool enough = false;
    const double bound = deep->inside.choice[0].bound;
    CDS_TRY(take_choice(&enough, deep, job, &view, look));
    if (enough) {
      spreads->bound = bound;
      return CDS_OK;
    }
  }
  spreads->bound = job->stopped ? spreads->bound : (double)INFINITY;
  return CDS_OK;
}

/* Adds the spreads from `first` on to what is open. */
static cds_status push_spreads(cds_deep *deep, const cds_descent *job,
                               size_t first) {
  for (size_t i = first; i < deep->listed; i++) {
    const cds_deep_choice choice = {
        .bound = cds_aim_value(&job->aim, deep->general->base_pj,
                               deep->list[i].cycles),
        .energy_pj = deep->general->base_pj,
        .spreads = (uint32_t)i};
    if (!beyond(deep, job, &choice)) {
      CDS_TRY(push(&deep->open, &choice));
    }
  }
  return CDS_OK;
}

/* Lists more if that may be better than all that is open; false: no need. */
static cds_status list_more(bool *more, cds_deep *deep, cds_descent *job) {
  const double unlisted = unlisted_bound(deep, job);
  *more = !isinf(unlisted) && !cds_descent_beyond(job, unlisted) &&
          (deep->open.count == 0 || unlisted < deep->open.choice[0].bound);
  if (!*more) {
    return CDS_OK;
  }
  const size_t first = deep->listed;
  CDS_TRY(list_band(deep));
  return push_spreads(deep, job, first);
}

/* Takes the spreads with the least bound: first to know them better. */
static cds_status take(cds_deep *deep, cds_descent *job, double *open) {
  cds_deep_choice spreads = pop(&deep->open);
  if (beyond(deep, job, &spreads)) {
    return CDS_OK;
  }
  const double bound = spreads.bound;
  CDS_TRY(open_spreads(deep, job, &spreads, spreads.depth));
  if (job->stopped) {
    *open = fmin(*open, bound);
    return CDS_OK;
  }
  spreads.depth++;
  return isinf(spreads.bound) ? CDS_OK : push(&deep->open, &spreads);
}

static cds_status open_all(double *open, cds_deep *deep, cds_descent *job) {
  CDS_TRY(push_spreads(deep, job, 0));
  for (;;) {
    bool more = false;
    CDS_TRY(list_more(&more, deep, job));
    if (more) {
      continue;
    }
    if (deep->open.count == 0 ||
        cds_descent_beyond(job, deep->open.choice[0].bound)) {
      return CDS_OK;
    }
    job->stopped = job->stopped || cds_descent_enough(job);
    if (!job->stopped) {
      CDS_TRY(take(deep, job, open));
    }
    if (job->stopped) {
      return CDS_OK;
    }
  }
}

cds_status cds_deep_open(double *open, cds_deep *deep, cds_descent *job) {
  deep->open.count = 0;
  *open = (double)INFINITY;
  const cds_status status = open_all(open, deep, job);
  job->stopped = job->stopped || status == CDS_ELIMIT; /* too much is open */
  if (job->stopped) {
    const double next =
        deep->open.count > 0 ? deep->open.choice[0].bound : (double)INFINITY;
    *open = fmin(*open, fmin(next, unlisted_bound(deep, job)));
  }
  return status == CDS_ELIMIT ? CDS_OK : status;
}
