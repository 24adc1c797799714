/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spreads, holders and their orders, from outside in; see walk.h. */
#include "verify/walk.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "verify/box.h"

enum { CDS_HELD_SETS = 4 };

/* One spread of one class, and the tensor that lacks it. */
typedef struct cds_spread_table {
  uint64_t s;
  cds_rate *rate;         /* by set of levels; not of class 3 */
  double least[CDS_ASKS]; /* of any of these sets and any y */
} cds_spread_table;

typedef struct cds_walker {
  cds_descent it;
  cds_arena *arena;
  uint64_t units; /* of the array */
  size_t spreads[CDS_VERIFY_CLASSES];
  cds_spread_table *spread[CDS_VERIFY_CLASSES];
  const cds_spread_table *at[CDS_VERIFY_CLASSES];
} cds_walker;

/* The divisors of n up to `most`, rising; NULL: no memory. Those of a large
 * number come from those of its parts: n is a product of ranks, each of at most
 * 2^40, so that trial division ends. */
static uint64_t *list_divisors(size_t *count, uint64_t n, uint64_t most,
                               cds_arena *arena) {
  uint64_t *out = cds_arena_array(arena, 1, sizeof *out);
  uint64_t left = n;
  *count = 1;
  if (out != NULL) {
    out[0] = 1;
  }
  for (uint64_t p = 2; left > 1 && out != NULL; p++) {
    p = p > left / p ? left : p; /* what is left is prime */
    const size_t known = *count;
    for (uint64_t power = p; left % p == 0; power *= p, left /= p) {
      uint64_t *more = cds_arena_array(arena, *count + known, sizeof *more);
      if (more == NULL) {
        return NULL;
      }
      memcpy(more, out, *count * sizeof *out);
      for (size_t i = 0; i < known; i++) {
        if (out[i] <= most / power) {
          more[(*count)++] = out[i] * power;
        }
      }
      out = more;
    }
  }
  for (size_t i = 1; out != NULL && i < *count; i++) { /* by insertion */
    const uint64_t value = out[i];
    size_t k = i;
    for (; k > 0 && out[k - 1] > value; k--) {
      out[k] = out[k - 1];
    }
    out[k] = value;
  }
  return out;
}

/* ---- tables ---------------------------------------------------------- */

static void fill_rate(cds_rate *out, const cds_pair *pair, unsigned t,
                      unsigned held, double s) {
  const double all = (double)pair->size[t] / s;
  cds_bill_fill(&out->base, pair, t, held, s, (cds_times){1, 0, 0, all}, false);
  for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
    cds_times one = {0};
    cds_bill bill;
    one[l] = 1;
    cds_bill_fill(&bill, pair, t, held, s, one, false);
    memcpy(out->by[l], bill.asks, sizeof bill.asks);
  }
}

static cds_status fill_spread(cds_walker *walker, cds_spread_table *out,
                              unsigned t, uint64_t s) {
  const cds_pair *pair = walker->it.pair;
  const double most = (double)(pair->size[t] / s);
  out->s = s;
  out->rate = cds_arena_array(walker->arena, CDS_HELD_SETS, sizeof *out->rate);
  if (out->rate == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned a = 0; a < CDS_ASKS; a++) {
    out->least[a] = (double)INFINITY;
  }
  for (unsigned held = 0; held < CDS_HELD_SETS; held++) {
    cds_rate *rate = &out->rate[held];
    if (!pair->may[t][held]) {
      continue;
    }
    fill_rate(rate, pair, t, held, (double)s);
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      double sum = rate->base.asks[a];
      for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
        sum += rate->by[l][a] * (rate->by[l][a] < 0 ? most : 1);
      }
      out->least[a] = fmin(out->least[a], sum);
    }
  }
  return CDS_OK;
}

static cds_status fill_tables(cds_walker *walker) {
  const cds_pair *pair = walker->it.pair;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    uint64_t *s = list_divisors(&walker->spreads[c], pair->size[c],
                                walker->units, walker->arena);
    walker->spread[c] = cds_arena_array(walker->arena, walker->spreads[c],
                                        sizeof *walker->spread[c]);
    if (s == NULL || walker->spread[c] == NULL) {
      return CDS_ENOMEM;
    }
    for (size_t i = 0; i < walker->spreads[c]; i++) {
      walker->spread[c][i].s = s[i];
      if (c < CDS_VERIFY_TENSORS) {
        CDS_TRY(fill_spread(walker, &walker->spread[c][i], c, s[i]));
      }
    }
  }
  return CDS_OK;
}

/* ---- orders ---------------------------------------------------------- */

/* What of each class stands inside the tiles of an order. */
static void set_inside(cds_descent *it) {
  memset(it->inside, 0, sizeof it->inside);
  for (unsigned p = 0; p < it->holders; p++) {
    const cds_stop *stop = &it->order[p];
    unsigned *inside = it->inside[stop->tensor][stop->level];
    for (unsigned q = it->holders; q-- > p + 1;) {
      inside[it->order[q].tensor] = it->order[q].level;
    }
  }
}

/* All orders of the holders that are left; depth: the holders. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_orders(cds_descent *it, const cds_box *box,
                              const unsigned left[CDS_VERIFY_TENSORS]) {
  bool any = false;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    if (left[t] == 0) {
      continue;
    }
    any = true;
    const unsigned level = (left[t] & 1U) != 0 ? 1 : 2;
    unsigned rest[CDS_VERIFY_TENSORS];
    memcpy(rest, left, sizeof rest);
    rest[t] &= ~(1U << (level - 1));
    it->order[it->holders++] = (cds_stop){t, level};
    const cds_status status = walk_orders(it, box, rest);
    it->holders--;
    if (status != CDS_OK || !it->out->holds) {
      return status;
    }
  }
  if (any) {
    return CDS_OK;
  }
  set_inside(it);
  return cds_box_walk(it, box);
}

/* ---- holders --------------------------------------------------------- */

