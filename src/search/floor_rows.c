/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least rows by what they depend on; see floor_rows.h. */
#include "search/floor_rows.h"

#include <math.h>
#include <string.h>

#include "spec/stage.h"

/* What rows read of an architecture; bytes that are compared. */
typedef struct structure_key {
  uint32_t levels, array, compute_die, bonds;
  struct {
    uint32_t die, below, accumulate;
  } level[CDS_STEPS];
  uint32_t array_die, multicast, reduction;
  struct {
    uint32_t lower, upper, limited;
  } bond[CDS_BONDS_MAX];
} structure_key;

struct cds_floor_structure {
  cds_floor_structure *next;
  unsigned number;
  structure_key key;
};

/* Ranges of residual parts between two powers of two. */
enum { RANGES = 4 };

void cds_floor_rows_begin(cds_floor_rows *rows, cds_arena *arena) {
  memset(rows, 0, sizeof *rows);
  rows->arena = arena;
}

/* ---- architectures ------------------------------------------------------- */

static void set_key(structure_key *out, const cds_arch *arch) {
  memset(out, 0, sizeof *out);
  out->levels = arch->levels;
  out->array = arch->arrays > 0;
  out->compute_die = arch->compute.die;
  out->bonds = arch->bonds;
  for (unsigned l = 0; l < arch->levels && l < CDS_STEPS; l++) {
    out->level[l].die = arch->level[l].die;
    out->level[l].below = arch->level[l].depth > 0;
    out->level[l].accumulate = arch->level[l].accumulate;
  }
  if (arch->arrays > 0) {
    out->array_die = arch->array[0].die;
    out->multicast = arch->array[0].multicast;
    out->reduction = arch->array[0].reduction;
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    out->bond[b].lower = arch->bond[b].lower;
    out->bond[b].upper = arch->bond[b].upper;
    const bool limited = !isinf(arch->bond[b].bandwidth);
    out->bond[b].limited = limited;
  }
}

static cds_status find_structure(cds_floor_rows *rows, const cds_arch *arch) {
  structure_key key;
  set_key(&key, arch);
  for (const cds_floor_structure *known = rows->known; known != NULL;
       known = known->next) {
    if (memcmp(&known->key, &key, sizeof key) == 0) {
      rows->structure = known->number;
      return CDS_OK;
    }
  }
  cds_floor_structure *made =
      (cds_floor_structure *)cds_arena_alloc(rows->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = (cds_floor_structure){rows->known, rows->structures++, key};
  rows->known = made;
  rows->structure = made->number;
  return CDS_OK;
}

cds_status cds_floor_rows_price(cds_floor_rows *rows, const cds_arch *arch) {
  CDS_TRY(find_structure(rows, arch));
  memset(rows->price, 0, sizeof rows->price);
  for (unsigned l = 0; l < arch->levels && l < CDS_STEPS; l++) {
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      rows->price[l * CDS_ACTIONS + a] =
          cds_level_bit_pj(&arch->level[l], (cds_action)a);
    }
  }
  if (arch->arrays > 0) {
    rows->price[CDS_ROW_FIXED - 2] = arch->array[0].bit_pj;
    rows->price[CDS_ROW_FIXED - 1] = arch->array[0].add_pj;
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    rows->price[CDS_ROW_FIXED + b] =
        arch->bond[b].crossings * arch->bond[b].bit_pj;
  }
  rows->columns = CDS_ROW_FIXED + arch->bonds;
  rows->prices++;
  return CDS_OK;
}

/* ---- rows ---------------------------------------------------------------- */

static bool same_key(const cds_floor_row *a, const cds_floor_row *b) {
  return a->structure == b->structure && a->tensor == b->tensor &&
         a->home == b->home && a->held == b->held && a->bits == b->bits &&
         a->sum_bits == b->sum_bits && a->residual == b->residual &&
         a->loads == b->loads && a->size == b->size && a->words == b->words &&
         a->moved == b->moved && a->most == b->most;
}

static size_t slot_of(const cds_floor_row *key) {
  const uint64_t part[] = {key->structure, key->tensor,   key->home,  key->held,
                           key->bits,      key->sum_bits, key->loads, key->size,
                           key->words,     key->moved,    key->most};
  uint64_t hash = key->residual ? 1 : 0;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    hash = (hash ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash >> 40) % CDS_FLOOR_SLOTS;
}

static void set_choice(double *out, unsigned columns, const cds_row *row,
                       const cds_row_bits *bits) {
  memcpy(out, bits->access, sizeof bits->access);
  out[CDS_ROW_FIXED - 2] = row->net;
  out[CDS_ROW_FIXED - 1] = bits->adds;
  for (unsigned b = CDS_ROW_FIXED; b < columns; b++) {
    out[b] = bits->bond[b - CDS_ROW_FIXED];
  }
}

