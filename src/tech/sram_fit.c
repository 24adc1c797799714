/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The constants of the SRAM model: fitted from 90 to 22 nm, interpolated
 * between those nodes, projected below.
 *
 * Fitted: runs of CACTI 7 (HewlettPackard/cacti 1ffd8df), one bank and one
 * read-write port, 1 KiB to 16 MiB, 32 to 512 bit. hp: ITRS-HP cells and
 * periphery at 360 K; lp: ITRS-LSTP at 300 K; both at the ITRS supply of the
 * node. Sorted by capacity and width, every second run, from the first on, was
 * used for the fit, at the organisation that CACTI chose; the others tested it
 * (tests/golden/sram/). Least squares of the relative error, none negative.
 *
 * Mean error over the runs that were not used, in per cent, at the given
 * organisation (read, write, area, access time) and from capacity and width
 * alone (read, write, area, access time; leakage): the comment of each row.
 *
 * Interpolated (28 and 40 nm): each constant geometrically in ln(node). 32, 45
 * and 65 nm, left out and interpolated between their neighbours, miss CACTI's
 * read, write, area and access time by 3 to 6 per cent in the mean, and its
 * leakage by up to a factor of 3.3, as that goes up and down with the node.
 *
 * Projected (16 to 3 nm) from the constants of 22 nm, no run behind it.
 * Lengths: F from the published area of a cell, 146 F^2. Energies: capacitance
 * of a wire per um unchanged, of devices ~ F, all ~ V^2. Delays: of gates ~ 1 /
 * clock of the process (process.c); of repeated wires per um ~ F^-1/2, the
 * trend from 45 to 22 nm; of the wordline, whose length shrinks as its
 * resistance per um grows, unchanged. Leakage: a table of its own.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "tech/sram_array.h"

enum { FITTED_NODES = 5 };

/* clang-format off */
/*
 * Columns, with units; what they mean: sram_array.h.
 *   F um
 *   bitline, column, sense, fixed pJ; local, tree pJ/um; branch pJ
 *   fixed ns; tree ns/um; branch ns; local ns/um; row ns; wordline ns/1000
 *   cell mW; edge mW
 *   nominal V, reference K: of the runs
 *   slope 1/K, mean between 300 and 400 K: hp from the off-currents in CACTI's
 *         tables (65 nm: between its neighbours); lp from whole runs at 45 nm, at
 *         all nodes, as the table of 22 nm falls from 350 to 360 K. Checked by
 *         whole runs at 45 nm, six temperatures (sram_model.c)
 * The fifteen columns between F and the nominal supply are fitted, as said above.
 */
