/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A structural model of static RAM: cells in sub-arrays, four of which make a
 * mat, mats on an H-tree, banks on a tree of their own. Access energy, access
 * time, cycle, leakage and area follow from the geometry of an organisation
 * (sram_array.h); the organisation is searched for (sram_search.c); fifteen
 * constants a process and device are fitted to CACTI 7 (sram_fit.c); supply and
 * temperature are physics on top (sram_model.c).
 *
 * Promises: energies, area and access time are non-decreasing in capacity (not
 * always in width: a wider access may be worth another cut); leakage rises
 * strictly in capacity, temperature and supply; delay falls strictly in supply.
 * No bound relies on them: explore bounds every design from its own numbers.
 *
 * Supply: 0.7 V at least down to 22 nm, 0.6 V below, where cells keep and
 * change their state without assist circuits (process.c); the class's rail
 * follows from it (cds_tech_array_supply).
 */
#ifndef CDS_TECH_SRAM_MODEL_H
#define CDS_TECH_SRAM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "codesign/status.h"
#include "tech/tech.h"

typedef struct cds_sram_ports {
  unsigned read_write, read_only, write_only;
} cds_sram_ports;

/* Fill with CDS_SRAM_QUERY_INIT, then set size and width. */
typedef struct cds_sram_query {
  const char *process;  /* "n22", "22nm"; "" is the 45 nm default */
  const char *device;   /* "hp", "lp" (low standby power); "" is "hp" */
  double supply_v;      /* NaN: the nominal one of the model's constants */
  double temperature_c; /* of the junction, for leakage; NaN: 85 degC */
  uint64_t size_bits;   /* of all banks together */
  uint64_t width_bits;  /* of an access, which goes to one bank */
  unsigned banks;       /* a power of two */
  cds_sram_ports ports; /* of each bank */
} cds_sram_query;

#define CDS_SRAM_QUERY_INIT                                                    \
  {                                                                            \
    .process = "", .device = "", .supply_v = CDS_TECH_NONE,                    \
    .temperature_c = CDS_TECH_NONE, .banks = 1, .ports = {                     \
      .read_write = 1                                                          \
    }                                                                          \
  }

/* How the cells of a bank are cut. A sub-array has rows x columns cells; mats
 * of two by two sub-arrays stand in a grid, 2^log2_across wide and 2^log2_up
 * high. One mat serves an access: it opens a row in each of its sub-arrays. */
typedef struct cds_sram_organisation {
  double rows, columns;
  unsigned log2_across, log2_up;
} cds_sram_organisation;

/* What a figure may be multiplied by at the ends of its interval. */
typedef struct cds_sram_range {
  double low, high;
} cds_sram_range;

typedef struct cds_sram_estimate {
  double nominal_v, supply_v; /* nominal: where the constants were fitted */
  double low_v, high_v;       /* range of supplies that is accepted */
  double read_pj, write_pj;   /* an access of width_bits */
  double access_s;            /* address in to data out */
  double cycle_s;             /* between two accesses of one bank */
  double leakage_w;           /* all banks */
  double area_um2;            /* all banks */
  /* Of the next power of two where the size is none. */
  cds_sram_organisation organisation;
  cds_sram_range energy_range, delay_range, leakage_range, area_range;
  bool projection; /* below 22 nm: nothing there was fitted */
  const char *source, *leakage_source;
} cds_sram_estimate;

/* Estimates the memory that the query describes. CDS_EINPUT with a text in
 * `why` for what is unknown or outside the range of the model; `out` is
 * untouched then. Pure, no allocation; the same bits on every machine. */
cds_status cds_sram_estimate_of(cds_sram_estimate *out,
                                const cds_sram_query *query,
                                char why[CDS_TECH_WHY]);

/* The same at a given organisation of each bank, which is not searched for:
 * its cells must make up the bank. Not smoothed over capacities. */
cds_status cds_sram_estimate_at(cds_sram_estimate *out,
                                const cds_sram_query *query,
                                const cds_sram_organisation *organisation,
                                char why[CDS_TECH_WHY]);

#endif
