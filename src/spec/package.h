/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the dies of an architecture stand together and are cooled, as its file
 * gives it: plain data, nothing here computes. Lengths in um, W/(m K); NaN: not
 * given (src/package/build.h has what is taken then).
 */
#ifndef CDS_SPEC_PACKAGE_H
#define CDS_SPEC_PACKAGE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "diag/diag.h"

enum { CDS_STACKS_MAX = 16, CDS_STACK_LAYERS_MAX = 64 };

/* What is between two faces. */
typedef struct cds_bond_body {
  const char *class_name; /* "hybrid", "microbump", ... NULL: not given */
  double pitch_um, thickness_um, conductivity;
  /* Of one connection that carries power; not above 0: not given. */
  double resistance_ohm, current_a;
} cds_bond_body;

/* Where the regulators of the dies' supplies are. */
typedef enum cds_regulator_place {
  CDS_REGULATOR_BOARD,
  CDS_REGULATOR_PACKAGE,
  CDS_REGULATOR_STACK /* in the lowest die of each stack */
} cds_regulator_place;

/* How the dies get their power. */
typedef struct cds_package_power {
  bool given;
  cds_place place;
  cds_regulator_place regulator;
  double efficiency;       /* of the regulators */
  double input_v;          /* at the regulators */
  double mains;            /* efficiency from the wall to the regulators */
  double network_ohm;      /* of a supply, from the regulator to the bumps and
                              back */
  double budget;           /* share of the supply that may be lost on the way */
  double grid_ohm;         /* a square of a die's own grid */
  bool backside;           /* the grid is on the back of the dies */
  double bump_pitch_um;    /* below the lowest dies */
  double bump_a, bump_ohm; /* one bump */
  double bump_bits_per_s;  /* one bump that carries data */
  double share;            /* of the pads, at most, for power and ground */
} cds_package_power;
#define CDS_PACKAGE_POWER_NONE                                                 \
  {                                                                            \
    .efficiency = (double)NAN, .input_v = (double)NAN, .mains = (double)NAN,   \
    .network_ohm = (double)NAN, .budget = (double)NAN,                         \
    .grid_ohm = (double)NAN, .bump_pitch_um = (double)NAN,                     \
    .bump_a = (double)NAN, .bump_ohm = (double)NAN,                            \
    .bump_bits_per_s = (double)NAN, .share = (double)NAN                       \
  }

typedef struct cds_stack_layer {
  unsigned die;
  cds_place place;
  bool faces_up;         /* its transistors are towards the sink */
  cds_bond_body below;   /* to the layer below; of the first: the carrier */
  cds_bond_body between; /* the repeats of the die */
} cds_stack_layer;

typedef struct cds_die_stack {
  const char *name; /* NULL: not given */
  cds_place place;
  double x_um, y_um; /* its middle, from that of the package */
  unsigned layers;
  cds_stack_layer layer[CDS_STACK_LAYERS_MAX]; /* from bottom to top */
} cds_die_stack;

/* A square plate in the middle of the package. */
typedef struct cds_plate {
  bool given;
  cds_place place;
  double side_um, thickness_um, conductivity;
} cds_plate;

typedef struct cds_package {
  cds_place place;
  unsigned stacks;
  cds_die_stack stack[CDS_STACKS_MAX];
  cds_plate carrier;        /* what stacks stand on beside each other */
  const char *carrier_kind; /* "organic", "fanout", "interposer", "bridge" */
  cds_bond_body tim;        /* between the top dies and the lid */
  cds_plate lid, sink;
  double fill_conductivity; /* beside dies, under the lid */
  double board_k_per_w;     /* way down, into the board */
  double volume; /* packages that share what design costs; NaN: not given */
  cds_package_power power;
} cds_package;

/* Where and how long it runs; NaN: not given. */
typedef struct cds_use {
  double grid_g_kwh;
  double electricity_usd_kwh;
  double lifetime_s;
  double duty;   /* share of it in which it runs */
  double idle_s; /* from one work to the next; NaN: off between them */
} cds_use;

enum { CDS_POWER_STATES_MAX = 8 };

/* A state that a die may be in beside running as its supply and clock say. */
typedef struct cds_power_state {
  const char *name;
  cds_place place;
  double supply_v;       /* that of the die when not given */
  double clock_hz;       /* 0: stopped */
  double leakage;        /* share that is left of the leakage at that supply */
  double leakage_factor; /* leakage at that supply to that at the die's */
  double wake_s;         /* until the die runs again */
  double wake_pj;        /* in that time, all that is used */
} cds_power_state;

/* A die's own measures and what it costs to make it. */
typedef struct cds_die_body {
  double width_um, height_um, thickness_um;
  double limit_degc; /* the hottest that it may be */
  double usd;        /* of a good one, instead of what follows */
  double wafer_usd;
  double per_cm2; /* defects */
  double clustering;
  double design_usd;    /* to design it, masks included */
  double vias, via_um2; /* through one die; area of each, with any */
} cds_die_body;
#define CDS_DIE_BODY_NONE                                                      \
  {                                                                            \
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,           \
        (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,       \
        (double)NAN                                                            \
  }

#endif
