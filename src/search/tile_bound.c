/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms of tile_bound.h; the level's side of the array decides what an
 * extent is. */
#include "search/tile_bound.h"

#include <math.h>
#include <string.h>

/* Relative room for rounding in slopes and sums. */
static const double slack = 1e-11;

/* ---- slopes ---------------------------------------------------------- */

/* Row whose holders are passed so often, as if accesses could be divided. */
static void row_at(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, uint64_t s, const uint64_t passes[2]) {
  cds_cut cut;
  cds_cut_least(&cut, problem, tensor, s, 1, 1);
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    const uint64_t one = passes[level - 1];
    const uint64_t all = problem->below[level] ? one * s : one;
    /* With residual parts an instance may be alone in a pass. */
    const uint64_t shared = problem->residual[tensor] ? 0 : all - one;
    cut.passes[level] = (cds_passes){one, all, shared};
  }
  cds_row_fill_fluid(out, problem, tensor, held, &cut);
}

static void set_affine(cds_affine *out, const double at[3], double many,
                       double most) {
  out->slope[0] = 0;
  out->slope[2] = (at[1] - at[0]) / many;
  out->slope[1] = (at[2] - at[1]) / many;
  out->base = at[0] - out->slope[1] - out->slope[2];
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    if (out->slope[level] < 0) {
      out->base += out->slope[level] * most;
      out->slope[level] = 0;
    }
  }
}

void cds_slopes_fill(cds_slopes *out, const cds_problem *problem,
                     unsigned tensor, cds_held held, uint64_t s) {
  /* Rows at passes (1, 1), (1, 1 + many), (1 + many, 1 + many): the zero
   * starts of a level never exceed what the next one brings. `many` large, so
   * that differences keep their digits, and words x passes within 64 bits. */
  uint64_t many = 1 << 16;
  while (many > 1 && problem->words[tensor] > (UINT64_C(1) << 58) / many / s) {
    many /= 2;
  }
  const uint64_t passes[3][2] = {{1, 1}, {1, 1 + many}, {1 + many, 1 + many}};
  double energy[3];
  double in[3];
  double bits[3];
  for (unsigned i = 0; i < 3; i++) {
    cds_row row;
    row_at(&row, problem, tensor, held, s, passes[i]);
    energy[i] = row.energy_pj;
    bits[i] = row.read[0];
    in[i] = row.update[0];
  }
  const double most = (double)problem->size[tensor];
  set_affine(&out->energy_pj, energy, (double)many, most);
  set_affine(&out->out, bits, (double)many, most);
  set_affine(&out->in, in, (double)many, most);
}

/* ---- one level ------------------------------------------------------- */

/* A level as its tiles see it. */
typedef struct cds_room {
  double room;              /* bits */
  double bits[CDS_MATRIX];  /* of a word, times batches inside */
  double most[CDS_MATRIX];  /* K */
  double least[CDS_MATRIX]; /* m */
  unsigned held;            /* tensors, as bits */
  bool twice;               /* double buffers are charged */
  unsigned once; /* tensors whose loops between the levels may stand inside a
                    tile of level 2 and leave it unreplaced: with equal parts
                    they double it at least */
} cds_room;

static void make_room(cds_room *out, const cds_problem *problem, unsigned level,
                      const cds_held held[CDS_MATRIX],
                      const uint64_t s[CDS_CLASSES]) {
  const cds_level *at = &problem->arch->level[level];
  const bool under = problem->below[level];
  out->room = (double)at->size_bits;
  out->held = 0;
  out->once = 0;
  out->twice = problem->arch->overlap == CDS_OVERLAP_NATIVE &&
               at->buffering == CDS_BUFFER_DOUBLE;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_tensor *tensor = &problem->einsum->tensor[t];
    const bool narrow =
        t == CDS_MATRIX - 1 && tensor->accumulator.bits < tensor->format.bits;
    const unsigned bits =
        narrow ? tensor->accumulator.bits : tensor->format.bits;
    out->bits[t] = (double)bits * (under ? 1 : (double)s[CDS_BATCH]);
    out->most[t] = (double)problem->size[t] / (under ? (double)s[t] : 1);
    out->least[t] = under ? 1 : (double)s[t];
    out->held |= (held[t] >> (level - 1) & 1U) << t;
    const bool between = level == 2 && (held[t] & CDS_HELD_1) != 0;
    out->once |= between && problem->residual[t] ? 1U << t : 0U;
  }
}

