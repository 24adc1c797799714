/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Floors of pairs from least rows; see floor_memo.h. */
#include "search/floor_memo.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "search/branch.h"
#include "search/edges.h"
#include "search/floor_room.h"
#include "search/holders.h"

/* Structures whose rows are kept: megabytes each. */
enum { STRUCTURES_KEPT = 8 };

void cds_floor_memo_begin(cds_floor_memo *memo, cds_arena *arena) {
  memset(memo, 0, sizeof *memo);
  cds_floor_rows_begin(&memo->rows, arena);
}

cds_status cds_floor_memo_price(cds_floor_memo *memo, const cds_arch *arch) {
  uint64_t extent[2] = {1, 1};
  if (arch->arrays > 0) {
    extent[0] = arch->array[0].extent[0];
    extent[1] = arch->array[0].axes > 1 ? arch->array[0].extent[1] : 1;
  }
  if (extent[0] != memo->extent[0] || extent[1] != memo->extent[1]) {
    memset(memo->products, 0, sizeof memo->products);
    memcpy(memo->extent, extent, sizeof extent);
  }
  return cds_floor_rows_price(&memo->rows, arch);
}

static cds_status find_rows(cds_two_rows *out, cds_floor_memo *memo,
                            const cds_problem *problem,
                            const cds_home other[CDS_MATRIX], unsigned may) {
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(cds_floor_rows_get(&out->row[t][0], &memo->rows, problem, t));
    out->row[t][1] = out->row[t][0];
  }
  if (may == 0) {
    return CDS_OK;
  }
  cds_stage stage = *problem->einsum->stage;
  cds_einsum einsum = *problem->einsum;
  cds_problem moved = *problem;
  moved.einsum = &einsum;
  einsum.stage = &stage;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if ((may >> t & 1U) != 0) {
      stage.home[t] = other[t];
      moved.home[t] = other[t].level;
      CDS_TRY(cds_floor_rows_get(&out->row[t][1], &memo->rows, &moved, t));
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

static size_t room_slot(const cds_room_known *key) {
  uint64_t hash = key->may;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    for (unsigned home = 0; home < 2; home++) {
      hash =
          (hash ^ (uintptr_t)key->row[t][home]) * UINT64_C(0x9e3779b97f4a7c15);
      hash ^= hash >> 29;
    }
  }
  return (size_t)(hash >> 40) % CDS_ROOM_SLOTS;
}

static bool same_room(const cds_room_known *a, const cds_room_known *b) {
  bool same = a->prices == b->prices && a->may == b->may &&
              a->staged == b->staged && a->mac_pj == b->mac_pj;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    same = same && a->row[t][0] == b->row[t][0] &&
           a->row[t][1] == b->row[t][1] && a->bits[t] == b->bits[t];
  }
  for (unsigned l = 0; l < CDS_STEPS; l++) {
    same = same && a->room[l] == b->room[l];
  }
  return same;
}

/* cds_floor_room, asked once of the same rows at the same prices. Sizes of
 * levels and the array are those of the architecture that was priced. */
static double room_pj(cds_floor_memo *memo, const cds_problem *problem,
                      const cds_two_rows *rows, unsigned may) {
  cds_room_known key = {.prices = memo->rows.prices,
                        .may = may,
                        .staged = problem->einsum->stage != NULL,
                        .mac_pj = problem->mac_pj};
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    key.row[t][0] = rows->row[t][0];
    key.row[t][1] = rows->row[t][1];
    key.bits[t] = problem->least_bits[t];
  }
  for (unsigned l = 0; l < problem->levels; l++) {
    key.room[l] = problem->room[l];
  }
  cds_room_known *known = &memo->room[room_slot(&key)];
  if (!same_room(known, &key)) {
    key.least_pj = cds_floor_room(problem, rows, may);
    *known = key;
  }
  return known->least_pj;
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
  if (memo->rows.forms) {
    out->dynamic_pj = fmax(out->dynamic_pj, room_pj(memo, problem, &rows, may));
  }
  out->latency_s = fmax(out->latency_s, out->compute_s);
  out->latency_s += may == 0 ? edges_s(problem) : 0;
  /* Edges are no part of the time that the limit on power asks for. */
  out->latency_s =
      fmax(out->latency_s, out->dynamic_pj * problem->seconds_per_pj);
  return CDS_OK;
}