static const cds_sram_constants FITTED[CDS_TECH_DEVICES][FITTED_NODES] = {
  {
    /* 22 nm hp: 16 runs fitted, 15 tested: 3.6 3.8 3.1 1.6;
     * searched 4.7 6.5 3.7 2.6; 4.1 */
    {0.022,
     6.824e-05, 0.0003644, 0.0004042, 0.07047, 0.0001302, 0.0001599, 0.00281,
     0.05695, 0.000274, 0.06201, 0.0001669, 0.0005152, 0.0003796,
     3.299e-05, 0.0009344, 0.8, 360.0, 0.0369},
    /* 32 nm hp: 12 runs fitted, 11 tested: 2.4 3.4 2.4 1.5;
     * searched 12.8 7.7 6.2 5.8; 3.8 */
    {0.032,
     0.0001282, 0.001015, 0.001047, 0.2188, 0.0001545, 0.0001891, 0.01488,
     0.1083, 0.0002424, 0.1078, 0.0002359, 0.0006088, 0.0003271,
     7.118e-05, 0.002316, 0.9, 360.0, 0.0369},
    /* 45 nm hp: 15 runs fitted, 15 tested: 1.8 2.5 3.8 1.6;
     * searched 7.7 3.9 3.9 4.3; 4.6 */
    {0.045,
     0.0002322, 0.002353, 0.00254, 0.3643, 0.0001993, 0.0002374, 0.02728,
     0.1587, 0.000203, 0.1746, 0.0002435, 0.0007564, 0.0003333,
     0.0001296, 0.003977, 1.0, 360.0, 0.0126},
    /* 65 nm hp: 14 runs fitted, 14 tested: 1.6 2.0 3.0 1.6;
     * searched 2.8 5.2 3.4 1.8; 4.8 */
    {0.065,
     0.0004322, 0.003558, 0.005493, 0.5688, 0.0002417, 0.0003168, 0.06025,
     0.2731, 0.0001949, 0.3238, 0.0003034, 0.001195, 0.0001944,
     0.0001426, 0.004964, 1.1, 360.0, 0.0140},
    /* 90 nm hp: 14 runs fitted, 14 tested: 2.4 1.6 4.4 1.3;
     * searched 5.6 4.7 4.1 2.5; 5.4 */
    {0.09,
     0.0007578, 0.007818, 0.007589, 0.916, 0.0003373, 0.0004064, 0.0906,
     0.4161, 0.0001791, 0.3995, 0.0002913, 0.00154, 0.0003522,
     4.961e-05, 0.002014, 1.2, 360.0, 0.0156},
  },
  {
    /* 22 nm lp: 15 runs fitted, 15 tested: 3.3 4.1 1.7 2.0;
     * searched 4.3 5.1 3.0 1.7; 4.4 */
    {0.022,
     7.114e-05, 0.0002504, 0.000715, 0.08416, 0.0001424, 0.0001922, 0.005702,
     0.2904, 0.0006381, 0.1356, 0.0009654, 0.002015, 0.0002788,
     1.676e-08, 1.506e-06, 0.8, 300.0, 0.0340},
    /* 32 nm lp: 16 runs fitted, 15 tested: 3.9 4.3 2.6 2.8;
     * searched 4.9 6.1 7.3 4.0; 4.0 */
    {0.032,
     0.0001604, 0.001092, 0.001573, 0.2106, 0.000223, 0.00032, 0.01061,
     0.4795, 0.0005737, 0.1784, 0.0007998, 0.002187, 0.0002482,
     4.936e-09, 3.477e-07, 1.0, 300.0, 0.0340},
    /* 45 nm lp: 14 runs fitted, 13 tested: 3.7 4.0 2.2 2.1;
     * searched 4.8 3.9 4.4 2.9; 3.2 */
    {0.045,
     0.0002847, 0.002129, 0.002315, 0.4239, 0.000308, 0.0003921, 0.03247,
     0.616, 0.0004306, 0.3102, 0.0006657, 0.002689, 0.0003223,
     2.974e-09, 1.55e-07, 1.1, 300.0, 0.0340},
    /* 65 nm lp: 16 runs fitted, 15 tested: 3.5 4.3 2.6 2.4;
     * searched 4.3 4.3 5.9 1.9; 3.3 */
    {0.065,
     0.0005336, 0.003553, 0.005896, 0.9413, 0.0003833, 0.0005322, 0.07366,
     0.9918, 0.0003669, 0.5055, 0.0006405, 0.003622, 0.0003273,
     1.817e-08, 1.908e-06, 1.2, 300.0, 0.0340},
    /* 90 nm lp: 16 runs fitted, 15 tested: 2.8 3.4 3.2 1.7;
     * searched 9.0 3.6 4.1 4.7; 7.1 */
    {0.09,
     0.0009103, 0.009785, 0.01203, 1.831, 0.0004887, 0.0006674, 0.1337,
     1.537, 0.0003085, 0.8521, 0.0006307, 0.003676, 0.0003992,
     9.721e-09, 7.589e-07, 1.3, 300.0, 0.0340},
  },
};
/* clang-format on */

