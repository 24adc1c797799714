/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Geometry and circuits of one organisation.
 *
 * Cell: 14.6 F x 10 F (146 F^2, aspect ratio 1.46); each port beyond the first
 * adds two wires of 2.5 F to both sides, and a strap of 7.5 F interrupts the
 * wordline every 16 columns. Wires above the cells and of the trees: 4 F pitch.
 * These are the rules of CACTI 7 (HewlettPackard/cacti), restated.
 *
 * Mat: two by two sub-arrays; between them the strips of sense amplifiers, the
 * wires of address, data and column select, and the predecoded row address:
 * 2^ceil(n/2) + 2^floor(n/2) wires for 2^n rows.
 *
 * H-tree over mats, H high and L wide in all: a path is H/2 (1 - 2^-up) + L (1
 * - 2^-across) long. Its wires widen the bank.
 *
 * Energy of a read: four rows of cells, whose bitlines swing by Vs out of V and
 * whose wordlines and precharge gates switch; sense amplifiers; the wires of
 * address and data along the sub-array and the tree. Of a write: the bitlines
 * of the width swing fully (both of a pair), no sense amplifiers.
 *
 * Delay: fixed + bitline (its capacitance times the current of one cell: ~
 * rows) + wordline (resistance times capacitance: ~ columns^2) + repeated wires
 * (~ length), address in and data out.
 *
 * Left out: redundancy, error-correcting bits, sleep modes, low-swing trees.
 */
#include <math.h> /* sqrt only: IEEE 754 rounds it the same everywhere */

#include "base/math.h"
#include "tech/sram_array.h"

static const double LN_2 = 0.69314718055994531;

static const double CELL_W_F = 14.6, CELL_H_F = 10.0; /* CACTI 7: 146 F^2 */
static const double PORT_F = 5.0;  /* two local wires of 2.5 F; CACTI 7 */
static const double STRAP_F = 7.5; /* every 16 columns; CACTI 7 */
static const double STRAP_COLUMNS = 16.0;
static const double PITCH_F = 4.0; /* semi-global wire; CACTI 7 */

/* Common to all processes and devices: STRIP_F is the mean of ten fits, one for
 * each; the others were chosen for all together. */
static const double STRIP_F = 155.0; /* F; height of sense amplifiers, precharge
                                      * and drivers at the foot of a
                                      * sub-array */
static const double DATA_WIRES =
    0.77; /* tracks through a mat per bit of width */
static const double SELECT_WIRES = 1.5; /* tracks per root of the ways that the
                                         * columns are multiplexed: a two-level
                                         * decoder */
static const double CYCLE_FIXED = 0.90, CYCLE_ROW = 0.85; /* of the delays */
static const double RESET_NS = 8.6e-6; /* ns per columns^2 and root of F in um:
                                        * wordline down, bitlines up */
/* Ports and banks: fitted to three runs each (32 nm, low standby power). */
static const double PORT_ENERGY = 0.5; /* share of a bitline's capacitance that
                                        * is wire, and grows with the cell */
static const double PORT_DELAY = 0.75; /* the same, of its delay */
static const double BANK_TREE = 0.7; /* of the H-tree's energy and delay per um:
                                      * no branching gates */
static const double PORT_LEAKAGE = 0.08; /* of a port beyond the first */
static const double READ_PORT_LEAKAGE =
    0.16; /* on top, of one that only reads */

static const double SENSE_V = 0.08; /* V; least swing that is sensed; CACTI 7 */
static const double SENSE_SHARE = 0.05; /* of the supply, where that is more */

/* 2^-n and 2^n; trees are not deeper. */
enum { DEPTHS = 16 };
static const double HALVES[DEPTHS] = {
    1.0,    0x1p-1, 0x1p-2,  0x1p-3,  0x1p-4,  0x1p-5,  0x1p-6,  0x1p-7,
    0x1p-8, 0x1p-9, 0x1p-10, 0x1p-11, 0x1p-12, 0x1p-13, 0x1p-14, 0x1p-15};
