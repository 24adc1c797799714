/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders of holders and the hoisted tensor: which choices of the program are
 * mappings of the space of search.c, and the way back from a solution.
 */
#include <math.h>
#include <string.h>

#include "search/milp_model.h"

enum { TURN_HOISTED = 1, TURN_ORDER = 2, TURN_FLAT = 3 };

static const unsigned permutation[CDS_MILP_ORDERS][CDS_MATRIX] = {
    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static unsigned position(unsigned order, unsigned tensor) {
  unsigned at = 0;
  while (permutation[order][at] != tensor) {
    at++;
  }
  return at;
}

void cds_milp_put_below(cds_milp_model *model, size_t row, unsigned level,
                        unsigned d, unsigned t, double factor) {
  for (unsigned k = 0; k < CDS_MILP_ORDERS; k++) {
    if (position(k, d) > position(k, t)) {
      cds_program_put(&model->program, row, model->order[level][k], factor);
    }
  }
}

/* ---- tests of cuts ----------------------------------------------------- */

static bool is_hoisted(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->cut.b > 1;
}

static bool is_loose(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->loose;
}

static bool has_a(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->cut.a > 1;
}

static bool hoisted_with_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->cut.b > 1 && cut->cut.g > 1;
}

static bool hoisted_with_a(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->cut.b > 1 && cut->cut.a > 1;
}

static bool held_1_with_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return (cut->held & CDS_HELD_1) != 0 && cut->cut.g > 1;
}

static bool only_2_with_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->held == CDS_HELD_2 && cut->cut.g > 1;
}

static bool both_with_a(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->held == (CDS_HELD_1 | CDS_HELD_2) && cut->cut.b == 1 &&
         cut->cut.a > 1;
}

/* ---- rows -------------------------------------------------------------- */

/* A new row: sum <= most. */
static size_t at_most(cds_milp_model *model, double most) {
  return cds_program_row_add(&model->program, -(double)INFINITY, most);
}

static void put(cds_milp_model *model, size_t row, size_t column,
                double factor) {
  cds_program_put(&model->program, row, column, factor);
}

static void add_level_orders(cds_milp_model *model, unsigned level) {
  cds_program *program = &model->program;
  for (unsigned k = 0; k < CDS_MILP_ORDERS; k++) {
    model->order[level][k] = cds_program_binary_add(program, TURN_ORDER);
  }
  const size_t one = cds_program_row_add(program, 1, 1);
  for (unsigned k = 0; k < CDS_MILP_ORDERS; k++) {
    put(model, one, model->order[level][k], 1);
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      if (d == t) {
        continue;
      }
      /* What is not held stands last: held(t) - held(d) <= [d below t]. */
      const size_t last = at_most(model, 0);
      put(model, last, model->class[t].held[level], 1);
      put(model, last, model->class[d].held[level], -1);
      cds_milp_put_below(model, last, level, d, t, -1);
      if (d < t) {
        /* Of two that are not held the first stands first. */
        const size_t first = at_most(model, 0);
        cds_milp_put_below(model, first, level, d, t, 1);
        put(model, first, model->class[d].held[level], -1);
        put(model, first, model->class[t].held[level], -1);
      }
    }
  }
}

/* factor x [some tensor is hoisted]. */
static void put_hoisted(cds_milp_model *model, size_t row, double factor) {
  for (unsigned h = 0; h < CDS_MATRIX; h++) {
    put(model, row, model->hoisted[h], factor);
  }
}

/* Tensor t is flat: held at level 1, below the loops b, without loops a. */
static void add_flat(cds_milp_model *model, unsigned t) {
  const size_t held = at_most(model, 0);
  put(model, held, model->flat[t], 1);
  put(model, held, model->class[t].held[1], -1);
  const size_t needed = at_most(model, 0);
  put(model, needed, model->flat[t], 1);
  put_hoisted(model, needed, -1);
  const size_t own = at_most(model, 1);
  put(model, own, model->flat[t], 1);
  put(model, own, model->hoisted[t], 1);
  const size_t loops = at_most(model, 1);
  put(model, loops, model->flat[t], 1);
  cds_milp_put_cuts(model, loops, t, has_a, 0, 1);
  const size_t loose = at_most(model, 0);
  put(model, loose, model->flat[t], -1);
  cds_milp_put_cuts(model, loose, t, is_loose, 0, 1);
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != t) {
      /* What is held below a flat tensor is flat:
       * flat(t) + [d below t] + held(d) - flat(d) <= 2. */
      const size_t below = at_most(model, 2);
      put(model, below, model->flat[t], 1);
      cds_milp_put_below(model, below, 1, d, t, 1);
      put(model, below, model->class[d].held[1], 1);
      put(model, below, model->flat[d], -1);
    }
  }
}

