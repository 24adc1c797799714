/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holders, their orders and boxes of cuts, from outside in; see any.h. */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "verify/any_box.h"

enum { CDS_HELD_SETS = 4, CDS_HELD_VECTORS = 64 };

static uint64_t up(uint64_t a, uint64_t b) { return cds_ceil_div_u64(a, b); }

/* ---- rates ------------------------------------------------------------- */

/* A tensor with some holders, its class spread in some way. */
typedef struct cds_any_case {
  const cds_pair *pair;
  unsigned t, held, way;
} cds_any_case;

/* Adds what the tensor asks for with one of one[0 .. 3] and all[1 .. 3] set, so
 * many times; where a level adds, with words of as few bits as there may be. */
static void add_bill(double asks[CDS_ASKS], const cds_any_case *of,
                     const double one[CDS_VERIFY_LEVELS + 1],
                     const double all[CDS_VERIFY_LEVELS + 1], double times) {
  const bool narrow = cds_any_narrow_sums(of->pair);
  cds_bill bill;
  cds_handling how = {.held = of->held,
                      .added = narrow ? CDS_ADDED_SUMS : CDS_ADDED_RESULTS};
  memcpy(how.one, one, sizeof how.one);
  memcpy(how.all, all, sizeof how.all);
  for (unsigned l = 0; l <= CDS_VERIFY_LEVELS; l++) {
    how.alone[l] = !of->pair->under[l] || of->way != CDS_SPREAD_MET;
  }
  cds_bill_fill(&bill, of->pair, of->t, &how);
  for (unsigned a = 0; a < of->pair->asks; a++) {
    asks[a] += bill.asks[a] * times;
  }
}

/* Above the array all[l] is one[l], and so it is without a spread; all[3] is
 * the size. */
static void make_rate(cds_any_rate *out, const cds_any_case *of) {
  static const unsigned by_one[] = {CDS_BY_NOTHING, CDS_BY_ONE_1, CDS_BY_ONE_2,
                                    CDS_BY_ONE_3};
  static const unsigned by_all[] = {CDS_BY_NOTHING, CDS_BY_ALL_1, CDS_BY_ALL_2,
                                    CDS_BY_NOTHING};
  static const double none[CDS_VERIFY_LEVELS + 1] = {0};
  memset(out, 0, sizeof *out);
  for (unsigned l = 0; l <= CDS_VERIFY_LEVELS; l++) {
    double unit[CDS_VERIFY_LEVELS + 1] = {0};
    unit[l] = 1;
    const bool same =
        l == 0 || !of->pair->under[l] || of->way == CDS_SPREAD_NOT;
    add_bill(out->by[by_one[l]], of, unit, same ? unit : none, 1);
    if (!same) {
      const bool last = l == CDS_VERIFY_LEVELS;
      add_bill(out->by[by_all[l]], of, none, unit,
               last ? (double)of->pair->size[of->t] : 1);
    }
  }
}

/* Tiles of other instances than the first: a tile of level 1 has at least one
 * of level 2 inside, and that one point. So
 *   all[1] - one[1] <= all[2] - one[2] <= all[3] - one[3],
 * by which what falls with all[l] is put down as falling with what is outside.
 */
static void turn_negative(cds_any_rate *rate, double size, bool second) {
  for (unsigned a = 0; a < CDS_ASKS; a++) {
    double *by[CDS_BYS];
    for (unsigned b = 0; b < CDS_BYS; b++) {
      by[b] = &rate->by[b][a];
    }
    const double first = fmin(*by[CDS_BY_ALL_1], 0);
    *by[CDS_BY_ALL_1] -= first;
    *by[CDS_BY_ONE_1] += first;
    *by[second ? CDS_BY_ALL_2 : CDS_BY_NOTHING] += first * (second ? 1 : size);
    *by[second ? CDS_BY_ONE_2 : CDS_BY_ONE_3] -= first;
    const double other = fmin(*by[CDS_BY_ALL_2], 0);
    *by[CDS_BY_ALL_2] -= other;
    *by[CDS_BY_ONE_2] += other;
    *by[CDS_BY_NOTHING] += other * size;
    *by[CDS_BY_ONE_3] -= other;
  }
}

const cds_any_rate *cds_any_rate_get(cds_any *walk, unsigned t, unsigned held,
                                     unsigned way) {
  cds_any_rate *rate = &walk->rate[t][held][way];
  if (!walk->made[t][held][way]) {
    walk->made[t][held][way] = true;
    make_rate(rate, &(cds_any_case){walk->it->pair, t, held, way});
    turn_negative(rate, (double)walk->it->pair->size[t], (held & 2U) != 0);
  }
  return rate;
}

