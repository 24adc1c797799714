/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least rows by what they depend on; see floor_memo.h. */
#include "search/floor_memo.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "search/branch.h"
#include "search/edges.h"
#include "search/holders.h"

struct cds_floor_row {
  cds_floor_row *next; /* of the same slot */
  unsigned tensor, home;
  bool residual;
  uint64_t loads, size, words, moved;
  cds_row row;
  /* Spreads of the class in rising order, or ranges of them by their first; the
   * least energy with each, and with each that is no larger. */
  size_t spreads;
  uint64_t *spread;
  double *own_pj, *least_pj;
};

/* Ranges of residual parts between two powers of two. */
enum { RANGES = 4 };

void cds_floor_memo_begin(cds_floor_memo *memo, cds_arena *arena) {
  memset(memo, 0, sizeof *memo);
  memo->arena = arena;
}

static bool same_key(const cds_floor_row *a, const cds_floor_row *b) {
  return a->tensor == b->tensor && a->home == b->home &&
         a->residual == b->residual && a->loads == b->loads &&
         a->size == b->size && a->words == b->words && a->moved == b->moved;
}

static size_t slot_of(const cds_floor_row *key) {
  const uint64_t part[] = {key->tensor, key->home,  key->loads,
                           key->size,   key->words, key->moved};
  uint64_t hash = key->residual ? 1 : 0;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    hash = (hash ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash >> 40) % CDS_FLOOR_SLOTS;
}

static void set_spread(cds_floor_row *out, const cds_problem *problem,
                       cds_spread_range range) {
  const size_t i = out->spreads++;
  out->spread[i] = range.low;
  out->own_pj[i] = (double)INFINITY;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(problem, out->tensor, held)) {
      continue;
    }
    cds_row row;
    cds_least_row_between(&row, problem, out->tensor, held, range);
    if (i == 0 && isinf(out->own_pj[0])) {
      out->row = row;
    }
    cds_row_lower(&out->row, &row);
    out->own_pj[i] = fmin(out->own_pj[i], row.energy_pj);
  }
  out->least_pj[i] =
      i == 0 ? out->own_pj[i] : fmin(out->own_pj[i], out->least_pj[i - 1]);
}

/* Parts that need not be equal: any spread. */
static void set_ranges(cds_floor_row *out, const cds_problem *problem,
                       uint64_t most) {
  for (uint64_t s = 1; s <= most;) {
    const cds_spread_range range = cds_range_from(s, most, RANGES);
    set_spread(out, problem, range);
    s = range.high + 1;
  }
}

static size_t count_ranges(uint64_t most) {
  size_t count = 0;
  for (uint64_t s = 1; s <= most; count++) {
    s = cds_range_from(s, most, RANGES).high + 1;
  }
  return count;
}

static cds_status make_row(cds_floor_row *out, cds_arena *arena,
                           const cds_problem *problem) {
  const cds_primes *primes = &problem->primes[out->tensor];
  const uint64_t units = cds_array_units(problem);
  const uint64_t most = out->size < units ? out->size : units;
  const size_t count =
      out->residual ? count_ranges(most) : cds_divisor_count(primes, out->size);
  out->spread = (uint64_t *)cds_arena_array(arena, count, sizeof(uint64_t));
  out->own_pj = (double *)cds_arena_array(arena, count, sizeof(double));
  out->least_pj = (double *)cds_arena_array(arena, count, sizeof(double));
  if (out->spread == NULL || out->own_pj == NULL || out->least_pj == NULL) {
    return CDS_ENOMEM;
  }
  if (out->residual) {
    set_ranges(out, problem, most);
  } else {
    cds_divisors(out->spread, primes, out->size);
    for (size_t i = 0; i < count && out->spread[i] <= units; i++) {
      const cds_spread_range one = {out->spread[i], out->spread[i]};
      set_spread(out, problem, one);
    }
  }
  out->row.steps = (double)out->size;
  return CDS_OK;
}

/* The least row of a tensor with the home that the problem's stage says. */
static cds_status least_row(const cds_floor_row **out, cds_floor_memo *memo,
                            const cds_problem *problem, unsigned tensor) {
  const cds_floor_row key = {.tensor = tensor,
                             .home = problem->home[tensor],
                             .residual = problem->residual[tensor],
                             .loads =
                                 problem->einsum->stage->home[tensor].loads,
                             .size = problem->size[tensor],
                             .words = problem->words[tensor],
                             .moved = problem->moved[tensor]};
  cds_floor_row **slot = &memo->slot[slot_of(&key)];
  for (const cds_floor_row *known = *slot; known != NULL; known = known->next) {
    if (same_key(known, &key)) {
      *out = known;
      return CDS_OK;
    }
  }
  cds_floor_row *made =
      (cds_floor_row *)cds_arena_alloc(memo->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = key;
  CDS_TRY(make_row(made, memo->arena, problem));
  made->next = *slot;
  *slot = made;
  *out = made;
  return CDS_OK;
}

/* Rows of each tensor, by whether it is at its other home; the same twice if it
 * has none. */
typedef struct cds_two_rows {
  const cds_floor_row *row[CDS_MATRIX][2];
} cds_two_rows;

static cds_status find_rows(cds_two_rows *out, cds_floor_memo *memo,
                            const cds_problem *problem,
                            const cds_home other[CDS_MATRIX], unsigned may) {
  cds_stage stage = *problem->einsum->stage;
  cds_einsum einsum = *problem->einsum;
  cds_problem moved = *problem;
  moved.einsum = &einsum;
  einsum.stage = &stage;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(least_row(&out->row[t][0], memo, problem, t));
    out->row[t][1] = out->row[t][0];
    if ((may >> t & 1U) != 0) {
      stage.home[t] = other[t];
      moved.home[t] = other[t].level;
      CDS_TRY(least_row(&out->row[t][1], memo, &moved, t));
    }
  }
  return CDS_OK;
}

