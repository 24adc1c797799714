/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exp, log and pow whose bits do not depend on the machine's libm: built from
 * IEEE-754 add, multiply, divide only (compile with -ffp-contract=off).
 * Relative error below 4 ulp on the ranges that the models use.
 */
#ifndef CDS_BASE_MATH_H
#define CDS_BASE_MATH_H

double cds_exp(double x);
double cds_log(double x); /* x > 0 */
/* x^y for x > 0; exact for y = 0, 1, 2, -1. */
double cds_pow(double x, double y);

#endif
