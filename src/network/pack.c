/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells one after the other; see pack.h. */
#include "network/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 1 << 17 };

/* Sums of a few thousand costs are right to far better than this. */
static const double MARGIN = 1e-12;

/* A step from one option to a larger one on the hull of a cell's options. */
typedef struct segment {
  double slope; /* cost for each bit: below 0 */
  size_t cell, from, to;
  uint64_t bits;
} segment;

/* A way to have come so far. */
typedef struct state {
  uint64_t bits;
  double cost;
  size_t before; /* state of the stage before */
  size_t option; /* that the instance, or the cell's list, has added */
} state;

typedef struct stage {
  size_t states;
  state *state;
} stage;

typedef struct packing {
  const cds_pack_problem *problem;
  cds_arena *arena;
  double price;    /* of a bit */
  double *to_come; /* by cell: bound of this one and all after it, with their
                      bits at the price */
  cds_pack_result *out;
  bool overflow;
} packing;

static const cds_pack_option *option_of(const packing *it, size_t cell,
                                        size_t option) {
  return &it->problem->option[it->problem->cell[cell].first + option];
}

/* ---- the relaxation ----------------------------------------------------- */

static bool usable(const packing *it, const cds_pack_option *option) {
  return option->cost < (double)INFINITY && option->bits <= it->problem->room;
}

/* The option of fewest bits, of these the cheapest; SIZE_MAX: none. */
static size_t smallest(const packing *it, size_t cell) {
  size_t best = SIZE_MAX;
  for (size_t m = 0; m < it->problem->cell[cell].options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    const cds_pack_option *least =
        best == SIZE_MAX ? NULL : option_of(it, cell, best);
    if (usable(it, option) &&
        (least == NULL || option->bits < least->bits ||
         (option->bits == least->bits && option->cost < least->cost))) {
      best = m;
    }
  }
  return best;
}

/* The next option on the lower hull: that of the steepest way down. */
static bool next_on_hull(segment *out, const packing *it, size_t cell,
                         size_t from) {
  const cds_pack_option *at = option_of(it, cell, from);
  *out = (segment){.slope = 0, .cell = cell, .from = from, .to = SIZE_MAX};
  for (size_t m = 0; m < it->problem->cell[cell].options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    if (!usable(it, option) || option->bits <= at->bits ||
        option->cost >= at->cost) {
      continue;
    }
    const uint64_t bits = option->bits - at->bits;
    const double slope = (option->cost - at->cost) / (double)bits;
    if (out->to == SIZE_MAX || slope < out->slope ||
        (slope == out->slope && bits > out->bits)) {
      out->slope = slope;
      out->to = m;
      out->bits = bits;
    }
  }
  return out->to != SIZE_MAX;
}

static int by_slope(const void *a, const void *b) {
  const segment *x = (const segment *)a;
  const segment *y = (const segment *)b;
  if (x->slope != y->slope) {
    return x->slope < y->slope ? -1 : 1;
  }
  if (x->cell != y->cell) {
    return x->cell < y->cell ? -1 : 1;
  }
  return x->bits < y->bits ? -1 : x->bits > y->bits;
}

/* Whether so many bits fit, and their sum. */
static bool add_bits(uint64_t *sum, uint64_t bits, uint64_t times,
                     uint64_t room) {
  if (bits > 0 && times > (room - *sum) / bits) {
    return false;
  }
  *sum += bits * times;
  return true;
}

/* All instances on their smallest options; false: that does not fit. */
static bool start(packing *it, size_t *segments, segment *list) {
  uint64_t sum = 0;
  for (size_t c = 0; c < it->problem->cells; c++) {
    const cds_pack_cell *cell = &it->problem->cell[c];
    size_t at = smallest(it, c);
    if (at == SIZE_MAX || !add_bits(&sum, option_of(it, c, at)->bits,
                                    cell->instances, it->problem->room)) {
      return false;
    }
    it->out->count[cell->first + at] = cell->instances;
    segment step;
    while (next_on_hull(&step, it, c, at)) {
      list[(*segments)++] = step;
      at = step.to;
    }
  }
  it->out->bits = sum;
  return true;
}

/* Goes down the segments as far as whole instances fit. Sets the price: the
 * slope of the first segment that does not fit in all instances. */
static void round_down(packing *it, const segment *list, size_t segments) {
  it->price = 0;
  for (size_t i = 0; i < segments; i++) {
    const segment *step = &list[i];
    uint64_t *count = &it->out->count[it->problem->cell[step->cell].first];
    const uint64_t room = it->problem->room - it->out->bits;
    uint64_t times = count[step->from];
    if (times > room / step->bits) {
      times = room / step->bits;
      it->price = it->price > 0 ? it->price : -step->slope;
    }
    count[step->from] -= times;
    count[step->to] += times;
    it->out->bits += times * step->bits;
  }
}

