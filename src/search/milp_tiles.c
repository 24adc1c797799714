/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiles: what the levels must hold, and the first fills and last drains that
 * double buffers cannot hide.
 *
 * A tile of tensor t at a level is base x u x v words, u and v factors of the
 * two classes that it has (spreads inside the tile and the batch are the base).
 * For each of the two classes, P(v) is 1 if the factor is at least the divisor
 * v; rows make it so where the orders place such loops inside the tile. P may
 * be larger than needed: that only costs room and time. The pairs (u, v) are
 * columns whose sums are the shares of each u and of each v: the convex hull of
 * the products of two choices. All are 0 where the level does not hold t.
 *
 * A tile counts with the bits of its words, twice where it is replaced under
 * double buffers: these depend on t's own cut and on loops above. A product of
 * such a number v with the tile w, at most 1, is at least
 *   v w - (v - least)(1 - [the number is at least v]).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/milp_model.h"

/* A tile, and what stands for it in rows. */
typedef struct cds_milp_tile {
  unsigned level, tensor;
  bool present;    /* else it cannot be held */
  double cap;      /* words of the largest pair */
  size_t words;    /* column: words / cap */
  size_t replaced; /* column: 1 if it changes during the run */
} cds_milp_tile;

/* A product: column x factor. */
typedef struct term {
  size_t column;
  double factor;
} term;

typedef double number_of(const cds_milp_model *model, const cds_milp_cut *cut,
                         const cds_milp_tile *tile, unsigned other);

static void put(cds_milp_model *model, size_t row, size_t column,
                double factor) {
  cds_program_put(&model->program, row, column, factor);
}

static unsigned tensor_bits(const cds_milp_model *model, unsigned t) {
  return model->problem->einsum->tensor[t].format.bits;
}

/* ---- tests of cuts ----------------------------------------------------- */

static bool x_from(const cds_milp_cut *cut, uint64_t v) {
  return cut->trips.x >= v;
}

static bool xa_from(const cds_milp_cut *cut, uint64_t v) {
  return cut->trips.x * cut->trips.a >= v;
}

static bool has_g(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->trips.g > 1;
}

static bool has_ga(const cds_milp_cut *cut, uint64_t value) {
  (void)value;
  return cut->trips.g > 1 || cut->trips.a > 1;
}

static bool has_any(const cds_milp_cut *cut, uint64_t value) {
  return has_ga(cut, value) || cut->trips.x > 1;
}

/* ---- words ------------------------------------------------------------- */

/* P of class d and divisor v in a tile. */
typedef struct share {
  const cds_milp_tile *tile;
  unsigned d;
  uint64_t v;
  size_t p;
} share;

/* P must be 1 where the cut passes the test and the class's holder at a level
 * stands below the tile's. */
static void need(cds_milp_model *model, const share *of, cds_milp_test *test,
                 unsigned level) {
  const cds_milp_tile *tile = of->tile;
  if (!cds_milp_may_hold(model->problem, of->d, level)) {
    return; /* no loops */
  }
  const size_t row = cds_program_row_add(&model->program, -(double)INFINITY, 2);
  cds_milp_put_cuts(model, row, of->d, test, of->v, 1);
  put(model, row, model->class[tile->tensor].held[tile->level], 1);
  cds_milp_put_below(model, row, (cds_milp_holder){of->d, level},
                     (cds_milp_holder){tile->tensor, tile->level}, 1);
  put(model, row, of->p, -1);
}

/* P must be 1 where a factor of class d of at least v is inside the tile: x
 * below the holder at level 2, a and x below that at level 1. */
static void add_needs(cds_milp_model *model, const share *of) {
  need(model, of, x_from, 2);
  need(model, of, xa_from, 1);
}

/* Rows that give the sums of pairs: of each divisor of class d. */
static size_t *add_shares(cds_milp_model *model, const cds_milp_tile *tile,
                          unsigned d) {
  cds_program *program = &model->program;
  const cds_milp_class *class = &model->class[d];
  size_t *row =
      cds_arena_array(program->arena, class->divisors, sizeof(size_t));
  if (row == NULL) {
    program->status = CDS_ENOMEM;
    return NULL;
  }
  size_t at_least = model->class[tile->tensor].held[tile->level];
  for (size_t i = 0; i < class->divisors; i++) {
    row[i] = cds_program_row_add(program, 0, 0);
    put(model, row[i], at_least, -1);
    if (i + 1 < class->divisors) {
      const size_t p = cds_program_column_add(program, 0, 1);
      put(model, row[i], p, 1);
      add_needs(model, &(share){tile, d, class->divisor[i + 1], p});
      at_least = p;
    }
  }
  return row;
}