/* clang-format off */
/*
 * Processes below 22 nm.
 *   cell     um2: typical, smallest, largest published high-density cell.
 *            16 nm TSMC 0.070; 14 nm Samsung 0.064, Intel 0.0588; 12 nm taken
 *            equal; 10 nm TSMC 0.042, Samsung 0.040 and 0.049; 7 nm TSMC 0.027,
 *            Samsung 0.026; 5 nm TSMC 0.021, Samsung 0.026; 3 nm TSMC 0.0199
 *            (N3) and 0.021 (N3E)
 *   leakage  W per bit at 85 degC and nominal supply {hp, lp}: 7 nm of the
 *            order of ASAP7's regular-threshold cells (Clark et al.,
 *            Microelectronics J. 53, 2016): 6 mW per MiB, lp 0.4 mW; the others
 *            between it and 22 nm: assumption, x0.3 to x5
 */
typedef struct projected_node {
  const char *process;
  double cell_um2[3];
  double leakage_w[CDS_TECH_DEVICES];
} projected_node;

static const projected_node PROJECTED[] = {
  {"n10", {0.042, 0.040,  0.049}, {1.20e-9, 6.7e-11}},
  {"n12", {0.064, 0.0588, 0.070}, {1.67e-9, 9.4e-11}},
  {"n14", {0.064, 0.0588, 0.070}, {1.94e-9, 1.0e-10}},
  {"n16", {0.070, 0.064,  0.074}, {2.40e-9, 1.2e-10}},
  {"n3",  {0.021, 0.0199, 0.021}, {6.0e-10, 4.3e-11}},
  {"n5",  {0.021, 0.021,  0.026}, {6.7e-10, 4.5e-11}},
  {"n7",  {0.027, 0.026,  0.032}, {7.2e-10, 4.8e-11}},
};
/* clang-format on */
enum { PROJECTED_NODES = sizeof PROJECTED / sizeof PROJECTED[0] };

static const double PROJECTED_SLOPE = 0.0230; /* 1/K; a decade in 100 K, tri-
                                               * gate (DSENT, NOCS 2012) */
static const double PROJECTED_K = 358.15;     /* 85 degC, of its leakages */
static const double CELL_F2 = 146.0;
/* Smallest and largest cell of 22 nm, Intel's high-density and low-leakage
 * ones (0.092, 0.108 um2), over the 146 F^2 of the fit. */
static const cds_sram_range CELLS_22 = {1.0, 1.53};
/* All but the cells: 19 of 20 runs of CACTI lie within; below 22 nm an
 * assumption. */
static const cds_sram_range AROUND_FITTED = {0.89, 1.14};
static const cds_sram_range AROUND_PROJECTED = {0.85, 1.3};

static const projected_node *projection_of(const cds_tech_process *process) {
  for (size_t row = 0; row < PROJECTED_NODES; row++) {
    if (strcmp(PROJECTED[row].process, process->name) == 0) {
      return &PROJECTED[row];
    }
  }
  return NULL;
}

/* "n28" is 0.028 um. */
static double node_um(const cds_tech_process *process) {
  return 1e-3 * (double)strtoul(process->name + 1, NULL, 10);
}

/* How much longer a gate of the process takes than one of 22 nm, which is in
 * the table of processes. */
static double gate_delay(const cds_tech_process *process,
                         cds_tech_device device) {
  cds_tech_point point = {.process = NULL};
  char why[CDS_TECH_WHY];
  const cds_status found =
      cds_tech_point_at(&point, "n22", "hp", CDS_TECH_NONE, why);
  return found == CDS_OK
             ? point.process->clock_hz[device] / process->clock_hz[device]
             : 1.0;
}

