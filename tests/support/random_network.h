/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small random networks of abstract layers with all their points known, and all
 * choices of one point a layer. Include it after cmocka.h.
 */
#ifndef CDS_TESTS_RANDOM_NETWORK_H
#define CDS_TESTS_RANDOM_NETWORK_H

#include "network/hull.h"

enum { NETWORK_LAYERS = 5, NETWORK_POINTS = 6, NETWORK_GROUPS = 2 };

typedef struct network {
  cds_hull_problem problem; /* points into the network: do not copy */
  cds_hull_layer layer[NETWORK_LAYERS];
  cds_hull_group group[NETWORK_GROUPS];
  cds_hull_point point[NETWORK_LAYERS][NETWORK_POINTS];
  size_t points[NETWORK_LAYERS];
  uint64_t random;
} network;

/* Sums of a choice: of all, and the latency of one run of each group. */
typedef struct network_sums {
  cds_hull_point all;
  double group_s[NETWORK_GROUPS];
} network_sums;

uint64_t network_random(uint64_t *state);
double network_between(uint64_t *state, uint64_t low, uint64_t high);
/* Layers without limits; a solver that gives the least point for lambda. */
void network_make(network *n, uint64_t seed);
cds_status network_solve(cds_hull_ask *ask, size_t asks, void *payload);
network_sums network_add_up(const network *n,
                            const size_t choice[NETWORK_LAYERS]);
bool network_within(const network *n, const network_sums *sum);
/* The next choice of one point a layer, from all zero on; false at the end. */
bool network_next(const network *n, size_t choice[NETWORK_LAYERS]);

#endif
