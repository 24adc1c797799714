/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mapping of a leaf in canonical form, outermost first:
 *   hold all tensors at level 0; loops of the batch class, then g of class 0,
 *   1, 2; the holders in their order, each followed by the loops of the class
 *   that its tensor lacks (a at level 1, x at level 2); spreads stand right
 *   below the last holder of a level above the array.
 * A factor of a merged class is shared out to its ranks prime by prime, from
 * the innermost factor and the last rank on; loops of one gap stand in the
 * order of the ranks. Of all ways to place spreads on the axes of the array the
 * least mapping is taken (cds_mapping_compare), those of full spreads (cut.h)
 * with idle instances included.
 */
#include <string.h>

#include "base/checked.h"
#include "search/branch.h"

/* Factors of one class, from inside out. */
enum { DIGIT_X, DIGIT_COLS, DIGIT_ROWS, DIGIT_A, DIGIT_G, CDS_DIGITS };

typedef struct cds_sharing {
  uint64_t factor[CDS_DIGITS][CDS_RANKS_MAX];
} cds_sharing;

typedef struct cds_writer {
  cds_mapping *mapping;
  const cds_problem *problem;
  const cds_leaf *leaf;
  cds_sharing share;
} cds_writer;

/* Shares the digits of a class out to its ranks. Taking the greatest common
 * divisor with what is left of the rank, again and again, moves each prime as
 * often as both have it. A class with residual parts has one rank. */
static void share_class(cds_writer *writer, unsigned class,
                        const uint64_t digit[CDS_DIGITS]) {
  const cds_problem *problem = writer->problem;
  uint64_t left[CDS_RANKS_MAX];
  for (unsigned r = 0; r < problem->einsum->ranks; r++) {
    left[r] = problem->einsum->rank[r].size;
  }
  for (unsigned d = 0; d < CDS_DIGITS; d++) {
    uint64_t rest = digit[d];
    for (unsigned r = problem->einsum->ranks; r-- > 0;) {
      if (problem->class_of[r] != class) {
        continue;
      }
      const bool alone = problem->residual[class] && left[r] > 1;
      const uint64_t part = alone ? rest : cds_common_divisor(rest, left[r]);
      writer->share.factor[d][r] = part;
      left[r] /= alone ? 1 : part;
      rest /= part;
    }
  }
}

static void write_hold(cds_writer *writer, unsigned tensor, unsigned level) {
  cds_node *node = &writer->mapping->node[writer->mapping->nodes++];
  memset(node, 0, sizeof *node);
  node->kind = CDS_HOLD;
  node->tensor = tensor;
  node->level = level;
}

static void write_loops(cds_writer *writer, unsigned class, unsigned digit) {
  for (unsigned r = 0; r < writer->problem->einsum->ranks; r++) {
    const uint64_t trips = writer->share.factor[digit][r];
    if (writer->problem->class_of[r] != class || trips < 2) {
      continue;
    }
    cds_node *node = &writer->mapping->node[writer->mapping->nodes++];
    memset(node, 0, sizeof *node);
    node->kind = CDS_FOR;
    node->rank = r;
    node->trips = trips;
  }
}

static void write_spreads(cds_writer *writer) {
  for (unsigned axis = 0; axis < 2; axis++) {
    const unsigned digit = axis == 0 ? DIGIT_ROWS : DIGIT_COLS;
    for (unsigned r = 0; r < writer->problem->einsum->ranks; r++) {
      const uint64_t trips = writer->share.factor[digit][r];
      if (trips < 2) {
        continue;
      }
      cds_node *node = &writer->mapping->node[writer->mapping->nodes++];
      memset(node, 0, sizeof *node);
      node->kind = CDS_SPREAD;
      node->rank = r;
      node->axis = axis;
      node->trips = trips;
    }
  }
}

static void write_mapping(cds_writer *writer,
                          const uint64_t rows[CDS_CLASSES]) {
  const cds_leaf *leaf = writer->leaf;
  const cds_problem *problem = writer->problem;
  memset(&writer->share, 0, sizeof writer->share);
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    const bool batch = c == CDS_BATCH;
    const uint64_t g =
        batch ? cds_ceil_div(problem->size[c], leaf->s[c]) : leaf->trips[c].g;
    const uint64_t digit[CDS_DIGITS] = {
        batch ? 1 : leaf->trips[c].x, cds_ceil_div(leaf->s[c], rows[c]),
        rows[c], batch ? 1 : leaf->trips[c].a, g};
    share_class(writer, c, digit);
  }
  writer->mapping->nodes = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    write_hold(writer, t, problem->home[t]);
  }
  const cds_order *order = &leaf->order;
  if (order->spread == 0) {
    write_spreads(writer);
  }
  write_loops(writer, CDS_BATCH, DIGIT_G);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    write_loops(writer, c, DIGIT_G);
  }
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    write_hold(writer, place->tensor, place->level);
    if (order->spread == p + 1) {
      write_spreads(writer);
    }
    write_loops(writer, place->tensor, place->level == 1 ? DIGIT_A : DIGIT_X);
  }
}

/* Whether the spread of a class may have idle instances. */
static bool is_full(const cds_problem *problem, const cds_leaf *leaf,
                    unsigned c) {
  if (!problem->residual[c] || leaf->s[c] == 1) {
    return false;
  }
  if (c == CDS_BATCH) {
    return leaf->order.spread > 0 || leaf->s[c] == problem->size[c];
  }
  return cds_trips_dealt(problem, c, &leaf->trips[c]) == leaf->s[c];
}

/* Next way to divide the spreads over rows and columns, like an odometer over
 * the divisors of each s, or all numbers up to it if it is full; false after
 * the last. */
static bool next_rows(uint64_t rows[CDS_CLASSES], const uint64_t s[CDS_CLASSES],
                      const bool full[CDS_CLASSES]) {
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    uint64_t next = rows[c] + 1;
    while (next <= s[c] && !full[c] && s[c] % next != 0) {
      next++;
    }
    if (next <= s[c]) {
      rows[c] = next;
      return true;
    }
    rows[c] = 1;
  }
  return false;
}

static bool rows_fit(const cds_arch *arch, const uint64_t rows[CDS_CLASSES],
                     const uint64_t s[CDS_CLASSES]) {
  const cds_array *array = &arch->array[0];
  uint64_t on_rows = 1;
  uint64_t on_cols = 1;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    on_rows *= rows[c];
    on_cols *= cds_ceil_div(s[c], rows[c]);
  }
  return on_rows <= array->extent[0] &&
         on_cols <= (array->axes > 1 ? array->extent[1] : 1);
}

void cds_leaf_mapping(cds_mapping *out, const cds_problem *problem,
                      const cds_leaf *leaf) {
  cds_writer writer = {out, problem, leaf, {{{0}}}};
  uint64_t rows[CDS_CLASSES] = {1, 1, 1, 1};
  bool full[CDS_CLASSES];
  bool found = false;
  cds_mapping candidate;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    full[c] = is_full(problem, leaf, c);
  }
  do {
    if (problem->array && !rows_fit(problem->arch, rows, leaf->s)) {
      continue;
    }
    writer.mapping = found ? &candidate : out;
    write_mapping(&writer, rows);
    if (found && cds_mapping_compare(&candidate, out) < 0) {
      *out = candidate;
    }
    found = true;
  } while (next_rows(rows, leaf->s, full));
}
