/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Static RAM with one read-write port, single bank: a smooth formula in
 * capacity C (bits) and access width w (bits), fitted to published CACTI runs,
 * times node factors (process.c).
 *
 *   read    = r1 C^0.5 + r2 w C^0.55      decode and wordline; bitlines, H-tree
 *   write   = q1 C^0.5 + q2 w C^0.5 + q3 w
 *   area    = a1 C + a2 w + a3 w C^0.5    cells; sense and I/O; wiring
 *   leakage = l0 + l1 C
 *
 * Every coefficient is positive, hence all are non-decreasing in C and w and
 * leakage rises strictly. Least squares of the relative error over 140 runs of
 * CACTI 7 (HewlettPackard/cacti, ITRS-HP cells and periphery, 360 K, 1 KiB to
 * 16 MiB, 32 to 512 bit, nodes 22, 32, 45, 65, 90 nm at their ITRS supplies),
 * each divided by its node factor. Mean (worst) error over them: read 17 %
 * (57 %), write 8 % (34 %), area 7 % (31 %); leakage at 45 nm 6 % (15 %).
 * CACTI's reads are not smooth themselves: its discrete choice of sub-arrays
 * triples the energy from 4 to 16 KiB at 45 nm and then hardly moves to 256
 * bit. A structural model replaces this one later.
 *
 * Limits: no banks, no second port, no sleep mode. Accepted up to 2x in width
 * and capacity beyond the fit and down to 256 B and 8 bit, where the formula
 * tends to a register file's figures. Retention at low supply is not modelled:
 * below about 0.6 V the array needs assist circuits.
 */
#include "base/math.h"
#include "tech/internal.h"

static const double READ_ROOT_PJ = 9.09e-3;   /* pJ per bit^0.5; the fit above;
                                               * 45 nm, 1.0 V */
static const double READ_WIDTH_PJ = 8.18e-5;  /* pJ per bit^1.55; same */
static const double READ_POWER = 0.55;        /* same */
static const double WRITE_ROOT_PJ = 5.25e-3;  /* pJ per bit^0.5; same */
static const double WRITE_BOTH_PJ = 2.326e-4; /* pJ per bit^1.5; same */
static const double WRITE_WIDTH_PJ = 1.27e-2; /* pJ per bit; same */
static const double AREA_CELL_UM2 = 0.3722;   /* um2 per bit; same; 45 nm */
static const double AREA_WIDTH_UM2 = 9.47;    /* um2 per bit; same */
static const double AREA_BOTH_UM2 = 0.1015;   /* um2 per bit^1.5; same */
static const double LEAK_FIXED_W = 3.012e-4;  /* W; same; 45 nm ITRS-HP at 360
                                               * K, 1.0 V */
static const double LEAK_CELL_W = 1.336e-7;   /* W per bit; same */
static const double SIZE_RANGE_BITS[2] = {2048.0, 268435456.0}; /* 256 B to 32
                                                                 * MiB */
static const double WIDTH_RANGE_BITS[2] = {8.0, 1024.0};
enum { DEFAULT_WIDTH_BITS = 64 };

static const char ENERGY_SOURCE[] =
    "smooth fit to CACTI 7 ITRS-HP runs (mean error read 17 %, write 8 %); "
    "below 22 nm anchored at 14 pJ for 64 bit of 1 MiB at 7 nm (Jouppi et al., "
    "ISCA 2021, table 2)";
static const char LEAKAGE_SOURCE[] =
    "22 to 90 nm: CACTI 7 ITRS-HP at 360 K, or ITRS-LSTP brought to 85 degC; "
    "below: order of ASAP7 cells (Clark et al. 2016); range x0.3 to x5";
static const char AREA_SOURCE[] =
    "smooth fit to CACTI 7 (mean error 7 %) times published bit-cell ratios";
static const char CLOCK_SOURCE[] =
    "banks pipelined at the logic clock of the process: assumption";

static cds_status estimate_sram(const cds_component *self,
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
    return cds_tech_refuse_range(why, "size of class 'sram'", size,
                                 SIZE_RANGE_BITS, "bit");
  }
  if (width < WIDTH_RANGE_BITS[0] || width > WIDTH_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "width of class 'sram'", width,
                                 WIDTH_RANGE_BITS, "bit");
  }
  const double root = cds_pow(size, 0.5);
  const double energy = point.process->sram_energy * point.supply.energy_factor;
  const double read =
      energy *
      (READ_ROOT_PJ * root + READ_WIDTH_PJ * width * cds_pow(size, READ_POWER));
  const double write =
      energy * (WRITE_ROOT_PJ * root + WRITE_BOTH_PJ * width * root +
                WRITE_WIDTH_PJ * width);
  out->access_pj[CDS_TECH_READ] = read;
  out->access_pj[CDS_TECH_DRAIN] = read;
  out->access_pj[CDS_TECH_FILL] = write;
  out->access_pj[CDS_TECH_UPDATE] = write;
  out->area_um2 = point.process->sram_area *
                  (AREA_CELL_UM2 * size + AREA_WIDTH_UM2 * width +
                   AREA_BOTH_UM2 * width * root);
  out->leakage_w = point.process->sram_leakage[point.device] *
                   point.supply.leakage_factor *
                   (LEAK_FIXED_W + LEAK_CELL_W * size);
  out->clock_hz = point.supply.clock_hz;
  out->energy_source = ENERGY_SOURCE;
  out->leakage_source = LEAKAGE_SOURCE;
  out->area_source = AREA_SOURCE;
  out->clock_source = CLOCK_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_sram = {
    .name = "sram",
    .kind = CDS_COMPONENT_STORAGE,
    .help = "static RAM, one port: 256 B to 32 MiB, accesses of 8 to 1024 bit "
            "(default 64); smooth fit to CACTI 7",
    .estimate = estimate_sram};
