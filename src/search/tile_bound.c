/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms of tile_bound.h; the level's side of the array decides what an
 * extent is. */
#include "search/tile_bound.h"

#include <math.h>
#include <string.h>

/* Relative room for rounding in slopes and sums. */
static const double slack = 1e-11;

/* ---- slopes ---------------------------------------------------------- */

/* A row whose holders are passed so often. */
typedef struct cds_probe {
  uint64_t one[CDS_STEPS], all[CDS_STEPS];
  uint64_t steps; /* 0: as many as there are */
} cds_probe;

static void row_at(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, uint64_t s, const cds_probe *probe) {
  cds_cut cut;
  cds_cut_least(&cut, problem, tensor, s, 1, 1);
  const bool residual = problem->residual[tensor];
  const bool apart = residual && !problem->adds_pay;
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    const uint64_t one = probe->one[level];
    const uint64_t all = problem->below[level] ? probe->all[level] : one;
    cut.passes[level] = (cds_passes){one, all, apart ? 0 : all - one};
  }
  cds_passes *steps = &cut.passes[CDS_STEPS];
  if (probe->steps > 0) {
    steps->one = probe->steps;
    steps->all = problem->below[CDS_STEPS] ? probe->steps * s : probe->steps;
  }
  steps->shared = apart ? 0 : steps->all - steps->one;
  cds_row_fill_fluid(out, problem, tensor, held, &cut);
}

enum { PROBES = 6 };

/* The affine function through values at these probes: passes one by one at
 * both levels, twice; `many` more at level 2 by one instance; by all; the same
 * at level 1. */
static bool set_affine(cds_affine *out, const double at[PROBES], double many,
                       uint64_t s, bool equal, double most) {
  bool mixed = false;
  out->base = at[0];
  out->one[0] = out->all[0] = 0;
  for (unsigned level = CDS_STEPS; level-- > 1;) {
    const unsigned probe = level == 2 ? 1 : 3;
    const double extra = (double)(s - 1) * (1 + many);
    double more = s > 1 ? (at[probe + 2] - at[probe + 1]) / extra : 0;
    double one = (at[probe + 1] - at[probe]) / many - more;
    out->base -= one + more;
    if (equal || more < 0) { /* all <= one x s */
      one += more * (double)s;
      more = 0;
      mixed = true;
    }
    mixed = mixed || one < 0;
    out->base += one < 0 ? one * most : 0;
    out->one[level] = one < 0 ? 0 : one;
    out->all[level] = more;
  }
  return mixed;
}

/* What a step in time costs more. A row is affine in steps as long as no level
 * below the outermost starts more words at zero than are brought; each step
 * more is an addition in the array less, if all points of the class are passes
 * of some instance. */
static double step_energy(const cds_problem *problem, unsigned tensor,
                          cds_held held, uint64_t s) {
  const unsigned inner = (held & CDS_HELD_2) != 0   ? 2
                         : (held & CDS_HELD_1) != 0 ? 1
                                                    : 0;
  if (problem->below[inner]) {
    return 0; /* accesses of all instances, whatever the steps */
  }
  const uint64_t least = cds_ceil_div(problem->size[tensor], s);
  const uint64_t more = least < (1U << 10) ? least : 1U << 10;
  double energy[2];
  for (unsigned i = 0; i < 2; i++) {
    cds_cut cut;
    cds_cut_least(&cut, problem, tensor, s, 1, 1);
    for (unsigned level = 1; level < CDS_STEPS; level++) {
      cut.passes[level] = (cds_passes){1, 1, 0};
    }
    const uint64_t one = least + i * more;
    const uint64_t all = problem->below[CDS_STEPS] ? 2 * least * s : one;
    cut.passes[CDS_STEPS] = (cds_passes){one, all, all - one};
    cds_row row;
    cds_row_fill_fluid(&row, problem, tensor, held, &cut);
    energy[i] = row.energy_pj;
  }
  const double step = (energy[1] - energy[0]) / (double)more * (1 - 1e-9);
  return step > 0 ? step : 0;
}