static const double POWERS[DEPTHS] = {
    1.0,   0x1p1, 0x1p2,  0x1p3,  0x1p4,  0x1p5,  0x1p6,  0x1p7,
    0x1p8, 0x1p9, 0x1p10, 0x1p11, 0x1p12, 0x1p13, 0x1p14, 0x1p15};

void cds_sram_frame_of(cds_sram_frame *out, const cds_sram_constants *k,
                       const cds_sram_ports *ports, double width_bits) {
  const double f = k->feature_um;
  const double reads = ports->read_write + ports->read_only;
  const double writes = ports->read_write + ports->write_only;
  const double all = reads + ports->write_only;
  const double cell_w = CELL_W_F + PORT_F * (all - 1);
  const double cell_h = CELL_H_F + PORT_F * (all - 1);
  const double taller = cell_h / CELL_H_F - 1;
  const double wider = cell_w / CELL_W_F;
  const double bitline = k->bitline_pj * (1 + PORT_ENERGY * taller);
  const double share = SENSE_V / k->nominal_v;
  const double swing = share > SENSE_SHARE ? share : SENSE_SHARE;
  *out = (cds_sram_frame){
      .width = width_bits,
      .log2_width = cds_log(width_bits) / LN_2,
      .cell_w = cell_w * f,
      .cell_h = cell_h * f,
      .pitch = PITCH_F * f,
      .stitch_w = STRAP_F / STRAP_COLUMNS * f,
      .strip_h = STRIP_F * f * all,
      .ports = all,
      .reads = reads,
      .data_wires = (width_bits + 1) * writes + width_bits * reads,
      .half_swing_pj = 2 * swing * bitline,
      .write_pj = 2 * bitline,
      .column_pj = k->column_pj * (1 + PORT_ENERGY * taller),
      .access_pj = k->fixed_pj + k->sense_pj * width_bits,
      .fixed_pj = k->fixed_pj,
      .local_pj = k->local_pj,
      .tree_pj = k->tree_pj,
      .branch_pj = k->branch_pj,
      .fixed_ns = k->fixed_ns,
      .tree_ns = k->tree_ns,
      .branch_ns = k->branch_ns,
      .local_ns = k->local_ns,
      .row_ns = k->row_ns * (1 + PORT_DELAY * taller),
      .wordline_ns = k->wordline_ns * 1e-3 * wider * wider,
      .reset_ns = RESET_NS * sqrt(f) * wider * wider};
}

/* Wires of the predecoded address of that many rows. */
static double predecoded(double rows) {
  double low = 1, high = 1;
  while (low * high < rows) {
    if (low == high) {
      high *= 2;
    } else {
      low *= 2;
    }
  }
  return low + high;
}

void cds_sram_mat_of(cds_sram_mat *out, const cds_sram_frame *frame,
                     const cds_sram_organisation *organisation,
                     double address_bits) {
  const double rows = organisation->rows, columns = organisation->columns;
  const cds_sram_part part = cds_sram_part_of(frame, rows, columns);
  const double in_mat =
      address_bits - organisation->log2_across - organisation->log2_up;
  const double wires =
      (in_mat + DATA_WIRES * frame->width) * frame->ports +
      SELECT_WIRES * sqrt(4 * columns / frame->width) * frame->reads;
  out->h = 2 * part.h + wires * frame->pitch;
  out->w = 2 * part.w + predecoded(rows) * frame->pitch * frame->ports;
  out->read_pj = part.read_pj;
  out->write_pj = frame->width * frame->write_pj * rows +
                  4 * columns * frame->column_pj + frame->fixed_pj +
                  frame->local_pj * frame->width * part.w;
  out->access_ns = part.access_ns;
  out->cycle_ns = CYCLE_FIXED * frame->fixed_ns +
                  CYCLE_ROW * frame->row_ns * rows +
                  frame->reset_ns * columns * columns;
}