static double inside(const cds_milp_model *model, unsigned level, unsigned c) {
  return model->problem->below[level] ? 1 : (double)model->s[c];
}

static double least_bits(const cds_milp_model *model, unsigned t) {
  const cds_tensor *tensor = &model->problem->einsum->tensor[t];
  return t == CDS_MATRIX - 1
             ? fmin(tensor->format.bits, tensor->accumulator.bits)
             : tensor->format.bits;
}

/* Pairs of factors; their words, in parts of the largest that fits. */
static void add_words(cds_milp_model *model, cds_milp_tile *tile) {
  cds_program *program = &model->program;
  const unsigned t = tile->tensor;
  const unsigned d = t == 0 ? 1 : 0;
  const unsigned e = t == 2 ? 1 : 2;
  const cds_milp_class *one = &model->class[d];
  const cds_milp_class *two = &model->class[e];
  const double room =
      (double)model->problem->arch->level[tile->level].size_bits /
      least_bits(model, t);
  const double base = inside(model, tile->level, d) *
                      inside(model, tile->level, e) *
                      inside(model, tile->level, CDS_BATCH);
  for (size_t i = 0; i < one->divisors; i++) {
    for (size_t j = 0; j < two->divisors; j++) {
      const double words =
          base * (double)one->divisor[i] * (double)two->divisor[j];
      tile->cap = words <= room ? fmax(tile->cap, words) : tile->cap;
    }
  }
  if (tile->cap == 0) {
    const size_t never = cds_program_row_add(program, 0, 0);
    put(model, never, model->class[t].held[tile->level], 1);
    return;
  }
  tile->present = true;
  tile->words = cds_program_column_add(program, 0, 1);
  const size_t *ones = add_shares(model, tile, d);
  const size_t *twos = add_shares(model, tile, e);
  if (ones == NULL || twos == NULL) {
    return;
  }
  const size_t sum = cds_program_row_add(program, 0, 0);
  put(model, sum, tile->words, -1);
  for (size_t i = 0; i < one->divisors; i++) {
    for (size_t j = 0; j < two->divisors; j++) {
      const double words =
          base * (double)one->divisor[i] * (double)two->divisor[j];
      if (words <= room) {
        const size_t pair = cds_program_column_add(program, 0, 1);
        put(model, ones[i], pair, 1);
        put(model, twos[j], pair, 1);
        put(model, sum, pair, words / tile->cap);
      }
    }
  }
}

/* ---- products ---------------------------------------------------------- */