void cds_slopes_fill(cds_slopes *out, const cds_problem *problem,
                     unsigned tensor, cds_held held, uint64_t s) {
  /* The zero starts of a level never exceed what the next one brings, so where
   * a level is raised those below it stand high. `many` large, so that
   * differences keep their digits, and words x passes within 64 bits. */
  uint64_t many = 1 << 16;
  while (many > 1 && problem->moved[tensor] > (UINT64_C(1) << 58) / many / s) {
    many /= 2;
  }
  const uint64_t high = 1 + many;
  const cds_probe probe[PROBES] = {
      {{0, 1, 1}, {0, 1, 1}, 0},
      {{0, 1, 1}, {0, 1, 1}, high},
      {{0, 1, high}, {0, 1, high}, high},
      {{0, 1, high}, {0, 1, high * s}, high},
      {{0, high, high}, {0, high, high * s}, high},
      {{0, high, high}, {0, high * s, high * s}, high},
  };
  /* The probe that gives the same row. */
  unsigned same[PROBES] = {0, 1, 2, 3, 4, 5};
  if ((held & CDS_HELD_2) == 0) {
    same[2] = same[3] = 1;
  } else if (!problem->below[2]) {
    same[3] = 2;
  }
  if ((held & CDS_HELD_1) == 0) {
    same[4] = same[5] = same[3];
  } else if (!problem->below[1]) {
    same[5] = 4;
  }
  double energy[PROBES];
  double in[PROBES];
  double bits[PROBES];
  for (unsigned i = 0; i < PROBES; i++) {
    if (same[i] != i) {
      energy[i] = energy[same[i]];
      bits[i] = bits[same[i]];
      in[i] = in[same[i]];
      continue;
    }
    cds_row row;
    row_at(&row, problem, tensor, held, s, &probe[i]);
    energy[i] = row.energy_pj;
    bits[i] = row.read[0];
    in[i] = row.update[0];
  }
  const double most = (double)problem->size[tensor];
  const bool equal = !problem->residual[tensor];
  out->mixed =
      set_affine(&out->energy_pj, energy, (double)many, s, equal, most);
  set_affine(&out->out, bits, (double)many, s, equal, most);
  set_affine(&out->in, in, (double)many, s, equal, most);
  out->step_pj = step_energy(problem, tensor, held, s);
}

/* ---- one level ------------------------------------------------------- */

/* A level as its tiles see it. */
typedef struct cds_room {
  double room;              /* bits */
  double bits[CDS_MATRIX];  /* of a word, times batches inside */
  double most[CDS_MATRIX];  /* K */
  double least[CDS_MATRIX]; /* the spread above the array, else 1 */
  unsigned held;            /* tensors, as bits */
  bool twice;               /* double buffers are charged */
  unsigned once; /* tensors whose loops between the levels may stand inside a
                    tile of level 2 and leave it unreplaced: with equal parts
                    they double it at least */
} cds_room;

static void fill_room(cds_room *out, const cds_problem *problem, unsigned level,
                      const cds_held held[CDS_MATRIX],
                      const uint64_t s[CDS_CLASSES]) {
  const bool under = problem->below[level];
  out->room = problem->room[level];
  out->held = 0;
  out->once = 0;
  out->twice = cds_level_doubled(problem->arch, level);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    out->bits[t] =
        (double)problem->least_bits[t] * (under ? 1 : (double)s[CDS_BATCH]);
    out->most[t] = (double)problem->size[t] / (under ? (double)s[t] : 1);
    out->least[t] = under ? 1 : (double)s[t];
    out->held |= (held[t] >> (level - 1) & 1U) << t;
    const bool between = level == 2 && (held[t] & CDS_HELD_1) != 0;
    out->once |= between && problem->residual[t] ? 1U << t : 0U;
  }
}

/* Least a / x2 + b / x3 with product x2 x3 + own x3 <= room and
 * low2 <= x2 <= k2, low3 <= x3 <= k3. */
typedef struct cds_pair {
  double a, b; /* slopes times K */
  double low2, low3;
  double k2, k3;
  double product, own;
  double room;
} cds_pair;

static double less_of(double a, double b) { return a < b ? a : b; }

/* The other extent that one leaves room for. */
static double x2_beside(const cds_pair *pair, double x3) {
  return less_of((pair->room - pair->own * x3) / (pair->product * x3),
                 pair->k2);
}

static double x3_beside(const cds_pair *pair, double x2) {
  return less_of(pair->room / (pair->product * x2 + pair->own), pair->k3);
}

static double pair_bound(const cds_pair *pair) {
  double x2 = pair->low2;
  double x3 = pair->low3;
  if (pair->a > 0 && pair->b > 0) {
    const double a = pair->a * pair->product / pair->room;
    const double c = pair->own / pair->room;
    const double r = sqrt(pair->b / a);
    x3 = r / (1 + c * r);
    x2 = (1 - c * x3) * pair->room / (pair->product * x3);
    if (x2 <= pair->k2 && x3 <= pair->k3) {
      return 2 * sqrt(a * pair->b) + pair->b * c;
    }
    if (x3 > pair->k3) {
      x3 = pair->k3;
      x2 = x2_beside(pair, x3);
    } else {
      x2 = pair->k2;
      x3 = x3_beside(pair, x2);
    }
  } else if (pair->a > 0) {
    x2 = x2_beside(pair, x3);
  } else if (pair->b > 0) {
    x3 = x3_beside(pair, x2);
  } else {
    return 0;
  }
  if (!(x2 > 0) || !(x3 > 0)) {
    return (double)INFINITY;
  }
  return pair->a / x2 + pair->b / x3;
}

/* Bound of a level whose holders stand in the order t[0], t[1], t[2], those
 * that it does not hold last. */
