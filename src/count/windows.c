/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every step brings its tile, less what stays of the tile just before:
 *
 *   words = sum over steps |tile| - sum over loops j, over the steps after an
 *           advance of j, |words that are in no instance's tile anew|
 *
 * A tile is a product of sets, one for each *factor*: an axis of the tensor
 * (of one rank, or of two), or a rank that it lacks (whose set is there or
 * not). What stays is the product of what stays in each factor: of an axis of
 * two ranks, the positions that each unit that takes them had before
 * (overlap.h); of an axis of one rank, all of it when the rank did not move,
 * else nothing; of a rank that the tensor lacks, whether all units that work
 * now worked before, as one that idled has to fetch everything. Ranks move
 * independently, so both sums are products over the factors, for each loop j
 * apart. From the second, the steps at which no rank of the tensor moved are
 * taken out again: there the tile is fetched anew (spec/mapping.h).
 *
 * With added arrays all of this holds for each of their coordinates, which
 * are part of what each factor sums over. Instances of the arrays above are
 * sorted into *types*, factor by factor, with equal numbers.
 */
#include "count/windows.h"

#include <string.h>

#include "base/checked.h"
#include "count/overlap.h"
#include "count/walk.h"

enum { TYPES_MAX = 64, FACTORS_MAX = CDS_RANKS_MAX };
#define COMBINATIONS_MAX (UINT64_C(1) << 20)

/* Sums of one factor, over the coordinates of the added arrays. */
enum {
  SUM_STEPS,   /* |set| over all steps */
  SUM_FIRST,   /* of the first step */
  SUM_LARGEST, /* the largest set of one coordinate */
  SUM_KEPT,    /* + 2 j: what stays when loop j advances */
  SUM_STILL    /* + 2 j: of it, where the factor did not move */
};

typedef struct factor_type {
  uint64_t instances;
  uint64_t *sum;
} factor_type;

typedef struct factor {
  unsigned types;
  factor_type type[TYPES_MAX];
} factor;

typedef struct windows {
  const cds_holder *holder;
  unsigned united, from;
  cds_arena *scratch;
  unsigned loops; /* above the hoisted holder, trips > 1 */
  unsigned loop[CDS_NODES_MAX];
  unsigned sums;
  uint64_t work;
  unsigned factors;
  factor factor[FACTORS_MAX];
} windows;

/* How the advance of loop number j moves the rank. */
static cds_move move_of(const windows *w, unsigned rank, unsigned j) {
  const cds_mapping *mapping = w->holder->mapping;
  cds_move move = {.own = mapping->node[w->loop[j]].rank == rank};
  for (unsigned outer = 0; outer < j; outer++) {
    move.outside += mapping->node[w->loop[outer]].rank == rank;
  }
  return move;
}

/* Another type, or one instance more of a type that is there. */
static cds_status add_type(windows *w, factor *f, const uint64_t *sum,
                           uint64_t instances) {
  const size_t bytes = w->sums * sizeof *sum;
  for (unsigned t = 0; t < f->types; t++) {
    if (memcmp(f->type[t].sum, sum, bytes) == 0) {
      f->type[t].instances += instances;
      return CDS_OK;
    }
  }
  uint64_t *kept = cds_arena_alloc(w->scratch, bytes);
  if (kept == NULL) {
    return CDS_ENOMEM;
  }
  if (f->types == TYPES_MAX) {
    return CDS_ELIMIT;
  }
  memcpy(kept, sum, bytes);
  f->type[f->types++] = (factor_type){instances, kept};
  return CDS_OK;
}

/* ---- factors of one rank ----------------------------------------------- */

/* Whether every unit of the cell `now` is one of `before`. */
static bool units_stay(const cds_walk *walk, cds_cell now, cds_cell before) {
  uint32_t b = before.begin;
  for (uint32_t n = now.begin; n < now.end; n++) {
    while (b < before.end && walk->unit[b] < walk->unit[n]) {
      b++;
    }
    if (b == before.end || walk->unit[b] != walk->unit[n]) {
      return false;
    }
  }
  return true;
}

/* What the move leaves of the set: of an axis of one rank (`has`), or whether
 * a rank that the tensor lacks lets it stay. */
static uint64_t stays_of(const cds_walk *walk, const cds_move *move, bool has,
                         uint64_t outer, uint64_t added) {
  const cds_cell now = cds_walk_cell(walk, outer, added, move->after);
  if (has) {
    return move->before == move->after ? now.end - now.begin : 0;
  }
  return now.begin < now.end
             ? units_stay(walk, now,
                          cds_walk_cell(walk, outer, added, move->before))
             : 0;
}

/* Sums of an axis of one rank (`has`), or of a rank that the tensor lacks, for
 * one coordinate of the arrays above. */
