/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether tiles fit, and what the first and last of them cost in time. */
#include <math.h>

#include "search/branch_fit.h"
#include "search/edges.h"

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
    if (bits[place->level] > branch->problem->room[place->level]) {
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

/* Words of the first tile of an operand, or of the last one of the output: at
 * least, unless all is chosen. */
static double edge_words(const cds_branch *branch, const cds_order_place *place,
                         unsigned under) {
  const bool output = place->tensor == CDS_MATRIX - 1;
  double words = 1;
  if (under == 0) {
    words =
        output ? branch->last_batches : (double)branch->spreads->s[CDS_BATCH];
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != place->tensor) {
      words *=
          (output ? branch->last : branch->extent)[d][under][place->inside[d]];
    }
  }
  return words;
}

/* The tile of a place; `row`: that of its tensor, NULL if none is chosen. */
static cds_edge_tile edge_tile(const cds_branch *branch,
                               const cds_order_place *place,
                               const cds_row *row) {
  const cds_problem *problem = branch->problem;
  const unsigned t = place->tensor;
  const unsigned level = place->level;
  const bool second = level == 2 && (branch->held[t] & CDS_HELD_1) != 0;
  const unsigned least = branch->problem->least_bits[t];
  const bool under = problem->below[level];
  cds_edge_tile tile = {t,
                        level,
                        second ? 1 : problem->home[t],
                        edge_words(branch, place, under ? 1 : 0),
                        0,
                        least,
                        least,
                        least};
  tile.outer = tile.own;
  if (under && !problem->below[tile.parent]) {
    tile.outer = edge_words(branch, place, 0);
    if (!cds_edges_united(problem, t)) {
      const uint64_t group = row == NULL ? 1 : row->cut.group[level];
      tile.outer *=
          (double)(t == CDS_MATRIX - 1 ? group : branch->spreads->s[t]);
    }
  }
  if (row != NULL) {
    tile.own_bits = row->last_own_bits[level];
    tile.parent_bits = row->last_parent_bits[level];
    tile.net_bits = row->last_net_bits[level];
  }
  return tile;
}

/* Of the places of a level: with the rows that are chosen, or, if `least`, at
 * least. */
static double edge_cycles(const cds_branch *branch, unsigned level,
                          const cds_order_place *place, unsigned places,
                          bool least) {
  cds_edges edges;
  cds_edges_begin(&edges, branch->problem, level);
  for (unsigned p = 0; p < places; p++) {
    if (place[p].level == level) {
      const cds_row *row = least ? NULL : branch->chosen[place[p].tensor];
      const cds_edge_tile tile = edge_tile(branch, &place[p], row);
      cds_edges_add(&edges, branch->problem, &tile);
    }
  }
  return cds_edges_cycles(&edges, branch->problem, level);
}

double cds_branch_edges(const cds_branch *branch, const cds_tiling *tiling) {
  double cycles = 0;
  if (branch->charged[1]) {
    cycles += edge_cycles(branch, 1, tiling->place, tiling->places, true);
  }
  if (!branch->charged[2]) {
    return cycles;
  }
  double least = (double)INFINITY;
  for (unsigned i = 0; i < tiling->inners; i++) {
    const cds_order *order = branch->order[tiling->first + tiling->inner[i]];
    const double inner =
        edge_cycles(branch, 2, order->place, order->count, true);
    least = inner < least ? inner : least;
  }
  return cycles + least;
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
  return branch->charged[level]
             ? edge_cycles(branch, level, order->place, order->count, false)
             : 0;
}
