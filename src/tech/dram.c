/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DRAM families: energy of a bit in three terms, background power by capacity,
 * peak bandwidth of one device or stack.
 *
 *   energy = activate + move + io     pJ per bit
 *
 * The activate term is taken as published, at its own row-hit rate: a first-
 * order model has no row buffer. Published totals differ by a factor of two:
 * ranges stand beside each row. Reads and writes cost the same at this order.
 * No area: a DRAM die is not the logic die's silicon.
 */
#include "tech/internal.h"

typedef struct dram_table {
  double activate_pj, move_pj, io_pj; /* per bit */
  double background_w_per_bit;        /* standby and refresh, 85 degC */
  double bandwidth_bits_per_s;        /* 0: none implied */
  const char *energy_source, *bandwidth_source;
} dram_table;

/* Standby and refresh power: 8 Gbit DDR4 x8 draws about 45 mW at IDD3N/IDD5B
 * averages (Micron MT40A1G8 data sheet, 1.2 V): 5e-12 W per bit; LPDDR and
 * stacked DRAM, with power-down and self-refresh, taken at a third:
 * assumptions, x0.3 to x3. */
#define BACKGROUND_DDR 5.0e-12
#define BACKGROUND_LOW 1.7e-12
static const char BACKGROUND_SOURCE[] =
    "standby and refresh by capacity, order of a DDR4 data sheet's IDD3N; a "
    "third for low-power and stacked DRAM: assumption, range x0.3 to x3";

static cds_status estimate_dram(const cds_component *self,
                                cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  const dram_table *table = self->table;
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  /* A device of its own on no DRAM process keeps its own supply. */
  const bool own_supply = point.process != NULL;
  const double energy = (table->activate_pj + table->move_pj + table->io_pj) *
                        (own_supply ? 1.0 : point.supply.energy_factor);
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = energy;
  }
  out->width_bits = query->width_bits;
  out->leakage_w = table->background_w_per_bit * (double)query->size_bits *
                   (own_supply ? 1.0 : point.supply.leakage_factor);
  out->energy_source = table->energy_source;
  out->leakage_source = BACKGROUND_SOURCE;
  if (table->bandwidth_bits_per_s > 0.0) {
    out->bandwidth_bits_per_s = table->bandwidth_bits_per_s;
    out->bandwidth_source = table->bandwidth_source;
  }
  return CDS_OK;
}

#define DRAM_CLASS(class_name, class_help, ...)                                \
  static const dram_table TABLE_##class_name = {__VA_ARGS__};                  \
  const cds_component cds_component_##class_name = {                           \
      .name = #class_name,                                                     \
      .kind = CDS_COMPONENT_STORAGE,                                           \
      .help = class_help,                                                      \
      .estimate = estimate_dram,                                               \
      .table = &TABLE_##class_name}

/* 15 to 20 pJ/bit at the device and its interface, e.g. Malladi et al., ISCA
 * 2012 (DDR3 70 with idle, LPDDR2 40): assumption for DDR4, x0.6 to x2; 3200
 * MT/s x 64 bit (JESD79-4). */
DRAM_CLASS(
    ddr4, "DDR4-3200, one 64-bit channel", 5.0, 7.0, 6.0, BACKGROUND_DDR,
    204.8e9,
    "18 pJ/bit (5 activate + 7 move + 6 I/O): assumption, range 11 to 36",
    "JEDEC JESD79-4: 3200 MT/s x 64 bit");
/* DDR4 x 0.75 from 1.2 to 1.1 V and the JEDEC claim of lower power a bit. */
DRAM_CLASS(
    ddr5, "DDR5-4800, one 64-bit channel pair", 4.0, 5.5, 4.5, BACKGROUND_DDR,
    307.2e9,
    "14 pJ/bit (4 activate + 5.5 move + 4.5 I/O): assumption, range 9 to "
    "28",
    "JEDEC JESD79-5: 4800 MT/s x 64 bit");