/* The bits of the row with equal parts and so many passes at both levels. */
static void set_passes(double *out, unsigned columns,
                       const cds_problem *problem, unsigned tensor,
                       cds_held held, const uint64_t one[CDS_STEPS]) {
  cds_cut cut;
  const uint64_t s = one[0];
  cds_cut_least(&cut, problem, tensor, s, 1, 1);
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    const uint64_t more = problem->below[level] ? one[level] * (s - 1) : 0;
    cut.passes[level] = (cds_passes){one[level], one[level] + more, more};
  }
  cds_row row;
  cds_row_bits bits;
  const cds_cut *const same[2] = {&cut, &cut};
  cds_row_floor_bits(&row, &bits, problem, tensor, held, same);
  set_choice(out, columns, &row, &bits);
}

/* Rows are affine in passes y1 <= y2 <= y, those of compute. */
static void set_form(double *out, unsigned columns, const cds_problem *problem,
                     unsigned tensor, cds_held held, uint64_t s) {
  const uint64_t most = problem->size[tensor] / s;
  const uint64_t one[CDS_FLOOR_FORM][CDS_STEPS] = {
      {s, 1, 1}, {s, most, most}, {s, 1, most}};
  for (unsigned i = 0; i < CDS_FLOOR_FORM; i++) {
    set_passes(out + (size_t)i * columns, columns, problem, tensor, held,
               one[i]);
  }
  for (unsigned k = 0; k < columns; k++) {
    double *base = &out[k];
    double *first = &out[columns + k];
    double *second = &out[2 * columns + k];
    const double steps = (double)(most - 1);
    *first = most > 1 ? (*first - *second) / steps : 0;
    *second = most > 1 ? (*second - *base) / steps : 0;
    *base -= *first + *second;
  }
}

/* The choices of holders with a spread of the range. */
static void set_spread(cds_floor_row *out, const cds_problem *problem,
                       cds_spread_range range) {
  const size_t i = out->spreads++;
  size_t last = out->first[i];
  out->spread[i] = range.low;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if ((out->held >> held & 1U) == 0) {
      continue;
    }
    cds_row row[CDS_LEAST_ROWS];
    cds_row_bits bits[CDS_LEAST_ROWS];
    const unsigned rows =
        cds_least_rows_between(row, bits, problem, out->tensor, held, range);
    for (unsigned r = 0; r < rows; r++) {
      if (last == 0) {
        out->row = row[r];
      }
      cds_row_lower(&out->row, &row[r]);
      set_choice(out->choice + last * out->columns, out->columns, &row[r],
                 &bits[r]);
      if (out->form != NULL) {
        out->held_by[last] = (unsigned char)held;
        set_form(out->form + last * CDS_FLOOR_FORM * out->columns, out->columns,
                 problem, out->tensor, held, range.low);
      }
      last++;
    }
  }
  out->first[i + 1] = last;
}

/* Parts that need not be equal: any spread. */
static void set_ranges(cds_floor_row *out, const cds_problem *problem) {
  for (uint64_t s = 1; s <= out->most;) {
    const cds_spread_range range = cds_range_from(s, out->most, RANGES);
    set_spread(out, problem, range);
    s = range.high + 1;
  }
}

static size_t count_ranges(uint64_t most) {
  size_t count = 0;
  for (uint64_t s = 1; s <= most; count++) {
    s = cds_range_from(s, most, RANGES).high + 1;
  }
  return count;
}

static cds_status make_forms(cds_floor_row *out, cds_arena *arena,
                             const cds_primes *primes, size_t choices) {
  out->divisors = cds_divisor_count(primes, out->size);
  uint64_t *all =
      (uint64_t *)cds_arena_array(arena, out->divisors, sizeof *all);
  out->divisor =
      (double *)cds_arena_array(arena, out->divisors, sizeof(double));
  out->held_by = (unsigned char *)cds_arena_array(arena, choices, 1);
  out->form = (double *)cds_arena_array(
      arena, choices * CDS_FLOOR_FORM * out->columns, sizeof(double));
  out->form_pj = (double(*)[CDS_FLOOR_FORM])cds_arena_array(
      arena, choices, sizeof *out->form_pj);
  if (all == NULL || out->divisor == NULL || out->held_by == NULL ||
      out->form == NULL || out->form_pj == NULL) {
    return CDS_ENOMEM;
  }
  cds_divisors(all, primes, out->size);
  for (size_t i = 0; i < out->divisors; i++) {
    out->divisor[i] = (double)all[i];
  }
  return CDS_OK;
}

