/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random networks; see random_network.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/random_network.h"

uint64_t network_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

double network_between(uint64_t *state, uint64_t low, uint64_t high) {
  return (double)(low + network_random(state) % (high - low + 1));
}

/* The least point for lambda. */
static void answer(cds_hull_ask *ask, const network *n) {
  double least = (double)INFINITY;
  for (size_t i = 0; i < n->points[ask->layer]; i++) {
    const cds_hull_point point = n->point[ask->layer][i];
    const double value = ask->lambda == (double)INFINITY
                             ? point.latency_s
                             : point.energy_pj + ask->lambda * point.latency_s;
    if (value < least) {
      least = value;
      ask->answer = (cds_hull_answer){.energy_pj = point.energy_pj,
                                      .latency_s = point.latency_s,
                                      .bound = value,
                                      .proven = true,
                                      .solution = i};
    }
  }
}

cds_status network_solve(cds_hull_ask *ask, size_t asks, void *payload) {
  for (size_t i = 0; i < asks; i++) {
    answer(&ask[i], (const network *)payload);
  }
  return CDS_OK;
}

network_sums network_add_up(const network *n,
                            const size_t choice[NETWORK_LAYERS]) {
  network_sums out = {{0, 0}, {0, 0}};
  for (size_t i = 0; i < n->problem.layers; i++) {
    const cds_hull_layer *layer = &n->layer[i];
    const cds_hull_point point = n->point[i][choice[i]];
    out.all.energy_pj += layer->weight * point.energy_pj;
    out.all.latency_s += layer->weight * point.latency_s;
    out.group_s[layer->group] += layer->weight * point.latency_s;
  }
  return out;
}

bool network_within(const network *n, const network_sums *sum) {
  const cds_hull_problem *problem = &n->problem;
  bool good =
      sum->all.latency_s <= problem->latency_limit_s &&
      sum->all.energy_pj <= problem->energy_limit_pj &&
      sum->all.energy_pj * sum->all.latency_s <= problem->edp_limit_pj_s;
  for (size_t g = 0; g < problem->groups; g++) {
    good = good && sum->group_s[g] <= n->group[g].latency_limit_s;
  }
  return good;
}

bool network_next(const network *n, size_t choice[NETWORK_LAYERS]) {
  for (size_t i = 0; i < n->problem.layers; i++) {
    if (++choice[i] < n->points[i]) {
      return true;
    }
    choice[i] = 0;
  }
  return false;
}

void network_make(network *n, uint64_t seed) {
  static const cds_objective objectives[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P, CDS_OBJECTIVE_ENERGY};
  static const double prices[] = {0, 0.3, 1, 17};
  *n = (network){.random = seed};
  uint64_t *const r = &n->random;
  n->problem =
      (cds_hull_problem){.layers = 2 + network_random(r) % (NETWORK_LAYERS - 1),
                         .layer = n->layer,
                         .objective = objectives[seed % 5],
                         .time_pj_s = seed % 5 == 4 ? prices[seed / 5 % 4] : 0,
                         .latency_limit_s = (double)INFINITY,
                         .energy_limit_pj = (double)INFINITY,
                         .edp_limit_pj_s = (double)INFINITY,
                         .incumbent = (double)INFINITY,
                         .groups = NETWORK_GROUPS,
                         .group = n->group,
                         .solve = network_solve,
                         .payload = n};
  const uint64_t top = network_random(r) % 3 == 0 ? 9 : 1000; /* 9: many ties */
  for (size_t i = 0; i < n->problem.layers; i++) {
    cds_hull_layer *layer = &n->layer[i];
    *layer = (cds_hull_layer){.weight = network_between(r, 1, 9),
                              .energy_pj = (double)INFINITY,
                              .latency_s = (double)INFINITY,
                              .fixed = network_random(r) % 7 == 0,
                              .group = network_random(r) % NETWORK_GROUPS};
    n->points[i] = layer->fixed ? 1 : 1 + network_random(r) % NETWORK_POINTS;
    for (size_t p = 0; p < n->points[i]; p++) {
      n->point[i][p] = (cds_hull_point){network_between(r, 1, top),
                                        network_between(r, 1, top)};
      layer->energy_pj = fmin(layer->energy_pj, n->point[i][p].energy_pj);
      layer->latency_s = fmin(layer->latency_s, n->point[i][p].latency_s);
    }
  }
  for (size_t g = 0; g < NETWORK_GROUPS; g++) {
    n->group[g] = (cds_hull_group){1, (double)INFINITY};
  }
}