static void sum_rank(const windows *w, const cds_walk *walk, unsigned rank,
                     bool has, uint64_t outer, uint64_t *sum) {
  memset(sum, 0, w->sums * sizeof *sum);
  for (uint64_t added = 0; added < walk->addeds; added++) {
    for (unsigned s = 0; s < walk->steps; s++) {
      const cds_cell now = cds_walk_cell(walk, outer, added, walk->step[s]);
      const uint64_t length = now.end - now.begin;
      const uint64_t words = has ? length : length > 0;
      sum[SUM_STEPS] += words;
      sum[SUM_FIRST] += s == 0 ? words : 0;
      sum[SUM_LARGEST] = words > sum[SUM_LARGEST] ? words : sum[SUM_LARGEST];
    }
    for (unsigned j = 0; j < w->loops; j++) {
      cds_move move = move_of(w, rank, j);
      while (cds_next_move(&move, walk)) {
        const uint64_t stays = stays_of(walk, &move, has, outer, added);
        sum[SUM_KEPT + 2 * j] += stays;
        sum[SUM_STILL + 2 * j] += stays;
      }
    }
  }
}

static cds_status add_rank(windows *w, unsigned rank, bool has) {
  factor *f = &w->factor[w->factors++];
  cds_walk walk;
  CDS_TRY(
      cds_walk_open(&walk, w->holder, rank, w->united, w->from, w->scratch));
  uint64_t *sum = cds_arena_array(w->scratch, w->sums, sizeof *sum);
  if (sum == NULL) {
    return CDS_ENOMEM;
  }
  f->types = 0;
  for (uint64_t outer = 0; outer < walk.outers; outer++) {
    sum_rank(w, &walk, rank, has, outer, sum);
    /* Coordinates that never work do not count as instances. */
    if (sum[SUM_STEPS] > 0) {
      CDS_TRY(add_type(w, f, sum, 1));
    }
  }
  return CDS_OK;
}

/* ---- axes of two ranks -------------------------------------------------- */

/* How often each shape of a rank occurs, for equal coordinates of the arrays
 * above: by sum (steps, first step, loop 0, 1, ...) and shape. */
typedef struct shape_type {
  uint64_t instances;
  uint64_t *count;
} shape_type;
typedef struct shape_rank {
  unsigned rank;
  cds_walk walk;
  cds_shapes shapes;
  unsigned types;
  shape_type type[TYPES_MAX];
} shape_rank;

enum { COUNT_STEPS, COUNT_FIRST, COUNT_LOOP };

/* Shapes of the steps, for one coordinate of the added arrays. */
static cds_status count_steps(windows *w, shape_rank *r, uint64_t outer,
                              uint64_t added, uint64_t *count) {
  const cds_walk *walk = &r->walk;
  for (unsigned s = 0; s < walk->steps; s++) {
    const cds_cells cells = {
        .now = cds_walk_cell(walk, outer, added, walk->step[s])};
    unsigned shape = 0;
    if (cells.now.begin == cells.now.end) {
      continue;
    }
    CDS_TRY(cds_shape_number(&shape, &r->shapes, walk, &cells, w->scratch));
    count[COUNT_STEPS * r->shapes.room + shape]++;
    count[COUNT_FIRST * r->shapes.room + shape] += s == 0;
  }
  return CDS_OK;
}

/* The same of the moves by loop j. */
static cds_status count_moves(windows *w, shape_rank *r, uint64_t outer,
                              uint64_t added, unsigned j, uint64_t *count) {
  const cds_walk *walk = &r->walk;
  cds_move move = move_of(w, r->rank, j);
  while (cds_next_move(&move, walk)) {
    const cds_cells cells = {cds_walk_cell(walk, outer, added, move.after),
                             cds_walk_cell(walk, outer, added, move.before),
                             move.before == move.after};
    unsigned shape = 0;
    if (cells.now.begin == cells.now.end) {
      continue;
    }
    CDS_TRY(cds_shape_number(&shape, &r->shapes, walk, &cells, w->scratch));
    count[(COUNT_LOOP + j) * r->shapes.room + shape]++;
  }
  return CDS_OK;
}

static cds_status count_shapes(windows *w, shape_rank *r, uint64_t outer,
                               uint64_t *count) {
  for (uint64_t added = 0; added < r->walk.addeds; added++) {
    CDS_TRY(count_steps(w, r, outer, added, count));
    for (unsigned j = 0; j < w->loops; j++) {
      CDS_TRY(count_moves(w, r, outer, added, j, count));
    }
  }
  return CDS_OK;
}

static bool any_of(const uint64_t *count, unsigned room) {
  for (unsigned shape = 0; shape < room; shape++) {
    if (count[shape] > 0) {
      return true;
    }
  }
  return false;
}

