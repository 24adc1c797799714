/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds by the part that a spread deals out; see dealt.h. */
#include "search/dealt.h"

#include <string.h>

#include "search/edges.h"
#include "search/parts.h"

/* Relative room for rounding in slopes and sums. */
static const double slack = 1e-11;

/* A class in question. */
typedef struct cds_dealt {
  uint64_t size, s, part;
  uint64_t most; /* spreads from s to this one */
  bool below;    /* level 2 holders stand below the spreads */
} cds_dealt;

/* Whether the array stands right below level 1, and a holder above it. */
static bool applies(const cds_problem *problem,
                    const cds_held held[CDS_MATRIX]) {
  const bool some = ((held[0] | held[1] | held[2]) & CDS_HELD_1) != 0;
  return some && problem->array && problem->levels > 1 && !problem->below[1] &&
         problem->below[2];
}

/* Whether no tensor but that of the class has a level 1 holder. */
static bool others_are_below(const cds_held held[CDS_MATRIX], unsigned class) {
  bool below = true;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    below = below && (t == class || (held[t] & CDS_HELD_1) == 0);
  }
  return below;
}

/* Steps in time, at least. */
static double steps_of(const cds_dealt *it) {
  const uint64_t full = it->size / it->part;
  const uint64_t rest = it->size % it->part;
  const uint64_t last = cds_ceil_div(rest, it->most);
  return (double)full * (double)cds_ceil_div(it->part, it->most) + (double)last;
}

static double more_of(double a, double b) { return a > b ? a : b; }

/* Energy beyond that of the fewest steps and of one pass at each level. */
typedef struct cds_dealt_more {
  double steps, level[CDS_STEPS];
} cds_dealt_more;

static cds_dealt_more more_at(const cds_dealt *it, cds_held held,
                              const cds_slopes *slopes, double steps) {
  const cds_affine *affine = &slopes->energy_pj;
  const double least_steps = (double)cds_ceil_div(it->size, it->s);
  const double parts = (double)cds_ceil_div(it->size, it->part);
  cds_dealt_more more = {slopes->step_pj * (steps - least_steps), {0}};
  if ((held & CDS_HELD_2) != 0 && !it->below) {
    return more;
  }
  if ((held & CDS_HELD_2) != 0) {
    const uint64_t rest = it->size % it->part;
    const uint64_t last = rest < it->s ? rest : it->s;
    const uint64_t all = it->size / it->part * it->s + last;
    more.level[2] =
        affine->one[2] * (parts - 1) + affine->all[2] * (double)(all - it->s);
  } else if (it->part > it->s) {
    more.level[1] = affine->one[1] * (parts - 1);
  }
  return more;
}

/* Energy of the set, at least, if that part is dealt out. */
static double set_energy(const cds_dealt *it, cds_held held,
                         const cds_slopes *slopes, double steps,
                         const cds_set_bound *bound) {
  const cds_tile_bound *tile = &bound->tile;
  const cds_dealt_more more = more_at(it, held, slopes, steps);
  double energy = tile->base_pj + more.steps;
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    energy += more_of(tile->once_pj[level] + more.level[level],
                      tile->least_pj[level]);
  }
  return more_of(energy * (1 - slack), bound->energy_pj);
}

static double other_steps(const cds_problem *problem, const uint64_t *s,
                          unsigned class) {
  double others = 1;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    others *= c == class ? 1 : (double)cds_ceil_div(problem->size[c], s[c]);
  }
  return others;
}

/* Whether no part of a class makes the set of interest. */
static bool class_beyond(const cds_branch *branch, const cds_spreads *at,
                         const cds_held held[CDS_MATRIX],
                         const cds_slopes *slopes, const cds_set_bound *bound,
                         unsigned class) {
  const cds_problem *problem = branch->problem;
  cds_dealt it = {problem->size[class], at->s[class], problem->size[class],
                  at->s[class], others_are_below(held, class)};
  const double others = other_steps(problem, at->s, class);
  uint64_t extent[CDS_CLASSES];
  memcpy(extent, at->s, sizeof extent);
  for (; it.part >= it.s && it.part > 0;
       it.part = cds_next_part(it.size, it.part)) {
    if (held[class] == 0 && it.part > it.s) {
      continue;
    }
    const double steps = steps_of(&it);
    extent[class] = it.part;
    const double cycles =
        more_of(bound->cycles, steps * others * problem->runs * (1 - slack)) +
        cds_edges_floor(problem, held, held, at->s, extent);
    if (!cds_cost_beyond(branch,
                         set_energy(&it, held[class], slopes, steps, bound),
                         cycles)) {
      return false;
    }
  }
  return true;
}