static double value_of(const packing *it, const uint64_t *count) {
  double value = 0;
  for (size_t c = 0; c < it->problem->cells; c++) {
    for (size_t m = 0; m < it->problem->cell[c].options; m++) {
      const uint64_t times = count[it->problem->cell[c].first + m];
      value += times > 0 ? (double)times * option_of(it, c, m)->cost : 0;
    }
  }
  return value;
}

/* Least of cost + price x bits of one instance. */
static double least_priced(const packing *it, size_t cell) {
  double least = (double)INFINITY;
  for (size_t m = 0; m < it->problem->cell[cell].options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    if (usable(it, option)) {
      least = fmin(least, option->cost + it->price * (double)option->bits);
    }
  }
  return least;
}

/* Rounded choice, price and bounds. False: nothing fits. CDS_ENOMEM. */
static cds_status relax(packing *it, bool *fits) {
  const cds_pack_problem *problem = it->problem;
  size_t options = 0;
  for (size_t c = 0; c < problem->cells; c++) {
    options += problem->cell[c].options;
  }
  it->out->count =
      (uint64_t *)cds_arena_array(it->arena, options, sizeof(uint64_t));
  it->to_come =
      (double *)cds_arena_array(it->arena, problem->cells + 1, sizeof(double));
  segment *list =
      (segment *)cds_arena_array(it->arena, options, sizeof(segment));
  if (it->out->count == NULL || it->to_come == NULL || list == NULL) {
    return CDS_ENOMEM;
  }
  size_t segments = 0;
  *fits = start(it, &segments, list);
  if (!*fits) {
    return CDS_OK;
  }
  qsort(list, segments, sizeof *list, by_slope);
  round_down(it, list, segments);
  it->to_come[problem->cells] = 0;
  for (size_t c = problem->cells; c-- > 0;) {
    it->to_come[c] = it->to_come[c + 1] +
                     (double)problem->cell[c].instances * least_priced(it, c);
  }
  it->out->found = true;
  it->out->value = value_of(it, it->out->count);
  it->out->bound = it->to_come[0] - it->price * (double)problem->room;
  it->out->bound -= MARGIN * fabs(it->to_come[0]);
  return CDS_OK;
}

cds_status cds_pack_relax(double *bound, const cds_pack_problem *problem,
                          cds_arena *arena) {
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_pack_result result = {.bound = (double)INFINITY};
  packing it = {.problem = problem, .arena = arena, .out = &result};
  bool fits = false;
  CDS_TRY(relax(&it, &fits));
  *bound = result.bound;
  cds_arena_reset(arena, mark);
  return CDS_OK;
}

/* ---- exact -------------------------------------------------------------- */

static int by_bits(const void *a, const void *b) {
  const state *x = (const state *)a;
  const state *y = (const state *)b;
  if (x->bits != y->bits) {
    return x->bits < y->bits ? -1 : 1;
  }
  if (x->cost != y->cost) {
    return x->cost < y->cost ? -1 : 1;
  }
  if (x->before != y->before) {
    return x->before < y->before ? -1 : 1;
  }
  return x->option < y->option ? -1 : x->option > y->option;
}

/* Leaves the states that no other makes superfluous. */
static void thin_out(stage *at) {
  size_t kept = 0;
  if (at->states == 0) {
    return;
  }
  qsort(at->state, at->states, sizeof *at->state, by_bits);
  for (size_t i = 0; i < at->states; i++) {
    if (kept == 0 || at->state[i].cost < at->state[kept - 1].cost) {
      at->state[kept++] = at->state[i];
    }
  }
  at->states = kept;
}

/* All of one list with all of another, as far as they fit and are of use to
 * what is to come from cell `next` on; SIZE_MAX: no bound. */