static void project(cds_sram_constants *out, const projected_node *node,
                    const cds_tech_process *process, cds_tech_device device) {
  const cds_sram_constants *from = &FITTED[device][0];
  const double feature_um = sqrt(node->cell_um2[0] / CELL_F2);
  const double shrink = feature_um / from->feature_um;
  const double volts = process->nominal_v / from->nominal_v;
  const double wire = volts * volts, gate = shrink * wire;
  const double slower = gate_delay(process, device);
  const double per_um = 1 / sqrt(shrink);
  *out = (cds_sram_constants){.feature_um = feature_um,
                              .bitline_pj = from->bitline_pj * gate,
                              .column_pj = from->column_pj * gate,
                              .sense_pj = from->sense_pj * gate,
                              .fixed_pj = from->fixed_pj * gate,
                              .local_pj = from->local_pj * wire,
                              .tree_pj = from->tree_pj * wire,
                              .branch_pj = from->branch_pj * gate,
                              .fixed_ns = from->fixed_ns * slower,
                              .tree_ns = from->tree_ns * per_um,
                              .branch_ns = from->branch_ns * slower,
                              .local_ns = from->local_ns * per_um,
                              .row_ns = from->row_ns * slower,
                              .wordline_ns = from->wordline_ns,
                              .cell_mw = 1e3 * node->leakage_w[device],
                              .edge_mw = 1e3 * node->leakage_w[device] *
                                         from->edge_mw / from->cell_mw,
                              .nominal_v = process->nominal_v,
                              .reference_k = PROJECTED_K,
                              .slope_per_k = PROJECTED_SLOPE};
}

static double geometric(double low, double high, double part) {
  return low * cds_exp(part * cds_log(high / low));
}

/* Between two rows of the table, `part` of the way from low to high. */
static void interpolate(cds_sram_constants *out, const cds_sram_constants *low,
                        const cds_sram_constants *high, double part) {
#define BETWEEN(name) .name = geometric(low->name, high->name, part)
  *out = (cds_sram_constants){
      BETWEEN(feature_um), BETWEEN(bitline_pj),  BETWEEN(column_pj),
      BETWEEN(sense_pj),   BETWEEN(fixed_pj),    BETWEEN(local_pj),
      BETWEEN(tree_pj),    BETWEEN(branch_pj),   BETWEEN(fixed_ns),
      BETWEEN(tree_ns),    BETWEEN(branch_ns),   BETWEEN(local_ns),
      BETWEEN(row_ns),     BETWEEN(wordline_ns), BETWEEN(cell_mw),
      BETWEEN(edge_mw),    BETWEEN(nominal_v),   BETWEEN(reference_k),
      BETWEEN(slope_per_k)};
#undef BETWEEN
}

bool cds_sram_constants_of(cds_sram_constants *out,
                           const cds_tech_process *process,
                           cds_tech_device device) {
  const projected_node *node = projection_of(process);
  if (node != NULL) {
    project(out, node, process, device);
    return true;
  }
  const cds_sram_constants *rows = FITTED[device];
  const double um = node_um(process);
  unsigned row = 0;
  while (row + 2 < FITTED_NODES && rows[row + 1].feature_um <= um) {
    row++;
  }
  const cds_sram_constants *low = &rows[row], *high = &rows[row + 1];
  if (um <= low->feature_um || um >= high->feature_um) {
    *out = um <= low->feature_um ? *low : *high;
    return false;
  }
  const double part = cds_log(um / low->feature_um) /
                      cds_log(high->feature_um / low->feature_um);
  interpolate(out, low, high, part);
  return false;
}

cds_sram_range cds_sram_area_range(const cds_tech_process *process) {
  const projected_node *node = projection_of(process);
  if (node != NULL) {
    const double *cell = node->cell_um2;
    return (cds_sram_range){cell[1] / cell[0] * AROUND_PROJECTED.low,
                            cell[2] / cell[0] * AROUND_PROJECTED.high};
  }
  const bool is_22 = strcmp(process->name, "n22") == 0;
  return (cds_sram_range){AROUND_FITTED.low * (is_22 ? CELLS_22.low : 1.0),
                          AROUND_FITTED.high * (is_22 ? CELLS_22.high : 1.0)};
}

bool cds_sram_is_fitted(const cds_tech_process *process) {
  const double um = node_um(process);
  for (unsigned row = 0; row < FITTED_NODES; row++) {
    if (fabs(FITTED[CDS_TECH_HP][row].feature_um - um) < 1e-6) {
      return true;
    }
  }
  return false;
}
