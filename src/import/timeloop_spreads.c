/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timeloop's constraints on spreads, and on how much is in use, to ours. */
#include "import/timeloop_constraints.h"

typedef struct spreads {
  const cds_tl_directive *at;
  uint64_t cols, rows;
  cds_tl_bounds col, row;
  bool inexact;
} spreads;

static const cds_tl_factor none = {.given = true, .bound = 1};

/* Whether a dimension may be on X, our columns, and on Y. Those that the
 * permutation leaves out stand behind it in any order. */
static void axes_of(bool *x, bool *y, const spreads *s, const cds_tl *it,
                    unsigned dim) {
  const cds_tl_loops *loops = &s->at->loops;
  const uint64_t split = s->at->split;
  unsigned n = 0;
  while (n < loops->ordered && loops->order[n] != dim) {
    n++;
  }
  const unsigned last = n < loops->ordered ? n : it->dims - 1;
  *x = split == UINT64_MAX || n < split;
  *y = split == UINT64_MAX || last >= split;
}

static void spread_dim(spreads *s, cds_tl *it, unsigned dim) {
  const cds_tl_factor *factor = &s->at->loops.factor[dim];
  const uint64_t least = factor->given && factor->sense != CDS_TL_MOST
                             ? cds_tl_value(it, dim, factor)
                             : 1;
  bool x = true;
  bool y = true;
  axes_of(&x, &y, s, it, dim);
  const uint64_t room_x = x ? s->cols : 1;
  const uint64_t room_y = y ? s->rows : 1;
  const uint64_t room = room_x > room_y ? room_x : room_y;
  if (least > room) {
    cds_tl_error(
        it, s->at->place,
        "'%s' is spread %llu times below '%s': expected at most %llu there",
        it->dim[dim], (unsigned long long)least,
        it->component[s->at->component].foreign, (unsigned long long)room);
  }
  x = x && s->cols > 1 && least <= room_x;
  y = y && s->rows > 1 && least <= room_y;
  const bool one = cds_tl_is_one(it, dim, factor);
  s->col[dim] = x ? *factor : none;
  s->row[dim] = y ? *factor : none;
  if (!x || !y || one) {
    return;
  }
  if (factor->given || s->at->split != UINT64_MAX || s->at->loops.ordered > 0) {
    s->inexact = true;
  }
  if (factor->given && factor->sense == CDS_TL_EXACT) {
    s->col[dim].sense = s->row[dim].sense = CDS_TL_MOST;
  } else if (factor->given && factor->sense == CDS_TL_LEAST) {
    s->col[dim].given = s->row[dim].given = false;
  }
}

static void put_axis(cds_tl_writer *w, const char *key,
                     const cds_tl_bounds factor) {
  const cds_tl *it = w->it;
  unsigned ones = 0;
  unsigned open = 0;
  unsigned given = 0;
  for (unsigned dim = 0; dim < it->dims; dim++) {
    const bool one = cds_tl_is_one(it, dim, &factor[dim]);
    ones += it->used[dim] && one && it->size[dim] > 1 ? 1 : 0;
    open += it->used[dim] && !one ? 1 : 0;
    given += it->used[dim] && !one && factor[dim].given ? 1 : 0;
  }
  const bool list = given == 0 && open > 0;
  const char *between = list ? "[" : "{";
  if (ones + given == 0) {
    return;
  }
  cds_tl_put_key(w, key);
  for (unsigned dim = 0; dim < it->dims; dim++) {
    if (!it->used[dim] || cds_tl_is_one(it, dim, &factor[dim]) ||
        (ones == 0 && !factor[dim].given)) {
      continue;
    }
    cds_builder_put(&w->to, between);
    between = ", ";
    if (list) {
      cds_builder_put(&w->to, it->dim[dim]);
    } else {
      cds_tl_put_bound(w, dim, &factor[dim]);
    }
  }
  if (!list && ones > 0) {
    cds_builder_print(&w->to, "%sothers: 1", between);
  }
  cds_builder_put(&w->to, list ? "]" : "}");
}

void cds_tl_put_spatial(cds_tl_writer *w, const cds_tl_directive *at) {
  spreads s = {.at = at, .cols = 1, .rows = 1};
  const char *name = cds_tl_array(&s.cols, &s.rows, w->it, at->component + 1);
  for (unsigned dim = 0; dim < w->it->dims; dim++) {
    if (w->it->used[dim]) {
      spread_dim(&s, w->it, dim);
    }
  }
  if (s.inexact) {
    cds_tl_warn_entry(
        w, at->place,
        "factors are limits of each axis: which dimensions are on X is left "
        "open");
  }
  if (name == NULL) {
    return; /* nothing can be spread there */
  }
  cds_tl_begin(w, "array", name);
  if (s.rows > 1) {
    put_axis(w, "rows", s.row);
  }
  if (s.cols > 1) {
    put_axis(w, "cols", s.col);
  }
  cds_tl_end(w, at->place);
}

/* Timeloop limits all arrays together: with several, each is at least as full
 * as that. */
void cds_tl_put_utilisation(cds_tl_writer *w) {
  const cds_tl_limits *limits = w->limits;
  unsigned arrays = 0;
  if (!(limits->utilisation > 0.0)) {
    return;
  }
  const char *least =
      cds_builder_number(w->it->reader->arena, limits->utilisation);
  w->it->no_memory = w->it->no_memory || least == NULL;
  for (unsigned c = 1; c < w->it->components; c++) {
    uint64_t cols = 1;
    uint64_t rows = 1;
    const char *name = cds_tl_array(&cols, &rows, w->it, c);
    if (name != NULL && least != NULL) {
      arrays++;
      cds_tl_begin(w, "array", name);
      cds_tl_put_key(w, "utilisation");
      cds_builder_print(&w->to, "\">= %s\"", least);
      cds_tl_end(w, limits->utilisation_place);
    }
  }
  if (arrays > 1) {
    cds_tl_warn_entry(
        w, limits->utilisation_place,
        "the least utilization is written for each array: that of all "
        "together may be less");
  }
}