static cds_status walk_holders(cds_walker *walker) {
  cds_descent *it = &walker->it;
  for (unsigned packed = 0; packed < 64 && it->out->holds; packed++) {
    bool possible = true;
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      it->held[t] = packed >> (2 * t) & 3U;
      it->rate[t] = &walker->at[t]->rate[it->held[t]];
      possible = possible && it->pair->may[t][it->held[t]];
    }
    cds_box box;
    cds_box_all(&box, it);
    if (!possible) {
      continue;
    }
    it->out->boxes++;
    if (!cds_holders_closed(it, &box)) {
      CDS_TRY(walk_orders(it, &box, it->held));
    }
  }
  return CDS_OK;
}

/* ---- spreads --------------------------------------------------------- */

/* Whether the spreads of the class and the following fit on what is left of the
 * axes; depth: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool fits_axes(const cds_walker *walker, unsigned c, uint64_t rows,
                      uint64_t cols) {
  if (c == CDS_VERIFY_CLASSES) {
    return true;
  }
  const uint64_t s = walker->at[c]->s;
  for (uint64_t on_rows = 1; on_rows <= s && on_rows <= rows; on_rows++) {
    if (s % on_rows == 0 && s / on_rows <= cols &&
        fits_axes(walker, c + 1, rows / on_rows, cols / (s / on_rows))) {
      return true;
    }
  }
  return false;
}

static bool spreads_fit(const cds_walker *walker) {
  const cds_arch *arch = walker->it.pair->arch;
  if (arch->arrays == 0) {
    return true;
  }
  const cds_array *array = &arch->array[0];
  return fits_axes(walker, 0, array->extent[0],
                   array->axes > 1 ? array->extent[1] : 1);
}

/* Least values of the spreads, whoever holds what. */
static bool spreads_closed(cds_walker *walker) {
  cds_descent *it = &walker->it;
  double asks[CDS_ASKS] = {it->pair->mac_pj};
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      asks[a] +=
          walker->at[t]->least[a] * (it->pair->on_one[a] ? it->share[t] : 1);
    }
  }
  cds_evaluation cost = {.dynamic_pj = asks[CDS_ASKS_ENERGY],
                         .cycles = cds_asks_cycles(it->pair, asks, it->steps)};
  cds_evaluation_close(&cost, it->pair);
  return cds_verify_value(it->goal, cost.energy_pj, cost.latency_s) >=
         it->least;
}

static cds_status open_spreads(cds_walker *walker) {
  cds_descent *it = &walker->it;
  double units = 1;
  it->steps = 1;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    it->s[c] = walker->at[c]->s;
    units *= (double)it->s[c];
    it->steps *= (double)(it->pair->size[c] / it->s[c]);
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    it->loops[t] = it->pair->size[t] / it->s[t];
    it->share[t] = (double)it->s[t] / units;
  }
  if (++it->out->boxes > it->boxes_most) {
    return CDS_ELIMIT;
  }
  if (it->out->boxes % 4096 == 0 && cds_control_cancelled(it->control)) {
    return CDS_EINTERRUPTED;
  }
  if (spreads_closed(walker) || !spreads_fit(walker)) {
    return CDS_OK;
  }
  const cds_arena_mark mark = cds_arena_mark_get(walker->arena);
  cds_status status = CDS_OK;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS && status == CDS_OK; t++) {
    it->divisor[t] = list_divisors(&it->divisors[t], it->loops[t], UINT64_MAX,
                                   walker->arena);
    status = it->divisor[t] == NULL ? CDS_ENOMEM : CDS_OK;
  }
  status = status == CDS_OK ? walk_holders(walker) : status;
  cds_arena_reset(walker->arena, mark);
  return status;
}

/* All spreads of the class and the following; depth: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_spreads(cds_walker *walker, unsigned c, uint64_t units) {
  if (c == CDS_VERIFY_CLASSES) {
    return open_spreads(walker);
  }
  for (size_t i = 0; i < walker->spreads[c] && walker->it.out->holds; i++) {
    walker->at[c] = &walker->spread[c][i];
    if (walker->at[c]->s <= units) {
      CDS_TRY(walk_spreads(walker, c + 1, units / walker->at[c]->s));
    }
  }
  return CDS_OK;
}

cds_status cds_walk(cds_walk_result *out, const cds_pair *pair,
                    const cds_verify_goal *goal, double bound,
                    uint64_t boxes_most, const cds_control *control) {
  memset(out, 0, sizeof *out);
  out->holds = true;
  cds_walker walker = {.it = {.pair = pair,
                              .goal = goal,
                              .control = control,
                              .least = bound * (1 - CDS_VERIFY_TOLERANCE),
                              .boxes_most = boxes_most,
                              .out = out},
                       .arena = cds_arena_new(),
                       .units =
                           cds_arch_instances(pair->arch, pair->arch->arrays)};
  if (walker.arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = fill_tables(&walker);
  if (status == CDS_OK) {
    status = walk_spreads(&walker, 0, walker.units);
  }
  cds_arena_free(walker.arena);
  return status;
}