cds_status cds_floor_ask(cds_floor_asked *out, const cds_arch *arch,
                         double power_limit_w, cds_arena *arena) {
  cds_floor_memo *memo = (cds_floor_memo *)cds_arena_alloc(arena, sizeof *memo);
  if (memo == NULL) {
    return CDS_ENOMEM;
  }
  cds_floor_memo_begin(memo, arena);
  CDS_TRY(cds_floor_memo_price(memo, arch));
  *out = (cds_floor_asked){arch, power_limit_w, memo, arena};
  return CDS_OK;
}

cds_status cds_floor_keep_ask(cds_floor_asked *out, cds_floor_keep *keep,
                              const cds_arch *arch, double power_limit_w,
                              cds_arena *scratch) {
  cds_floor_memo *memo = &keep->memo;
  const bool first = keep->arena == NULL;
  if (first) {
    keep->arena = cds_arena_new();
    if (keep->arena == NULL) {
      return CDS_ENOMEM;
    }
    keep->empty = cds_arena_mark_get(keep->arena);
  }
  if (first || memo->rows.structures > STRUCTURES_KEPT) {
    cds_arena_reset(keep->arena, keep->empty);
    cds_floor_memo_begin(memo, keep->arena);
  }
  CDS_TRY(cds_floor_memo_price(memo, arch));
  *out = (cds_floor_asked){arch, power_limit_w, memo, scratch};
  return CDS_OK;
}

void cds_floor_keep_free(cds_floor_keep *keep) { cds_arena_free(keep->arena); }

const cds_arch *cds_floor_roomy(const cds_floor_asked *asked) {
  cds_floor_memo *memo = asked->memo;
  if (memo->roomy == NULL) {
    memo->roomy =
        (cds_arch *)cds_arena_alloc(memo->rows.arena, sizeof *memo->roomy);
    if (memo->roomy == NULL) {
      return NULL;
    }
  }
  if (memo->roomy_at != memo->rows.prices) {
    *memo->roomy = *asked->arch;
    for (unsigned l = 0; l < memo->roomy->levels; l++) {
      memo->roomy->level[l].size_bits = UINT64_MAX;
    }
    memo->roomy_at = memo->rows.prices;
  }
  return memo->roomy;
}

cds_status cds_floor_near(cds_floor_asked *out, const cds_floor_asked *asked) {
  cds_floor_memo *memo = asked->memo;
  cds_arena *arena = memo->rows.arena;
  if (memo->near == NULL) {
    memo->near_arch = (cds_arch *)cds_arena_alloc(arena, sizeof(cds_arch));
    cds_floor_memo *near =
        (cds_floor_memo *)cds_arena_alloc(arena, sizeof *near);
    if (memo->near_arch == NULL || near == NULL) {
      return CDS_ENOMEM;
    }
    cds_floor_memo_begin(near, arena);
    near->rows.forms = memo->rows.forms;
    memo->near = near;
  }
  if (memo->near_at != memo->rows.prices) {
    *memo->near_arch = *asked->arch;
    cds_level *outermost = &memo->near_arch->level[0];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      outermost->price[a].access_pj *= CDS_FLOOR_NEAR;
      outermost->price[a].bit_pj *= CDS_FLOOR_NEAR;
    }
    CDS_TRY(cds_floor_memo_price(memo->near, memo->near_arch));
    memo->near_at = memo->rows.prices;
  }
  *out = (cds_floor_asked){memo->near_arch, asked->power_limit_w, memo->near,
                           asked->scratch};
  return CDS_OK;
}

size_t cds_floor_memo_rows(const cds_floor_memo *memo) {
  return memo->rows.made + (memo->near == NULL ? 0 : memo->near->rows.made);
}

cds_status cds_floor_pair(double *dynamic_pj, double *latency_s,
                          const cds_floor_asked *asked,
                          const cds_einsum *einsum) {
  cds_problem problem;
  cds_floor floor;
  if (!cds_search_uneven(asked->arch, einsum) ||
      cds_problem_init(&problem, asked->arch, einsum, asked->power_limit_w) !=
          CDS_OK) {
    cds_search_floor(dynamic_pj, latency_s, asked->arch, einsum,
                     asked->power_limit_w);
    return CDS_OK;
  }
  CDS_TRY(cds_floor_memo_get(&floor, asked->memo, &problem, NULL, 0));
  *dynamic_pj = floor.dynamic_pj;
  *latency_s = floor.latency_s;
  return CDS_OK;
}