static cds_status combine(stage *out, packing *it, const stage *left,
                          const stage *right, size_t next) {
  const size_t most = left->states * right->states;
  *out = (stage){0, NULL};
  if (most > STATES_MAX) {
    it->overflow = true;
    return CDS_OK;
  }
  out->state = (state *)cds_arena_array(it->arena, most, sizeof(state));
  if (out->state == NULL) {
    return CDS_ENOMEM;
  }
  const double beyond = fmin(it->out->value, it->problem->limit);
  for (size_t i = 0; i < left->states; i++) {
    for (size_t k = 0; k < right->states; k++) {
      const state *a = &left->state[i];
      const state *b = &right->state[k];
      if (b->bits > it->problem->room - a->bits) {
        continue;
      }
      const uint64_t bits = a->bits + b->bits;
      const double cost = a->cost + b->cost;
      const double bound =
          next == SIZE_MAX ? cost
                           : cost + it->to_come[next] -
                                 it->price * (double)(it->problem->room - bits);
      if (next == SIZE_MAX || bound <= beyond + MARGIN * fabs(beyond)) {
        out->state[out->states++] = (state){bits, cost, i, k};
      }
    }
  }
  thin_out(out);
  return CDS_OK;
}

/* The options of one instance. */
static cds_status list_options(stage *out, packing *it, size_t cell) {
  const size_t options = it->problem->cell[cell].options;
  *out =
      (stage){0, (state *)cds_arena_array(it->arena, options, sizeof(state))};
  if (out->state == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t m = 0; m < options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    if (usable(it, option)) {
      out->state[out->states++] = (state){option->bits, option->cost, 0, m};
    }
  }
  thin_out(out);
  return CDS_OK;
}

/* All instances of a cell: `each` has one list for each number of them. */
static cds_status list_cell(stage **each, packing *it, size_t cell) {
  const uint64_t instances = it->problem->cell[cell].instances;
  *each = (stage *)cds_arena_array(it->arena, instances, sizeof(stage));
  if (*each == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(list_options(&(*each)[0], it, cell));
  for (uint64_t n = 1; n < instances && !it->overflow; n++) {
    CDS_TRY(combine(&(*each)[n], it, &(*each)[n - 1], &(*each)[0], SIZE_MAX));
  }
  return CDS_OK;
}

/* Counts of the options on the way to the last state. */
static void trace(packing *it, const stage *whole, stage *const *each) {
  const cds_pack_problem *problem = it->problem;
  size_t at = 0;
  const stage *last = &whole[problem->cells];
  for (size_t i = 1; i < last->states; i++) {
    at = last->state[i].cost < last->state[at].cost ? i : at;
  }
  it->out->bits = last->state[at].bits;
  size_t options = 0;
  for (size_t c = 0; c < problem->cells; c++) {
    options += problem->cell[c].options;
  }
  memset(it->out->count, 0, options * sizeof(uint64_t));
  for (size_t c = problem->cells; c-- > 0;) {
    const state *step = &whole[c + 1].state[at];
    size_t pack = step->option;
    at = step->before;
    uint64_t *count = &it->out->count[problem->cell[c].first];
    for (uint64_t n = problem->cell[c].instances; n-- > 1;) {
      const state *one = &each[c][n].state[pack];
      count[each[c][0].state[one->option].option]++;
      pack = one->before;
    }
    count[each[c][0].state[pack].option]++;
  }
  it->out->value = value_of(it, it->out->count);
  it->out->bound = it->out->value;
}

static cds_status search(packing *it) {
  const cds_pack_problem *problem = it->problem;
  stage *whole =
      (stage *)cds_arena_array(it->arena, problem->cells + 1, sizeof(stage));
  stage **each =
      (stage **)cds_arena_array(it->arena, problem->cells, sizeof(stage *));
  state *begin = (state *)cds_arena_alloc(it->arena, sizeof *begin);
  if (whole == NULL || each == NULL || begin == NULL) {
    return CDS_ENOMEM;
  }
  *begin = (state){0, 0, 0, 0};
  whole[0] = (stage){1, begin};
  for (size_t c = 0; c < problem->cells && !it->overflow; c++) {
    CDS_TRY(list_cell(&each[c], it, c));
    if (it->overflow) {
      break;
    }
    const stage *all = &each[c][problem->cell[c].instances - 1];
    CDS_TRY(combine(&whole[c + 1], it, &whole[c], all, c + 1));
    if (whole[c + 1].states == 0 && !it->overflow) {
      /* Only a limit below the rounded choice leaves nothing. */
      it->out->found = false;
      it->out->bound = problem->limit;
      return CDS_OK;
    }
  }
  if (!it->overflow) {
    trace(it, whole, each);
  }
  return CDS_OK;
}

cds_status cds_pack_least(cds_pack_result *out, const cds_pack_problem *problem,
                          cds_arena *arena) {
  *out =
      (cds_pack_result){.value = (double)INFINITY, .bound = (double)INFINITY};
  packing it = {.problem = problem, .arena = arena, .out = out};
  bool fits = false;
  CDS_TRY(relax(&it, &fits));
  if (!fits) {
    return CDS_OK;
  }
  return search(&it);
}
