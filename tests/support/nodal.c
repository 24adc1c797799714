/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/nodal.h"

#include <math.h>

void nodal_resistor(nodal *net, size_t from, size_t to, double ohm) {
  const size_t branch = net->branches++;
  net->from[branch] = from;
  net->to[branch] = to;
  net->siemens[branch] = 1 / ohm;
  const size_t last = from > to ? from : to;
  net->nodes = last >= net->nodes ? last + 1 : net->nodes;
}

/* By Norton: a current beside the resistance. */
void nodal_source(nodal *net, size_t node, double volt, double ohm) {
  nodal_resistor(net, node, 0, ohm);
  net->into_a[node] += volt / ohm;
}

/* Row echelon with the largest pivot, then back. */
void nodal_solve(nodal *net) {
  static double a[NODAL_NODES][NODAL_NODES + 1];
  const size_t n = net->nodes - 1;
  for (size_t row = 0; row < n; row++) {
    for (size_t col = 0; col < n; col++) {
      a[row][col] = 0;
    }
    a[row][n] = net->into_a[row + 1];
  }
  for (size_t b = 0; b < net->branches; b++) {
    const size_t end[2] = {net->from[b], net->to[b]};
    for (unsigned e = 0; e < 2; e++) {
      if (end[e] > 0) {
        a[end[e] - 1][end[e] - 1] += net->siemens[b];
        if (end[1 - e] > 0) {
          a[end[e] - 1][end[1 - e] - 1] -= net->siemens[b];
        }
      }
    }
  }
  for (size_t col = 0; col < n; col++) {
    size_t pivot = col;
    for (size_t row = col; row < n; row++) {
      pivot = fabs(a[row][col]) > fabs(a[pivot][col]) ? row : pivot;
    }
    for (size_t k = 0; k <= n; k++) {
      const double keep = a[col][k];
      a[col][k] = a[pivot][k];
      a[pivot][k] = keep;
    }
    for (size_t row = col + 1; row < n; row++) {
      const double factor = a[row][col] / a[col][col];
      for (size_t k = col; k <= n; k++) {
        a[row][k] -= factor * a[col][k];
      }
    }
  }
  net->volt[0] = 0;
  for (size_t row = n; row-- > 0;) {
    double sum = a[row][n];
    for (size_t col = row + 1; col < n; col++) {
      sum -= a[row][col] * net->volt[col + 1];
    }
    net->volt[row + 1] = sum / a[row][row];
  }
}

double nodal_heat(const nodal *net) {
  double sum = 0;
  for (size_t b = 0; b < net->branches; b++) {
    const double volt = net->volt[net->from[b]] - net->volt[net->to[b]];
    if (net->from[b] > 0 && net->to[b] > 0) {
      sum += volt * volt * net->siemens[b];
    }
  }
  return sum;
}
