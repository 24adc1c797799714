/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * yield: how many of the dies of a wafer, and of the stacks and packages made
 * of dies, work. Pure arithmetic.
 *
 *   die       Y = (1 + D0 A / a)^-a                     negative binomial; a:
 *             clustering, Poisson's exp(-D0 A) in its limit
 *             (Stapper, IEEE Trans. Semicond. Manuf. 2(2), 1989)
 *   wafer     N = pi (d/2 - e)^2 / A' - pi (d - 2 e) / sqrt(2 A'),
 *             A' = (sqrt(A) + s)^2: what stands on a round wafer without its
 *             edge e, dies apart by the scribe lane s (form and values of Feng
 * & Ma, DAC 2022). Not rounded: a mean over ways to lay them out tested    of
 * dies with yield Y that pass a test which finds the share c of all bad ones, Y
 * / (1 - c (1 - Y)) work (known-good dies, c = 1: all) stack     all its dies
 * and all its bonds work: wafers bonded to wafers take dies as they come, dies
 * bonded one by one are tested before
 */
#ifndef CDS_PACKAGE_YIELD_H
#define CDS_PACKAGE_YIELD_H

/* A wafer's measures, in mm. */
typedef struct cds_wafer {
  double diameter_mm;
  double edge_mm;   /* ring that nothing stands on */
  double scribe_mm; /* between dies */
} cds_wafer;
#define CDS_WAFER_300                                                          \
  { .diameter_mm = 300, .edge_mm = 5, .scribe_mm = 0.2 }

/* Share of good dies. `per_cm2` >= 0, clustering > 0 or INFINITY (defects
 * that do not cluster), mm2 >= 0. */
double cds_die_yield(double mm2, double per_cm2, double clustering);
/* Dies on a wafer; below 1: none fits, and costs mean nothing. */
double cds_dies_per_wafer(double mm2, const cds_wafer *wafer);
/* Share of good ones of the dies that pass a test with this coverage, 0 to 1.
 */
double cds_tested_yield(double yield, double coverage);
/* Share of the dies that pass it. */
double cds_pass_share(double yield, double coverage);

#endif
