/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files of this folder only: process table, texts of refusal. */
#ifndef CDS_TECH_INTERNAL_H
#define CDS_TECH_INTERNAL_H

#include "tech/tech.h"

typedef enum cds_tech_device { CDS_TECH_HP, CDS_TECH_LP } cds_tech_device;
enum { CDS_TECH_DEVICES = 2 };

/* One logic process. Energies, leakages and clocks hold at nominal_v. */
typedef struct cds_tech_process {
  const char *name;
  double nominal_v, low_v, high_v;
  double blend;      /* 0: 45 nm anchors, 1: 7 nm anchors, between: log */
  double beyond;     /* factor on top of the anchors, outside 45..7 nm */
  double logic_area; /* relative to 45 nm */
  double clock_hz[CDS_TECH_DEVICES];
  double vth_v[CDS_TECH_DEVICES];
  double alpha;       /* of the alpha-power law */
  double dibl;        /* V/V */
  double swing_v;     /* V per decade at 85 degC */
  double array_low_v; /* least supply of cells of static RAM */
} cds_tech_process;

/* What a die's devices are beside those of its process: hp and lp, or an entry
 * of archs/tech/devices.yaml. Factors are over the base at the same (nominal)
 * supply; where a figure has no source it changes nothing. */
typedef struct cds_tech_flavour {
  const char *name, *help;
  const char *on; /* "n3 n5": processes that have it; "": all of logic */
  cds_tech_device base;
  cds_tech_figure energy, delay, leakage, area; /* of logic */
  cds_tech_figure threshold;   /* V, on top of that of the base */
  cds_tech_figure swing;       /* V per decade */
  cds_tech_figure cells;       /* 1: static RAM is made of them, 0: it is not */
  cds_tech_figure temperature; /* degC, of these figures; none: 85 */
  cds_tech_figure cooling;     /* W that the cooler takes for one W */
  const char *energy_source;
} cds_tech_flavour;

/* A process at a supply, as the component classes need it. */
typedef struct cds_tech_point {
  const cds_tech_process *process; /* NULL: a memory process */
  cds_tech_device device;          /* base of the flavour */
  const cds_tech_flavour *flavour; /* never NULL where a process is */
  cds_tech_supply supply;
} cds_tech_point;

cds_status cds_tech_point_at(cds_tech_point *out, const char *process,
                             const char *device, double supply_v,
                             char why[CDS_TECH_WHY]);
/* The same from a query, refusing memory processes for a logic class. */
cds_status cds_tech_logic_point(cds_tech_point *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]);

/* The device of a name ("": hp) on a process (NULL: any), or CDS_EINPUT with a
 * text. */
cds_status cds_tech_flavour_of(const cds_tech_flavour **out, const char *name,
                               const cds_tech_process *process,
                               char why[CDS_TECH_WHY]);

/* Threshold and least supply of the alpha-power law, of the flavour. */
double cds_tech_threshold(const cds_tech_process *process,
                          const cds_tech_flavour *flavour);
double cds_tech_anchored(const cds_tech_process *process,
                         const cds_tech_flavour *flavour);
/* V per decade of drain current below the threshold. */
double cds_tech_swing(const cds_tech_process *process,
                      const cds_tech_flavour *flavour);
/* Highest clock in arbitrary units: speed.c. The supply is positive. */
double cds_tech_speed(const cds_tech_process *process,
                      const cds_tech_flavour *flavour, double supply_v);

/* Energy at the point's supply of an operation published as `pj45` at 45 nm
 * and `pj7` at 7 nm: geometric between, by node factors outside. */
double cds_tech_op_pj(const cds_tech_point *point, double pj45, double pj7);
/* Area of logic that takes `um2` at 45 nm. */
double cds_tech_logic_area(const cds_tech_point *point, double um2);
/* Leakage at the point's supply of logic of this (final) area. */
double cds_tech_logic_leakage(const cds_tech_point *point, double um2);

/* Energy of a bit on a repeated wire of this length; published figures over
 * it. */
extern const cds_tech_range cds_tech_wire_around;
double cds_tech_wire_pj(const cds_tech_point *point, double um);
/* Pitch of the elements of an array from the query. */
cds_status cds_tech_element_pitch(double *out_um, const cds_tech_point *point,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]);
/* Energy of one addition of a reduction in a network, and the clock. */
cds_status cds_tech_network_rest(cds_tech_estimate *out,
                                 const cds_tech_point *point,
                                 const cds_tech_query *query,
                                 char why[CDS_TECH_WHY]);

/* One multiplication and one addition in a number format; `pj[0]` at 45 nm,
 * `pj[1]` at 7 nm, area at 45 nm. */
typedef struct cds_tech_arithmetic {
  double mul_pj[2], add_pj[2];
  double mul_um2, add_um2;
  const char *accumulator; /* format of the sums: "int32" ... "fp64" */
  cds_tech_range mul_around, add_around; /* published figures over these */
} cds_tech_arithmetic;
/* Of their areas: assumption. */
extern const cds_tech_range cds_tech_operator_area;
cds_status cds_tech_arithmetic_of(cds_tech_arithmetic *out, const char *format,
                                  unsigned bits, bool is_float,
                                  char why[CDS_TECH_WHY]);

/* The range of a number from factors around it, and from those of the device
 * that is in it. */
cds_tech_range cds_tech_around(double typ, double low, double high,
                               const cds_tech_figure *device);
/* Sets the area of logic and its range; the leakage that goes with it. */
void cds_tech_set_area(cds_tech_estimate *out, const cds_tech_point *point,
                       double um2, const cds_tech_range *around,
                       const char *source);
void cds_tech_set_logic_leakage(cds_tech_estimate *out,
                                const cds_tech_point *point,
                                const char *source);
/* The figure times a factor that is not negative. */
cds_tech_figure cds_tech_times(cds_tech_figure figure, double factor);
/* Gives all four actions the energy of a bit, with its range and source. */
void cds_tech_same_bits(cds_tech_estimate *out, const cds_tech_figure *pj,
                        const char *source);
/* Sets the bandwidth and what goes with it; a figure without source: none. */
void cds_tech_set_bandwidth(cds_tech_estimate *out, cds_tech_figure bandwidth);

/* Writes "<what> is <value> <unit>: expected <low> to <high> <unit>" and
 * returns CDS_EINPUT. */
cds_status cds_tech_refuse_range(char why[CDS_TECH_WHY], const char *what,
                                 double value, const double range[2],
                                 const char *unit);
cds_status cds_tech_refuse(char why[CDS_TECH_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
