/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations that imported models have beside those of run_unit.c: what the
 * unit does with a row, and the formula. */
#ifndef CDS_TESTS_RUN_ELEMENTS_H
#define CDS_TESTS_RUN_ELEMENTS_H

#include "support/run_operation.h"

/* As run_operation_shape; false for a kind that is not here. */
bool run_elements_shape(run_operation *it, const char *kind, unsigned rows,
                        unsigned length);
void run_elements_unit(run_operation *it, unsigned row);
double run_elements_expected(const run_operation *it, unsigned row,
                             unsigned index);

#endif