static void add_hoisting(cds_milp_model *model) {
  cds_program *program = &model->program;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    model->hoisted[t] = cds_program_binary_add(program, TURN_HOISTED);
    model->flat[t] = cds_program_binary_add(program, TURN_FLAT);
  }
  const size_t one = at_most(model, 1);
  put_hoisted(model, one, 1);
  const size_t some = at_most(model, 0);
  put_hoisted(model, some, 1);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    put(model, some, model->flat[t], -1);
    const size_t own = cds_program_row_add(program, 0, 0);
    put(model, own, model->hoisted[t], -1);
    cds_milp_put_cuts(model, own, t, is_hoisted, 0, 1);
    add_flat(model, t);
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      if (d != t) {
        /* The hoisted tensor stands first at level 2. */
        const size_t first = at_most(model, 0);
        put(model, first, model->hoisted[t], 1);
        cds_milp_put_below(model, first, 2, d, t, -1);
      }
    }
  }
}

/* -1 x [d is held at level 1 and stands below t there (above the loops b)]:
 * a column that may be 1 only then. */
static void put_held_below(cds_milp_model *model, size_t row, unsigned d,
                           unsigned t, bool above_loops) {
  const size_t both = cds_program_column_add(&model->program, 0, 1);
  put(model, row, both, -1);
  const size_t below = at_most(model, 0);
  put(model, below, both, 1);
  cds_milp_put_below(model, below, 1, d, t, -1);
  const size_t held = at_most(model, 0);
  put(model, held, both, 1);
  put(model, held, model->class[d].held[1], -1);
  if (above_loops) {
    put(model, held, model->flat[d], 1);
  }
}

/* The first holder's class has no loops g; nor that of loops b that come first.
 * No loops a between a tensor's own two holders, nor right above b. */
static void add_proper(cds_milp_model *model, unsigned t) {
  const size_t first = at_most(model, 0);
  const size_t second = at_most(model, 0);
  cds_milp_put_cuts(model, first, t, held_1_with_g, 0, 1);
  cds_milp_put_cuts(model, second, t, only_2_with_g, 0, 1);
  const size_t between = at_most(model, 0);
  cds_milp_put_cuts(model, between, t, both_with_a, 0, 1);
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    put(model, second, model->class[d].held[1], -1);
    if (d != t) {
      cds_milp_put_below(model, first, 1, t, d, -1);
      cds_milp_put_below(model, second, 2, t, d, -1);
      cds_milp_put_below(model, between, 2, t, d, -1);
      put_held_below(model, between, d, t, false);
    }
  }
  if (!model->hoisting) {
    return;
  }
  put(model, first, model->flat[t], -1);
  const size_t loops = at_most(model, 0);
  cds_milp_put_cuts(model, loops, t, hoisted_with_g, 0, 1);
  const size_t above = at_most(model, 0);
  cds_milp_put_cuts(model, above, t, hoisted_with_a, 0, 1);
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    put(model, loops, model->class[d].held[1], -1);
    put(model, loops, model->flat[d], 1);
    if (d != t) {
      put_held_below(model, above, d, t, true);
    }
  }
}

void cds_milp_add_orders(cds_milp_model *model) {
  add_level_orders(model, 1);
  add_level_orders(model, 2);
  if (model->hoisting) {
    add_hoisting(model);
  }
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    add_proper(model, t);
  }
}

/* ---- solutions --------------------------------------------------------- */

static void place(cds_order *order, unsigned what) {
  for (unsigned i = 0; i < order->count; i++) {
    order->after[order->place[i]] |= 1U << what;
  }
  order->place[order->count++] = what;
}

static void read_order(cds_leaf *out, const cds_milp_model *model,
                       const double *x, unsigned level) {
  unsigned chosen = 0;
  for (unsigned k = 1; k < CDS_MILP_ORDERS; k++) {
    if (x[model->order[level][k]] > x[model->order[level][chosen]]) {
      chosen = k;
    }
  }
  cds_order *order = &out->order[level];
  bool loops = level == 1 && out->hoisted < CDS_MATRIX;
  for (unsigned i = 0; i < CDS_MATRIX; i++) {
    const unsigned t = permutation[chosen][i];
    if ((out->held[t] >> (level - 1) & 1U) == 0) {
      continue;
    }
    if (loops && x[model->flat[t]] > 0.5) {
      place(order, CDS_LOOPS);
      loops = false;
    }
    place(order, t);
  }
}

void cds_milp_model_leaf(cds_leaf *out, const cds_milp_model *model,
                         const double *x) {
  memset(out, 0, sizeof *out);
  memcpy(out->s, model->s, sizeof out->s);
  out->hoisted = CDS_MATRIX;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_milp_class *class = &model->class[c];
    const cds_milp_cut *chosen = &class->cut[0];
    for (size_t k = 1; k < class->cuts; k++) {
      if (x[class->cut[k].column] > x[chosen->column]) {
        chosen = &class->cut[k];
      }
    }
    out->held[c] = chosen->held;
    out->cut[c] = chosen->cut;
    if (chosen->cut.b > 1) {
      out->hoisted = c;
    }
  }
  read_order(out, model, x, 1);
  read_order(out, model, x, 2);
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
