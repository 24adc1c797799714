/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier's evaluator and walk on a tiny layer, against count and price
 * and against optima. Include it after cmocka.h.
 */
#ifndef CDS_TESTS_VERIFY_PAIR_H
#define CDS_TESTS_VERIFY_PAIR_H

#include "oracle/tiny_case.h"
#include "price/price.h"
#include "verify/walk.h"

/* The evaluator says of a mapping what count and price do. */
void verify_pair_evaluate(const tiny_case *it, const cds_pair *pair,
                          const cds_mapping *mapping, cds_arena *arena);
/* Holds a value against the walk: nothing is below, something is below what is
 * above it by little; any number of boxes. Returns the boxes of the proof. */
uint64_t verify_pair_optimum(const tiny_case *it, const cds_pair *pair,
                             double value);
void verify_pair_nothing_fits(const tiny_case *it, const cds_pair *pair);
#endif
