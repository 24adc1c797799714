/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spreads, holders and their orders, from outside in; see walk.h. */
#include "verify/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "verify/any.h"
#include "verify/box.h"

enum { CDS_HELD_SETS = 4, CDS_HELD_VECTORS = 64 };

/* What a tensor asks for with a spread, by its holders, and the least of each
 * amount whatever holds it. */
typedef struct cds_rates {
  cds_rate held[CDS_HELD_SETS];
  double corner[CDS_ASKS];
} cds_rates;

typedef struct cds_walker {
  cds_descent it;
  cds_arena *arena;
  size_t divisors[CDS_VERIFY_CLASSES]; /* of D */
  uint64_t *divisor[CDS_VERIFY_CLASSES];
  cds_rates **rate[CDS_VERIFY_TENSORS]; /* by divisor as spread */
  const cds_rates *chosen[CDS_VERIFY_TENSORS];
} cds_walker;

/* ---- tables ---------------------------------------------------------- */

static int by_size(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left;
  const uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* There are at most 2 sqrt(n), and 2^17 for 64 bits. Primes of n are at most
 * 2^40, as ranks are. */
uint64_t *cds_list_divisors(size_t *count, uint64_t n, cds_arena *arena) {
  const size_t room = (size_t)fmin(2 * sqrt((double)n) + 1, 1 << 17);
  uint64_t *out = cds_arena_array(arena, room, sizeof *out);
  if (out == NULL) {
    return NULL;
  }
  out[0] = *count = 1;
  for (uint64_t p = 2, left = n; left > 1; p++) {
    p = p > left / p ? left : p; /* what is left is prime */
    const size_t known = *count;
    for (uint64_t power = p; left % p == 0; left /= p, power *= p) {
      for (size_t i = 0; i < known; i++) {
        out[(*count)++] = out[i] * power;
      }
    }
  }
  qsort(out, *count, sizeof *out, by_size);
  return out;
}

/* Each amount with each y at the end, 1 or the most, that its sign demands. */
static void set_corner(cds_rate *rate, const cds_pair *pair, unsigned held,
                       double most) {
  for (unsigned a = 0; a < pair->asks; a++) {
    rate->corner[a] = rate->by[0][a];
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      const bool open = (held >> (l - 1) & 1U) != 0;
      rate->corner[a] +=
          rate->by[l][a] * (open && rate->by[l][a] < 0 ? most : 1);
    }
  }
}

/* What tensor t asks for with a spread, by holders: linear in each y. */
static cds_rates *make_rates(const cds_pair *pair, unsigned t, uint64_t s,
                             cds_arena *arena) {
  cds_rates *rates = cds_arena_alloc(arena, sizeof *rates);
  for (unsigned a = 0; rates != NULL && a < CDS_ASKS; a++) {
    rates->corner[a] = (double)INFINITY;
  }
  for (unsigned held = 0; rates != NULL && held < CDS_HELD_SETS; held++) {
    cds_rate *rate = &rates->held[held];
    if (!pair->may[t][held]) {
      continue;
    }
    for (unsigned l = 0; l < CDS_VERIFY_LEVELS; l++) {
      cds_bill bill;
      cds_handling how = {.held = held};
      how.one[l] = 1;
      how.one[CDS_VERIFY_LEVELS] =
          l == 0 ? (double)pair->size[t] / (double)s : 0;
      for (unsigned child = 0; child <= CDS_VERIFY_LEVELS; child++) {
        const double spread = pair->under[child] ? (double)s : 1;
        how.all[child] = how.one[child] * spread;
        how.alone[child] = spread == 1;
      }
      cds_bill_fill(&bill, pair, t, &how);
      memcpy(rate->by[l], bill.asks, sizeof bill.asks);
    }
    set_corner(rate, pair, held, (double)pair->size[t] / (double)s);
    for (unsigned a = 0; a < pair->asks; a++) {
      rates->corner[a] = fmin(rates->corner[a], rate->corner[a]);
    }
  }
  return rates;
}