static cds_status open_shapes(windows *w, shape_rank *r, unsigned rank) {
  r->rank = rank;
  r->types = 0;
  CDS_TRY(
      cds_walk_open(&r->walk, w->holder, rank, w->united, w->from, w->scratch));
  const cds_walk *walk = &r->walk;
  CDS_TRY(cds_shapes_open(
      &r->shapes, walk->outers * walk->addeds * walk->steps * (1 + w->loops),
      w->scratch));
  const size_t room = (size_t)(COUNT_LOOP + w->loops) * r->shapes.room;
  for (uint64_t outer = 0; outer < walk->outers; outer++) {
    const cds_arena_mark mark = cds_arena_mark_get(w->scratch);
    const unsigned shapes = r->shapes.count;
    uint64_t *count = cds_arena_array(w->scratch, room, sizeof *count);
    if (count == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(count_shapes(w, r, outer, count));
    unsigned type = 0;
    while (type < r->types &&
           memcmp(r->type[type].count, count, room * sizeof *count) != 0) {
      type++;
    }
    if (type < r->types) {
      r->type[type].instances++;
    } else if (any_of(count, r->shapes.room) && type == TYPES_MAX) {
      return CDS_ELIMIT;
    } else if (any_of(count, r->shapes.room)) {
      r->type[r->types++] = (shape_type){1, count};
      continue; /* keeps `count` */
    }
    if (shapes == r->shapes.count) {
      cds_arena_reset(w->scratch, mark);
    }
  }
  return CDS_OK;
}

/* Both ranks of an axis, and what each pair of their shapes takes. */
typedef struct shape_axis {
  shape_rank rank[2];
  uint64_t coefficient[2];
  cds_pair *pair;
} shape_axis;

static cds_status pair_of(const cds_pair **out, windows *w, shape_axis *axis,
                          unsigned a, unsigned b) {
  cds_pair *pair = &axis->pair[a * axis->rank[1].shapes.count + b];
  if (!pair->known) {
    const cds_shape shape[2] = {axis->rank[0].shapes.shape[a],
                                axis->rank[1].shapes.shape[b]};
    CDS_TRY(cds_pair_of(pair, shape, axis->coefficient, &w->work, w->scratch));
  }
  *out = pair;
  return CDS_OK;
}

/* Adds what the pairs of shapes of row `row` of the two types are worth. */
static cds_status sum_row(windows *w, shape_axis *axis, const uint64_t *a,
                          const uint64_t *b, unsigned row, uint64_t *sum) {
  const unsigned room[2] = {axis->rank[0].shapes.room,
                            axis->rank[1].shapes.room};
  for (unsigned x = 0; x < axis->rank[0].shapes.count; x++) {
    for (unsigned y = 0; y < axis->rank[1].shapes.count; y++) {
      const uint64_t times = a[row * room[0] + x] * b[row * room[1] + y];
      const cds_pair *pair = NULL;
      if (times == 0) {
        continue;
      }
      CDS_TRY(pair_of(&pair, w, axis, x, y));
      if (row == COUNT_STEPS) {
        sum[SUM_STEPS] += times * pair->all;
        sum[SUM_LARGEST] =
            pair->all > sum[SUM_LARGEST] ? pair->all : sum[SUM_LARGEST];
      } else if (row == COUNT_FIRST) {
        sum[SUM_FIRST] += times * pair->all;
      } else {
        const unsigned j = row - COUNT_LOOP;
        sum[SUM_KEPT + 2 * j] += times * pair->kept;
        sum[SUM_STILL + 2 * j] += pair->still ? times * pair->kept : 0;
      }
    }
  }
  return CDS_OK;
}

/* The type of the axis that type a of one rank and b of the other make. */
static cds_status add_pair(windows *w, factor *f, shape_axis *axis, unsigned a,
                           unsigned b, uint64_t *sum) {
  const shape_type *type[2] = {&axis->rank[0].type[a], &axis->rank[1].type[b]};
  memset(sum, 0, w->sums * sizeof *sum);
  for (unsigned row = 0; row < COUNT_LOOP + w->loops; row++) {
    CDS_TRY(sum_row(w, axis, type[0]->count, type[1]->count, row, sum));
  }
  return add_type(w, f, sum, type[0]->instances * type[1]->instances);
}

static cds_status add_axis(windows *w, const cds_term term[CDS_TERMS_MAX]) {
  factor *f = &w->factor[w->factors++];
  shape_axis *axis = cds_arena_alloc(w->scratch, sizeof *axis);
  uint64_t *sum = cds_arena_array(w->scratch, w->sums, sizeof *sum);
  if (axis == NULL || sum == NULL) {
    return CDS_ENOMEM;
  }
  f->types = 0;
  for (unsigned r = 0; r < 2; r++) {
    axis->coefficient[r] = term[r].coefficient;
    CDS_TRY(open_shapes(w, &axis->rank[r], term[r].rank));
  }
  axis->pair = cds_arena_array(w->scratch,
                               (size_t)axis->rank[0].shapes.count *
                                   axis->rank[1].shapes.count,
                               sizeof *axis->pair);
  if (axis->pair == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned a = 0; a < axis->rank[0].types; a++) {
    for (unsigned b = 0; b < axis->rank[1].types; b++) {
      CDS_TRY(add_pair(w, f, axis, a, b, sum));
    }
  }
  return CDS_OK;
}

/* ---- all factors -------------------------------------------------------- */

static cds_status open_factors(windows *w) {
  const cds_einsum *einsum = w->holder->einsum;
  const cds_tensor *tensor = &einsum->tensor[w->holder->tensor];
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms = cds_axis_long_terms(term, einsum, &tensor->axis[a]);
    if (terms == 2) {
      CDS_TRY(add_axis(w, term));
    } else if (terms == 1) {
      CDS_TRY(add_rank(w, term[0].rank, true));
    }
  }
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (einsum->rank[rank].size > 1 && !cds_tensor_has_rank(tensor, rank)) {
      CDS_TRY(add_rank(w, rank, false));
    }
  }
  return CDS_OK;
}

