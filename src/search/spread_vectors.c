/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * With the spreads of three classes given, the steps of the fourth fall as its
 * spread rises, so that a band is a run of its spreads.
 */
#include "search/spread_vectors.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "search/axes.h"
#include "search/edges.h"

enum { LAST = CDS_MATRIX - 1 };

/* The first band reaches to this many times the fewest steps, the next ones
 * reach further by factors that grow. */
static const double first_band = 1.1;
static const double growth_of_bands = 1.25;
static const double least_band = 1.02;

static cds_status add_vector(cds_spread_vectors *vectors,
                             const cds_spreads *vector) {
  if (vectors->count == vectors->room) {
    const size_t room = vectors->room == 0 ? 256 : 2 * vectors->room;
    cds_spreads *grown =
        cds_arena_array(vectors->tables->arena, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (vectors->count > 0) {
      memcpy(grown, vectors->vector, vectors->count * sizeof *grown);
    }
    vectors->vector = grown;
    vectors->room = room;
  }
  vectors->vector[vectors->count++] = *vector;
  return CDS_OK;
}

static bool contains_one(const unsigned *sets, unsigned count, unsigned set) {
  for (unsigned i = 0; i < count; i++) {
    if ((sets[i] & set) == sets[i]) {
      return true;
    }
  }
  return false;
}

/* Adds the vector once for each least set of these classes with which full it
 * fits on the axes; a number comes after those of its subsets. */
static cds_status add_least_full(cds_spread_vectors *vectors, cds_spreads *at,
                                 unsigned classes) {
  unsigned added[1U << CDS_CLASSES];
  unsigned count = 0;
  for (unsigned set = 1; set <= classes; set++) {
    at->full = set;
    if ((set & ~classes) == 0 && !contains_one(added, count, set) &&
        cds_axes_hold(NULL, vectors->tables, at)) {
      added[count++] = set;
      CDS_TRY(add_vector(vectors, at));
    }
  }
  return CDS_OK;
}

/*
 * Adds the vector if it fits on the axes; else, once for each least set of
 * classes, if it does with these full: the cuts of a set are among those of the
 * sets that it contains.
 */
static cds_status add_if_held(cds_spread_vectors *vectors,
                              const cds_rooms rooms[2], cds_spreads *at) {
  const cds_tables *tables = vectors->tables;
  at->full = 0;
  if (cds_axes_hold(&rooms[0], tables, at)) {
    return add_vector(vectors, at);
  }
  const unsigned may_be = cds_axes_better_full(tables, at, ~0U);
  at->full = may_be;
  if (may_be == 0 || !cds_axes_hold(&rooms[1], tables, at)) {
    return CDS_OK;
  }
  return add_least_full(vectors, at, may_be);
}

typedef struct cds_band {
  double above, most; /* steps: more than `above`, at most `most` */
  uint64_t units;
} cds_band;

static double steps_of(const cds_problem *problem, unsigned class, uint64_t s) {
  return (double)cds_ceil_div(problem->size[class], s);
}

/* Whether a vector is beyond the incumbent by its rows; sets its bound. */
static bool rows_beyond(const cds_spread_vectors *vectors, cds_spreads *at,
                        const cds_row *const row[CDS_MATRIX]) {
  cds_rows_cost(&at->energy_pj, &at->cycles, vectors->tables->problem, row,
                cds_batch_steps(vectors->tables->problem, at->s[CDS_BATCH]));
  const double roof =
      cds_rows_roof(vectors->tables->problem, row, at->energy_pj);
  return cds_cost_beyond(vectors->branch, at->energy_pj,
                         fmax(at->cycles, roof * CDS_ROOF_LESS));
}

/* Spreads by the logarithm of their size, rounded down. */
enum { STEPS_PER_OCTAVE = 8, BUCKETS = 64 * STEPS_PER_OCTAVE };

/* Of units x round. */
static unsigned bucket_of(uint64_t units, double round) {
  static const double step[STEPS_PER_OCTAVE] = {1,
                                                1.0905077326652577,
                                                1.189207115002721,
                                                1.2968395546510096,
                                                1.4142135623730951,
                                                1.5422108254079407,
                                                1.681792830507429,
                                                1.8340080864093424};
  unsigned octave = 0;
  while (units >> octave > 1) {
    octave++;
  }
  const double part = (double)units * round / (double)(UINT64_C(1) << octave);
  unsigned steps = 0;
  while (steps < STEPS_PER_OCTAVE && step[steps] <= part) {
    steps++;
  }
  const unsigned at = octave * STEPS_PER_OCTAVE + steps;
  return at == 0 ? 0 : at - 1;
}

/* Slightly less and more than one, so that spreads are rounded down and units
 * up. */
static const double less = 1 - 1e-9;
static const double more = 1 + 1e-9;

/*
 * The same of a vector of which the batch class and the first `known` others
 * have these rows, while the rest shares so many units at most: with sizes of
 * product R the rest takes R / units steps or more.
 */
static bool known_beyond(const cds_spread_vectors *vectors, cds_spreads *at,
                         const cds_row *const known_row[CDS_MATRIX],
                         unsigned known, uint64_t units) {
  static const double slack = 1e-12;
  const cds_problem *problem = vectors->tables->problem;
  const cds_row *row[CDS_MATRIX];
  if (at->s[CDS_BATCH] == 0) { /* always chosen before; for the analyser */
    return false;
  }
  double steps = cds_batch_steps(problem, at->s[CDS_BATCH]);
  double rest = 1;
  double energy = problem->mac_pj;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    row[t] = t < known ? known_row[t]
                       : cds_spread_rows_within(&vectors->rows[t], units);
    if (row[t] == NULL) {
      return false;
    }
    steps *= t < known ? row[t]->steps : 1;
    rest *= t < known ? 1 : (double)problem->size[t];
    energy += t < known ? row[t]->energy_pj : 0;
  }
  energy += vectors->rest_pj[known][bucket_of(units, more)];
  energy *= 1 - slack;
  rest /= (double)units;
  const double cycles =
      steps * (rest > 1 ? rest : 1) * problem->runs * (1 - slack);
  if (rows_beyond(vectors, at, row)) {
    return true;
  }
  return cds_cost_beyond(vectors->branch,
                         energy > at->energy_pj ? energy : at->energy_pj,
                         cycles > at->cycles ? cycles : at->cycles);
}

