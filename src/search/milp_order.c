/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders of holders: which choices of the program are mappings of the space of
 * search.c, and the way back from a solution.
 */
#include <math.h>
#include <string.h>

#include "search/milp_model.h"

enum { TURN_ORDER = 2 };

/* ---- tests of cuts ----------------------------------------------------- */

static bool has_a(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->trips.a > 1;
}

static bool has_x(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->trips.x > 1;
}

static bool held_1_with_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return (cut->held & CDS_HELD_1) != 0 && cut->trips.g > 1;
}

static bool only_2_with_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->held == CDS_HELD_2 && cut->trips.g > 1;
}

static bool both_with_a(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->held == (CDS_HELD_1 | CDS_HELD_2) && cut->trips.a > 1;
}

/* ---- columns ----------------------------------------------------------- */

/* A new row: sum <= most. */
static size_t at_most(cds_milp_model *model, double most) {
  return cds_program_row_add(&model->program, -(double)INFINITY, most);
}

static void put(cds_milp_model *model, size_t row, size_t column,
                double factor) {
  cds_program_put(&model->program, row, column, factor);
}

static unsigned number(cds_milp_holder holder) {
  return (holder.level - 1) * CDS_MATRIX + holder.tensor;
}

void cds_milp_put_below(cds_milp_model *model, size_t row,
                        cds_milp_holder lower, cds_milp_holder upper,
                        double factor) {
  put(model, row, model->below[number(lower)][number(upper)], factor);
}

static bool stands(const cds_milp_model *model, cds_milp_holder holder) {
  return cds_milp_may_hold(model->problem, holder.tensor, holder.level);
}

/* Calls with each pair of holders of different tensors. */
typedef void with_pair(cds_milp_model *model, cds_milp_holder one,
                       cds_milp_holder other);
static void for_pairs(cds_milp_model *model, with_pair *call) {
  for (unsigned p = 0; p < CDS_HOLDERS_MAX; p++) {
    for (unsigned q = 0; q < CDS_HOLDERS_MAX; q++) {
      const cds_milp_holder one = {p % CDS_MATRIX, p / CDS_MATRIX + 1};
      const cds_milp_holder other = {q % CDS_MATRIX, q / CDS_MATRIX + 1};
      if (one.tensor != other.tensor && stands(model, one) &&
          stands(model, other)) {
        call(model, one, other);
      }
    }
  }
}

static bool is_below(const cds_order *order, cds_milp_holder lower,
                     cds_milp_holder upper) {
  bool passed = false; /* the upper one */
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    if (place->tensor == lower.tensor && place->level == lower.level) {
      return passed;
    }
    passed = passed ||
             (place->tensor == upper.tensor && place->level == upper.level);
  }
  return false;
}

/* [one below other] is the sum of the orders where it is so. The binaries of
 * all pairs together make the orders whole. */
static void add_below(cds_milp_model *model, cds_milp_holder one,
                      cds_milp_holder other) {
  cds_program *program = &model->program;
  const size_t column = one.tensor < other.tensor
                            ? cds_program_binary_add(program, TURN_ORDER)
                            : cds_program_column_add(program, 0, 1);
  model->below[number(one)][number(other)] = column;
  const size_t row = cds_program_row_add(program, 0, 0);
  put(model, row, column, -1);
  for (unsigned k = 0; k < model->orders->count; k++) {
    if (is_below(&model->orders->order[k], one, other)) {
      put(model, row, model->order[k], 1);
    }
  }
}

/* What is not held stands at the top (level 1) or at the bottom (level 2), in
 * the order of the tensors: so that each order of what is held is one. */
static void add_resting(cds_milp_model *model, cds_milp_holder one,
                        cds_milp_holder other) {
  const bool top = one.level == 1;
  const bool yields =
      other.level == one.level &&
      (top ? one.tensor > other.tensor : one.tensor < other.tensor);
  const size_t row = at_most(model, yields ? 1 : 0);
  cds_milp_put_below(model, row, top ? one : other, top ? other : one, 1);
  put(model, row, model->class[one.tensor].held[one.level], -1);
  if (yields) {
    put(model, row, model->class[other.tensor].held[other.level], 1);
  }
}

/* ---- holders that count as they stand ---------------------------------- */

/* -1 x [some holder of another tensor with loops stands above this one (and
 * below its tensor's other one)]: columns that may be 1 only then. */
static void put_loops_above(cds_milp_model *model, size_t row,
                            cds_milp_holder holder, bool between) {
  for (unsigned q = 0; q < CDS_HOLDERS_MAX; q++) {
    const cds_milp_holder other = {q % CDS_MATRIX, q / CDS_MATRIX + 1};
    if (other.tensor == holder.tensor || !stands(model, other)) {
      continue;
    }
    const size_t found = cds_program_column_add(&model->program, 0, 1);
    put(model, row, found, -1);
    const size_t above = at_most(model, 0);
    put(model, above, found, 1);
    cds_milp_put_below(model, above, holder, other, -1);
    const size_t loops = at_most(model, 0);
    put(model, loops, found, 1);
    cds_milp_put_cuts(model, loops, other.tensor,
                      other.level == 1 ? has_a : has_x, 0, -1);
    if (between) {
      const size_t below = at_most(model, 0);
      put(model, below, found, 1);
      cds_milp_put_below(model, below, other,
                         (cds_milp_holder){holder.tensor, 1}, -1);
    }
  }
}

