/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least energies by the room of levels; see floor_room.h. */
#include "search/floor_room.h"

#include <math.h>

#include "spec/stage.h"

/* Relative room for rounding in forms and sums. */
static const double LESS = 1 - 1e-11;

/* ---- one level ------------------------------------------------------- */

/* Extents that are worth a look, rising. */
typedef struct extents {
  const double *x;
  size_t count;
} extents;

/* Those of the class at that level, so that no sum of slope K / X is below that
 * of the slopes. Nothing is won by more than the least of a class that costs
 * nothing. */
static extents extents_of(const cds_floor_space *space, unsigned tensor,
                          bool wanted) {
  if (!wanted) {
    return (extents){&space->m[tensor], 1};
  }
  extents all = {space->divisor[tensor], space->divisors[tensor]};
  while (all.count > 0 && all.x[all.count - 1] > space->whole[tensor]) {
    all.count--;
  }
  return all;
}

/* Holders in this order, `count` of them. */
static double order_cost(const cds_floor_space *space,
                         const double slope[CDS_MATRIX],
                         const unsigned t[CDS_MATRIX], unsigned count) {
  const double *m = space->m;
  const double *k = space->whole;
  const double a = slope[t[0]];
  const double b = count > 1 ? slope[t[1]] : 0;
  const double c = count > 2 ? slope[t[2]] : 0;
  const double own = count > 1 ? space->bits[t[1]] * m[t[0]] : 0;
  const double room =
      space->room - (count > 2 ? space->bits[t[2]] * m[t[0]] * m[t[1]] : 0);
  double word = space->bits[t[0]];
  if ((word * k[t[1]] + own) * k[t[2]] <= room) {
    return a + b + c;
  }
  word *= space->twice ? 2 : 1;
  const extents two = extents_of(space, t[1], b > 0);
  const extents three = extents_of(space, t[2], c > 0);
  double least = (double)INFINITY;
  size_t j = three.count;
  for (size_t i = 0; i < two.count; i++) {
    const double x = two.x[i];
    if (x < m[t[1]]) {
      continue;
    }
    while (j > 0 && (word * x + own) * three.x[j - 1] > room) {
      j--;
    }
    if (j == 0 || three.x[j - 1] < m[t[2]]) {
      break;
    }
    const double cost = a + b * k[t[1]] / x + c * k[t[2]] / three.x[j - 1];
    least = cost < least ? cost : least;
  }
  return least;
}

double cds_floor_level(const cds_floor_space *space,
                       const double slope[CDS_MATRIX], unsigned held) {
  static const unsigned order[][CDS_MATRIX] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                               {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const unsigned count = (unsigned)__builtin_popcount(held);
  double least = count == 0 ? 0 : (double)INFINITY;
  for (size_t o = 0; o < sizeof order / sizeof *order && count > 0; o++) {
    const unsigned *t = order[o];
    bool first = true; /* those that are held come first */
    for (unsigned i = 0; i < count; i++) {
      first = first && (held >> t[i] & 1U) != 0;
    }
    if (first) {
      least = fmin(least, order_cost(space, slope, t, count));
    }
  }
  return least;
}

/* ---- all of them ----------------------------------------------------- */

enum {
  SPREADS_MAX = 128, /* of one class; of more nothing is told */
  CHOICES_MAX = 2 * CDS_HELD_SETS
};

/* One way to hold a tensor, with one spread. */
typedef struct choice {
  double energy_pj; /* with the fewest passes */
  const double *form_pj;
  unsigned held;
} choice;

typedef struct tensor_choices {
  size_t spreads;
  const uint64_t *spread;
  double least_pj[SPREADS_MAX]; /* by spread */
  unsigned char count[SPREADS_MAX];
  choice list[SPREADS_MAX][CHOICES_MAX];
} tensor_choices;

typedef struct choices {
  const cds_problem *problem;
  tensor_choices tensor[CDS_MATRIX];
  cds_floor_space space[CDS_STEPS];
  double least; /* so far */
} choices;

static void list_choices(tensor_choices *out, const cds_floor_row *const row[2],
                         unsigned homes) {
  out->spreads = row[0]->spreads;
  out->spread = row[0]->spread;
  for (size_t i = 0; i < out->spreads; i++) {
    unsigned count = 0;
    double least = (double)INFINITY;
    for (unsigned h = 0; h < homes; h++) {
      for (size_t c = row[h]->first[i];
           c < row[h]->first[i + 1] && count < CHOICES_MAX; c++) {
        const double *form = row[h]->form_pj[c];
        const double energy = form[0] + form[1] + form[2];
        out->list[i][count++] = (choice){energy, form, row[h]->held_by[c]};
        least = energy < least ? energy : least;
      }
    }
    out->count[i] = (unsigned char)count;
    out->least_pj[i] = least;
  }
}

static void set_space(choices *it, unsigned level, const cds_two_rows *rows,
                      unsigned may) {
  const cds_problem *problem = it->problem;
  cds_floor_space *space = &it->space[level];
  space->room = may == 0 ? problem->room[level]
                         : (double)problem->arch->level[level].size_bits;
  space->twice =
      problem->einsum->stage == NULL && cds_level_doubled(problem->arch, level);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    space->bits[t] = problem->least_bits[t];
    space->divisor[t] = rows->row[t][0]->divisor;
    space->divisors[t] = rows->row[t][0]->divisors;
  }
}

