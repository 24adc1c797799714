/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A package as heat sees it: dies of any size and place on one another or side
 * by side on a carrier, a thermal interface material (TIM) on top of those that
 * carry none, a lid, a sink, air; and, where given, a way down into the board.
 *
 *        air        sink_resistance_k_per_w, uniform over the sink
 *   ====sink====
 *    lid_bond
 *    ----lid----    TIM below it reaches down to each uncovered die
 *   fill [die] fill
 *   [    die    ]   each die stands on its bond
 *   ---carrier---
 *        board      board_resistance_k_per_w, uniform over the lowest faces
 *
 * Metres, watts, W/(m K), K m2/W. Places are in one plane seen from above.
 * Conductivities do not depend on temperature, so that rises are linear in
 * power. Heat leaves by air and board only: all side faces are adiabatic.
 */
#ifndef CDS_PACKAGE_HEAT_H
#define CDS_PACKAGE_HEAT_H

#include <stddef.h>

#include "codesign/status.h"
#include "diag/diag.h"

enum {
  CDS_HEAT_LAYERS = 8,     /* at most, of a die */
  CDS_HEAT_DIES = 64,      /* at most, of a package */
  CDS_HEAT_BLOCKS = 4096,  /* at most, of a package */
  CDS_HEAT_ON_CARRIER = -1 /* `on` of a die that stands on no other */
};

/* A rectangle: its lower left corner and its size. */
typedef struct cds_heat_rect {
  double x_m, y_m, width_m, height_m;
} cds_heat_rect;

/* A slab of one material. */
typedef struct cds_heat_layer {
  double thickness_m;
  double k_vertical;
  double k_lateral; /* 0: as k_vertical */
} cds_heat_layer;

/* What joins two faces: a layer, a resistance without thickness (published
 * for microbumps in K mm2/W = 1e-6 K m2/W), or both, one after the other. One
 * without thickness is 1 um thick in the model, and resists at least 1e-9
 * K m2/W. */
typedef struct cds_heat_bond {
  cds_heat_layer layer; /* thickness 0: none */
  double resistance_k_m2_per_w;
} cds_heat_bond;

/* A rectangle of a die into which heat flows evenly. */
typedef struct cds_heat_block {
  const char *name;
  cds_heat_rect rect; /* from the lower left corner of its die */
} cds_heat_block;

typedef enum cds_heat_side {
  CDS_HEAT_BOTTOM, /* transistors below: flip chip, the usual */
  CDS_HEAT_TOP,    /* transistors towards the sink */
  CDS_HEAT_VOLUME  /* evenly through the thickness (for comparison) */
} cds_heat_side;

typedef struct cds_heat_die {
  const char *name;
  cds_place place; /* where it was written, for messages */
  cds_heat_rect rect;
  int on;             /* index of an earlier die, or CDS_HEAT_ON_CARRIER */
  cds_heat_bond bond; /* below it; of no effect on nothing (no carrier) */
  cds_heat_layer layers[CDS_HEAT_LAYERS]; /* from bottom to top */
  size_t layer_count;
  cds_heat_side active; /* where heat arises */
  const cds_heat_block *blocks;
  size_t block_count; /* 0: neither heated nor read */
} cds_heat_die;

typedef struct cds_heat_plate {
  cds_heat_rect rect;
  cds_heat_layer layer; /* thickness 0: there is none */
} cds_heat_plate;

typedef struct cds_heat_package {
  cds_place place;
  double ambient_degc;
  const cds_heat_die *dies;
  size_t die_count;
  cds_heat_plate carrier;
  cds_heat_bond tim;
  cds_heat_plate lid; /* without it, TIM joins the dies and the sink */
  cds_heat_bond lid_bond;
  cds_heat_plate sink;             /* without it, the lid is what is cooled */
  double sink_resistance_k_per_w;  /* to the air, of the whole face */
  double board_resistance_k_per_w; /* 0: no way down */
  double k_fill; /* mould beside dies, under the lid; 0: nothing there */
} cds_heat_package;

/* The rectangle of that size around a point. */
cds_heat_rect cds_heat_around(double x_m, double y_m, double width_m,
                              double height_m);

/* Says what is wrong with a package: values out of the range that materials
 * and packages have (a slip of units gets a hint), dies beyond what they stand
 * on or within one another, no path from a die to a sink. CDS_EINPUT if there
 * is anything. */
cds_status cds_heat_check(const cds_heat_package *package, cds_diag *diag);

/* Blocks of all dies: the index of a block is its place among all, dies in
 * their order. */
size_t cds_heat_block_count(const cds_heat_package *package);
/* The die of a block; stores the block's index within it. */
size_t cds_heat_die_of(const cds_heat_package *package, size_t block,
                       size_t *within);

/* Says what is wrong with powers of blocks: CDS_EINPUT for one that is
 * negative or no number. */
cds_status cds_heat_check_power(const cds_heat_package *package,
                                const double *power_w, cds_diag *diag);

#endif