static cds_status fill_tables(cds_walker *walker, uint64_t units) {
  const cds_pair *pair = walker->it.pair;
  bool good = true;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES && good; c++) {
    size_t *count = &walker->divisors[c];
    uint64_t *s = cds_list_divisors(count, pair->size[c], walker->arena);
    walker->divisor[c] = s;
    good = s != NULL;
    if (c == CDS_VERIFY_TENSORS || !good) {
      continue;
    }
    walker->it.divisor[c] = cds_arena_array(walker->arena, *count, sizeof *s);
    walker->rate[c] = cds_arena_array(walker->arena, *count, sizeof(void *));
    good = walker->it.divisor[c] != NULL && walker->rate[c] != NULL;
    for (size_t i = 0; good && i < *count && s[i] <= units; i++) {
      walker->rate[c][i] = make_rates(pair, c, s[i], walker->arena);
      good = walker->rate[c][i] != NULL;
    }
  }
  return good ? CDS_OK : CDS_ENOMEM;
}

/* ---- orders ---------------------------------------------------------- */

void cds_set_inside(cds_descent *it) {
  memset(it->inside, 0, sizeof it->inside);
  for (unsigned p = 0; p < it->holders; p++) {
    const cds_holder_place *place = &it->order[p];
    for (unsigned q = it->holders; q-- > p + 1;) {
      it->inside[place->tensor][place->level][it->order[q].tensor] =
          it->order[q].level;
    }
  }
}

/* All orders of the holders that are left; depth: the holders. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_orders(cds_descent *it, const cds_box *box,
                              const unsigned left[CDS_VERIFY_TENSORS]) {
  bool any = false;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS && cds_goes_on(it); t++) {
    unsigned rest[CDS_VERIFY_TENSORS];
    memcpy(rest, left, sizeof rest);
    rest[t] &= rest[t] - 1; /* without the outermost level */
    if (left[t] != 0) {
      any = true;
      it->order[it->holders++] =
          (cds_holder_place){t, (left[t] & 1U) != 0 ? 1 : 2};
      CDS_TRY(walk_orders(it, box, rest));
      it->holders--;
    }
  }
  if (any) {
    return CDS_OK;
  }
  cds_set_inside(it);
  return cds_box_walk(it, box);
}

/* ---- holders --------------------------------------------------------- */

/* Chooses holders: two bits a tensor. False: they may not hold that. */
static bool choose_holders(cds_box *box, cds_walker *walker, unsigned vector) {
  cds_descent *it = &walker->it;
  bool possible = true;
  memset(box, 0, sizeof *box);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    it->held[t] = vector >> (2 * t) & 3U;
    it->rate[t] = &walker->chosen[t]->held[it->held[t]];
    possible = possible && it->pair->may[t][it->held[t]];
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      const bool open = (it->held[t] >> (l - 1) & 1U) != 0;
      box->y[t][l].high = open ? it->divisors[t] - 1 : 0;
    }
  }
  return possible;
}

static double corner_of(const cds_descent *it) {
  const double *corner[CDS_VERIFY_TENSORS];
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    corner[t] = it->rate[t]->corner;
  }
  return cds_corner_value(it, corner);
}

static cds_status walk_holders(cds_walker *walker) {
  cds_descent *it = &walker->it;
  for (unsigned v = 0; v < CDS_HELD_VECTORS && cds_goes_on(it); v++) {
    cds_box box;
    if (!choose_holders(&box, walker, v)) {
      continue;
    }
    const double value = corner_of(it);
    CDS_TRY(cds_box_count(it));
    if (it->floor) {
      it->least = fmin(it->least, value);
    } else if (value < it->least) {
      it->holders = 0;
      CDS_TRY(walk_orders(it, &box, it->held));
    }
  }
  return CDS_OK;
}

/* ---- spreads --------------------------------------------------------- */