/* Raises the bound of a vector by energy that is affine in passes, and by
 * edges; whether that is beyond the incumbent, or what the spreads deal out is
 * (dealt.h): for every spread of the last class up to `most`. */
static cds_status dealt_beyond(bool *beyond, cds_spread_vectors *vectors,
                               cds_spreads *at, uint64_t most) {
  cds_dealt_ask *dealt = &vectors->dealt;
  double energy_pj = vectors->tables->problem->mac_pj;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    double *once = &vectors->once_pj[t][at->index[t]];
    if (isnan(*once)) {
      CDS_TRY(cds_dealt_once(once, vectors->tables, t, at->index[t],
                             dealt->allowed[t]));
    }
    dealt->once_pj[t] = *once;
    energy_pj += *once;
  }
  energy_pj *= 1 - 1e-11;
  at->energy_pj = energy_pj > at->energy_pj ? energy_pj : at->energy_pj;
  at->edges = cds_edges_floor(vectors->tables->problem, dealt->must, dealt->may,
                              at->s, at->s);
  *beyond =
      cds_cost_beyond(vectors->branch, at->energy_pj, at->cycles + at->edges);
  for (unsigned c = 0; c < CDS_MATRIX && !*beyond; c++) {
    *beyond = cds_dealt_vector_beyond(vectors->branch, dealt, at, c,
                                      c == LAST ? most : at->s[c]);
  }
  return CDS_OK;
}

/* The vector with a spread of the last class: adds it if it is of interest.
 * `row`: those of the tensors. */
