/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least that a group and all inside of it cost, spreads and holders given.
 *
 * least[g][t][q]: a run of t stands over the groups g to q. In it the other
 * tensors u have the same X(u) in all groups, so they cost
 *   sum over groups h from g to q of cost(u, h) / X(u),
 * and X is what the tile of group q has, which must fit there. What is inside
 * of q costs the least over the runs that may follow: of t' over q + 1 to q',
 *   sum over these h of cost(t', h) / X(t', q) + least[q + 1][t'][q'],
 * where X(t', q) is of the same tile. So all that concerns the tile of q is
 * taken together, and the least over the tiles that fit q is admissible; that
 * the X of one group divide those of the group outside of it is left out, and
 * so are the rooms of the groups before q.
 *
 * Runs that go on to a group that does not hold t are not looked at: the same
 * costs as one that ends before and is followed by another of t.
 */
#include <math.h>

#include "search/deep.h"

/* Least of what may follow outside of group `next`, for each tile of a list. */
static void follow(double *out, const cds_deep_runs *runs,
                   const cds_deep_bound_input *input, unsigned groups,
                   unsigned next, const cds_deep_tiles *tiles) {
  for (size_t i = 0; i < tiles->count; i++) {
    out[i] = next > groups ? 0 : (double)INFINITY;
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS && next <= groups; t++) {
    const double *inverse = tiles->inverse[t];
    double cost = 0;
    for (unsigned q = next; q <= groups; q++) {
      cost += input->cost[t][q];
      if (q > next && !input->held[t][q]) {
        continue;
      }
      const double inside = runs->least[next][t][q];
      for (size_t i = 0; i < tiles->count; i++) {
        const double all = cost * inverse[i] + inside;
        out[i] = all < out[i] ? all : out[i];
      }
    }
  }
}

/* Least over the tiles of what two tensors and `further` cost. */
static double least_of(const cds_deep_tiles *tiles, const double *further,
                       double cost_u, unsigned u, double cost_v, unsigned v) {
  const double *inverse_u = tiles->inverse[u];
  const double *inverse_v = tiles->inverse[v];
  double least = (double)INFINITY;
  for (size_t i = 0; i < tiles->count; i++) {
    const double all =
        cost_u * inverse_u[i] + cost_v * inverse_v[i] + further[i];
    least = all < least ? all : least;
  }
  return least;
}

void cds_deep_bound(cds_deep_runs *out, cds_deep *deep,
                    const cds_deep_bound_input *input) {
  for (unsigned q = deep->groups; q >= input->first; q--) {
    const cds_deep_tiles *tiles = input->tiles[q];
    follow(deep->scratch, out, input, deep->groups, q + 1, tiles);
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      const unsigned u = t == 0 ? 1 : 0;
      const unsigned v = t == 2 ? 1 : 2;
      double cost_u = 0;
      double cost_v = 0;
      for (unsigned g = q; g >= input->first; g--) {
        cost_u += input->cost[u][g];
        cost_v += input->cost[v][g];
        if (g == q || input->held[t][q]) {
          out->least[g][t][q] =
              least_of(tiles, deep->scratch, cost_u, u, cost_v, v);
        }
      }
    }
  }
}

double cds_deep_bound_from(const cds_deep_runs *runs,
                           const cds_deep_bound_input *input, unsigned groups,
                           unsigned group,
                           const double inverse[CDS_DEEP_TENSORS]) {
  double least = group > groups ? 0 : (double)INFINITY;
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    double cost = 0;
    for (unsigned q = group; q <= groups; q++) {
      cost += input->cost[t][q];
      if (q == group || input->held[t][q]) {
        const double all = cost * inverse[t] + runs->least[group][t][q];
        least = all < least ? all : least;
      }
    }
  }
  return least;
}
