/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Technology: what a component of a class costs at a process and a supply
 * voltage, action by action. The reader of architecture files asks here for
 * the numbers that the user did not give; what comes back is an assumption
 * with a source text, and must be reported as one.
 *
 * First-order physics (equations and sources: process.c):
 *   energy   ~ (V / Vnom)^2
 *   clock    ~ (V - Vth)^alpha / V, anchored at Vnom     (alpha-power law),
 *            down to the threshold by a law that knows it (speed.c)
 *   leakage  ~ V * 10^(DIBL (V - Vnom) / swing), junction at 85 degC
 *   area     by published node ratios, kept apart for logic and SRAM
 * Outside the range in which a model was made it refuses, with a text.
 *
 * To add a class: one file defining `const cds_component cds_component_NAME`
 * and one row in components.def (template: xyz.c).
 */
#ifndef CDS_TECH_TECH_H
#define CDS_TECH_TECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/status.h"

enum { CDS_TECH_WHY = 512 }; /* room for the text of a refusal */

/* Same order as cds_action of spec/arch.h. */
enum { CDS_TECH_READ, CDS_TECH_FILL, CDS_TECH_UPDATE, CDS_TECH_DRAIN };
enum { CDS_TECH_ACTIONS = 4 };
/* Same order as cds_primitive of spec/arch.h. */
enum {
  CDS_TECH_ADD,
  CDS_TECH_MUL,
  CDS_TECH_MAX,
  CDS_TECH_EXP,
  CDS_TECH_RECIP,
  CDS_TECH_RSQRT,
  CDS_TECH_ERF,
  CDS_TECH_CONVERT
};
enum { CDS_TECH_PRIMITIVES = 8 };

/* ---- process and supply ---- */

/* A die's process at a supply, beside the same process at its nominal one.
 * Multiply a figure stated at nominal_v by the factor to get it at supply_v. */
typedef struct cds_tech_supply {
  double nominal_v;
  double supply_v;       /* as asked, or nominal_v when NaN was asked */
  double low_v, high_v;  /* range that is accepted; of logic, low_v is the
                          * threshold */
  double anchored_v;     /* least supply of the alpha-power law; below it to
                          * low_v the law of speed.c; NaN of a memory process */
  double array_low_v;    /* least supply of arrays of static RAM, not below
                          * low_v; NaN of a memory process */
  double energy_factor;  /* (V / Vnom)^2 */
  double leakage_factor; /* power at 85 degC */
  double clock_factor;   /* f_max(V) / f_max(Vnom) */
  double clock_hz;       /* f_max at supply_v of pipelined logic */
  double cooling_w;      /* W that a cooler takes for each W of the die, which
                          * no figure holds; NaN: the device needs none */
  double temperature_c;  /* of the figures of such a device; NaN: 85 degC */
  const char *source;    /* of nominal supply, threshold and clock */
} cds_tech_supply;

/* Looks up a process ("n7", "45nm"; "" is the 45 nm default) and device ("hp",
 * "lp" or one of archs/tech/devices.yaml that is made there; "" is "hp") at a
 * supply (NaN: nominal). CDS_EINPUT with a text in
 * `why` ("what is wrong: what was expected", no full stop) when the name is
 * unknown or the supply out of range; `out` is untouched then. Memory
 * processes ("dram-1b" ...) have E ~ V^2 around 1.1 V and no clock (NaN). */
cds_status cds_tech_supply_at(cds_tech_supply *out, const char *process,
                              const char *device, double supply_v,
                              char why[CDS_TECH_WHY]);
/* Supply of the arrays of static RAM on a die whose logic has `logic`: as
 * asked, or when NaN that of the logic, raised to array_low_v. CDS_EINPUT with
 * a text for one that is asked for below array_low_v or above high_v, and on a
 * memory process. */
cds_status cds_tech_array_supply(double *out_v, const cds_tech_supply *logic,
                                 double asked_v, const char *process,
                                 char why[CDS_TECH_WHY]);
/* Names of all processes, sorted, for messages; stores their number. */
const char *const *cds_tech_process_names(size_t *count);
/* Likewise of all devices, whether a process has them or not. */
const char *const *cds_tech_device_names(size_t *count);
/* One sentence on a device of that list, and in `on` the processes that have
 * it, by spaces ("": all of logic); NULL where there is none of that name. */