static cds_status add_last(cds_spread_vectors *vectors, cds_spreads *at,
                           const cds_row *row[CDS_MATRIX], cds_rooms *rooms,
                           bool *known) {
  CDS_TRY(
      cds_spread_rows_one(&row[LAST], &vectors->rows[LAST], at->index[LAST]));
  bool beyond = rows_beyond(vectors, at, row);
  if (!beyond) {
    CDS_TRY(dealt_beyond(&beyond, vectors, at, at->s[LAST]));
  }
  if (beyond) {
    return CDS_OK;
  }
  if (!*known) {
    cds_axes_rooms(rooms, vectors->tables, at);
    *known = true;
  }
  return add_if_held(vectors, rooms, at);
}

static void set_last(cds_spreads *at, const cds_class_table *table, size_t i) {
  at->s[LAST] = table->spread[i];
  at->index[LAST] = (unsigned)i;
}

/* The end of those with as many steps as spread i. */
static size_t run_end(const cds_class_table *table, size_t i) {
  size_t end = i + 1;
  while (end < table->count && table->run[end] == table->run[i]) {
    end++;
  }
  return end;
}

/* Whether all from the spread at hand to `most` are beyond, by their rows. */
static cds_status rest_beyond(bool *beyond, cds_spread_vectors *vectors,
                              cds_spreads *at, const cds_row **row,
                              uint64_t most) {
  *beyond = rows_beyond(vectors, at, row);
  return *beyond ? CDS_OK : dealt_beyond(beyond, vectors, at, most);
}

/* The first spread of the last class with which a vector, whose others have so
 * many steps, is in the band. */
