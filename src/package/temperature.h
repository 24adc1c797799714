/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * temperature: how warm the dies of a package get with given powers and the
 * leakage that these temperatures make, in steady state, and how much of the
 * power they stand.
 *
 * The loop of leakage and temperature runs on thermal resistances from the
 * geometry alone, or of the grid where these are not good enough (heat_fast.h);
 * the temperatures that are told are one solution of the grid with the powers
 * that it ends with. Of other powers in the same proportion the hottest place
 * of a die rises as the resistances say, times what the grid says more or less
 * at the given ones.
 */
#ifndef CDS_PACKAGE_TEMPERATURE_H
#define CDS_PACKAGE_TEMPERATURE_H

#include "package/build.h"

/* Leakage grows by this part a kelvin, around 85 degC, of logic and memory
 * alike: doubles in 23 K. An assumption; 0.02 to 0.037 are published. */
#define CDS_LEAKAGE_PER_K 0.03
/* Of one placed die; temperatures and leakage NaN where there is runaway. */
typedef struct cds_die_heat {
  double power_w, leakage_w;
  double mean_degc, hottest_degc, limit_degc;
} cds_die_heat;

typedef struct cds_package_heat {
  cds_die_heat *die; /* as the package's dies */
  bool runaway;
  size_t runaway_die; /* where a rise grows most */
  double gain;        /* of a rise there, by its own leakage */
  bool over;          /* a die is hotter than it may be, or runaway */
  /* The greatest factor on all given powers with which no place is hotter than
   * it may be; -1: none even without power; NaN: no power is given; INFINITY:
   * powers so small that no factor was found to be too much. */
  double sustainable;
  const char *by_grid; /* why resistances are those of the grid; NULL: not */
} cds_package_heat;

/* `power_w`: dynamic, of each placed die. CDS_EINPUT with a message for powers
 * or a package that cannot be; CDS_ELIMIT, with one, where the grid does not
 * converge. Everything is in the arena. */
cds_status cds_package_temperatures(cds_package_heat *out,
                                    const cds_built_package *package,
                                    const double *power_w, cds_arena *arena,
                                    cds_diag *diag);
/* An error for runaway, or for the hottest die of each kind that is over its
 * limit, with what would be sustainable. */
void cds_package_say_heat(const cds_package_heat *heat,
                          const cds_built_package *package, cds_diag *diag);

#endif