/* Amounts that a port, a network or a bond has a limit for. */
static void list_asks(cds_any *walk) {
  const cds_pair *pair = walk->it->pair;
  const cds_arch *arch = pair->arch;
  walk->ask[walk->asks++] = CDS_ASKS_ENERGY;
  for (unsigned a = CDS_ASKS_DIE; a < pair->asks; a++) {
    walk->ask[walk->asks++] = a;
  }
  for (unsigned l = 0; l < pair->levels; l++) {
    const cds_level *level = &arch->level[l];
    const bool shared = isfinite(level->shared_bandwidth);
    if (shared || isfinite(level->read_bandwidth)) {
      walk->ask[walk->asks++] = CDS_ASKS_OUT + l;
    }
    if (shared || isfinite(level->write_bandwidth)) {
      walk->ask[walk->asks++] = CDS_ASKS_IN + l;
    }
    for (unsigned a = 0; l > 0 && a < CDS_APART_SIZE; a++) {
      if (arch->overlap == CDS_OVERLAP_NATIVE && !cds_doubles(arch, l)) {
        walk->ask[walk->asks++] = (unsigned)cds_apart(l) + a;
      }
    }
  }
  if (arch->arrays > 0 && isfinite(arch->array[0].bandwidth)) {
    walk->ask[walk->asks++] = CDS_ASKS_NET;
  }
  for (unsigned b = 0; b < pair->bonds; b++) {
    walk->ask[walk->asks++] = CDS_ASKS_BOND + b;
  }
}

/* ---- lists ------------------------------------------------------------- */

/* Lengths of parts of n, rising; the next larger one after m has as many parts
 * as n has of m + 1. */
static cds_status list_parts(cds_any_list *out, uint64_t n, bool unequal,
                             cds_arena *arena) {
  if (!unequal) {
    out->value = cds_list_divisors(&out->count, n, arena);
    return out->value == NULL ? CDS_ENOMEM : CDS_OK;
  }
  size_t count = 0;
  for (uint64_t m = n; m > 1; m = up(n, up(n, m - 1))) {
    count++;
  }
  out->count = ++count;
  out->value = cds_arena_array(arena, count, sizeof *out->value);
  for (uint64_t m = n; out->value != NULL && count > 0;
       m = m > 1 ? up(n, up(n, m - 1)) : 1) {
    out->value[--count] = m;
  }
  return out->value == NULL ? CDS_ENOMEM : CDS_OK;
}

/* Marks the spreads that are rows x columns of the array. */
static bool *mark_axes(const cds_pair *pair, size_t most, cds_arena *arena) {
  const cds_array *array = &pair->arch->array[0];
  const bool any = pair->arch->arrays > 0;
  const uint64_t rows = any ? array->extent[0] : 1;
  const uint64_t cols = any && array->axes > 1 ? array->extent[1] : 1;
  bool *out = cds_arena_array(arena, most + 1, sizeof *out);
  if (out != NULL) {
    memset(out, 0, (most + 1) * sizeof *out);
    for (uint64_t r = 1; r <= rows && r <= most; r++) {
      for (uint64_t c = 1; c <= cols && r * c <= most; c++) {
        out[r * c] = true;
      }
    }
  }
  return out;
}

/* Spreads that may stand on the axes, in some length. Loops of the class that
 * all tensors have stand outside of all tiles, and deal out each part one by
 * one: of spreads with as many parts the least leaves nobody idle. */
static cds_status list_spreads(cds_any *walk, unsigned c, cds_arena *arena) {
  const cds_pair *pair = walk->it->pair;
  cds_any_list *out = &walk->spread[c];
  const uint64_t size = pair->size[c];
  const size_t most = (size_t)fmin(walk->units, (double)size);
  const bool *marked = mark_axes(pair, most, arena);
  out->value = cds_arena_array(arena, most, sizeof *out->value);
  if (out->value == NULL || marked == NULL) {
    return CDS_ENOMEM;
  }
  for (uint64_t s = 1; s <= most; s++) {
    const bool part = up(size, up(size, s)) == s;
    const bool full = pair->unequal[c] && part && cds_any_full_fits(pair, s);
    const bool may =
        pair->unequal[c] ? c < CDS_VERIFY_TENSORS || part : size % s == 0;
    if (may && (marked[s] || full)) {
      out->value[out->count++] = s;
    }
  }
  return CDS_OK;
}

/* ---- boxes ------------------------------------------------------------- */

/* Takes the interval if its ends are further apart, as shares. */
static void take_wider(cds_span **found, double *most, cds_span *span,
                       const cds_any_list *list) {
  const double width =
      (double)list->value[span->high] / (double)list->value[span->low];
  if (width > *most) {
    *most = width;
    *found = span;
  }
}

/* The interval to halve: of spreads first, as steps in time follow from all of
 * them; NULL: all are single. */
static cds_span *widest(const cds_any *walk, cds_any_box *box) {
  double most = 1;
  cds_span *found = NULL;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    take_wider(&found, &most, &box->s[c], &walk->spread[c]);
  }
  if (found != NULL || walk->it->floor) {
    return found;
  }
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    take_wider(&found, &most, &box->p[c], &walk->part[c]);
    take_wider(&found, &most, &box->r[c], &walk->part[c]);
  }
  return found;
}