/* The energy of rows by the best spreads that have no more units together than
 * the array. */
static double spread_pj(const cds_two_rows *rows, uint64_t units) {
  const cds_floor_row *const *a = rows->row[0];
  const cds_floor_row *const *b = rows->row[1];
  const cds_floor_row *const *c = rows->row[2];
  double least = (double)INFINITY;
  for (size_t i = 0; i < a[0]->spreads; i++) {
    const double first = fmin(a[0]->own_pj[i], a[1]->own_pj[i]);
    const uint64_t left = units / a[0]->spread[i];
    size_t k = c[0]->spreads;
    for (size_t j = 0; j < b[0]->spreads && b[0]->spread[j] <= left; j++) {
      while (c[0]->spread[k - 1] > left / b[0]->spread[j]) {
        k--;
      }
      const double second = fmin(b[0]->own_pj[j], b[1]->own_pj[j]);
      const double third = fmin(c[0]->least_pj[k - 1], c[1]->least_pj[k - 1]);
      least = fmin(least, first + second + third);
    }
  }
  return least;
}

/* The most units of which those on each axis divide the products. */
static uint64_t most_units(const cds_problem *problem, uint64_t products) {
  const cds_array *array = &problem->arch->array[0];
  const uint64_t rows = problem->array ? array->extent[0] : 1;
  const uint64_t cols =
      problem->array && array->axes > 1 ? array->extent[1] : 1;
  uint64_t most = 1;
  for (uint64_t r = rows; r * cols > most; r--) {
    if (products % r == 0) {
      uint64_t c = cols;
      while (products / r % c != 0) {
        c--;
      }
      most = r * c > most ? r * c : most;
    }
  }
  return most;
}

/* Least time of the products alone. */
static double compute_s(cds_floor_memo *memo, const cds_problem *problem) {
  uint64_t products = 1;
  bool equal = true;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    equal = equal && !problem->residual[c] &&
            cds_mul_u64(&products, products, problem->size[c]);
  }
  uint64_t units = cds_array_units(problem);
  if (equal) {
    const size_t slot = (size_t)(products * UINT64_C(0x9e3779b97f4a7c15) >> 58);
    if (memo->products[slot] != products) {
      memo->products[slot] = products;
      memo->units[slot] = most_units(problem, products);
    }
    units = memo->units[slot];
  }
  return problem->macs / (double)units / problem->arch->clock_hz * (1 - 1e-12);
}

/* Least time of first fills and last drains, whatever the spreads: homes as
 * they are, and one word where a level must hold a tensor (edges.h). */
static double edges_s(const cds_problem *problem) {
  static const uint64_t one[CDS_CLASSES] = {1, 1, 1, 1};
  cds_held must[CDS_MATRIX];
  cds_held may[CDS_MATRIX] = {0};
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    must[t] = CDS_HELD_SETS - 1;
    for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
      if (cds_held_allowed(problem, t, held)) {
        must[t] &= held;
        may[t] |= held;
      }
    }
  }
  const double cycles = cds_edges_floor(problem, must, may, one, one);
  return cycles / problem->arch->clock_hz * (1 - 1e-12);
}

cds_status cds_floor_memo_get(cds_floor *out, cds_floor_memo *memo,
                              const cds_problem *problem,
                              const cds_home other[CDS_MATRIX], unsigned may) {
  cds_two_rows rows;
  CDS_TRY(find_rows(&rows, memo, problem, other, may));
  const double least_pj =
      (problem->mac_pj + spread_pj(&rows, cds_array_units(problem))) *
      (1 - 1e-12);
  *out =
      (cds_floor){(double)INFINITY, (double)INFINITY, compute_s(memo, problem)};
  for (unsigned set = 0; set <= may; set++) {
    if ((set & ~may) != 0) {
      continue;
    }
    const cds_row *row[CDS_MATRIX];
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      row[t] = &rows.row[t][set >> t & 1U]->row;
    }
    double own_pj = 0;
    double own_s = 0;
    cds_floor_of_rows(&own_pj, &own_s, problem, row);
    out->dynamic_pj = fmin(out->dynamic_pj, own_pj);
    out->latency_s = fmin(out->latency_s, own_s);
  }
  out->dynamic_pj = fmax(out->dynamic_pj, least_pj);
  out->latency_s = fmax(out->latency_s, out->compute_s);
  out->latency_s += may == 0 ? edges_s(problem) : 0;
  /* Edges are no part of the time that the limit on power asks for. */
  out->latency_s =
      fmax(out->latency_s, out->dynamic_pj * problem->seconds_per_pj);
  return CDS_OK;
}
