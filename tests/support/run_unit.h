/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the two halves of run_operation.h: what moves words and what computes
 * them. */
#ifndef CDS_TESTS_RUN_UNIT_H
#define CDS_TESTS_RUN_UNIT_H

#include "support/run_operation.h"

/* A word of an input as the unit reads it, and one of the result. */
double run_read(run_operation *it, unsigned input, unsigned row,
                unsigned index);
void run_write(run_operation *it, unsigned row, unsigned index, double value);
/* The unit computes a row. */
void run_unit(run_operation *it, unsigned row);

#endif