static int by_value(const void *left, const void *right) {
  const double a = *(const double *)left;
  const double b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* The distinct numbers of the cuts that the level holds, rising; their count is
 * at most `most`. */
static size_t list_numbers(double *out, const cds_milp_model *model,
                           const cds_milp_tile *tile, number_of *of,
                           unsigned other) {
  const cds_milp_class *class = &model->class[tile->tensor];
  size_t count = 0;
  for (size_t k = 0; k < class->cuts; k++) {
    const cds_milp_cut *cut = &class->cut[k];
    if ((cut->held >> (tile->level - 1) & 1U) != 0) {
      out[count++] = of(model, cut, tile, other);
    }
  }
  if (count == 0) {
    return 0;
  }
  qsort(out, count, sizeof *out, by_value);
  size_t kept = 0;
  for (size_t i = 1; i < count; i++) {
    if (out[i] != out[kept]) {
      out[++kept] = out[i];
    }
  }
  return kept + 1;
}

/* The tile's words / cap times a number that depends on the tensor's cut. */
static term product(cds_milp_model *model, const cds_milp_tile *tile,
                    number_of *of, unsigned other) {
  cds_program *program = &model->program;
  const cds_milp_class *class = &model->class[tile->tensor];
  const cds_arena_mark mark = cds_arena_mark_get(program->arena);
  double *number = cds_arena_array(program->arena, class->cuts, sizeof *number);
  if (number == NULL) {
    program->status = CDS_ENOMEM;
    return (term){0, 0};
  }
  double value[8] = {0};
  size_t count = list_numbers(number, model, tile, of, other);
  count = count > 8 ? 8 : count; /* two kinds of bits, two parents */
  memcpy(value, number, count * sizeof *value);
  cds_arena_reset(program->arena, mark);
  if (count <= 1) {
    return (term){tile->words, count == 0 ? 0 : value[0]};
  }
  const double largest = value[count - 1];
  const size_t result = cds_program_column_add(program, 0, 1);
  for (size_t i = 0; i < count; i++) {
    const double part = value[i] / largest;
    const double extra = (value[i] - value[0]) / largest;
    const size_t row = cds_program_row_add(program, -extra, (double)INFINITY);
    put(model, row, result, 1);
    put(model, row, tile->words, -part);
    for (size_t k = 0; k < class->cuts && i > 0; k++) {
      const cds_milp_cut *cut = &class->cut[k];
      if ((cut->held >> (tile->level - 1) & 1U) != 0 &&
          of(model, cut, tile, other) >= value[i]) {
        put(model, row, cut->column, -extra);
      }
    }
  }
  return (term){result, largest};
}

/* ---- capacity ---------------------------------------------------------- */

/* replaced >= [the cut of d passes the test] - what is missing. */
static size_t change(cds_milp_model *model, const cds_milp_tile *tile,
                     unsigned d, cds_milp_test *test, unsigned missing) {
  const size_t row =
      cds_program_row_add(&model->program, -(double)INFINITY, (double)missing);
  cds_milp_put_cuts(model, row, d, test, 0, 1);
  put(model, row, tile->replaced, -1);
  return row;
}

/* Loops of d above the tile: all down to those of its holder at the level, if
 * that stands above. */
static void add_changes(cds_milp_model *model, const cds_milp_tile *tile,
                        unsigned d, cds_milp_test *test, unsigned level) {
  if (cds_milp_may_hold(model->problem, d, level)) {
    const size_t above = change(model, tile, d, test, 1);
    cds_milp_put_below(model, above,
                       (cds_milp_holder){tile->tensor, tile->level},
                       (cds_milp_holder){d, level}, 1);
  }
}

static void add_replaced(cds_milp_model *model, cds_milp_tile *tile) {
  const cds_problem *problem = model->problem;
  const bool batches = problem->size[CDS_BATCH] > model->s[CDS_BATCH];
  const unsigned t = tile->tensor;
  tile->replaced = cds_program_column_add(&model->program, batches ? 1 : 0, 1);
  for (unsigned d = 0; d < CDS_MATRIX && !batches; d++) {
    if (d != t) {
      change(model, tile, d, has_g, 0);
      add_changes(model, tile, d, has_ga, 1);
      add_changes(model, tile, d, has_any, 2);
    }
  }
}

static double tile_bits(const cds_milp_model *model, const cds_milp_cut *cut,
                        const cds_milp_tile *tile, unsigned other) {
  (void)model;
  (void)other;
  return cut->row.tile_bits[tile->level];
}

static void add_capacity(cds_milp_model *model, unsigned level,
                         cds_milp_tile tile[CDS_MATRIX]) {
  const cds_problem *problem = model->problem;
  const double size = (double)problem->arch->level[level].size_bits;
  const bool doubled = cds_level_doubled(problem->arch, level);
  const size_t room =
      cds_program_row_add(&model->program, -(double)INFINITY, 1);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if (!tile[t].present) {
      continue;
    }
    const term bits = product(model, &tile[t], tile_bits, 0);
    const double part = bits.factor * tile[t].cap / size;
    put(model, room, bits.column, part);
    if (!doubled) {
      continue;
    }
    add_replaced(model, &tile[t]);
    /* The second copy: at least the first - (1 - replaced). */
    const size_t copy =
        cds_program_column_add(&model->program, 0, (double)INFINITY);
    const size_t row =
        cds_program_row_add(&model->program, -1, (double)INFINITY);
    put(model, row, copy, 1);
    put(model, row, bits.column, -part);
    put(model, row, tile[t].replaced, -1);
    put(model, room, copy, 1);
  }
}

/* ---- first fills and last drains --------------------------------------- */

static double own_bits(const cds_milp_model *model, const cds_milp_cut *cut,
                       const cds_milp_tile *tile, unsigned other) {
  (void)other;
  return tile->tensor == CDS_MATRIX - 1 ? cut->row.last_own_bits[tile->level]
                                        : tensor_bits(model, tile->tensor);
}

static bool between(const cds_milp_model *model, const cds_milp_cut *cut,
                    unsigned level) {
  const cds_problem *problem = model->problem;
  return !problem->below[cut->row.parent[level]] && problem->below[level];
}

/* Words outside of the array for each word of one instance's tile. */
static double spread_out(const cds_milp_model *model, const cds_milp_cut *cut,
                         const cds_milp_tile *tile) {
  if (!between(model, cut, tile->level)) {
    return 1;
  }
  const cds_array *array = &model->problem->arch->array[0];
  const bool united =
      tile->tensor == CDS_MATRIX - 1 ? array->reduction : array->multicast;
  const double own = (double)model->s[tile->tensor];
  return model->units / own * (united ? 1 : own);
}

