/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least rows by what they depend on; see floor_memo.h. */
#include "search/floor_memo.h"

#include <math.h>
#include <string.h>

#include "search/branch.h"
#include "search/holders.h"

struct cds_floor_row {
  cds_floor_row *next; /* of the same slot */
  unsigned tensor, home;
  bool residual;
  uint64_t loads, size, words, rounds;
  cds_row row;
};

void cds_floor_memo_begin(cds_floor_memo *memo, cds_arena *arena) {
  memset(memo, 0, sizeof *memo);
  memo->arena = arena;
}

static bool same_key(const cds_floor_row *a, const cds_floor_row *b) {
  return a->tensor == b->tensor && a->home == b->home &&
         a->residual == b->residual && a->loads == b->loads &&
         a->size == b->size && a->words == b->words && a->rounds == b->rounds;
}

static size_t slot_of(const cds_floor_row *key) {
  const uint64_t part[] = {key->tensor, key->home,  key->loads,
                           key->size,   key->words, key->rounds};
  uint64_t hash = key->residual ? 1 : 0;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    hash = (hash ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash >> 40) % CDS_FLOOR_SLOTS;
}

/* The least row of a tensor with the home that the problem's stage says. */
static cds_status least_row(const cds_row **out, cds_floor_memo *memo,
                            const cds_problem *problem, unsigned tensor) {
  const cds_floor_row key = {.tensor = tensor,
                             .home = problem->home[tensor],
                             .residual = problem->residual[tensor],
                             .loads =
                                 problem->einsum->stage->home[tensor].loads,
                             .size = problem->size[tensor],
                             .words = problem->words[tensor],
                             .rounds = problem->rounds};
  cds_floor_row **slot = &memo->slot[slot_of(&key)];
  for (const cds_floor_row *known = *slot; known != NULL; known = known->next) {
    if (same_key(known, &key)) {
      *out = &known->row;
      return CDS_OK;
    }
  }
  cds_floor_row *made =
      (cds_floor_row *)cds_arena_alloc(memo->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = key;
  cds_least_of_all(&made->row, problem, tensor);
  made->next = *slot;
  *slot = made;
  *out = &made->row;
  return CDS_OK;
}

/* Rows of each tensor, by whether it is at its other home. */
typedef struct cds_two_rows {
  const cds_row *row[CDS_MATRIX][2];
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
    if ((may >> t & 1U) != 0) {
      stage.home[t] = other[t];
      moved.home[t] = other[t].level;
      CDS_TRY(least_row(&out->row[t][1], memo, &moved, t));
    }
  }
  return CDS_OK;
}

cds_status cds_floor_memo_get(double *dynamic_pj, double *latency_s,
                              cds_floor_memo *memo, const cds_problem *problem,
                              const cds_home other[CDS_MATRIX], unsigned may) {
  cds_two_rows rows;
  CDS_TRY(find_rows(&rows, memo, problem, other, may));
  *dynamic_pj = *latency_s = (double)INFINITY;
  for (unsigned set = 0; set <= may; set++) {
    if ((set & ~may) != 0) {
      continue;
    }
    const cds_row *row[CDS_MATRIX];
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      row[t] = rows.row[t][set >> t & 1U];
    }
    double own_pj = 0;
    double own_s = 0;
    cds_floor_of_rows(&own_pj, &own_s, problem, row);
    *dynamic_pj = fmin(*dynamic_pj, own_pj);
    *latency_s = fmin(*latency_s, own_s);
  }
  return CDS_OK;
}