/* cds_order_proper: looking up through holders without loops, none meets loops
 * of its own class: g, or a from level 2. */
static void add_proper(cds_milp_model *model, unsigned t) {
  const cds_milp_holder outer = {t, 1};
  const cds_milp_holder inner = {t, 2};
  if (stands(model, outer)) {
    const size_t first = at_most(model, 0);
    cds_milp_put_cuts(model, first, t, held_1_with_g, 0, 1);
    put_loops_above(model, first, outer, false);
  }
  if (stands(model, inner)) {
    const size_t first = at_most(model, 0);
    cds_milp_put_cuts(model, first, t, only_2_with_g, 0, 1);
    put_loops_above(model, first, inner, false);
  }
  if (stands(model, outer) && stands(model, inner)) {
    const size_t second = at_most(model, 0);
    cds_milp_put_cuts(model, second, t, both_with_a, 0, 1);
    put_loops_above(model, second, inner, true);
  }
}

cds_status cds_milp_add_orders(cds_milp_model *model) {
  cds_program *program = &model->program;
  cds_order_list *orders = cds_arena_alloc(program->arena, sizeof *orders);
  if (orders == NULL) {
    return CDS_ENOMEM;
  }
  cds_held held[CDS_MATRIX] = {0};
  for (unsigned q = 0; q < CDS_HOLDERS_MAX; q++) {
    const unsigned t = q % CDS_MATRIX;
    const unsigned above = q / CDS_MATRIX;
    if (cds_milp_may_hold(model->problem, t, above + 1)) {
      held[t] |= 1U << above;
    }
  }
  cds_orders_list(orders, model->problem, held);
  model->orders = orders;
  const size_t one = cds_program_row_add(program, 1, 1);
  for (unsigned k = 0; k < orders->count; k++) {
    model->order[k] = cds_program_column_add(program, 0, 1);
    put(model, one, model->order[k], 1);
  }
  for_pairs(model, add_below);
  for_pairs(model, add_resting);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    add_proper(model, t);
  }
  return CDS_OK;
}

/* ---- solutions --------------------------------------------------------- */

/* The sequence of an order without what is not held. */
static void take_held(cds_order *out, const cds_order *from,
                      const cds_held held[CDS_MATRIX]) {
  memset(out, 0, sizeof *out);
  for (unsigned p = 0; p < from->count; p++) {
    const cds_order_place *place = &from->place[p];
    if ((held[place->tensor] >> (place->level - 1) & 1U) != 0) {
      out->place[out->count++] = *place;
    }
  }
}

static bool same_sequence(const cds_order *a, const cds_order *b) {
  bool same = a->count == b->count;
  for (unsigned p = 0; same && p < a->count; p++) {
    same = a->place[p].tensor == b->place[p].tensor &&
           a->place[p].level == b->place[p].level;
  }
  return same;
}

static void read_order(cds_leaf *out, const cds_milp_model *model,
                       const double *x) {
  unsigned chosen = 0;
  for (unsigned k = 1; k < model->orders->count; k++) {
    if (x[model->order[k]] > x[model->order[chosen]]) {
      chosen = k;
    }
  }
  cds_order sequence;
  take_held(&sequence, &model->orders->order[chosen], out->held);
  cds_order_list list;
  cds_orders_list(&list, model->problem, out->held);
  unsigned k = 0;
  while (k + 1 < list.count && !same_sequence(&sequence, &list.order[k])) {
    k++;
  }
  out->order = list.order[k];
}

void cds_milp_model_leaf(cds_leaf *out, const cds_milp_model *model,
                         const double *x) {
  memset(out, 0, sizeof *out);
  memcpy(out->s, model->s, sizeof out->s);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_milp_class *class = &model->class[c];
    const cds_milp_cut *chosen = &class->cut[0];
    for (size_t k = 1; k < class->cuts; k++) {
      if (x[class->cut[k].column] > x[chosen->column]) {
        chosen = &class->cut[k];
      }
    }
    out->held[c] = chosen->held;
    out->trips[c] = chosen->trips;
  }
  read_order(out, model, x);
}

void cds_milp_model_forbid(cds_milp_model *model, const double *x) {
  cds_program *program = &model->program;
  size_t ones = 0;
  for (size_t c = 0; c < program->columns; c++) {
    ones += program->column[c].integer && x[c] > 0.5;
  }
  const size_t row = at_most(model, (double)ones - 1);
  for (size_t c = 0; c < program->columns; c++) {
    if (program->column[c].integer) {
      put(model, row, c, x[c] > 0.5 ? 1 : -1);
    }
  }
}
