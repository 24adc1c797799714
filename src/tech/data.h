/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of archs/tech/: what a class of these families has as numbers, each
 * with its range and source. A tool of the build (cmake/tech_table.c) writes
 * them as C from the files, with one `cds_component` a class: the program reads
 * no file of its own when it runs. A figure that a class does not have is NaN
 * without a source.
 */
#ifndef CDS_TECH_DATA_H
#define CDS_TECH_DATA_H

#include "tech/tech.h"

/* DRAM families: dram.c. */
typedef struct cds_tech_dram {
  cds_tech_figure activate, move, io;  /* pJ per bit */
  cds_tech_figure row_hit;             /* share; `activate` holds at its typ */
  cds_tech_figure background, refresh; /* W per bit; refresh up to 85 degC */
  cds_tech_figure latency;             /* s, of a row that is not open */
  cds_tech_figure bandwidth;           /* bit per s */
  const char *energy_source;           /* of all three terms */
} cds_tech_dram;

/* Cells that keep their state without power: nonvolatile.c. */
typedef struct cds_tech_cell {
  cds_tech_figure read, write;           /* pJ per bit */
  cds_tech_figure read_time, write_time; /* s, of one access of one bank */
  cds_tech_figure area;                  /* um2 per bit, with what drives it */
  cds_tech_figure leakage;               /* W per bit, of what drives it */
  const char *energy_source;
} cds_tech_cell;

/* Cells on a logic process that lose their state in time: edram.c. */
typedef struct cds_tech_edram {
  cds_tech_figure read, write, refresh_energy; /* pJ per bit */
  cds_tech_figure retention;                   /* s, at 85 degC */
  cds_tech_figure halving;                     /* K warmer for half of that */
  cds_tech_figure access, cycle;               /* s, of one bank */
  cds_tech_figure area;    /* um2 per bit, with what drives it */
  cds_tech_figure leakage; /* W per bit, without refresh */
  const char *energy_source;
} cds_tech_edram;

/* Bonds between stacked dies: bond.c. */
typedef struct cds_tech_bond {
  cds_tech_figure pitch;            /* um: range, and the default as typ */
  cds_tech_figure dense, sparse;    /* pJ per bit at the ends of that range */
  cds_tech_figure data_share, rate; /* of connections; bit per s of one */
  cds_tech_figure keepout;          /* um2 of a die that one connection takes */
  const char *energy_source;
} cds_tech_bond;

/* Links between dies side by side, and out of the package: link.c. */
typedef struct cds_tech_link {
  cds_tech_figure energy;      /* pJ per bit, both ends */
  cds_tech_figure module_rate; /* bit per s of a module, both directions */
  cds_tech_figure module_edge; /* um of the die's edge that a module takes */
  cds_tech_figure module_area; /* um2, one end */
  const char *energy_source;
} cds_tech_link;

cds_status cds_tech_estimate_dram(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]);
cds_status cds_tech_estimate_cell(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]);
cds_status cds_tech_estimate_edram(const cds_component *self,
                                   cds_tech_estimate *out,
                                   const cds_tech_query *query,
                                   char why[CDS_TECH_WHY]);
cds_status cds_tech_estimate_bond(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]);
cds_status cds_tech_estimate_link(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]);

#endif
