/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cycles of bursts, and the least of them; see edges.h. */
#include "search/edges.h"

#include "spec/stage.h"

bool cds_edges_united(const cds_problem *problem, unsigned tensor) {
  const cds_array *array = &problem->arch->array[0];
  return tensor == CDS_MATRIX - 1 ? array->reduction : array->multicast;
}

double cds_last_batches(const cds_problem *problem, uint64_t s) {
  const uint64_t size = problem->size[CDS_BATCH];
  return (double)(size - (cds_ceil_div(size, s) - 1) * s);
}

void cds_edges_begin(cds_edges *edges, const cds_problem *problem,
                     unsigned level) {
  const cds_stage *stage = problem->einsum->stage;
  *edges = (cds_edges){{{0}, 0, 0}, {{0}, 0, 0}};
  for (unsigned t = 0; stage != NULL && t < CDS_MATRIX; t++) {
    const cds_home *home = &stage->home[t];
    if (home->level != level || home->loads == 0) {
      continue;
    }
    const double bits = cds_words_bits(home->tile_words,
                                       problem->einsum->tensor[t].format.bits);
    cds_burst *burst = t == CDS_MATRIX - 1 ? &edges->last : &edges->first;
    burst->own += bits;
    burst->parent[0] += bits;
  }
}

void cds_edges_add(cds_edges *edges, const cds_problem *problem,
                   const cds_edge_tile *tile) {
  const bool output = tile->tensor == CDS_MATRIX - 1;
  cds_burst *burst = output ? &edges->last : &edges->first;
  const unsigned bits = problem->einsum->tensor[tile->tensor].format.bits;
  burst->own += tile->own * problem->runs * (output ? tile->own_bits : bits);
  if (tile->parent < CDS_STEPS) {
    burst->parent[tile->parent] +=
        tile->outer * problem->runs * (output ? tile->parent_bits : bits);
    if (!problem->below[tile->parent] && problem->below[tile->level]) {
      burst->net +=
          tile->outer * problem->runs * (output ? tile->net_bits : bits);
    }
  }
}

static double burst_cycles(const cds_burst *burst, const cds_arch *arch,
                           bool array, unsigned level, bool down) {
  double cycles = down ? cds_port_cycles(&arch->level[level], 0, burst->own)
                       : cds_port_cycles(&arch->level[level], burst->own, 0);
  for (unsigned p = 0; p < level; p++) {
    const double bits = burst->parent[p];
    const double port = down ? cds_port_cycles(&arch->level[p], bits, 0)
                             : cds_port_cycles(&arch->level[p], 0, bits);
    cycles = port > cycles ? port : cycles;
  }
  if (array) {
    const double wire = burst->net / arch->array[0].bandwidth;
    cycles = wire > cycles ? wire : cycles;
  }
  return cycles;
}

double cds_edges_cycles(const cds_edges *edges, const cds_problem *problem,
                        unsigned level) {
  const cds_arch *arch = problem->arch;
  return burst_cycles(&edges->first, arch, problem->array, level, true) +
         burst_cycles(&edges->last, arch, problem->array, level, false);
}

/* Words of the least tile of a tensor above the array, or under it. The last
 * tile of the output may have less than a whole part of a class. */
static double least_words(const cds_problem *problem, unsigned tensor,
                          const uint64_t s[CDS_CLASSES], bool under) {
  if (under) {
    return 1;
  }
  const bool output = tensor == CDS_MATRIX - 1;
  double words =
      output ? cds_last_batches(problem, s[CDS_BATCH]) : (double)s[CDS_BATCH];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    const bool short_last = output && problem->residual[d];
    words *= d == tensor || short_last ? 1 : (double)s[d];
  }
  return words;
}

double cds_edges_floor(const cds_problem *problem,
                       const cds_held must[CDS_MATRIX],
                       const cds_held may[CDS_MATRIX],
                       const uint64_t s[CDS_CLASSES],
                       const uint64_t extent[CDS_CLASSES]) {
  double cycles = 0;
  for (unsigned level = 1; level < problem->levels; level++) {
    if (!cds_level_doubled(problem->arch, level)) {
      continue;
    }
    cds_edges edges;
    cds_edges_begin(&edges, problem, level);
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      if ((must[t] >> (level - 1) & 1U) == 0) {
        continue;
      }
      const bool known = ((must[t] ^ may[t]) & ((1U << (level - 1)) - 1)) == 0;
      const bool second = level == 2 && (must[t] & CDS_HELD_1) != 0;
      const unsigned bits = problem->least_bits[t];
      const double outer = least_words(problem, t, s, false);
      const bool copies = t < CDS_MATRIX - 1 && !cds_edges_united(problem, t);
      const bool under = problem->below[level];
      cds_edge_tile tile = {
          t, level, second ? 1 : problem->home[t], 0, 0, bits, bits, bits};
      tile.own = least_words(problem, t, level == 1 ? extent : s, under);
      tile.outer = tile.own;
      if (!known) {
        tile.parent = CDS_STEPS;
      } else if (under && !problem->below[tile.parent]) {
        tile.outer = copies ? outer * (double)s[t] : outer;
      }
      cds_edges_add(&edges, problem, &tile);
    }
    cycles += cds_edges_cycles(&edges, problem, level);
  }
  return cycles;
}