static size_t first_in_band(const cds_spread_vectors *vectors,
                            const cds_band *band, double steps) {
  const cds_problem *problem = vectors->tables->problem;
  const cds_class_table *table = &vectors->tables->class[LAST];
  size_t low = 0;
  size_t high = table->count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (steps * steps_of(problem, LAST, table->spread[middle]) > band->most) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Goes over spreads of the last class that are beyond with the rest of their
 * block, by its row, or with the rest of their run: `next` is the first that is
 * not. `run`: the one that was looked at last. */
static cds_status skip_last(size_t *next, cds_spread_vectors *vectors,
                            cds_spreads *at, const cds_row **row, size_t *run) {
  const cds_class_table *table = &vectors->tables->class[LAST];
  cds_spread_rows *rows = &vectors->rows[LAST];
  const size_t i = *next;
  const size_t block = cds_block_end(rows, i);
  const size_t first = table->run[i];
  set_last(at, table, i);
  if (block > i + 1 && (i == 0 || cds_block_end(rows, i - 1) == i)) {
    row[LAST] = cds_block_row(rows, i);
    if (rows_beyond(vectors, at, row)) {
      *next = block;
      return CDS_OK;
    }
  }
  const size_t end = first == *run ? i + 1 : run_end(table, i);
  if (i == first || end == i + 1) {
    return CDS_OK;
  }
  *run = first;
  bool beyond = false;
  CDS_TRY(cds_spread_rows_others(&row[LAST], rows, first, end));
  CDS_TRY(rest_beyond(&beyond, vectors, at, row, table->spread[end - 1]));
  *next = beyond ? end : i;
  return CDS_OK;
}

/* All spreads of the last class beside those of the others, of which `product`
 * units and `steps` are known. Those with as many steps stand together; all but
 * the first, which alone may be a part, are looked at as one before each is. */
static cds_status list_last(cds_spread_vectors *vectors, const cds_band *band,
                            cds_spreads *at, uint64_t product, double steps) {
  const cds_problem *problem = vectors->tables->problem;
  const cds_class_table *table = &vectors->tables->class[LAST];
  const cds_row *row[CDS_MATRIX] = {NULL, NULL, NULL};
  for (unsigned t = 0; t < LAST; t++) {
    CDS_TRY(cds_spread_rows_one(&row[t], &vectors->rows[t], at->index[t]));
  }
  cds_rooms rooms[2];
  bool known = false;
  size_t run = SIZE_MAX;
  for (size_t i = first_in_band(vectors, band, steps); i < table->count;) {
    const uint64_t s = table->spread[i];
    if (product * s > band->units ||
        steps * steps_of(problem, LAST, s) <= band->above) {
      break;
    }
    size_t next = i;
    CDS_TRY(skip_last(&next, vectors, at, row, &run));
    if (next == i) {
      CDS_TRY(add_last(vectors, at, row, rooms, &known));
      next++;
    }
    i = next;
  }
  return CDS_OK;
}

/* Whether all spreads of a block that begins with spread i of a class are
 * beyond; so many units are left to it and the classes that follow. */
static bool block_beyond(const cds_spread_vectors *vectors, cds_spreads *at,
                         const cds_row *row[CDS_MATRIX], unsigned class,
                         size_t i, uint64_t units) {
  const cds_spread_rows *rows = &vectors->rows[class];
  if (cds_block_end(rows, i) == i + 1 ||
      (i > 0 && cds_block_end(rows, i - 1) > i)) {
    return false;
  }
  row[class] = cds_block_row(rows, i);
  const uint64_t s = vectors->tables->class[class].spread[i];
  return known_beyond(vectors, at, row, class + 1, units / s);
}

/* Depth of recursion: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status list_class(cds_spread_vectors *vectors, const cds_band *band,
                             cds_spreads *at, unsigned place, double steps) {
  uint64_t product = 1;
  const cds_row *row[CDS_MATRIX] = {NULL, NULL, NULL};
  for (unsigned p = 0; p < place; p++) {
    product *= at->s[cds_axes_others[p]];
  }
  if (place == CDS_AXES_OTHERS) {
    return list_last(vectors, band, at, product, steps);
  }
  const unsigned class = cds_axes_others[place];
  for (unsigned t = 0; t < class && class < CDS_MATRIX; t++) {
    CDS_TRY(cds_spread_rows_one(&row[t], &vectors->rows[t], at->index[t]));
  }
  const cds_class_table *table = &vectors->tables->class[class];
  for (size_t i = 0; i < table->count; i++) {
    const uint64_t s = table->spread[i];
    if (product * s > band->units) {
      break;
    }
    if (class < CDS_MATRIX) {
      if (block_beyond(vectors, at, row, class, i, band->units / product)) {
        i = cds_block_end(&vectors->rows[class], i) - 1;
        continue;
      }
      CDS_TRY(cds_spread_rows_one(&row[class], &vectors->rows[class], i));
    }
    at->s[class] = s;
    at->index[class] = (unsigned)i;
    if (known_beyond(vectors, at, row, place, band->units / (product * s))) {
      continue;
    }
    CDS_TRY(list_class(vectors, band, at, place + 1,
                       steps * steps_of(vectors->tables->problem, class, s)));
  }
  return CDS_OK;
}

/* Steps of the vector that spreads nothing: the most. */
static double most_steps(const cds_problem *problem) {
  double steps = 1;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    steps *= (double)problem->size[c];
  }
  return steps;
}

static cds_status list_band(cds_spread_vectors *vectors, double most) {
  const cds_problem *problem = vectors->tables->problem;
  const cds_band band = {vectors->steps, most, cds_array_units(problem)};
  cds_spreads at;
  memset(&at, 0, sizeof at);
  CDS_TRY(list_class(vectors, &band, &at, 0, 1));
  vectors->steps = most;
  vectors->complete = most >= most_steps(problem);
  return CDS_OK;
}

/* ---- least energy of all vectors ------------------------------------- */

/* Least energy of a class's rows with spreads of a bucket or any before it. */
static void class_energies(double out[BUCKETS],
                           const cds_spread_vectors *vectors, unsigned class,
                           unsigned buckets) {
  const cds_class_table *table = &vectors->tables->class[class];
  const cds_spread_rows *rows = &vectors->rows[class];
  for (unsigned b = 0; b < buckets; b++) {
    out[b] = (double)INFINITY;
  }
  for (size_t block = 0; block < rows->blocks; block++) {
    const unsigned at = bucket_of(table->spread[rows->first[block]], less);
    const cds_row *row = &rows->row[block];
    if (at < buckets && row->energy_pj < out[at]) {
      out[at] = row->energy_pj;
    }
  }
  for (unsigned b = 1; b < buckets; b++) {
    out[b] = out[b - 1] < out[b] ? out[b - 1] : out[b];
  }
}

