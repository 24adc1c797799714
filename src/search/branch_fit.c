/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether tiles fit, and what the first and last of them cost in time. */
#include <math.h>

#include "search/branch_fit.h"
#include "spec/stage.h"

/* ---- capacity -------------------------------------------------------- */

/* Words of the tile of the holder at a place. */
static double tile_words(const cds_branch *branch,
                         const cds_order_place *place) {
  const unsigned under = branch->problem->below[place->level] ? 1 : 0;
  double words = under == 1 ? 1 : (double)branch->spreads->s[CDS_BATCH];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != place->tensor) {
      words *= branch->extent[d][under][place->inside[d]];
    }
  }
  return words;
}

/* Whether the tile is known to be replaced during the run: some loop above it
 * is of a class that its tensor has. */
static bool known_replaced(const cds_branch *branch,
                           const cds_order_place *place) {
  bool known = branch->batch_steps > 1;
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    known = known ||
            (d != place->tensor && branch->cut_outside[d][place->inside[d]]);
  }
  return known;
}

bool cds_branch_order_may_fit(const cds_branch *branch,
                              const cds_order *order) {
  double bits[CDS_STEPS] = {0};
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    const double tile =
        tile_words(branch, place) * branch->problem->least_bits[place->tensor];
    const bool twice =
        branch->charged[place->level] && known_replaced(branch, place);
    bits[place->level] += twice ? 2 * tile : tile;
  }
  for (unsigned level = 1; level < branch->problem->levels; level++) {
    if (bits[level] > branch->problem->room[level]) {
      return false;
    }
  }
  return true;
}

bool cds_branch_may_fit(cds_branch *branch) {
  if (branch->stopped) {
    return false;
  }
  const unsigned end = branch->first_order + branch->orders;
  if (branch->fitting >= branch->first_order && branch->fitting < end &&
      cds_branch_order_may_fit(branch, branch->order[branch->fitting])) {
    return true;
  }
  for (unsigned o = branch->first_order; o < end; o++) {
    if (o != branch->fitting &&
        cds_branch_order_may_fit(branch, branch->order[o])) {
      branch->fitting = o;
      return true;
    }
  }
  return false;
}

/* What the tensors that are at home at the level take more than its room is
 * without, as they are sums. */
static double home_sums(const cds_branch *branch, unsigned level) {
  double bits = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if (branch->problem->home[t] == level) {
      bits += cds_home_words(branch->problem, t) *
              (branch->chosen[t]->tile_bits[level] -
               branch->problem->least_bits[t]);
    }
  }
  return bits;
}

static bool fits(const cds_branch *branch, unsigned level,
                 const cds_order *order) {
  double bits = home_sums(branch, level);
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    if (place->level == level) {
      const bool twice =
          branch->charged[level] && known_replaced(branch, place);
      bits += tile_words(branch, place) *
              branch->chosen[place->tensor]->tile_bits[level] * (twice ? 2 : 1);
    }
  }
  return bits <= branch->problem->room[level];
}

/* ---- first fill and last drain --------------------------------------- */

typedef struct cds_burst {
  double parent[CDS_STEPS];
  double own, net;
} cds_burst;

static double burst_cycles(const cds_branch *branch, const cds_burst *burst,
                           unsigned level, bool down) {
  const cds_arch *arch = branch->problem->arch;
  double cycles = down ? cds_port_cycles(&arch->level[level], 0, burst->own)
                       : cds_port_cycles(&arch->level[level], burst->own, 0);
  for (unsigned p = 0; p < level; p++) {
    const double bits = burst->parent[p];
    const double port = down ? cds_port_cycles(&arch->level[p], bits, 0)
                             : cds_port_cycles(&arch->level[p], 0, bits);
    cycles = port > cycles ? port : cycles;
  }
  if (branch->problem->array) {
    const double wire = burst->net / arch->array[0].bandwidth;
    cycles = wire > cycles ? wire : cycles;
  }
  return cycles;
}

/* Words of the first tile of an operand, or of the last one of the output. */
static double burst_words(const cds_branch *branch,
                          const cds_order_place *place, unsigned under) {
  const bool output = place->tensor == CDS_MATRIX - 1;
  double words = 1;
  if (under == 0) {
    words =
        output ? branch->last_batches : (double)branch->spreads->s[CDS_BATCH];
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != place->tensor) {
      const cds_cut *cut = &branch->chosen[d]->cut;
      words *= (output ? cut->last : cut->extent)[under][place->inside[d]];
    }
  }
  return words;
}

/* What the parent of a holder above the array sees of it: that of every
 * instance, once where the network unites them. */
static double outer_words(const cds_branch *branch,
                          const cds_order_place *place) {
  const cds_array *array = &branch->problem->arch->array[0];
  const bool output = place->tensor == CDS_MATRIX - 1;
  const bool united = output ? array->reduction : array->multicast;
  const cds_cut *own = &branch->chosen[place->tensor]->cut;
  const double words = burst_words(branch, place, 0);
  if (united) {
    return words;
  }
  return words * (double)(output ? own->group[place->level] : own->trips.s);
}

/* The first and last tiles of tensors at home at the level. */
static void add_home_bursts(cds_burst *first, cds_burst *last,
                            const cds_branch *branch, unsigned level) {
  const cds_stage *stage = branch->problem->einsum->stage;
  for (unsigned t = 0; stage != NULL && t < CDS_MATRIX; t++) {
    const cds_home *home = &stage->home[t];
    if (home->level != level || home->loads == 0) {
      continue;
    }
    const double bits = cds_words_bits(
        home->tile_words, branch->problem->einsum->tensor[t].format.bits);
    cds_burst *burst = t == CDS_MATRIX - 1 ? last : first;
    burst->own += bits;
    burst->parent[0] += bits;
  }
}

/* Cycles of the first fill (operands) and last drain (output) of a level. */
static double edge_cycles(const cds_branch *branch, unsigned level,
                          const cds_order *order) {
  const cds_problem *problem = branch->problem;
  cds_burst first = {{0}, 0, 0};
  cds_burst last = {{0}, 0, 0};
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    const unsigned t = place->tensor;
    if (place->level != level) {
      continue;
    }
    const cds_row *row = branch->chosen[t];
    const bool output = t == CDS_MATRIX - 1;
    const unsigned parent = row->parent[level];
    const bool under = problem->below[level];
    const bool between = !problem->below[parent] && under;
    /* Each run begins and ends by itself. */
    const double runs = problem->runs;
    const double tile = burst_words(branch, place, under ? 1 : 0) * runs;
    const double outer = between ? outer_words(branch, place) * runs : tile;
    cds_burst *burst = output ? &last : &first;
    const unsigned bits = problem->einsum->tensor[t].format.bits;
    burst->own += tile * (output ? row->last_own_bits[level] : bits);
    burst->parent[parent] +=
        outer * (output ? row->last_parent_bits[level] : bits);
    if (between) {
      burst->net += outer * (output ? row->last_net_bits[level] : bits);
    }
  }
  add_home_bursts(&first, &last, branch, level);
  return burst_cycles(branch, &first, level, true) +
         burst_cycles(branch, &last, level, false);
}

bool cds_branch_fits_outermost(const cds_branch *branch) {
  return branch->problem->arch->level[0].streamed ||
         home_sums(branch, 0) <= branch->problem->room[0];
}

double cds_branch_order_cycles(const cds_branch *branch, unsigned level,
                               const cds_order *order) {
  if (!fits(branch, level, order)) {
    return -1;
  }
  return branch->charged[level] ? edge_cycles(branch, level, order) : 0;
}