bool cds_dealt_beyond(const cds_branch *branch, const cds_spreads *at,
                      const cds_held held[CDS_MATRIX],
                      const cds_slopes *const slopes[CDS_MATRIX],
                      const cds_set_bound *bound) {
  if (!applies(branch->problem, held)) {
    return false;
  }
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    if (branch->problem->residual[c] &&
        class_beyond(branch, at, held, slopes[c], bound, c)) {
      return true;
    }
  }
  return false;
}

/* ---- vectors ---------------------------------------------------------- */

/* Energy of a tensor's rows with holders of which all tiles fit. */
static double once_energy(const cds_slopes *slopes, uint64_t s) {
  const cds_affine *affine = &slopes->energy_pj;
  double energy = affine->base;
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    energy += affine->one[level] + affine->all[level] * (double)s;
  }
  return energy;
}

/* Slopes for a spread: those of the first one with as many steps, which holds
 * for all of them, or its own. */
static const cds_slopes *slopes_at(const cds_class_table *table, unsigned index,
                                   cds_held held) {
  const cds_slopes *first = table->slopes[table->run[index]][held];
  return first->mixed ? table->slopes[index][held] : first;
}

/* Slopes as slopes_at finds them, made if they are not. */
static cds_status make_slopes(const cds_slopes **out, cds_tables *tables,
                              unsigned class, unsigned index, cds_held held) {
  const unsigned first = tables->class[class].run[index];
  CDS_TRY(cds_slopes_get(out, tables, class, first, held));
  return (*out)->mixed ? cds_slopes_get(out, tables, class, index, held)
                       : CDS_OK;
}

cds_status cds_dealt_once(double *out, cds_tables *tables, unsigned class,
                          unsigned index, unsigned allowed) {
  *out = (double)INFINITY;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    const cds_slopes *slopes = NULL;
    if ((allowed >> held & 1U) == 0) {
      continue;
    }
    CDS_TRY(make_slopes(&slopes, tables, class, index, held));
    const double once = once_energy(slopes, tables->class[class].spread[index]);
    *out = once < *out ? once : *out;
  }
  return CDS_OK;
}

/* The same if that part is dealt out; INFINITY: it cannot be. */
static double part_energy(const cds_dealt *it, const cds_dealt_ask *ask,
                          unsigned class, unsigned index, double steps) {
  const cds_class_table *table = &ask->tables->class[class];
  double least = (double)INFINITY;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if ((ask->allowed[class] >> held & 1U) == 0 ||
        (held == 0 && it->part > it->s)) {
      continue;
    }
    const cds_slopes *slopes = slopes_at(table, index, held);
    const cds_dealt_more more = more_at(it, held, slopes, steps);
    const double energy =
        once_energy(slopes, it->s) + more.steps + more.level[1] + more.level[2];
    least = energy < least ? energy : least;
  }
  return least;
}

bool cds_dealt_vector_beyond(const cds_branch *branch, const cds_dealt_ask *ask,
                             const cds_spreads *at, unsigned class,
                             uint64_t most) {
  const cds_problem *problem = ask->tables->problem;
  if (!problem->residual[class] || !applies(problem, ask->must)) {
    return false;
  }
  cds_dealt it = {problem->size[class], at->s[class], problem->size[class],
                  most, others_are_below(ask->may, class)};
  const double others = other_steps(problem, at->s, class);
  double other_pj = problem->mac_pj;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    other_pj += t == class ? 0 : ask->once_pj[t];
  }
  uint64_t extent[CDS_CLASSES];
  memcpy(extent, at->s, sizeof extent);
  for (; it.part >= it.s && it.part > 0;
       it.part = cds_next_part(it.size, it.part)) {
    const double steps = steps_of(&it);
    extent[class] = it.part;
    const double energy =
        other_pj + part_energy(&it, ask, class, at->index[class], steps);
    const double cycles =
        more_of(at->cycles, steps * others * problem->runs * (1 - slack)) +
        cds_edges_floor(problem, ask->must, ask->may, at->s, extent);
    if (!cds_cost_beyond(branch, more_of(energy * (1 - slack), at->energy_pj),
                         cycles)) {
      return false;
    }
  }
  return true;
}