/* Depth: each step halves an interval of a list, of which there are ten. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_box(cds_any *walk, const cds_any_box *from) {
  cds_descent *it = walk->it;
  cds_any_box box = *from;
  cds_any_view view;
  CDS_TRY(cds_box_count(it));
  if (!cds_any_narrow(&view, walk, &box)) {
    return CDS_OK;
  }
  const double value = cds_any_value(walk, &view);
  if (value >= it->least) {
    return CDS_OK;
  }
  cds_span *span = widest(walk, &box);
  if (span == NULL) {
    if (it->floor) {
      it->least = value;
    } else {
      const double found = cds_any_try(walk, &view);
      assert(value <= found * (1 + CDS_VERIFY_TOLERANCE));
      (void)found;
    }
    return CDS_OK;
  }
  const cds_span whole = *span;
  const size_t middle = whole.low + (whole.high - whole.low) / 2;
  *span = (cds_span){middle + 1, whole.high};
  CDS_TRY(walk_box(walk, &box));
  *span = (cds_span){whole.low, middle};
  return cds_goes_on(it) ? walk_box(walk, &box) : CDS_OK;
}

/* ---- orders ------------------------------------------------------------ */

/* Loops of class c above the spreads, of which `spread` holders stand above. */
static unsigned loops_above(const cds_any *walk, unsigned c, unsigned spread) {
  const cds_descent *it = walk->it;
  unsigned above = spread > 0 ? 1 : 0;
  for (unsigned p = 0; p + 1 < spread; p++) {
    if (it->order[p].tensor == c) {
      above = it->order[p].level == 1 ? 2 : 3;
    }
  }
  const bool matters = it->pair->unequal[c] && it->pair->arch->arrays > 0;
  return matters || above < 1 ? above : 1;
}

static cds_status walk_from(cds_any *walk) {
  cds_any_box box;
  memset(&box, 0, sizeof box);
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    box.s[c].high = walk->spread[c].count - 1;
    if (c < CDS_VERIFY_TENSORS) {
      box.p[c].high = box.r[c].high = walk->part[c].count - 1;
      walk->asked[c] = false;
    }
  }
  return walk_box(walk, &box);
}

/* Of some holders in any order, by spreads alone: p and r are as large as they
 * may be, and the place of the spread is the one that allows most. (Lengths
 * that may be dealt out are parts of the size, and nothing but these matters.)
 */
static cds_status walk_floor(cds_any *walk) {
  const cds_pair *pair = walk->it->pair;
  walk->first = true;
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    walk->of[c] = (cds_any_class){pair->size[c],
                                  pair->unequal[c],
                                  {false, true, true},
                                  pair->under[1] ? 0 : 1};
  }
  return walk_from(walk);
}

static cds_status walk_order(cds_any *walk) {
  cds_descent *it = walk->it;
  unsigned spread = 0;
  cds_set_inside(it);
  for (unsigned p = 0; p < it->holders; p++) {
    spread = it->pair->under[it->order[p].level] ? spread : p + 1;
  }
  walk->first = spread > 0;
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    walk->of[c] =
        (cds_any_class){it->pair->size[c],
                        it->pair->unequal[c],
                        {false, cds_is_held(it, c, 1), cds_is_held(it, c, 2)},
                        loops_above(walk, c, spread)};
  }
  return walk_from(walk);
}

/* All orders of the holders that are left; depth: the holders. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_orders(cds_any *walk,
                              const unsigned left[CDS_VERIFY_TENSORS]) {
  cds_descent *it = walk->it;
  bool any = false;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS && cds_goes_on(it); t++) {
    unsigned rest[CDS_VERIFY_TENSORS];
    memcpy(rest, left, sizeof rest);
    rest[t] &= rest[t] - 1; /* without the outermost level */
    if (left[t] != 0) {
      any = true;
      it->order[it->holders++] =
          (cds_holder_place){t, (left[t] & 1U) != 0 ? 1 : 2};
      CDS_TRY(walk_orders(walk, rest));
      it->holders--;
    }
  }
  return any ? CDS_OK : walk_order(walk);
}

cds_status cds_any_walk(cds_descent *it, cds_arena *arena) {
  const cds_pair *pair = it->pair;
  cds_any *walk = cds_arena_alloc(arena, sizeof *walk);
  if (walk == NULL) {
    return CDS_ENOMEM;
  }
  memset(walk, 0, offsetof(cds_any, rate));
  walk->it = it;
  walk->units = (double)cds_arch_instances(pair->arch, pair->arch->arrays);
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    CDS_TRY(list_spreads(walk, c, arena));
    if (c < CDS_VERIFY_TENSORS) {
      CDS_TRY(
          list_parts(&walk->part[c], pair->size[c], pair->unequal[c], arena));
    }
  }
  list_asks(walk);
  for (unsigned v = 0; v < CDS_HELD_VECTORS && cds_goes_on(it); v++) {
    bool possible = true;
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      it->held[t] = v >> (2 * t) & 3U;
      possible = possible && pair->may[t][it->held[t]];
    }
    it->holders = 0;
    if (possible) {
      CDS_TRY(it->floor ? walk_floor(walk) : walk_orders(walk, it->held));
    }
  }
  return CDS_OK;
}