/*
 * The least energy of the classes from each on, which share the units of the
 * array. Of spreads whose product is at most U the logarithms, each rounded
 * down, add up to at most that of U; the least sum over all such buckets is
 * found class by class. So no vector has less energy than that of all classes
 * within all units: `out`.
 */
static cds_status least_energy(double *out, cds_spread_vectors *vectors) {
  const cds_problem *problem = vectors->tables->problem;
  const unsigned buckets = bucket_of(cds_array_units(problem), more) + 1;
  double sum[BUCKETS] = {0};
  for (unsigned class = CDS_MATRIX; class -- > 0;) {
    double own[BUCKETS];
    double *next =
        cds_arena_array(vectors->tables->arena, buckets, sizeof *next);
    if (next == NULL) {
      return CDS_ENOMEM;
    }
    class_energies(own, vectors, class, buckets);
    for (unsigned all = 0; all < buckets; all++) {
      next[all] = (double)INFINITY;
      for (unsigned b = 0; b <= all; b++) {
        const double energy = sum[all - b] + own[b];
        next[all] = energy < next[all] ? energy : next[all];
      }
    }
    memcpy(sum, next, buckets * sizeof *sum);
    vectors->rest_pj[class] = next;
  }
  *out = (problem->mac_pj + sum[buckets - 1]) * (1 - 1e-12);
  return CDS_OK;
}

static cds_status begin_dealt(cds_spread_vectors *out, unsigned tensor) {
  cds_dealt_ask *dealt = &out->dealt;
  const size_t count = out->tables->class[tensor].count;
  dealt->tables = out->tables;
  dealt->must[tensor] = CDS_HELD_SETS - 1;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (cds_held_allowed(out->tables->problem, tensor, held)) {
      dealt->must[tensor] &= held;
      dealt->may[tensor] |= held;
      dealt->allowed[tensor] |= 1U << held;
    }
  }
  out->once_pj[tensor] =
      cds_arena_array(out->tables->arena, count, sizeof(double));
  if (out->once_pj[tensor] == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    out->once_pj[tensor][i] = (double)NAN;
  }
  return CDS_OK;
}

cds_status cds_spread_vectors_begin(cds_spread_vectors *out,
                                    cds_tables *tables) {
  const cds_problem *problem = tables->problem;
  memset(out, 0, sizeof *out);
  out->tables = tables;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(cds_spread_rows_begin(&out->rows[t], tables, t));
    CDS_TRY(begin_dealt(out, t));
  }
  double cycles = 0;
  cds_problem_floor(&out->floor_pj, &cycles, problem);
  double least = 0;
  CDS_TRY(least_energy(&least, out));
  out->floor_pj = least > out->floor_pj ? least : out->floor_pj;
  return CDS_OK;
}

void cds_spread_vectors_ask(cds_spread_vectors *vectors,
                            const cds_branch *branch) {
  const cds_problem *problem = vectors->tables->problem;
  vectors->branch = branch;
  vectors->count = 0;
  vectors->complete = false;
  vectors->growth = first_band;
  /* None has as few: the first band begins with the fewest. */
  const double macs = problem->macs / problem->runs;
  vectors->steps = macs / (double)cds_array_units(problem) * (1 - 1e-9);
}

cds_status cds_spread_vectors_more(cds_spread_vectors *vectors, double enough) {
  vectors->growth *= growth_of_bands;
  const double least = vectors->steps * least_band;
  const double most = vectors->steps * vectors->growth;
  const double next = enough < least ? least : enough;
  return list_band(vectors, next < most ? next : most);
}
