/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A class with equal parts is cut by divisors, one with residual parts by the
 * least number of parts for each size of part.
 *
 * Candidates for x: wherever the spread stands, the nominal extent of the
 * innermost loop is ceil(D / (g a s)), as ceil(ceil(n / i) / j) is
 * ceil(n / (i j)). So x is a size of parts of ceil(D / s).
 *
 * Bounds of rows. rest[i] of a group is the least, field by field, of its rows
 * from the i-th on, so that it is below every row that is still to be tried.
 * Before a group has rows its bounds are rows of their own (cds_cut_least,
 * cds_cut_most; with equal parts the first row, as passes rise with g), and the
 * sizes of outline.h.
 */
#include "search/options.h"

#include <math.h>
#include <string.h>

#include "search/class_spreads.h"
#include "search/outline.h"
#include "search/parts.h"

static cds_status begin_class(cds_tables *tables, unsigned class) {
  cds_class_table *table = &tables->class[class];
  const cds_arena_mark mark = cds_arena_mark_get(tables->scratch);
  CDS_TRY(cds_class_spreads_list(tables, class));
  cds_arena_reset(tables->scratch, mark);
  table->least =
      cds_arena_array(tables->arena, table->count, sizeof *table->least);
  table->options =
      cds_arena_array(tables->arena, table->count, sizeof *table->options);
  table->slopes =
      cds_arena_array(tables->arena, table->count, sizeof *table->slopes);
  table->run = cds_arena_array(tables->arena, table->count, sizeof *table->run);
  if (table->least == NULL || table->options == NULL || table->slopes == NULL ||
      table->run == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t size = tables->problem->size[class];
  uint64_t steps = 0;
  for (size_t i = 0; i < table->count; i++) {
    const uint64_t here = cds_ceil_div(size, table->spread[i]);
    table->run[i] = here == steps ? table->run[i - 1] : (uint32_t)i;
    steps = here;
  }
  return CDS_OK;
}

cds_status cds_tables_begin(cds_tables *out, const cds_problem *problem,
                            cds_arena *arena, cds_arena *scratch) {
  memset(out, 0, sizeof *out);
  out->problem = problem;
  out->arena = arena;
  out->scratch = scratch;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    CDS_TRY(begin_class(out, c));
  }
  return CDS_OK;
}

cds_status cds_least_get(const cds_row **out, cds_tables *tables,
                         unsigned tensor, unsigned index, cds_held held) {
  cds_class_table *table = &tables->class[tensor];
  cds_row **slot = &table->least[index][held];
  if (*slot == NULL) {
    *slot = cds_arena_alloc(tables->arena, sizeof **slot);
    if (*slot == NULL) {
      return CDS_ENOMEM;
    }
    cds_least_row(*slot, tables->problem, tensor, held, table->spread[index]);
  }
  *out = *slot;
  return CDS_OK;
}

cds_status cds_slopes_get(const cds_slopes **out, cds_tables *tables,
                          unsigned tensor, unsigned index, cds_held held) {
  cds_class_table *table = &tables->class[tensor];
  cds_slopes **slot = &table->slopes[index][held];
  if (*slot == NULL) {
    *slot = cds_arena_alloc(tables->arena, sizeof **slot);
    if (*slot == NULL) {
      return CDS_ENOMEM;
    }
    cds_slopes_fill(*slot, tables->problem, tensor, held, table->spread[index]);
  }
  *out = *slot;
  return CDS_OK;
}

/* ---- rows of a group ------------------------------------------------- */

/* Takes the possible cuts of one x; only counts them if out is NULL. */
typedef struct cds_cut_taker {
  const cds_problem *problem;
  unsigned class;
  bool full;
  cds_trips *out;
  size_t count;
} cds_cut_taker;

static void take(cds_cut_taker *taker, const cds_trips *trips) {
  if (taker->problem->residual[taker->class] &&
      !cds_trips_possible(taker->problem, taker->class, trips)) {
    return;
  }
  if (taker->full &&
      cds_trips_dealt(taker->problem, taker->class, trips) != trips->s) {
    return;
  }
  if (taker->out != NULL) {
    taker->out[taker->count] = *trips;
  }
  taker->count++;
}

/* Loops a that leave x of a part n of g, all below the spread: one number. */
static void take_below(cds_cut_taker *taker, cds_trips *trips, uint64_t n,
                       bool cut_a) {
  const uint64_t left = trips->above == 0 ? n : cds_ceil_div(n, trips->s);
  trips->a = cut_a ? cds_ceil_div(left, trips->x) : 1;
  take(taker, trips);
}

/* Loops a above the spread: every size of part that the spread and x leave
 * nothing of, from s (x - 1) + 1 to s x. */