const char *cds_tech_device_help(const char *name, const char **on);

/* ---- component classes ---- */

/* Which end of the ranges the numbers are taken from. Best: energies, powers,
 * times and areas least, bandwidths greatest; worst: the other way round. */
typedef enum cds_tech_end {
  CDS_TECH_TYPICAL,
  CDS_TECH_BEST,
  CDS_TECH_WORST
} cds_tech_end;

/* Fill with CDS_TECH_QUERY_INIT, then set what is known. What a class needs
 * and does not find is refused with a text, except where it says a default. */
typedef struct cds_tech_query {
  const char *class_name; /* "sram", "dram", "mac", ... */
  const char *process;    /* of the die: "" = default 45 nm */
  const char *device;     /* "hp", "lp" ...; "" = "hp" */
  double supply_v;        /* of the die; NaN: the nominal one */
  double sram_supply_v;   /* of its arrays of static RAM; NaN: as
                           * cds_tech_array_supply says */
  uint64_t size_bits;     /* memories: one instance */
  uint64_t width_bits;    /* memories: bits of an access; 0: class default */
  const char *format;     /* mac, vector: "int8", "fp16", "8 bit" ... */
  unsigned format_bits;
  bool format_is_float;
  uint64_t lanes;          /* vector; 0 is 1 */
  uint64_t rows, cols;     /* networks: elements along each axis; 0 is 1 */
  uint64_t links;          /* networks: of one network, for its area; 0 is 1 */
  unsigned height;         /* tree: links from the port to a leaf; 0 is 1 */
  double element_area_um2; /* networks: area of one element; its root is the
                            * pitch. NaN: class default */
  double pitch_um;         /* bond: connection pitch; networks: overrides the
                            * root of the element's area. NaN: class default */
  double shoreline_um;     /* links between dies: edge that one link takes.
                            * NaN: one module */
  double bond_area_um2;    /* bond: face area that connects; NaN: no
                            * bandwidth estimate */
  double row_hit;          /* dram families: share of the accesses that find
                            * their row open, 0 to 1. NaN: class default */
  double temperature_c;    /* of the junction: retention of embedded DRAM; NaN:
                            * 85 degC */
  cds_tech_end end;        /* of numbers that have a range */
} cds_tech_query;

#define CDS_TECH_QUERY_INIT                                                    \
  {                                                                            \
    .class_name = "", .process = "", .device = "", .supply_v = CDS_TECH_NONE,  \
    .sram_supply_v = CDS_TECH_NONE, .format = "",                              \
    .element_area_um2 = CDS_TECH_NONE, .pitch_um = CDS_TECH_NONE,              \
    .shoreline_um = CDS_TECH_NONE, .bond_area_um2 = CDS_TECH_NONE,             \
    .row_hit = CDS_TECH_NONE, .temperature_c = CDS_TECH_NONE                   \
  }

/* "Not given" and "this class implies none". */
#define CDS_TECH_NONE ((double)__builtin_nanf(""))

/* A number with the range that its sources allow. */
typedef struct cds_tech_figure {
  double low, typ, high; /* NaN: the class does not imply it */
  const char *source;    /* NULL: likewise */
  bool projection;       /* no publication was at hand: known by claim or from
                          * memory */
} cds_tech_figure;

typedef struct cds_tech_range {
  double low, high; /* NaN: not known */
} cds_tech_range;

/* DRAM is refreshed twice as often above this (JESD79-4, tREFI; the same for
 * LPDDR and HBM): its refresh power doubles. */
#define CDS_TECH_REFRESH_DEGC 85.0
static inline double cds_tech_refresh_factor(double junction_degc) {
  return junction_degc > CDS_TECH_REFRESH_DEGC ? 2.0 : 1.0;
}

/* What one component costs, at supply_v. Numbers that the class does not imply
 * are NaN and their source is NULL; all others come with a source. */