static double parent_bits(const cds_milp_model *model, const cds_milp_cut *cut,
                          const cds_milp_tile *tile, unsigned parent) {
  if (cut->row.parent[tile->level] != parent) {
    return 0;
  }
  return spread_out(model, cut, tile) *
         (tile->tensor == CDS_MATRIX - 1
              ? cut->row.last_parent_bits[tile->level]
              : tensor_bits(model, tile->tensor));
}

static double net_bits(const cds_milp_model *model, const cds_milp_cut *cut,
                       const cds_milp_tile *tile, unsigned other) {
  (void)other;
  if (!between(model, cut, tile->level)) {
    return 0;
  }
  return spread_out(model, cut, tile) *
         (tile->tensor == CDS_MATRIX - 1 ? cut->row.last_net_bits[tile->level]
                                         : tensor_bits(model, tile->tensor));
}

/* Where the tiles pass: bits of a word there, and bits per cycle. */
typedef struct passage {
  number_of *bits;
  unsigned parent;
  double bandwidth;
} passage;

/* burst >= bits of the tiles that arrive (or leave) / bandwidth. */
static void add_burst_row(cds_milp_model *model,
                          const cds_milp_tile tile[CDS_MATRIX], size_t burst,
                          bool down, passage at) {
  if (isinf(at.bandwidth)) {
    return;
  }
  const size_t row = cds_program_row_add(&model->program, 0, (double)INFINITY);
  put(model, row, burst, 1);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const bool output = t == CDS_MATRIX - 1;
    if (tile[t].present && output != down) {
      const term bits = product(model, &tile[t], at.bits, at.parent);
      put(model, row, bits.column,
          -bits.factor * tile[t].cap / at.bandwidth / model->time_unit);
    }
  }
}

/* Cycles of the first fill (down) or the last drain of a level. */
static void add_burst(cds_milp_model *model, unsigned level,
                      const cds_milp_tile tile[CDS_MATRIX], bool down) {
  const cds_arch *arch = model->problem->arch;
  const size_t burst =
      cds_program_column_add(&model->program, 0, (double)INFINITY);
  model->burst[model->bursts++] = burst;
  const cds_level *own = &arch->level[level];
  add_burst_row(
      model, tile, burst, down,
      (passage){own_bits, 0,
                fmin(own->shared_bandwidth,
                     down ? own->write_bandwidth : own->read_bandwidth)});
  for (unsigned p = 0; p < level; p++) {
    const cds_level *parent = &arch->level[p];
    const double bandwidth =
        fmin(parent->shared_bandwidth,
             down ? parent->read_bandwidth : parent->write_bandwidth);
    add_burst_row(model, tile, burst, down,
                  (passage){parent_bits, p, bandwidth});
  }
  if (model->problem->array) {
    add_burst_row(model, tile, burst, down,
                  (passage){net_bits, 0, arch->array[0].bandwidth});
  }
}

/* ---- all --------------------------------------------------------------- */

/* The tensors themselves must fit the outermost level. */
static void add_outermost(cds_milp_model *model) {
  const cds_problem *problem = model->problem;
  const cds_level *level = &problem->arch->level[0];
  if (level->streamed || level->size_bits == UINT64_MAX) {
    return;
  }
  const size_t room =
      cds_program_row_add(&model->program, -(double)INFINITY, 1);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_milp_class *class = &model->class[t];
    const double part = (double)problem->words[t] / (double)level->size_bits;
    for (size_t k = 0; k < class->cuts; k++) {
      put(model, room, class->cut[k].column,
          part * class->cut[k].row.tile_bits[0]);
    }
  }
}

void cds_milp_add_tiles(cds_milp_model *model) {
  const cds_problem *problem = model->problem;
  add_outermost(model);
  for (unsigned level = 1; level < problem->levels; level++) {
    const bool limited = problem->arch->level[level].size_bits < UINT64_MAX;
    const bool doubled = cds_level_doubled(problem->arch, level);
    cds_milp_tile tile[CDS_MATRIX] = {{0}};
    for (unsigned t = 0; t < CDS_MATRIX && (limited || doubled); t++) {
      tile[t].level = level;
      tile[t].tensor = t;
      if (cds_milp_may_hold(problem, t, level)) {
        add_words(model, &tile[t]);
      }
    }
    if (limited) {
      add_capacity(model, level, tile);
    }
    if (doubled) {
      add_burst(model, level, tile, true);
      add_burst(model, level, tile, false);
    }
  }
}