static void take_above(cds_cut_taker *taker, cds_trips *trips, uint64_t n,
                       bool cut_a) {
  const uint64_t most = trips->s * trips->x;
  if (!cut_a) {
    trips->a = 1;
    take(taker, trips);
    return;
  }
  const uint64_t least = most - trips->s + 1;
  uint64_t part = cds_ceil_div(n, cds_ceil_div(n, most < n ? most : n));
  for (; part >= least && part > 0; part = cds_next_part(n, part)) {
    trips->a = cds_ceil_div(n, part);
    take(taker, trips);
  }
}

/* All cuts of a group; `part`: sizes of parts left by g, falling. */
static void take_cuts(cds_cut_taker *taker, const cds_choice *choice,
                      uint64_t s, uint64_t x, const uint64_t *part,
                      size_t parts) {
  const bool cut_a = (choice->held & CDS_HELD_1) != 0;
  for (size_t i = 0; i < parts; i++) {
    cds_trips trips = {cds_ceil_div(part[0], part[i]), 1, s, x, choice->above};
    if (choice->above < 2) {
      take_below(taker, &trips, part[i], cut_a);
    } else {
      take_above(taker, &trips, part[i], cut_a);
    }
  }
}

/* Cuts with equal parts: g and a are what x and s leave. */
static void take_equal(cds_cut_taker *taker, const cds_choice *choice,
                       uint64_t s, uint64_t x, const uint64_t *part,
                       size_t parts) {
  const bool cut_a = (choice->held & CDS_HELD_1) != 0;
  for (size_t i = cut_a ? 0 : parts - 1; i < parts; i++) {
    const cds_trips trips = {part[0] / part[i], part[i], s, x, choice->above};
    take(taker, &trips);
  }
}

/* Whether bounds of rows are rows of their own. */
static bool apart(const cds_problem *problem, unsigned class, uint64_t s) {
  return problem->residual[class] || (class == CDS_MATRIX - 1 && s > 1);
}

/* Cut of an x with the most passes. */
static void most_of(cds_cut *out, const cds_problem *problem, unsigned class,
                    uint64_t s, uint64_t x) {
  if (problem->residual[class]) {
    cds_cut_most(out, problem, class, s);
    return;
  }
  const cds_trips trips = {problem->size[class] / s / x, 1, s, x, 0};
  cds_cut_fill(out, problem, class, &trips);
}

static cds_toll toll_of(const cds_row *row) {
  return (cds_toll){row->energy_pj, row->read[0], row->update[0]};
}

/* The rows' sizes, with running bounds of extents. */
static cds_status size_rows(cds_group *group, cds_arena *arena) {
  cds_size *size = cds_arena_array(arena, group->rows, sizeof *size);
  if (size == NULL) {
    return CDS_ENOMEM;
  }
  double least[2] = {(double)INFINITY, (double)INFINITY};
  group->sizes = (cds_sizes){group->rows, 0, size};
  for (size_t r = 0; r < group->rows; r++) {
    const cds_cut *cut = &group->row[r].cut;
    for (unsigned side = 0; side < 2; side++) {
      const double extent = cut->extent[side][CDS_INSIDE_BOTH];
      least[side] = extent < least[side] ? extent : least[side];
    }
    size[r] = (cds_size){toll_of(&group->row[r]),
                         toll_of(&group->rest[r]),
                         {least[0], least[1]}};
    if (cut->trips.g == 1) {
      group->sizes.whole = r + 1;
    }
  }
  return CDS_OK;
}

static cds_status fill_rows(cds_group *group, const cds_options *options,
                            cds_tables *tables, const cds_trips *trips,
                            size_t count) {
  const cds_problem *problem = tables->problem;
  const cds_choice *choice = &options->choice;
  const unsigned class = choice->class;
  cds_row *row = cds_arena_array(tables->arena, 2 * count, sizeof *row);
  if (row == NULL) {
    return CDS_ENOMEM;
  }
  cds_row *rest = row + count;
  for (size_t i = count; i-- > 0;) {
    cds_cut cut;
    cds_cut_fill(&cut, problem, class, &trips[i]);
    cds_row_fill(&row[i], problem, class, choice->held, &cut);
    rest[i] = row[i];
    if (i + 1 < count) {
      cds_row_lower(&rest[i], &rest[i + 1]);
    }
  }
  group->row = row;
  group->rest = rest;
  group->rows = count;
  return size_rows(group, tables->arena);
}

