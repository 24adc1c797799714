/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of cells, and of all cells so far; see pack.h. */
#include "network/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In all lists; pairs of states that are looked at. */
enum { STATES_MAX = 1 << 20, PAIRS_MAX = 1 << 25 };

/* Sums of a few thousand costs are right to far better than this. */
static const double MARGIN = 1e-12;

/* A step from one option to a larger one on the hull of a cell's options. */
typedef struct segment {
  double slope; /* cost for each bit: below 0 */
  size_t cell, from, to;
  uint64_t bits;
} segment;

/* A way to choose for the instances of a list. */
typedef struct state {
  uint64_t bits;
  double cost;
  /* Of a sum: the states of its two lists. Of instances of one cell: how many
   * have the second option; of a single one: 0 and its option. */
  uint64_t left, right;
} state;

/* What some instances have at least, each by itself. */
typedef struct leasts {
  uint64_t bits;
  double cost;
  double priced; /* cost + price x bits */
} leasts;

typedef enum list_kind { LIST_NONE, LIST_ONE, LIST_TWO, LIST_SUM } list_kind;

typedef struct list {
  list_kind kind;
  size_t cell;        /* unless a sum */
  uint64_t instances; /* likewise */
  size_t option[2];   /* of LIST_TWO */
  size_t left, right; /* lists of a sum */
  leasts least;       /* of its instances */
  size_t states, room;
  state *state;
  uint64_t *times; /* by state: how often it is in the choice */
} list;

typedef struct packing {
  const cds_pack_problem *problem;
  cds_arena *arena;
  double price;    /* of a bit */
  size_t critical; /* the cell that has set it */
  leasts all;      /* of all instances */
  leasts spare;    /* what a choice of interest may have above these */
  cds_pack_result *out;
  size_t lists, list_room;
  list *list;
  uint64_t states, pairs; /* so far */
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
static bool start(packing *it, size_t *segments, segment *steps) {
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
      steps[(*segments)++] = step;
      at = step.to;
    }
  }
  it->out->bits = sum;
  return true;
}

/* Goes down the segments as far as whole instances fit. Sets the price: the
 * slope of the first segment that does not fit in all instances. */