/* Product over the factors of one sum: of the types that are chosen, or of all
 * instances (`chosen` NULL). */
static cds_status product(uint64_t *out, const windows *w,
                          const unsigned *chosen, unsigned sum) {
  *out = 1;
  for (unsigned i = 0; i < w->factors; i++) {
    const factor *f = &w->factor[i];
    uint64_t value = 0;
    for (unsigned t = 0; t < f->types; t++) {
      uint64_t all = f->type[t].sum[sum];
      const bool fine = chosen == NULL
                            ? cds_mul_u64(&all, all, f->type[t].instances) &&
                                  cds_add_u64(&value, value, all)
                            : true;
      if (!fine) {
        return CDS_ELIMIT;
      }
    }
    value = chosen == NULL ? value : f->type[chosen[i]].sum[sum];
    if (!cds_mul_u64(out, *out, value)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

static cds_status words_of(uint64_t *out, const windows *w,
                           const unsigned *chosen) {
  CDS_TRY(product(out, w, chosen, SUM_STEPS));
  for (unsigned j = 0; j < w->loops; j++) {
    uint64_t kept = 0;
    uint64_t still = 0;
    CDS_TRY(product(&kept, w, chosen, SUM_KEPT + 2 * j));
    CDS_TRY(product(&still, w, chosen, SUM_STILL + 2 * j));
    *out -= kept - still;
  }
  return CDS_OK;
}

static bool next_types(const windows *w, unsigned *chosen) {
  for (unsigned i = 0; i < w->factors; i++) {
    if (++chosen[i] < w->factor[i].types) {
      return true;
    }
    chosen[i] = 0;
  }
  return false;
}

static cds_status sum_factors(cds_uneven_loads *out, uint64_t *tile,
                              const windows *w) {
  unsigned chosen[FACTORS_MAX] = {0};
  uint64_t combinations = 0;
  CDS_TRY(words_of(&out->total, w, NULL));
  /* Coordinates 0 are of the first type of each factor. */
  CDS_TRY(product(&out->first, w, chosen, SUM_FIRST));
  do {
    uint64_t words = 0;
    CDS_TRY(words_of(&words, w, chosen));
    out->peak = words > out->peak ? words : out->peak;
    if (tile != NULL) {
      CDS_TRY(product(&words, w, chosen, SUM_LARGEST));
      *tile = words > *tile ? words : *tile;
    }
    if (++combinations > COMBINATIONS_MAX) {
      return CDS_ELIMIT;
    }
  } while (next_types(w, chosen));
  return CDS_OK;
}

cds_status cds_window_loads(cds_uneven_loads *out, uint64_t *tile,
                            const cds_holder *holder, unsigned united,
                            unsigned from, cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  windows *w = cds_arena_alloc(scratch, sizeof *w);
  if (w == NULL) {
    return CDS_ENOMEM;
  }
  w->holder = holder;
  w->united = united;
  w->from = from;
  w->scratch = scratch;
  /* Compute keeps nothing: no loop leaves anything there. */
  const unsigned place = holder->memoryless ? 0 : cds_hoisted_place(holder);
  for (unsigned n = 0; n < place; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind == CDS_FOR && node->trips > 1) {
      w->loop[w->loops++] = n;
    }
  }
  w->sums = SUM_KEPT + 2 * w->loops;
  *out = (cds_uneven_loads){0};
  if (tile != NULL) {
    *tile = 0;
  }
  cds_status status = open_factors(w);
  if (status == CDS_OK) {
    status = sum_factors(out, tile, w);
  }
  cds_arena_reset(scratch, mark);
  return status;
}
