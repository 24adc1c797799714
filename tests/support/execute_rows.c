/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operations other than softmax in a fused group: what their unit does, one row
 * after the other, one element after the other, one primitive at a time.
 * Numbers are modulo 2^64; any function will do for a primitive, as long as
 * both ways to compute a result have the same.
 *
 * The unit works at its level. Words that are at home there are read there,
 * once a sweep over the row. Others come from the outermost level to room for a
 * row of each: for two rows where the level has double buffers and there are as
 * many. Parameters stay for all rows of the pass. If all of that fits beside
 * what is at home, each word comes once (parameters: in this pass); else each
 * sweep of each row fetches what it reads. In a pipeline products have that
 * room, so rows do not wait; parameters that further rows of the pass read have
 * room of their own beside the tensors that the operation has at home.
 */
#include <stdlib.h>
#include <string.h>

#include "support/execute_state.h"

/* A row of an operation, or the part of one, in this pass. */
typedef struct one_row {
  group_run *run; /* NULL counts: computed directly */
  unsigned stage;
  bool counted, fits, stays, first; /* stays: what comes for the first row */
  uint64_t put_bits;                /* of parameters, for the first row */
  uint64_t begin[CDS_RANKS_MAX], length[CDS_RANKS_MAX];
  uint64_t point[CDS_RANKS_MAX]; /* the first of the row */
  bool in_row[CDS_RANKS_MAX];
} one_row;

static uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ b * 0x9e3779b97f4a7c15u) + 0xd1342543de82ef95u;
  return x ^ x >> 31;
}

static uint64_t count(one_row *row, cds_primitive which, uint64_t value) {
  row->run->rows[row->stage].primitive[which] += row->counted;
  return value;
}

static uint64_t plus(one_row *row, uint64_t a, uint64_t b) {
  return count(row, CDS_ADD, a + b);
}
static uint64_t times(one_row *row, uint64_t a, uint64_t b) {
  return count(row, CDS_MUL, a * b);
}
static uint64_t not_below_zero(one_row *row, uint64_t a) {
  return count(row, CDS_MAX, (int64_t)a > 0 ? a : 0);
}

static void note(one_row *row, unsigned level, cds_action action,
                 unsigned operand) {
  row->run->rows[row->stage].words[level][action][operand] += row->counted;
}

static unsigned unit_level(const one_row *row) {
  return row->run->arch->vector[0].level;
}

static const cds_operation *operation_of(const one_row *row) {
  return row->run->group->stage[row->stage].operation;
}

static cds_operand_shape shape_of(const one_row *row, unsigned operand) {
  return cds_operation_kind_find(operation_of(row)->kind)->input[operand].shape;
}

/* The stage's tensor that an operand of rows is. */
static unsigned tensor_of(const one_row *row, unsigned operand) {
  unsigned t = 0;
  for (unsigned i = 0; i < operand; i++) {
    t += shape_of(row, i) == CDS_SHAPE_ROW;
  }
  return t;
}

/* Reads a word of a row; `sweep`: how often it was read before. */
static uint64_t read_row(one_row *row, unsigned operand, const uint64_t *point,
                         unsigned sweep) {
  group_run *run = row->run;
  const unsigned t = tensor_of(row, operand);
  const unsigned tensor = run->group->stage[row->stage].tensor[t];
  group_tensor *of = &run->tensor[tensor];
  const size_t word = group_word_at(run, row->stage, t, point);
  if (!row->counted) {
    return of->wanted[word];
  }
  const sim_cell *cell = &group_cells_of(of)[word];
  if (!cell->present) {
    group_fail(run, tensor, "a word of a row is not there");
  }
  if (run->group->tensor[tensor].maker < run->group->stages) {
    group_check_made(run, tensor, cell, word);
  }
  if (of->home == NULL && (sweep == 0 || !row->fits)) {
    note(row, 0, CDS_READ, operand);
    note(row, unit_level(row), CDS_FILL, operand);
    run->rows[row->stage].again = run->rows[row->stage].again || sweep > 0;
  }
  note(row, unit_level(row), CDS_READ, operand);
  return cell->value;
}

/* The place of an element in a whole row, or of a row among all. */
static uint64_t place_of(const one_row *row, const uint64_t *point,
                         bool in_row) {
  const cds_einsum *whole = row->run->group->stage[row->stage].einsum;
  uint64_t place = 0;
  for (unsigned r = 0; r < whole->ranks; r++) {
    place = row->in_row[r] == in_row ? place * whole->rank[r].size + point[r]
                                     : place;
  }
  return place;
}