/* Whether the spreads of the class and the following fit on what is left of the
 * axes; depth: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool fit_axes(const cds_walker *walker, unsigned c, uint64_t rows,
                     uint64_t cols) {
  const uint64_t s = c < CDS_VERIFY_CLASSES ? walker->it.s[c] : 0;
  for (size_t i = 0; s > 0; i++) {
    const uint64_t r = i < walker->divisors[c] ? walker->divisor[c][i] : s + 1;
    if (r > s || r > rows) {
      return false;
    }
    if (s % r == 0 && s / r <= cols &&
        fit_axes(walker, c + 1, rows / r, cols / (s / r))) {
      break;
    }
  }
  return true;
}

static cds_status open_spreads(cds_walker *walker) {
  cds_descent *it = &walker->it;
  const cds_array *array = &it->pair->arch->array[0];
  const bool any = it->pair->arch->arrays > 0;
  double units = 1;
  CDS_TRY(cds_box_count(it));
  if (any && !fit_axes(walker, 0, array->extent[0],
                       array->axes > 1 ? array->extent[1] : 1)) {
    return CDS_OK;
  }
  it->steps = it->pair->passes;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    units *= (double)it->s[c];
    it->steps *= (double)it->pair->size[c] / (double)it->s[c];
  }
  const double *corner[CDS_VERIFY_TENSORS];
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    it->share[t] = (double)it->s[t] / units;
    corner[t] = walker->chosen[t]->corner;
  }
  if (cds_corner_value(it, corner) >= it->least) {
    return CDS_OK; /* whatever holds what */
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    it->loops[t] = it->pair->size[t] / it->s[t];
    it->divisors[t] = 0;
    for (size_t i = 0; i < walker->divisors[t]; i++) {
      if (it->loops[t] % walker->divisor[t][i] == 0) {
        it->divisor[t][it->divisors[t]++] = walker->divisor[t][i];
      }
    }
  }
  return walk_holders(walker);
}

/* All spreads of the class and the following; depth: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_spreads(cds_walker *walker, unsigned c, uint64_t units) {
  if (c == CDS_VERIFY_CLASSES) {
    return open_spreads(walker);
  }
  for (size_t i = 0; i < walker->divisors[c] && cds_goes_on(&walker->it); i++) {
    const uint64_t s = walker->divisor[c][i];
    if (s <= units) {
      walker->it.s[c] = s;
      if (c < CDS_VERIFY_TENSORS) {
        walker->chosen[c] = walker->rate[c][i];
      }
      CDS_TRY(walk_spreads(walker, c + 1, units / s));
    }
  }
  return CDS_OK;
}

static cds_status walk(cds_descent *it) {
  const cds_pair *pair = it->pair;
  const uint64_t units = cds_arch_instances(pair->arch, pair->arch->arrays);
  memset(it->out, 0, sizeof *it->out);
  it->out->holds = true;
  cds_walker walker = {.it = *it, .arena = cds_arena_new()};
  if (walker.arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  if (pair->any) {
    status = cds_any_walk(&walker.it, walker.arena);
  } else {
    status = fill_tables(&walker, units);
    if (status == CDS_OK) {
      status = walk_spreads(&walker, 0, units);
    }
  }
  cds_arena_free(walker.arena);
  it->out->least = walker.it.least;
  return status;
}

cds_status cds_walk(cds_walk_result *out, const cds_pair *pair,
                    const cds_verify_goal *goal, double bound,
                    uint64_t boxes_most, const cds_control *control) {
  cds_descent it = {.pair = pair,
                    .goal = goal,
                    .control = control,
                    .least = bound * (1 - CDS_VERIFY_TOLERANCE),
                    .boxes_most = boxes_most,
                    .out = out};
  return walk(&it);
}

cds_status cds_walk_floor(cds_walk_result *out, const cds_pair *pair,
                          const cds_verify_goal *goal, uint64_t boxes_most,
                          const cds_control *control) {
  cds_descent it = {.pair = pair,
                    .goal = goal,
                    .control = control,
                    .least = (double)INFINITY,
                    .floor = true,
                    .boxes_most = boxes_most,
                    .out = out};
  return walk(&it);
}

cds_status cds_walk_least(cds_walk_result *out, const cds_pair *pair,
                          const cds_verify_goal *goal, double limit,
                          uint64_t boxes_most, const cds_control *control) {
  cds_descent it = {.pair = pair,
                    .goal = goal,
                    .control = control,
                    .least = limit,
                    .to_the_end = true,
                    .boxes_most = boxes_most,
                    .out = out};
  return walk(&it);
}
