/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Register file beside an arithmetic unit: latches with a read multiplexer.
 *
 *   access = w (e0 + e1 C^0.5)     pJ; w bits moved, C bits of capacity
 *   area   = c C + p w             um2
 *
 * Reads and writes cost the same at this order. The two energies are set by a
 * floor (one flip-flop) and by one published point: in Eyeriss an access of 16
 * bit to a 512 B register file costs about as much as a 16-bit multiply-
 * accumulate (Chen, Emer, Sze, ISCA 2016, table 4: 1x), here 0.85 pJ at 45 nm.
 * Range x0.5 to x2: assumption. Leakage follows the area (logic density).
 */
#include "base/math.h"
#include "tech/internal.h"

static const double FLOOR_PJ = 5.0e-3; /* pJ per bit; one flip-flop, order of
                                        * NanGate 45 nm DFF_X1; 0.9 V:
                                        * assumption, x0.5 to x2 */
static const double ROOT_PJ = 7.5e-4;  /* pJ per bit^1.5; Eyeriss, ISCA 2016,
                                        * table 4, as above; 45 nm, 0.9 V */
static const double CELL_UM2 = 3.7;    /* um2 per bit; NanGate 45 nm open cell
                                        * library: latch DLH_X1 2.66 + share of
                                        * the read multiplexer */
static const double PORT_UM2 = 9.0;    /* um2 per bit of width; two DFF_X1 of
                                        * 4.52; NanGate 45 nm */
static const double SEVENTH = 0.3;     /* energy at 7 nm over 45 nm: between
                                        * Jouppi 2021's 1/2.6 of arithmetic
                                        * and 1/4.3 of an adder: assumption */
static const double SIZE_RANGE_BITS[2] = {1.0, 131072.0}; /* to 16 KiB */
static const double WIDTH_RANGE_BITS[2] = {1.0, 1024.0};
enum { DEFAULT_WIDTH_BITS = 16 };
static const cds_tech_range ENERGY_AROUND = {0.5,
                                             2.0};    /* assumption; Aladdin's
                                                       * registers, 0.009 pJ a
                                                       * bit at 40 nm, are
                                                       * x1.7 of one bit here */
static const cds_tech_range AREA_AROUND = {0.7, 2.1}; /* most: Aladdin's
                                                       * registers, 5.98 um2 a
                                                       * bit at 40 nm; least:
                                                       * assumption */

static const char ENERGY_SOURCE[] =
    "latch register file scaled to Eyeriss (ISCA 2016, table 4): 16 bit of 512 "
    "B cost one 16-bit MAC; range x0.5 to x2";
static const char LEAKAGE_SOURCE[] =
    "logic leakage per area at 85 degC, bounded by TPUv4i's idle power (Jouppi "
    "et al., ISCA 2021); range x0.3 to x3";
static const char AREA_SOURCE[] =
    "NanGate 45 nm latch and multiplexer cells, Stillmaker & Baas 2017 area "
    "ratios; range x0.7 to x2.1 (Aladdin, ISCA 2014)";
static const char CLOCK_SOURCE[] =
    "clock of pipelined logic of the process: assumption";

static cds_status estimate_regfile(const cds_component *self,
                                   cds_tech_estimate *out,
                                   const cds_tech_query *query,
                                   char why[CDS_TECH_WHY]) {
  (void)self;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  out->width_bits =
      query->width_bits == 0 ? DEFAULT_WIDTH_BITS : query->width_bits;
  const double size = (double)query->size_bits;
  const double width = (double)out->width_bits;
  if (size < SIZE_RANGE_BITS[0] || size > SIZE_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "size of class 'regfile'", size,
                                 SIZE_RANGE_BITS, "bit");
  }
  if (width < WIDTH_RANGE_BITS[0] || width > WIDTH_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "width of class 'regfile'", width,
                                 WIDTH_RANGE_BITS, "bit");
  }
  const double pj45 = width * (FLOOR_PJ + ROOT_PJ * cds_pow(size, 0.5));
  const double access = cds_tech_op_pj(&point, pj45, pj45 * SEVENTH);
  const cds_tech_range range = cds_tech_around(
      access, ENERGY_AROUND.low, ENERGY_AROUND.high, &point.flavour->energy);
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->access_pj[action] = access;
    out->access_range[action] = range;
  }
  out->energy_projection = point.flavour->energy.projection;
  cds_tech_set_area(
      out, &point,
      cds_tech_logic_area(&point, CELL_UM2 * size + PORT_UM2 * width),
      &AREA_AROUND, AREA_SOURCE);
  cds_tech_set_logic_leakage(out, &point, LEAKAGE_SOURCE);
  out->clock_hz = point.supply.clock_hz;
  out->energy_source = ENERGY_SOURCE;
  out->clock_source = CLOCK_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_regfile = {
    .name = "regfile",
    .kind = CDS_COMPONENT_STORAGE,
    .help = "register file of latches: up to 16 KiB, accesses of 1 to 1024 bit "
            "(default 16)",
    .estimate = estimate_regfile};