static uint64_t read_parameter(one_row *row, unsigned operand,
                               const uint64_t *point) {
  if (row->first || !(row->fits || row->stays)) {
    note(row, 0, CDS_READ, operand);
    note(row, unit_level(row), CDS_FILL, operand);
    executed_rows *done = &row->run->rows[row->stage];
    done->again = done->again || (row->counted && !row->first);
    row->put_bits += operation_of(row)->input[operand].format.bits;
  }
  note(row, unit_level(row), CDS_READ, operand);
  return mix(operand + 1, place_of(row, point, true));
}

static uint64_t read_value(one_row *row, unsigned operand) {
  note(row, 0, CDS_READ, operand);
  note(row, unit_level(row), CDS_FILL, operand);
  note(row, unit_level(row), CDS_READ, operand);
  return mix(operand + 11, place_of(row, row->point, false));
}

static void write_row(one_row *row, const uint64_t *point, uint64_t value) {
  group_run *run = row->run;
  const cds_fused_einsum *stage = &run->group->stage[row->stage];
  const unsigned t = stage->einsum->tensors - 1;
  const unsigned result = stage->operation->inputs;
  group_tensor *of = &run->tensor[stage->tensor[t]];
  const size_t word = group_word_at(run, row->stage, t, point);
  if (!row->counted) {
    of->wanted[word] = value;
    of->products[word] = 1;
    return;
  }
  sim_cell *cell = &group_cells_of(of)[word];
  if (!cell->present) {
    group_fail(run, stage->tensor[t], "no room for a result");
  }
  cell->value = value;
  cell->products = 1;
  cell->valued = true;
  note(row, unit_level(row), CDS_UPDATE, result);
  if (of->home == NULL) {
    note(row, unit_level(row), CDS_DRAIN, result);
    note(row, 0, CDS_UPDATE, result);
  }
}

/* The next element of the row; false after the last. */
static bool next_element(const one_row *row, uint64_t *point) {
  for (unsigned r = 0; r < row->run->group->stage[row->stage].einsum->ranks;
       r++) {
    if (!row->in_row[r]) {
      continue;
    }
    if (++point[r] < row->begin[r] + row->length[r]) {
      return true;
    }
    point[r] = row->begin[r];
  }
  return false;
}

/* Root mean square: squares are summed, then every element is scaled. */
static void normalize(one_row *row) {
  uint64_t point[CDS_RANKS_MAX], sum = 0;
  bool first = true;
  memcpy(point, row->point, sizeof point);
  do {
    const uint64_t x = read_row(row, 0, point, 0);
    const uint64_t square = times(row, x, x);
    sum = first ? square : plus(row, sum, square);
    first = false;
  } while (next_element(row, point));
  const uint64_t scale = count(row, CDS_RSQRT, mix(sum, 5));
  row->run->rows[row->stage].reduced += row->counted;
  do {
    const uint64_t x = read_row(row, 0, point, 1);
    const uint64_t weight = read_parameter(row, 1, point);
    write_row(row, point, times(row, times(row, x, scale), weight));
  } while (next_element(row, point));
}

/* Less the mean, by the root of the variance: a sum and one of squares, then
 * every element. */
static void standardize(one_row *row) {
  uint64_t point[CDS_RANKS_MAX], sum = 0, squares = 0;
  bool first = true;
  memcpy(point, row->point, sizeof point);
  do {
    const uint64_t x = read_row(row, 0, point, 0);
    const uint64_t square = times(row, x, x);
    sum = first ? x : plus(row, sum, x);
    squares = first ? square : plus(row, squares, square);
    first = false;
  } while (next_element(row, point));
  const uint64_t scale = count(row, CDS_RSQRT, mix(squares, sum));
  row->run->rows[row->stage].reduced += row->counted;
  do {
    const uint64_t x = plus(row, read_row(row, 0, point, 1), 0 - sum);
    const uint64_t weight = read_parameter(row, 1, point);
    const uint64_t scaled = times(row, times(row, x, scale), weight);
    write_row(row, point, plus(row, scaled, read_parameter(row, 2, point)));
  } while (next_element(row, point));
}

