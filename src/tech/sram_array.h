/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Geometry and circuits of one organisation of an SRAM, shared by the files
 * sram_*.c: what the constants of a process and device mean.
 */
#ifndef CDS_TECH_SRAM_ARRAY_H
#define CDS_TECH_SRAM_ARRAY_H

#include <stdbool.h>

#include "tech/internal.h"
#include "tech/sram_model.h"

/* Of a process and device, at nominal_v and reference_k. F is the length whose
 * square is 1/146 of the area of a cell. */
typedef struct cds_sram_constants {
  /* geometry */
  double feature_um; /* F */
  /* energies at nominal_v, C V^2 */
  double bitline_pj; /* a cell's share of a bitline, full swing */
  double column_pj;  /* wordline and precharge gates of a column */
  double sense_pj;   /* sense amplifier and output latch of a bit */
  double fixed_pj;   /* decoders of the mat */
  double local_pj;   /* pJ per um: a bit's wire along the sub-array */
  double tree_pj;    /* pJ per um: a bit's wire in the H-tree */
  double branch_pj;  /* gates of a bit at a branching of the H-tree */
  /* delays at nominal_v */
  double fixed_ns;    /* decoders, sense amplifier, output driver */
  double tree_ns;     /* ns per um of the H-tree */
  double branch_ns;   /* at a branching, way in and out together */
  double local_ns;    /* ns per um along the sub-array */
  double row_ns;      /* a cell's share of the delay of a bitline */
  double wordline_ns; /* ns per 1000 columns^2: resistance of the wordline times
                       * its capacitance */
  /* leakage at nominal_v and reference_k */
  double cell_mw; /* mW per bit */
  double edge_mw; /* mW per root of the bits: what stands along the edges */
  /* not fitted: sources in sram_fit.c */
  double nominal_v;
  double reference_k;
  double slope_per_k; /* d ln(leakage) / dT, mean over 300 to 400 K */
} cds_sram_constants;

/* What does not depend on the organisation: constants, ports, width. */
typedef struct cds_sram_frame {
  double width, log2_width;        /* bits of an access */
  double cell_w, cell_h, pitch;    /* um; pitch: of wires above the cells */
  double stitch_w;                 /* um a column: wordline straps */
  double strip_h;                  /* um */
  double ports, reads, data_wires; /* data_wires: in and out, all ports */
  double half_swing_pj, write_pj;  /* a cell's bitline: read, written */
  double column_pj, access_pj;     /* access_pj: fixed and sense */
  double local_pj, tree_pj, branch_pj;
  double fixed_ns, tree_ns, branch_ns, local_ns, row_ns, wordline_ns, reset_ns;
  double fixed_pj;
} cds_sram_frame;

/* Figures of an array at nominal supply. Without leakage, which does not
 * depend on the organisation. */
typedef struct cds_sram_array {
  double read_pj, write_pj, area_um2, access_ns, cycle_ns;
} cds_sram_array;

/* A sub-array, and what a read takes in four of them. */
typedef struct cds_sram_part {
  double h, w; /* um; h with the strip at its foot */
  double read_pj, access_ns;
} cds_sram_part;

/* A mat of four parts: its extent, and what an access takes in it. */
typedef struct cds_sram_mat {
  double h, w; /* um */
  double read_pj, write_pj, access_ns, cycle_ns;
} cds_sram_mat;

/* What lies between the port and the mat that serves an access: the H-tree. */
typedef struct cds_sram_tree {
  double h, w;   /* um, of all banks */
  double bit_pj; /* of one bit, one way */
  double round_trip_ns;
} cds_sram_tree;

void cds_sram_frame_of(cds_sram_frame *out, const cds_sram_constants *constants,
                       const cds_sram_ports *ports, double width_bits);
/* Here as the search asks for very many of them. */
static inline cds_sram_part cds_sram_part_of(const cds_sram_frame *frame,
                                             double rows, double columns) {
  const double w = (frame->cell_w + frame->stitch_w) * columns;
  const double column_pj = frame->half_swing_pj * rows + frame->column_pj;
  return (cds_sram_part){.h = frame->cell_h * rows + frame->strip_h,
                         .w = w,
                         .read_pj = 4 * columns * column_pj + frame->access_pj +
                                    frame->local_pj * frame->width * w,
                         .access_ns = frame->fixed_ns + frame->row_ns * rows +
                                      frame->wordline_ns * columns * columns +
                                      frame->local_ns * w};
}

void cds_sram_mat_of(cds_sram_mat *out, const cds_sram_frame *frame,
                     const cds_sram_organisation *organisation,
                     double address_bits);
/* The tree over the mats of 2^log2_banks banks, in each 2^log2_across by
 * 2^log2_up. */
void cds_sram_tree_of(cds_sram_tree *out, const cds_sram_frame *frame,
                      const cds_sram_mat *mat,
                      const cds_sram_organisation *organisation,
                      double address_bits, unsigned log2_banks);
/* Both together. */
void cds_sram_array_of(cds_sram_array *out, const cds_sram_frame *frame,
                       const cds_sram_mat *mat, const cds_sram_tree *tree,
                       double address_bits);

/* The best array of bank_bits in each of 2^log2_banks banks, smoothed over
 * capacities so that every figure but the cycle is non-decreasing. */
void cds_sram_search(cds_sram_array *out, cds_sram_organisation *organisation,
                     const cds_sram_frame *frame, double bank_bits,
                     unsigned log2_banks);

/* Leakage in W of size_bits at nominal supply and reference temperature. */
double cds_sram_leakage(const cds_sram_constants *constants,
                        const cds_sram_ports *ports, double size_bits);

/* Constants of a process and device; says whether they are a projection. */
bool cds_sram_constants_of(cds_sram_constants *out,
                           const cds_tech_process *process,
                           cds_tech_device device);
/* Whether the process has a row of its own, and is not between two. */
bool cds_sram_is_fitted(const cds_tech_process *process);
/* What the area may be multiplied by: published cells, and what stands around
 * them. */
cds_sram_range cds_sram_area_range(const cds_tech_process *process);

#endif