static void set_spreads(choices *it, const size_t at[CDS_MATRIX]) {
  for (unsigned l = 1; l < it->problem->levels; l++) {
    cds_floor_space *space = &it->space[l];
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      const double s = (double)it->tensor[t].spread[at[t]];
      const bool under = it->problem->below[l];
      space->m[t] = under ? 1 : s;
      space->whole[t] = (double)it->problem->size[t] / (under ? s : 1);
    }
  }
}

static void try_choices(choices *it, const choice *const at[CDS_MATRIX]) {
  double energy = at[0]->form_pj[0] + at[1]->form_pj[0] + at[2]->form_pj[0];
  /* From inside out: there tiles are tight. */
  for (unsigned l = it->problem->levels; l-- > 1 && energy < it->least;) {
    unsigned held = 0;
    double slope[CDS_MATRIX];
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      held |= (at[t]->held >> (l - 1) & 1U) << t;
      slope[t] = at[t]->form_pj[l];
    }
    energy += cds_floor_level(&it->space[l], slope, held);
  }
  it->least = energy < it->least ? energy : it->least;
}

static void try_spreads(choices *it, const size_t at[CDS_MATRIX]) {
  const tensor_choices *tensor = it->tensor;
  const choice *a = tensor[0].list[at[0]];
  const choice *b = tensor[1].list[at[1]];
  const choice *c = tensor[2].list[at[2]];
  set_spreads(it, at);
  for (unsigned i = 0; i < tensor[0].count[at[0]]; i++) {
    for (unsigned j = 0; j < tensor[1].count[at[1]]; j++) {
      const double two = a[i].energy_pj + b[j].energy_pj;
      if (two + tensor[2].least_pj[at[2]] >= it->least) {
        continue;
      }
      for (unsigned k = 0; k < tensor[2].count[at[2]]; k++) {
        if (two + c[k].energy_pj < it->least) {
          const choice *const all[] = {&a[i], &b[j], &c[k]};
          try_choices(it, all);
        }
      }
    }
  }
}

/* All spreads that have no more units together than the array. */
static void try_all(choices *it, uint64_t units) {
  const tensor_choices *t = it->tensor;
  size_t at[CDS_MATRIX];
  for (at[0] = t[0].spreads; at[0]-- > 0;) {
    const uint64_t left = units / t[0].spread[at[0]];
    for (at[1] = t[1].spreads; at[1]-- > 0;) {
      const uint64_t rest = left / t[1].spread[at[1]];
      const double two = t[0].least_pj[at[0]] + t[1].least_pj[at[1]];
      for (at[2] = t[2].spreads; at[2]-- > 0;) {
        if (t[2].spread[at[2]] <= rest &&
            two + t[2].least_pj[at[2]] < it->least) {
          try_spreads(it, at);
        }
      }
    }
  }
}

double cds_floor_room(const cds_problem *problem, const cds_two_rows *rows,
                      unsigned may) {
  choices it;
  it.problem = problem;
  it.least = (double)INFINITY;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_floor_row *row = rows->row[t][0];
    if (row->form == NULL || row->spreads > SPREADS_MAX) {
      return 0;
    }
    list_choices(&it.tensor[t], rows->row[t], may == 0 ? 1 : 2);
  }
  for (unsigned l = 1; l < problem->levels; l++) {
    set_space(&it, l, rows, may);
  }
  try_all(&it, cds_array_units(problem));
  return isinf(it.least) ? 0 : (problem->mac_pj + it.least) * LESS;
}