typedef struct cds_tech_estimate {
  double nominal_v, supply_v; /* sram: that of its arrays */
  uint64_t width_bits;        /* memories: bits of the access that is priced */
  double access_pj[CDS_TECH_ACTIONS];       /* each access of width_bits (sram,
                                             * regfile) */
  double bit_pj[CDS_TECH_ACTIONS];          /* each bit (dram families); for
                                             * networks (over one link; bus: carried
                                             * once), links and bonds all four are
                                             * equal */
  double mac_pj;                            /* mac: one multiply-accumulate */
  double add_pj;                            /* networks: one addition of a
                                             * reduction */
  double primitive_pj[CDS_TECH_PRIMITIVES]; /* vector: one lane */
  double primitive_cycles[CDS_TECH_PRIMITIVES]; /* vector: lane cycles */
  double leakage_w;            /* one component at supply_v, 85 degC */
  double area_um2;             /* one component (vector: all its lanes) */
  double clock_hz;             /* highest clock at the die's supply */
  double access_s;             /* sram: address in to data out */
  double cycle_s;              /* sram: between two accesses of one bank */
  double pitch_um;             /* bond: as asked, or the class's own */
  double bandwidth_bits_per_s; /* dram families: all channels of one device;
                                * bond: of bond_area_um2; link: of one link,
                                * both directions together */
  const char *energy_source, *leakage_source, *area_source, *clock_source,
      *bandwidth_source, *cycles_source, *delay_source;

  /* Ranges of the energies and cycles above where a class has them (NaN:
   * not), and whether they are projections. */
  cds_tech_range access_range[CDS_TECH_ACTIONS], bit_range[CDS_TECH_ACTIONS];
  cds_tech_range mac_range, add_range, primitive_range[CDS_TECH_PRIMITIVES];
  cds_tech_range cycles_range[CDS_TECH_PRIMITIVES];
  bool energy_projection;
  /* DRAM families, where energy = activate + move + io and `leakage_w` is
   * none: the terms in pJ per bit (io: none where a bond is charged apart),
   * the share of open rows that they hold at, and the standing power of one
   * component in W. Refresh: at or below 85 degC (cds_tech_refresh_factor). */
  cds_tech_figure activate_pj, move_pj, io_pj, row_hit, background_w, refresh_w;
  /* s: DRAM (reads), of an access that opens its row; cells and embedded DRAM,
   * of one access of one bank, which does one at a time. */
  cds_tech_figure read_s, write_s;
  cds_tech_figure access;      /* s, embedded DRAM: address in to data out */
  cds_tech_figure retention_s; /* embedded DRAM; refresh_w is at it */
  cds_tech_figure
      bandwidth;           /* bit per s: bandwidth_bits_per_s with its range */
  cds_tech_figure leakage; /* W, um2: leakage_w, area_um2 likewise */
  cds_tech_figure area;
  cds_tech_figure keepout_um2; /* tsv: area of a die that one takes */
} cds_tech_estimate;

/* Estimates the component that the query describes. CDS_EINPUT with a text in
 * `why` for an unknown class, process or device, and for anything outside the
 * range of the model; `out` is untouched then. Pure, no allocation. */
cds_status cds_tech_estimate_of(cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]);

/* What a class is. */
typedef enum cds_component_kind {
  CDS_COMPONENT_STORAGE, /* sram, regfile, dram families: a level */
  CDS_COMPONENT_MAC,     /* compute */
  CDS_COMPONENT_VECTOR,  /* vector unit */
  CDS_COMPONENT_NETWORK, /* of an array: bus, mesh ... */
  CDS_COMPONENT_BOND,    /* between stacked dies: hybrid, microbump, tsv */
  CDS_COMPONENT_LINK     /* between dies side by side: bond, or network of an
                          * array of dies: ucie-s, grs ... */
} cds_component_kind;

typedef struct cds_component {
  const char *name;
  cds_component_kind kind;
  const char *help; /* one sentence: what it models, valid range */
  /* Fills the numbers that the class implies. `out` arrives with NaN and NULL
   * everywhere but nominal_v and supply_v. */
  cds_status (*estimate)(const struct cds_component *self,
                         cds_tech_estimate *out, const cds_tech_query *query,
                         char why[CDS_TECH_WHY]);
  const void *table; /* the class's own constants, where classes share code */
} cds_component;

/* The component class of that name, or NULL. */
const cds_component *cds_component_find(const char *name);
/* Class number `index` in sorted order, NULL at the end. */
const cds_component *cds_component_at(size_t index);

#endif
