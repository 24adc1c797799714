/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodal analysis of small resistor networks, by elimination on a full matrix:
 * node 0 is ground. */
#ifndef CDS_TESTS_NODAL_H
#define CDS_TESTS_NODAL_H

#include <stddef.h>

enum { NODAL_NODES = 64, NODAL_BRANCHES = 128 };

typedef struct nodal {
  size_t nodes; /* with ground */
  size_t branches;
  size_t from[NODAL_BRANCHES], to[NODAL_BRANCHES];
  double siemens[NODAL_BRANCHES];
  double into_a[NODAL_NODES]; /* currents that sources drive into nodes */
  double volt[NODAL_NODES];   /* found */
} nodal;

void nodal_resistor(nodal *net, size_t from, size_t to, double ohm);
/* A voltage source against ground with a resistance in series. */
void nodal_source(nodal *net, size_t node, double volt, double ohm);
void nodal_solve(nodal *net);
/* W in all resistors between two nodes that are not ground. */
double nodal_heat(const nodal *net);

#endif