static void round_down(packing *it, const segment *steps, size_t segments) {
  it->price = 0;
  for (size_t i = 0; i < segments; i++) {
    const segment *step = &steps[i];
    uint64_t *count = &it->out->count[it->problem->cell[step->cell].first];
    const uint64_t room = it->problem->room - it->out->bits;
    uint64_t times = count[step->from];
    if (times > room / step->bits) {
      times = room / step->bits;
      it->critical = it->price > 0 ? it->critical : step->cell;
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

/* Of one instance. */
static leasts leasts_of(const packing *it, size_t cell) {
  leasts least = {UINT64_MAX, (double)INFINITY, (double)INFINITY};
  for (size_t m = 0; m < it->problem->cell[cell].options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    if (usable(it, option)) {
      const double priced = option->cost + it->price * (double)option->bits;
      least.bits = option->bits < least.bits ? option->bits : least.bits;
      least.cost = fmin(least.cost, option->cost);
      least.priced = fmin(least.priced, priced);
    }
  }
  return least;
}

/* Of so many more; all bits together fit (start). */
static leasts add_leasts(const leasts *sum, const leasts *one, uint64_t times) {
  return (leasts){sum->bits + times * one->bits,
                  sum->cost + (double)times * one->cost,
                  sum->priced + (double)times * one->priced};
}

/* With a margin for rounding. */
static void set_spare(packing *it) {
  const double most = fmin(it->out->value, it->problem->limit);
  const double at_price = it->price * (double)it->problem->room;
  const double margin = MARGIN * (fabs(most) + at_price + fabs(it->all.priced));
  it->spare =
      (leasts){it->problem->room - it->all.bits, most - it->all.cost + margin,
               most + at_price - it->all.priced + margin};
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
  segment *steps =
      (segment *)cds_arena_array(it->arena, options, sizeof(segment));
  if (it->out->count == NULL || steps == NULL) {
    return CDS_ENOMEM;
  }
  size_t segments = 0;
  *fits = start(it, &segments, steps);
  if (!*fits) {
    return CDS_OK;
  }
  qsort(steps, segments, sizeof *steps, by_slope);
  round_down(it, steps, segments);
  it->all = (leasts){0, 0, 0};
  for (size_t c = 0; c < problem->cells; c++) {
    const leasts one = leasts_of(it, c);
    it->all = add_leasts(&it->all, &one, problem->cell[c].instances);
  }
  it->out->found = true;
  it->out->value = value_of(it, it->out->count);
  it->out->bound = it->all.priced - it->price * (double)problem->room;
  it->out->bound -= MARGIN * fabs(it->all.priced);
  set_spare(it);
  return CDS_OK;
}

/* ---- lists -------------------------------------------------------------- */

/* Whether a way for instances that have these leasts may be part of a choice of
 * interest. */
static bool worth(const packing *it, const leasts *least, uint64_t bits,
                  double cost) {
  const double priced = cost + it->price * (double)bits;
  return bits - least->bits <= it->spare.bits &&
         cost - least->cost <= it->spare.cost &&
         priced - least->priced <= it->spare.priced;
}

/* Counts what is looked at. */
static void look(packing *it, uint64_t pairs) {
  const cds_control *control = it->problem->control;
  it->pairs += pairs;
  it->overflow = it->overflow || it->pairs > PAIRS_MAX ||
                 cds_control_hurried(control) || cds_control_cancelled(control);
}

static int by_bits(const void *a, const void *b) {
  const state *x = (const state *)a;
  const state *y = (const state *)b;
  if (x->bits != y->bits) {
    return x->bits < y->bits ? -1 : 1;
  }
  if (x->cost != y->cost) {
    return x->cost < y->cost ? -1 : 1;
  }
  if (x->left != y->left) {
    return x->left < y->left ? -1 : 1;
  }
  return x->right < y->right ? -1 : x->right > y->right;
}

/* Leaves the states that no other makes superfluous. */
static void thin_out(list *at) {
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

/* A full list is thinned out first, and grows if that leaves half of it. */
static cds_status add_state(packing *it, list *at, const state *made) {
  if (at->states == at->room) {
    const size_t room = at->room;
    thin_out(at);
    if (2 * at->states >= room) {
      at->state = (state *)cds_arena_more(it->arena, at->state, room, &at->room,
                                          sizeof(state));
      it->states += at->room;
      it->overflow = it->overflow || it->states > STATES_MAX;
    }
    if (at->state == NULL) {
      return CDS_ENOMEM;
    }
  }
  at->state[at->states++] = *made;
  return CDS_OK;
}

/* A new list, the last. */
static cds_status add_list(packing *it, list_kind kind, size_t cell) {
  it->list = (list *)cds_arena_more(it->arena, it->list, it->lists,
                                    &it->list_room, sizeof *it->list);
  if (it->list == NULL) {
    return CDS_ENOMEM;
  }
  it->list[it->lists++] = (list){.kind = kind, .cell = cell};
  return CDS_OK;
}

static list *last_list(const packing *it) { return &it->list[it->lists - 1]; }

/* The one way for no instance. */
static cds_status add_none(packing *it) {
  const state made = {0, 0, 0, 0};
  CDS_TRY(add_list(it, LIST_NONE, 0));
  return add_state(it, last_list(it), &made);
}

/* One way of a sum's first list, the i-th, with all of the second. */
static cds_status add_row(packing *it, list *out, const state *one, size_t i) {
  const list *with = &it->list[out->right];
  look(it, with->states);
  for (size_t k = 0; k < with->states && !it->overflow; k++) {
    const state *other = &with->state[k];
    if (other->bits > it->problem->room - one->bits) {
      break; /* later ones take more */
    }
    const state made = {one->bits + other->bits, one->cost + other->cost, i, k};
    if (worth(it, &out->least, made.bits, made.cost)) {
      CDS_TRY(add_state(it, out, &made));
    }
  }
  return CDS_OK;
}

/* All ways of one list with all of another. */
static cds_status add_sum(packing *it, size_t left, size_t right) {
  CDS_TRY(add_list(it, LIST_SUM, 0));
  const list *a = &it->list[left];
  const list *b = &it->list[right];
  list *out = last_list(it);
  *out = (list){.kind = LIST_SUM,
                .left = left,
                .right = right,
                .least = add_leasts(&a->least, &b->least, 1)};
  for (size_t i = 0; i < a->states && !it->overflow; i++) {
    CDS_TRY(add_row(it, out, &a->state[i], i));
  }
  thin_out(out);
  return CDS_OK;
}

/* One instance. */
static cds_status add_one(packing *it, size_t cell) {
  CDS_TRY(add_list(it, LIST_ONE, cell));
  list *out = last_list(it);
  out->least = leasts_of(it, cell);
  for (size_t m = 0; m < it->problem->cell[cell].options; m++) {
    const cds_pack_option *option = option_of(it, cell, m);
    const state made = {option->bits, option->cost, 0, m};
    if (usable(it, option) &&
        worth(it, &out->least, option->bits, option->cost)) {
      CDS_TRY(add_state(it, out, &made));
    }
  }
  thin_out(out);
  return CDS_OK;
}

/* All instances of a cell that has at most two options left: those of the ways
 * that are of interest lie side by side, as each bound is linear in how many
 * take the larger option. */
static cds_status add_two(packing *it, size_t cell, size_t from) {
  const cds_pack_option *option[2];
  CDS_TRY(add_list(it, LIST_TWO, cell));
  const list *one = &it->list[from];
  list *out = last_list(it);
  out->instances = it->problem->cell[cell].instances;
  out->least = add_leasts(&out->least, &one->least, out->instances);
  if (one->states == 0) {
    return CDS_OK;
  }
  for (size_t k = 0; k < 2; k++) {
    out->option[k] = one->state[k < one->states ? k : 0].right;
    option[k] = option_of(it, cell, out->option[k]);
  }
  const uint64_t more = option[1]->bits - option[0]->bits;
  uint64_t large = one->states == 2 ? out->instances : 0;
  if (large > 0 && large > it->spare.bits / more) {
    large = it->spare.bits / more;
  }
  for (;; large--) {
    const uint64_t small = out->instances - large;
    const state made = {small * option[0]->bits + large * option[1]->bits,
                        (double)small * option[0]->cost +
                            (double)large * option[1]->cost,
                        large, 0};
    const bool of_use = worth(it, &out->least, made.bits, made.cost);
    look(it, 1);
    if (of_use) {
      CDS_TRY(add_state(it, out, &made));
    }
    if (large == 0 || it->overflow || (!of_use && out->states > 0)) {
      break;
    }
  }
  thin_out(out);
  return CDS_OK;
}

/* All instances of a cell: the last list. */
static cds_status add_cell(packing *it, size_t cell) {
  const uint64_t instances = it->problem->cell[cell].instances;
  size_t power = it->lists;
  size_t all = SIZE_MAX;
  CDS_TRY(add_one(it, cell));
  if (it->list[power].states <= 2) {
    return add_two(it, cell, power);
  }
  for (uint64_t rest = instances; !it->overflow; rest /= 2) {
    if (rest % 2 == 1) {
      CDS_TRY(all == SIZE_MAX ? CDS_OK : add_sum(it, all, power));
      all = all == SIZE_MAX ? power : it->lists - 1;
    }
    if (rest == 1) {
      break;
    }
    CDS_TRY(add_sum(it, power, power));
    power = it->lists - 1;
  }
  return CDS_OK;
}

/* ---- the last cell ------------------------------------------------------ */

/* The last cell's options: two that most instances have, and the others. */
typedef struct last_cell {
  size_t cell, small, large; /* options; the same: there is only one */
  size_t others;             /* list of the others, of one instance */
  size_t whole;              /* list of all other cells */
} last_cell;

/* A whole choice. */
typedef struct choice {
  double cost;
  uint64_t bits;
  size_t list, i, k;     /* of the instances with other options; states of the
                            whole and of it */
  uint64_t small, large; /* instances */
} choice;

static double priced_of(const packing *it, const state *at) {
  return at->cost + it->price * (double)at->bits;
}

/* The two options that are the least at the price leave a list, the last, and
 * become those of the last cell. */
static void take_two(last_cell *out, const packing *it) {
  list *from = last_list(it);
  size_t pick[2] = {0, 0};
  for (size_t i = 1; i < from->states; i++) {
    const double priced = priced_of(it, &from->state[i]);
    if (i == 1 || priced < priced_of(it, &from->state[pick[1]])) {
      pick[1] = i;
    }
    if (priced_of(it, &from->state[pick[1]]) <
        priced_of(it, &from->state[pick[0]])) {
      const size_t first = pick[0];
      pick[0] = pick[1];
      pick[1] = first;
    }
  }
  const size_t low = pick[0] < pick[1] ? pick[0] : pick[1];
  const size_t high = pick[0] < pick[1] ? pick[1] : pick[0];
  out->small = from->state[low].right;
  out->large = from->state[high].right;
  size_t kept = 0;
  for (size_t i = 0; i < from->states; i++) {
    if (i != low && i != high) {
      from->state[kept++] = from->state[i];
    }
  }
  from->states = kept;
}

/* The rest of the instances with what is chosen of all others: as many as fit
 * have the larger option, which costs less. */
static void complete(choice *best, const packing *it, const last_cell *last,
                     const choice *with) {
  const cds_pack_option *small = option_of(it, last->cell, last->small);
  const cds_pack_option *large = option_of(it, last->cell, last->large);
  const state *a = &it->list[last->whole].state[with->i];
  const state *b = &it->list[with->list].state[with->k];
  choice made = *with;
  if (b->bits > it->problem->room - a->bits) {
    return;
  }
  uint64_t room = it->problem->room - a->bits - b->bits;
  if (small->bits > 0 && with->small > room / small->bits) {
    return;
  }
  room -= with->small * small->bits;
  const uint64_t more = large->bits - small->bits;
  if (more > 0) {
    made.large = with->small < room / more ? with->small : room / more;
    made.small = with->small - made.large;
    room -= made.large * more;
  }
  made.bits = it->problem->room - room;
  made.cost = a->cost + b->cost + (double)made.small * small->cost +
              (double)made.large * large->cost;
  if (made.cost < best->cost ||
      (made.cost == best->cost && made.bits < best->bits)) {
    *best = made;
  }
}

/* The best of all choices: of the last cell, so many instances have other
 * options than two. */
static cds_status add_last(choice *best, packing *it, last_cell *last) {
  const uint64_t instances = it->problem->cell[last->cell].instances;
  *best = (choice){.cost = (double)INFINITY};
  CDS_TRY(add_one(it, last->cell));
  if (last_list(it)->states == 0) {
    return CDS_OK;
  }
  last->others = it->lists - 1;
  take_two(last, it);
  CDS_TRY(add_none(it));
  for (uint64_t n = 0; n <= instances && !it->overflow; n++) {
    const size_t of = it->lists - 1;
    const size_t states = it->list[last->whole].states;
    if (it->list[of].states == 0) {
      break;
    }
    for (size_t i = 0; i < states && !it->overflow; i++) {
      look(it, it->list[of].states);
      for (size_t k = 0; k < it->list[of].states; k++) {
        const choice with = {
            .list = of, .i = i, .k = k, .small = instances - n};
        complete(best, it, last, &with);
      }
    }
    CDS_TRY(add_sum(it, of, last->others));
  }
  return CDS_OK;
}

/* ---- the choice --------------------------------------------------------- */

/* Adds to what the state is made of as often as it is in the choice. */
static void count_state(packing *it, const list *at, size_t i) {
  const state *way = &at->state[i];
  const uint64_t times = at->times[i];
  uint64_t *count = &it->out->count[it->problem->cell[at->cell].first];
  switch (at->kind) {
  case LIST_NONE:
    break;
  case LIST_ONE:
    count[way->right] += times;
    break;
  case LIST_TWO:
    count[at->option[0]] += times * (at->instances - way->left);
    count[at->option[1]] += times * way->left;
    break;
  case LIST_SUM:
    it->list[at->left].times[way->left] += times;
    it->list[at->right].times[way->right] += times;
    break;
  }
}

/* Counts of the options of the choice. */
static cds_status trace(packing *it, const last_cell *last,
                        const choice *best) {
  const cds_pack_problem *problem = it->problem;
  for (size_t l = 0; l < it->lists; l++) {
    it->list[l].times = (uint64_t *)cds_arena_array(
        it->arena, it->list[l].states, sizeof(uint64_t));
    if (it->list[l].times == NULL) {
      return CDS_ENOMEM;
    }
  }
  for (size_t c = 0; c < problem->cells; c++) {
    memset(&it->out->count[problem->cell[c].first], 0,
           problem->cell[c].options * sizeof(uint64_t));
  }
  uint64_t *count = &it->out->count[problem->cell[last->cell].first];
  count[last->small] += best->small;
  count[last->large] += best->large;
  it->list[last->whole].times[best->i]++;
  it->list[best->list].times[best->k]++;
  for (size_t l = it->lists; l-- > 0;) {
    for (size_t i = 0; i < it->list[l].states; i++) {
      count_state(it, &it->list[l], i);
    }
  }
  it->out->bits = best->bits;
  it->out->value = value_of(it, it->out->count);
  it->out->bound = it->out->value;
  return CDS_OK;
}

static cds_status search(packing *it) {
  const cds_pack_problem *problem = it->problem;
  last_cell last = {.cell = it->critical};
  choice best;
  CDS_TRY(add_none(it));
  last.whole = it->lists - 1;
  for (size_t c = 0; c < problem->cells && !it->overflow; c++) {
    if (c != last.cell) {
      CDS_TRY(add_cell(it, c));
      CDS_TRY(add_sum(it, last.whole, it->lists - 1));
      last.whole = it->lists - 1;
    }
  }
  if (!it->overflow) {
    CDS_TRY(add_last(&best, it, &last));
  }
  if (it->overflow) {
    return CDS_OK;
  }
  if (!(best.cost - it->all.cost <= it->spare.cost)) {
    /* Only a limit below the rounded choice leaves nothing. */
    it->out->found = false;
    it->out->bound = problem->limit;
    return CDS_OK;
  }
  return trace(it, &last, &best);
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