static cds_status make_row(cds_floor_row *out, const cds_floor_rows *rows,
                           const cds_problem *problem) {
  cds_arena *arena = rows->arena;
  const cds_primes *primes = &problem->primes[out->tensor];
  const size_t count = out->residual ? count_ranges(out->most)
                                     : cds_divisor_count(primes, out->size);
  const size_t choices = count * CDS_HELD_SETS + CDS_HELD_SETS;
  out->spread = (uint64_t *)cds_arena_array(arena, count, sizeof(uint64_t));
  out->own_pj = (double *)cds_arena_array(arena, count, sizeof(double));
  out->least_pj = (double *)cds_arena_array(arena, count, sizeof(double));
  out->first = (size_t *)cds_arena_array(arena, count + 1, sizeof(size_t));
  out->choice =
      (double *)cds_arena_array(arena, choices * out->columns, sizeof(double));
  if (out->spread == NULL || out->own_pj == NULL || out->least_pj == NULL ||
      out->first == NULL || out->choice == NULL) {
    return CDS_ENOMEM;
  }
  if (rows->forms && !out->residual) {
    CDS_TRY(make_forms(out, arena, primes, choices));
  }
  out->first[0] = 0;
  if (out->residual) {
    set_ranges(out, problem);
  } else {
    cds_divisors(out->spread, primes, out->size);
    for (size_t i = 0; i < count && out->spread[i] <= out->most; i++) {
      const cds_spread_range one = {out->spread[i], out->spread[i]};
      set_spread(out, problem, one);
    }
  }
  out->row.steps = (double)out->size;
  return CDS_OK;
}

/* Energies at no pass and of passes, from their bits; where more passes cost
 * less there are as many as there may be. */
static void price_form(double pj[CDS_FLOOR_FORM], const double *bits,
                       const cds_floor_rows *rows, double most) {
  const double *first = bits + rows->columns;
  const double *second = first + rows->columns;
  double sum[CDS_FLOOR_FORM] = {0};
  for (unsigned k = 0; k < rows->columns; k++) {
    sum[0] += bits[k] * rows->price[k];
    sum[1] += first[k] * rows->price[k];
    sum[2] += second[k] * rows->price[k];
  }
  for (unsigned f = 1; f < CDS_FLOOR_FORM; f++) {
    sum[0] += sum[f] < 0 ? sum[f] * most : 0;
    sum[f] = sum[f] < 0 ? 0 : sum[f];
  }
  memcpy(pj, sum, sizeof sum);
}

/* The least energies at the present prices. */
static void price_row(cds_floor_row *row, const cds_floor_rows *rows) {
  const double *bits = row->choice;
  double least = (double)INFINITY;
  for (size_t i = 0; i < row->spreads; i++) {
    const uint64_t passes = row->size / row->spread[i];
    const double most = (double)passes;
    double own = (double)INFINITY;
    for (size_t c = row->first[i]; c < row->first[i + 1]; c++) {
      double energy = 0;
      for (unsigned k = 0; k < row->columns; k++) {
        energy += bits[k] * rows->price[k];
      }
      own = energy < own ? energy : own;
      bits += row->columns;
      if (row->form != NULL) {
        price_form(row->form_pj[c],
                   row->form + c * CDS_FLOOR_FORM * row->columns, rows, most);
      }
    }
    least = own < least ? own : least;
    row->own_pj[i] = own;
    row->least_pj[i] = least;
  }
  row->row.energy_pj = least;
  memset(row->row.die_pj, 0, sizeof row->row.die_pj); /* not told apart */
  row->priced = rows->prices;
}

static unsigned held_sets(const cds_problem *problem, unsigned tensor) {
  unsigned sets = 0;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    sets |= cds_held_allowed(problem, tensor, held) ? 1U << held : 0;
  }
  return sets;
}

static cds_floor_row key_of(const cds_floor_rows *rows,
                            const cds_problem *problem, unsigned tensor) {
  const cds_stage *stage = problem->einsum->stage;
  const cds_tensor *words = &problem->einsum->tensor[tensor];
  const uint64_t units = cds_array_units(problem);
  const uint64_t size = problem->size[tensor];
  return (cds_floor_row){.structure = rows->structure,
                         .tensor = tensor,
                         .home = problem->home[tensor],
                         .held = held_sets(problem, tensor),
                         .bits = words->format.bits,
                         .sum_bits = words->accumulator.bits,
                         .residual = problem->residual[tensor],
                         .loads = stage == NULL ? 0 : stage->home[tensor].loads,
                         .size = size,
                         .words = problem->words[tensor],
                         .moved = problem->moved[tensor],
                         .most = size < units ? size : units,
                         .columns = rows->columns};
}

cds_status cds_floor_rows_get(const cds_floor_row **out, cds_floor_rows *rows,
                              const cds_problem *problem, unsigned tensor) {
  const cds_floor_row key = key_of(rows, problem, tensor);
  cds_floor_row **slot = &rows->slot[slot_of(&key)];
  cds_floor_row *known = *slot;
  while (known != NULL && !same_key(known, &key)) {
    known = known->next;
  }
  if (known == NULL) {
    known = (cds_floor_row *)cds_arena_alloc(rows->arena, sizeof *known);
    if (known == NULL) {
      return CDS_ENOMEM;
    }
    *known = key;
    CDS_TRY(make_row(known, rows, problem));
    known->next = *slot;
    *slot = known;
    rows->made++;
  }
  if (known->priced != rows->prices) {
    price_row(known, rows);
  }
  *out = known;
  return CDS_OK;
}