cds_status cds_group_make(cds_group *group, const cds_options *options,
                          cds_tables *tables) {
  const cds_problem *problem = tables->problem;
  const cds_choice *choice = &options->choice;
  const unsigned class = choice->class;
  const uint64_t s = tables->class[class].spread[choice->index];
  const cds_arena_mark mark = cds_arena_mark_get(tables->scratch);
  const bool residual = problem->residual[class];
  uint64_t whole = problem->size[class];
  if (!residual) {
    whole = whole / s / group->x;
  } else if (choice->above == 0) {
    whole = cds_ceil_div(whole, s);
  }
  uint64_t *part = NULL;
  size_t parts = 0;
  CDS_TRY(
      cds_parts_list(&part, &parts, problem, tables->scratch, class, whole));
  cds_cut_taker taker = {problem, class, choice->full, NULL, 0};
  for (unsigned round = 0; round < 2; round++) {
    if (round == 1 && taker.count == 0) {
      break;
    }
    if (round == 1) {
      taker.out =
          cds_arena_array(tables->scratch, taker.count, sizeof *taker.out);
      if (taker.out == NULL || taker.count > CDS_CUTS_MAX) {
        return taker.out == NULL ? CDS_ENOMEM : CDS_ELIMIT;
      }
      taker.count = 0;
    }
    if (residual) {
      take_cuts(&taker, choice, s, group->x, part, parts);
    } else {
      take_equal(&taker, choice, s, group->x, part, parts);
    }
  }
  if (taker.count > 0) {
    CDS_TRY(fill_rows(group, options, tables, taker.out, taker.count));
  }
  group->made = true;
  cds_arena_reset(tables->scratch, mark);
  return CDS_OK;
}

/* ---- groups ---------------------------------------------------------- */

/* Begins a group with the bounds on its rows. */
static cds_status begin_group(cds_tables *tables, cds_group *group,
                              const cds_choice *choice, uint64_t x) {
  const cds_problem *problem = tables->problem;
  const unsigned class = choice->class;
  const uint64_t s = tables->class[class].spread[choice->index];
  const bool own = apart(problem, class, s);
  const bool residual = problem->residual[class];
  cds_row *row = cds_arena_array(tables->arena, own ? 2 : 1, sizeof *row);
  if (row == NULL) {
    return CDS_ENOMEM;
  }
  cds_cut low;
  if (residual) {
    cds_cut_least(&low, problem, class, s, 1, x);
  } else {
    const uint64_t rest = problem->size[class] / s / x;
    const bool cut_a = (choice->held & CDS_HELD_1) != 0;
    const cds_trips trips = {cut_a ? 1 : rest, cut_a ? rest : 1, s, x, 0};
    cds_cut_fill(&low, problem, class, &trips);
  }
  if (own) {
    cds_cut high;
    most_of(&high, problem, class, s, x);
    cds_row_floor(&row[0], problem, class, choice->held, &low, &high);
    most_of(&high, problem, class, s, 1);
    cds_row_floor(&row[1], problem, class, choice->held, &low, &high);
  } else {
    cds_row_fill(&row[0], problem, class, choice->held, &low);
  }
  memset(group, 0, sizeof *group);
  group->x = x;
  group->extent = (double)(residual ? s * (x - 1) + 1 : s * x);
  group->least = &row[0];
  group->open = own ? &row[1] : &row[0];
  return CDS_OK;
}

cds_status cds_options_get(cds_options **out, cds_tables *tables,
                           const cds_choice *choice) {
  cds_class_table *table = &tables->class[choice->class];
  const cds_problem *problem = tables->problem;
  cds_options_slots **own = &table->options[choice->index];
  if (*own == NULL) {
    *own = cds_arena_alloc(tables->arena, sizeof **own);
    if (*own == NULL) {
      return CDS_ENOMEM;
    }
  }
  cds_options **slot =
      &(*own)->of[choice->held][choice->above][choice->full ? 1 : 0];
  *out = *slot;
  if (*slot != NULL) {
    return CDS_OK;
  }
  const uint64_t size = problem->size[choice->class];
  const uint64_t left = cds_ceil_div(size, table->spread[choice->index]);
  const cds_arena_mark mark = cds_arena_mark_get(tables->scratch);
  cds_options *options = cds_arena_alloc(tables->arena, sizeof *options);
  if (options == NULL) {
    return CDS_ENOMEM;
  }
  memset(options, 0, sizeof *options);
  options->choice = *choice;
  size_t count = 1;
  static const uint64_t one = 1;
  const uint64_t *x = &one;
  if (choice->full && choice->above == 0 && left > 1) {
    count = 0; /* the whole class is dealt out, in more than one step */
  } else if ((choice->held & CDS_HELD_2) != 0 &&
             (!choice->full || choice->above == CDS_ABOVE_MAX - 1)) {
    uint64_t *part = NULL;
    CDS_TRY(cds_parts_list(&part, &count, problem, tables->scratch,
                           choice->class, left));
    x = part;
  }
  options->group =
      cds_arena_array(tables->arena, count, sizeof *options->group);
  if (options->group == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    CDS_TRY(
        begin_group(tables, &options->group[options->groups++], choice, x[i]));
  }
  CDS_TRY(cds_options_outline(options, tables));
  cds_arena_reset(tables->scratch, mark);
  *slot = options;
  *out = options;
  return CDS_OK;
}