/* Stacked on logic by hybrid bonds, wide and slow: no off-chip I/O; the bond is
 * charged apart. 0.88 pJ/bit: Bai et al., IEDM 2020 (stacked embedded DRAM, 34
 * GB/s per Gbit); 0.66: Wang et al., VLSI 2023. Denser arrays with longer rows
 * cost more: half of HBM2's activate and move terms would be 1.9. */
DRAM_CLASS(dram, "DRAM die stacked on logic: no I/O term, bonds charged apart",
           0.40, 0.48, 0.0, BACKGROUND_LOW, 0.0,
           "0.88 pJ/bit of hybrid-bonded embedded DRAM (Bai et al., IEDM 2020; "
           "split 0.40 activate + 0.48 move assumed); range 0.66 to 1.9",
           "");
/* 7.5 pJ/bit: Micron's figure for GDDR6, range to 10.5. 16 Gb/s x 32 bit. */
DRAM_CLASS(gddr6, "GDDR6, one 32-bit chip at 16 Gb/s", 1.5, 3.0, 3.0,
           BACKGROUND_DDR, 512.0e9,
           "7.5 pJ/bit (1.5 activate + 3 move + 3 I/O): assumption, range 5.5 "
           "to 10.5",
           "JEDEC JESD250: 16 Gb/s x 32 bit");
/* O'Connor et al., MICRO 2017: activation 1.21, on-die movement 2.24, I/O 0.3
 * pJ/bit, 3.92 with ECC; the 0.17 of ECC stands with the movement here. */
DRAM_CLASS(
    hbm2, "HBM2, one stack of 1024 bit at 2 Gb/s", 1.21, 2.41, 0.30,
    BACKGROUND_LOW, 2048.0e9,
    "3.92 pJ/bit: 1.21 activate + 2.41 move with ECC + 0.3 I/O (O'Connor "
    "et al., MICRO 2017); range 3.9 to 7",
    "JEDEC JESD235A: 2 Gb/s x 1024 bit");
DRAM_CLASS(hbm2e, "HBM2E, one stack of 1024 bit at 3.6 Gb/s", 1.21, 2.41, 0.30,
           BACKGROUND_LOW, 3686.4e9,
           "3.92 pJ/bit as HBM2 (O'Connor et al., MICRO 2017): assumption for "
           "HBM2E; range 3.5 to 7",
           "JEDEC JESD235D: 3.6 Gb/s x 1024 bit");
DRAM_CLASS(hbm3, "HBM3, one stack of 1024 bit at 6.4 Gb/s", 1.21, 2.41, 0.30,
           BACKGROUND_LOW, 6553.6e9,
           "3.92 pJ/bit as HBM2 (O'Connor et al., MICRO 2017): assumption for "
           "HBM3; range 3.5 to 5.5",
           "JEDEC JESD238: 6.4 Gb/s x 1024 bit");
/* 8 pJ/bit in Accelergy's DRAM table. 4266 Mb/s x 32 bit (JESD209-4). */
DRAM_CLASS(lpddr4, "LPDDR4-4266, one 32-bit device", 2.0, 3.0, 3.0,
           BACKGROUND_LOW, 136.5e9,
           "8 pJ/bit (total: Accelergy's DRAM table; split 2 + 3 + 3 assumed); "
           "range 5 to 10",
           "JEDEC JESD209-4: 4266 Mb/s x 32 bit");
/* 4 to 6 pJ/bit; vendors claim 20 to 30 % less than LPDDR4X. 6400 Mb/s x 32
 * bit (JESD209-5). */
DRAM_CLASS(lpddr5, "LPDDR5-6400, one 32-bit device", 1.3, 2.0, 1.7,
           BACKGROUND_LOW, 204.8e9,
           "5 pJ/bit (1.3 activate + 2 move + 1.7 I/O): assumption, range 4 to "
           "6",
           "JEDEC JESD209-5: 6400 Mb/s x 32 bit");