/* Kinds that take an element at a time. */
static uint64_t element(one_row *row, const uint64_t *point, uint64_t value) {
  const char *kind = operation_of(row)->kind;
  const uint64_t x = read_row(row, 0, point, 0);
  if (strcmp(kind, "relu") == 0) {
    return not_below_zero(row, x);
  }
  if (strcmp(kind, "add") == 0) {
    return plus(row, x, read_row(row, 1, point, 0));
  }
  if (strcmp(kind, "add_rows") == 0) {
    return plus(row, x, value);
  }
  if (strcmp(kind, "weighted_add") == 0) {
    return plus(row, times(row, x, value), read_row(row, 1, point, 0));
  }
  const uint64_t sum = plus(row, x, read_parameter(row, 1, point));
  if (strcmp(kind, "bias") == 0) {
    return sum;
  }
  if (strcmp(kind, "bias_relu") == 0) {
    return not_below_zero(row, sum);
  }
  return not_below_zero(row, plus(row, sum, read_row(row, 2, point, 0)));
}

static void each_element(one_row *row) {
  const cds_operation *operation = operation_of(row);
  uint64_t point[CDS_RANKS_MAX], value = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    value = shape_of(row, i) == CDS_SHAPE_VALUE ? read_value(row, i) : value;
  }
  memcpy(point, row->point, sizeof point);
  do {
    write_row(row, point, element(row, point, value));
  } while (next_element(row, point));
}

/* ---- passes ------------------------------------------------------------- */

static bool is_at_home(const one_row *row, unsigned t) {
  const cds_fused_einsum *stage = &row->run->group->stage[row->stage];
  return row->run->tensor[stage->tensor[t]].home != NULL;
}

/* Whether rows and parameters that are not at home fit; products have the room
 * while a pipeline's operations run. */
static bool fits(const one_row *row) {
  const group_run *run = row->run;
  if (run->mapping->outer.pipelined) {
    return false;
  }
  const cds_operation *operation = operation_of(row);
  const cds_fused_einsum *stage = &run->group->stage[row->stage];
  uint64_t rows = 1, elements = 1, one = 0, parameters = 0;
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    *(row->in_row[r] ? &elements : &rows) *= row->length[r];
  }
  for (unsigned i = 0; i < operation->inputs; i++) {
    const uint64_t bits = operation->input[i].format.bits;
    const cds_operand_shape shape = shape_of(row, i);
    parameters += shape == CDS_SHAPE_SHARED ? elements * bits : 0;
    one += shape == CDS_SHAPE_VALUE ? bits : 0;
    one += shape == CDS_SHAPE_ROW && !is_at_home(row, tensor_of(row, i))
               ? elements * bits
               : 0;
  }
  one += is_at_home(row, stage->einsum->tensors - 1)
             ? 0
             : elements * operation->output.format.bits;
  const cds_level *level = &run->arch->level[unit_level(row)];
  const bool twice = level->buffering == CDS_BUFFER_DOUBLE && rows > 1;
  return one * (twice ? 2 : 1) + parameters <= run->left_bits[row->stage];
}

/* Whether parameters have room of their own. */
static bool stays(const one_row *row) {
  const group_run *run = row->run;
  const cds_fused_einsum *stage = &run->group->stage[row->stage];
  bool any = false;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    any = any || is_at_home(row, t);
  }
  return run->mapping->outer.pipelined && any;
}

static void run_rows(group_run *run, unsigned s, unsigned place, bool counted) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const cds_tensor *result = &stage->einsum->tensor[stage->einsum->tensors - 1];
  one_row row = {.run = run, .stage = s, .counted = counted, .first = true};
  const uint32_t axes = stage->operation->row_axes != 0
                            ? stage->operation->row_axes
                            : 1U << (result->axes - 1);
  for (unsigned a = 0; a < result->axes; a++) {
    row.in_row[result->axis[a].term[0].rank] = (axes >> a & 1U) != 0;
  }
  uint64_t length[CDS_RANKS_MAX], rows = 0;
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    row.begin[r] = group_piece_of(run, stage->rank[r], place, &row.length[r]);
    length[r] = row.in_row[r] ? 1 : row.length[r];
  }
  row.fits = fits(&row);
  row.stays = stays(&row);
  memcpy(row.point, row.begin, sizeof row.point);
  do {
    if (strcmp(stage->operation->kind, "rmsnorm") == 0) {
      normalize(&row);
    } else if (strcmp(stage->operation->kind, "layernorm") == 0) {
      standardize(&row);
    } else {
      each_element(&row);
    }
    rows++;
    row.first = false;
  } while (
      group_next_point(row.point, row.begin, length, stage->einsum->ranks));
  if (counted && row.stays && rows > 1) {
    run->shared_bits[s] = row.put_bits;
  }
}

void operation_compute(group_run *run, unsigned s) {
  run_rows(run, s, 0, false);
}

void operation_run(group_run *run, unsigned s) {
  run_rows(run, s, run->mapping->outer.nodes, true);
}