static double order_bound(const cds_room *room, const double slope[CDS_MATRIX],
                          const unsigned t[CDS_MATRIX]) {
  const unsigned one = t[0];
  const unsigned two = t[1];
  const unsigned three = t[2];
  if ((room->held >> one & 1U) == 0) {
    return 0;
  }
  const double *m = room->least;
  const double *k = room->most;
  const bool second = (room->held >> two & 1U) != 0;
  const bool third = (room->held >> three & 1U) != 0;
  /* The least that each tile takes. */
  const double of_one = room->bits[one] * m[two] * m[three];
  const double of_two = second ? room->bits[two] * m[one] * m[three] : 0;
  const double of_three = third ? room->bits[three] * m[one] * m[two] : 0;
  if (of_one + of_two + of_three > room->room) {
    return (double)INFINITY;
  }
  if (!second) {
    return slope[one];
  }
  const double all = slope[one] + slope[two] + (third ? slope[three] : 0);
  const double most2 = slope[two] > 0 ? k[two] : m[two];
  const double most3 = third && slope[three] > 0 ? k[three] : m[three];
  const double whole = room->bits[one] * most2 * most3 +
                       room->bits[two] * m[one] * most3 + of_three;
  if (whole <= room->room) {
    return all;
  }
  const bool twice = room->twice && (room->once >> two & 1U) == 0 &&
                     (!third || (room->once >> three & 1U) == 0);
  const cds_pair pair = {slope[two] * k[two],
                         third ? slope[three] * k[three] : 0,
                         m[two],
                         m[three],
                         most2,
                         most3,
                         room->bits[one] * (twice ? 2 : 1),
                         room->bits[two] * m[one],
                         room->room - of_three};
  return slope[one] + pair_bound(&pair);
}

static const unsigned permutation[CDS_PERMUTATIONS][CDS_MATRIX] = {
    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

unsigned cds_permutation_index(const unsigned tensor[CDS_MATRIX]) {
  unsigned p = 0;
  while (p + 1 < CDS_PERMUTATIONS &&
         memcmp(permutation[p], tensor, sizeof permutation[p]) != 0) {
    p++;
  }
  return p;
}

/* Whether the tensors that the level does not hold come last, rising. */
static bool is_order(const cds_room *room, const unsigned t[CDS_MATRIX]) {
  for (unsigned i = 0; i + 1 < CDS_MATRIX; i++) {
    const bool here = (room->held >> t[i] & 1U) != 0;
    const bool next = (room->held >> t[i + 1] & 1U) != 0;
    if (!here && (next || t[i] > t[i + 1])) {
      return false;
    }
  }
  return true;
}

/* Least over the orders of a level; sets each if `out` is not NULL. */
static double level_bound(double out[CDS_PERMUTATIONS], const cds_room *room,
                          const double slope[CDS_MATRIX]) {
  double least = (double)INFINITY;
  for (unsigned p = 0; p < CDS_PERMUTATIONS; p++) {
    const double bound = is_order(room, permutation[p])
                             ? order_bound(room, slope, permutation[p])
                             : (double)INFINITY;
    if (out != NULL) {
      out[p] = bound;
    }
    least = bound < least ? bound : least;
  }
  return least;
}

static void slopes_of(double out[CDS_MATRIX],
                      const cds_affine *const affine[CDS_MATRIX],
                      const uint64_t s[CDS_CLASSES], unsigned level) {
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    out[t] = affine[t]->one[level] + affine[t]->all[level] * (double)s[t];
  }
}

void cds_tile_bound_fill(cds_tile_bound *out, const cds_problem *problem,
                         const cds_slopes *const slopes[CDS_MATRIX],
                         const cds_held held[CDS_MATRIX],
                         const uint64_t s[CDS_CLASSES]) {
  const cds_affine *energy[CDS_MATRIX];
  out->base_pj = problem->mac_pj;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    energy[t] = &slopes[t]->energy_pj;
    out->base_pj += energy[t]->base;
  }
  out->energy_pj = out->base_pj;
  for (unsigned level = 1; level < problem->levels; level++) {
    cds_room room;
    double slope[CDS_MATRIX];
    fill_room(&room, problem, level, held, s);
    slopes_of(slope, energy, s, level);
    out->least_pj[level] = level_bound(out->level_pj[level], &room, slope);
    out->once_pj[level] = slope[0] + slope[1] + slope[2];
    out->energy_pj += out->least_pj[level];
  }
  out->energy_pj *= 1 - slack;
}

double cds_port_bound(const cds_problem *problem,
                      const cds_slopes *const slopes[CDS_MATRIX],
                      const cds_held held[CDS_MATRIX],
                      const uint64_t s[CDS_CLASSES]) {
  const cds_affine *reads[CDS_MATRIX];
  const cds_affine *writes[CDS_MATRIX];
  double outgoing = 0;
  double incoming = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    reads[t] = &slopes[t]->out;
    writes[t] = &slopes[t]->in;
    outgoing += reads[t]->base;
    incoming += writes[t]->base;
  }
  for (unsigned level = 1; level < problem->levels; level++) {
    cds_room room;
    double slope[CDS_MATRIX];
    fill_room(&room, problem, level, held, s);
    slopes_of(slope, reads, s, level);
    outgoing += level_bound(NULL, &room, slope);
    slopes_of(slope, writes, s, level);
    incoming += level_bound(NULL, &room, slope);
  }
  return cds_port_cycles(&problem->arch->level[0], outgoing * (1 - slack),
                         incoming * (1 - slack));
}