/* How high and wide something is, in um. */
typedef struct extent {
  double h, w;
} extent;

/* The mats with the wires of their tree: address wires run to every mat, data
 * wires to a row of mats. */
static extent bank_extent(const cds_sram_frame *frame, const cds_sram_mat *mat,
                          double address_wires, unsigned across, unsigned up) {
  const double data = frame->data_wires;
  double address_h = 0, address_w = 0, data_h = 0, data_w = 0;
  if (across > up) {
    const unsigned excess = across - up;
    address_h = POWERS[up] - 1 + excess;
    address_w = POWERS[across] - 1;
    data_h = 2 * (1 - HALVES[excess]) + POWERS[excess] * up;
    data_w = up;
  } else {
    const unsigned excess = up - across;
    address_h = POWERS[across] - 1 + excess;
    address_w = address_h;
    data_h = across;
    data_w = across + 2 * (1 - HALVES[excess]);
  }
  return (extent){
      .h = mat->h * POWERS[up] +
           (address_wires * address_h + data * data_h) * frame->pitch,
      .w = mat->w * POWERS[across] +
           (address_wires * address_w + data * data_w) * frame->pitch};
}

/* Length of a path from the root to a leaf of a tree over 2^across x 2^up. */
static double path(extent whole, unsigned across, unsigned up) {
  return 0.5 * whole.h * (1 - HALVES[up]) + whole.w * (1 - HALVES[across]);
}

void cds_sram_tree_of(cds_sram_tree *out, const cds_sram_frame *frame,
                      const cds_sram_mat *mat,
                      const cds_sram_organisation *organisation,
                      double address_bits, unsigned log2_banks) {
  const unsigned across = organisation->log2_across, up = organisation->log2_up;
  const double address_wires = address_bits * frame->ports;
  extent whole = bank_extent(frame, mat, address_wires, across, up);
  double length = path(whole, across, up);
  if (log2_banks > 0) {
    const unsigned less = log2_banks / 2, more = log2_banks - less;
    const unsigned banks_up = whole.h > whole.w ? less : more;
    const unsigned banks_across = log2_banks - banks_up;
    const double wires = (address_wires + frame->data_wires) * frame->pitch * 2;
    whole.h = whole.h * POWERS[banks_up] + wires * (1 - HALVES[banks_across]);
    whole.w = whole.w * POWERS[banks_across] + wires * (1 - HALVES[banks_up]);
    length += BANK_TREE * path(whole, banks_across, banks_up);
  }
  const double branches = (double)across + (double)up;
  out->h = whole.h;
  out->w = whole.w;
  out->bit_pj = frame->tree_pj * length + frame->branch_pj * branches;
  out->round_trip_ns =
      2 * frame->tree_ns * length + frame->branch_ns * branches;
}

void cds_sram_array_of(cds_sram_array *out, const cds_sram_frame *frame,
                       const cds_sram_mat *mat, const cds_sram_tree *tree,
                       double address_bits) {
  const double bits = address_bits + frame->width;
  out->read_pj = mat->read_pj + bits * tree->bit_pj;
  out->write_pj = mat->write_pj + (bits + 1) * tree->bit_pj;
  out->area_um2 = tree->h * tree->w;
  out->access_ns = mat->access_ns + tree->round_trip_ns;
  out->cycle_ns = mat->cycle_ns;
}

double cds_sram_leakage(const cds_sram_constants *constants,
                        const cds_sram_ports *ports, double size_bits) {
  const double all =
      ports->read_write + ports->read_only + (double)ports->write_only;
  const double cell = 1 + PORT_LEAKAGE * (all - 1) +
                      READ_PORT_LEAKAGE * (double)ports->read_only;
  return 1e-3 * (constants->cell_mw * cell * size_bits +
                 constants->edge_mw * sqrt(size_bits));
}
