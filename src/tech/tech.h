/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Technology: what a component of a class costs at a process and a supply
 * voltage, action by action. The reader of architecture files asks here for
 * the numbers that the user did not give; what comes back is an assumption
 * with a source text, and must be reported as one.
 *
 * First-order physics (equations and sources: process.c):
 *   energy   ~ (V / Vnom)^2
 *   clock    ~ (V - Vth)^alpha / V, anchored at Vnom     (alpha-power law)
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
  double low_v, high_v;  /* range that is accepted */
  double energy_factor;  /* (V / Vnom)^2 */
  double leakage_factor; /* power at 85 degC */
  double clock_factor;   /* f_max(V) / f_max(Vnom) */
  double clock_hz;       /* f_max at supply_v of pipelined logic */
  const char *source;    /* of nominal supply, threshold and clock */
} cds_tech_supply;

/* Looks up a process ("n7", "45nm"; "" is the 45 nm default) and device ("hp",
 * "lp"; "" is "hp") at a supply (NaN: nominal). CDS_EINPUT with a text in
 * `why` ("what is wrong: what was expected", no full stop) when the name is
 * unknown or the supply out of range; `out` is untouched then. Memory
 * processes ("dram-1b" ...) have E ~ V^2 around 1.1 V and no clock (NaN). */
cds_status cds_tech_supply_at(cds_tech_supply *out, const char *process,
                              const char *device, double supply_v,
                              char why[CDS_TECH_WHY]);
/* Names of all processes, sorted, for messages; stores their number. */
const char *const *cds_tech_process_names(size_t *count);

/* ---- component classes ---- */

/* Fill with CDS_TECH_QUERY_INIT, then set what is known. What a class needs
 * and does not find is refused with a text, except where it says a default. */
typedef struct cds_tech_query {
  const char *class_name; /* "sram", "dram", "mac", ... */
  const char *process;    /* of the die: "" = default 45 nm */
  const char *device;     /* "hp", "lp"; "" = "hp" */
  double supply_v;        /* of the die; NaN: the nominal one */
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
} cds_tech_query;

#define CDS_TECH_QUERY_INIT                                                    \
  {                                                                            \
    .class_name = "", .process = "", .device = "", .supply_v = CDS_TECH_NONE,  \
    .format = "", .element_area_um2 = CDS_TECH_NONE,                           \
    .pitch_um = CDS_TECH_NONE, .shoreline_um = CDS_TECH_NONE,                  \
    .bond_area_um2 = CDS_TECH_NONE                                             \
  }

/* "Not given" and "this class implies none". */
#define CDS_TECH_NONE ((double)__builtin_nanf(""))

/* What one component costs, at supply_v. Numbers that the class does not imply
 * are NaN and their source is NULL; all others come with a source. */
typedef struct cds_tech_estimate {
  double nominal_v, supply_v;
  uint64_t width_bits; /* memories: bits of the access that is priced */
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
  double clock_hz;             /* highest clock at supply_v */
  double pitch_um;             /* bond: as asked, or the class's own */
  double bandwidth_bits_per_s; /* dram families: all channels of one device;
                                * bond: of bond_area_um2; link: of one link,
                                * both directions together */
  const char *energy_source, *leakage_source, *area_source, *clock_source,
      *bandwidth_source, *cycles_source;
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