/* Least a / x2 + b / x3 with b1 x2 x3 + c x3 <= room, x2 <= k2, x3 <= k3. */
typedef struct cds_pair {
  double a, b; /* slopes times K */
  double k2, k3;
  double product, own; /* b1, and c */
  double room;
} cds_pair;

static double pair_bound(const cds_pair *pair) {
  const double k2 = pair->k2;
  const double k3 = pair->k3;
  double x2 = k2;
  double x3 = k3;
  if (pair->a > 0 && pair->b > 0) {
    const double A = pair->a * pair->product / pair->room;
    const double c = pair->own / pair->room;
    const double r = sqrt(pair->b / A);
    x3 = r / (1 + c * r);
    x2 = (1 - c * x3) * pair->room / (pair->product * x3);
    if (x2 <= k2 && x3 <= k3) {
      return 2 * sqrt(A * pair->b) + pair->b * c;
    }
  } else if (pair->a > 0) {
    x3 = 1; /* of no value: as small as can be, and smaller than it can */
    x2 = (pair->room - pair->own * x3) / (pair->product * x3);
    return pair->a / (x2 < k2 ? x2 : k2);
  } else if (pair->b > 0) {
    x2 = 1;
    x3 = pair->room / (pair->product * x2 + pair->own);
    return pair->b / (x3 < k3 ? x3 : k3);
  } else {
    return 0;
  }
  if (x3 > k3) {
    x3 = k3;
    x2 = (pair->room - pair->own * x3) / (pair->product * x3);
    x2 = x2 < k2 ? x2 : k2;
  } else {
    x2 = k2;
    x3 = pair->room / (pair->product * x2 + pair->own);
    x3 = x3 < k3 ? x3 : k3;
  }
  return x2 > 0 ? pair->a / x2 + pair->b / x3 : (double)INFINITY;
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
  const double x3 = third ? k[three] : m[three];
  const double whole =
      room->bits[one] * k[two] * x3 + room->bits[two] * m[one] * x3 + of_three;
  if (whole <= room->room) {
    return all;
  }
  const bool twice = room->twice && (room->once >> two & 1U) == 0 &&
                     (!third || (room->once >> three & 1U) == 0);
  cds_pair pair = {slope[two] * k[two],
                   third ? slope[three] * k[three] : 0,
                   k[two],
                   k[three],
                   room->bits[one] * (twice ? 2 : 1),
                   room->bits[two] * m[one],
                   room->room - of_three};
  double rest = 0;
  if (third) {
    rest = pair_bound(&pair);
  } else {
    const double x2 = (pair.room - of_two) / (pair.product * m[three]);
    rest = pair.a / (x2 < k[two] ? x2 : k[two]);
  }
  return slope[one] + rest;
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
                      unsigned level) {
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    out[t] = affine[t]->slope[level];
  }
}

void cds_tile_bound_fill(cds_tile_bound *out, const cds_problem *problem,
                         const cds_slopes *const slopes[CDS_MATRIX],
                         const cds_held held[CDS_MATRIX],
                         const uint64_t s[CDS_CLASSES]) {
  const cds_affine *energy[CDS_MATRIX];
  const cds_affine *reads[CDS_MATRIX];
  const cds_affine *writes[CDS_MATRIX];
  out->base_pj = problem->mac_pj;
  double outgoing = 0;
  double incoming = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    energy[t] = &slopes[t]->energy_pj;
    reads[t] = &slopes[t]->out;
    writes[t] = &slopes[t]->in;
    out->base_pj += energy[t]->base;
    outgoing += reads[t]->base;
    incoming += writes[t]->base;
  }
  out->energy_pj = out->base_pj;
  for (unsigned level = 1; level < problem->levels; level++) {
    cds_room room;
    double slope[CDS_MATRIX];
    make_room(&room, problem, level, held, s);
    slopes_of(slope, energy, level);
    out->energy_pj += level_bound(out->level_pj[level], &room, slope);
    slopes_of(slope, reads, level);
    outgoing += level_bound(NULL, &room, slope);
    slopes_of(slope, writes, level);
    incoming += level_bound(NULL, &room, slope);
  }
  out->energy_pj *= 1 - slack;
  out->port_cycles = cds_port_cycles(
      &problem->arch->level[0], outgoing * (1 - slack), incoming * (1 - slack));
}
