/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vertical connections between two dies: hybrid bonds, micro-bumps, through-
 * silicon vias. Energy of a bit by pitch, log-interpolated between published
 * points; bandwidth of a face by pads, share of data pads and rate per pad.
 *
 *   bandwidth = area / pitch^2 x data share x rate           bit/s, both ways
 *
 * Figures hold at the process's nominal supply and go with V^2. Limits: no
 * latency, no yield, no pads taken by power delivery beyond the data share.
 */
#include "base/math.h"
#include "tech/internal.h"

typedef struct bond_table {
  double pitch_um[2];     /* range */
  double energy_pj[2];    /* per bit at each end of the range */
  double default_um;      /* pitch when none is given */
  double data_share;      /* of all connections */
  double rate_bits_per_s; /* of one connection */
  const char *energy_source, *bandwidth_source;
} bond_table;

/* 0.01 pJ/bit at 1 um and 0.05 at 9 um, up to 300 TB/s/mm2 at 1 um and 4 GT/s:
 * UCIe-3D, Das Sharma, IEEE Hot Interconnects 2025; Das Sharma et al., Nature
 * Electronics 7, 2024. 300 TB/s/mm2 = 1e6 pads x 4 Gb/s x 0.6. */
static const bond_table HYBRID = {
    {1.0, 9.0},
    {0.01, 0.05},
    9.0,
    0.6,
    4.0e9,
    "UCIe-3D: 0.05 pJ/bit at 9 um, 0.01 at 1 um (Das Sharma, Hot Interconnects "
    "2025), log between",
    "UCIe-3D: 4 GT/s, 0.6 of the pads carry data (from 300 TB/s/mm2 at 1 um)"};

/* 0.25 pJ/bit at 25 um to 0.3 at 55 um: UCIe advanced package, up to 16 and
 * above 16 GT/s, Das Sharma, Hot Interconnects 2025, spread over its pitch
 * range: assumption. 1 GT/s: HBM-like slow wide interface: assumption. */
static const bond_table MICROBUMP = {
    {25.0, 55.0},
    {0.25, 0.30},
    40.0,
    0.5,
    4.0e9,
    "UCIe advanced package: 0.25 to 0.3 pJ/bit at 25 to 55 um (Das Sharma, Hot "
    "Interconnects 2025)",
    "half of the bumps carry data at 4 GT/s: assumption, range x0.3 to x4"};

/* 1/2 C V^2 with 140 fF of full oxide capacitance (5 um wide, 50 um deep, 0.2
 * um oxide: 2 pi eps h / ln(1 + t/r)) and 60 fF of pads and driver at 0.9 V:
 * 0.08 pJ; finer vias (2 um, 25 um deep) 0.04. Assumption, x0.5 to x2. */
static const bond_table TSV = {
    {5.0, 50.0},
    {0.04, 0.10},
    25.0,
    0.5,
    2.0e9,
    "coaxial capacitance of a via 5 um wide and 50 um deep (140 fF) + 60 fF of "
    "pads, 1/2 C V^2 at 0.9 V: assumption, range x0.5 to x2",
    "half of the vias carry data at 2 Gb/s: assumption, range x0.3 to x2"};

static cds_status estimate_bond(const cds_component *self,
                                cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  const bond_table *table = self->table;
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  const bool given = query->pitch_um == query->pitch_um;
  const double pitch = given ? query->pitch_um : table->default_um;
  if (!(pitch >= table->pitch_um[0] && pitch <= table->pitch_um[1])) {
    return cds_tech_refuse_range(why, "pitch of this bond", pitch,
                                 table->pitch_um, "um");
  }
  const double share = cds_log(pitch / table->pitch_um[0]) /
                       cds_log(table->pitch_um[1] / table->pitch_um[0]);
  const double energy =
      table->energy_pj[0] *
      cds_pow(table->energy_pj[1] / table->energy_pj[0], share) *
      point.supply.energy_factor;
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = energy;
  }
  out->energy_source = table->energy_source;
  out->pitch_um = pitch;
  if (query->bond_area_um2 == query->bond_area_um2) {
    out->bandwidth_bits_per_s = query->bond_area_um2 / (pitch * pitch) *
                                table->data_share * table->rate_bits_per_s;
    out->bandwidth_source = table->bandwidth_source;
  }
  return CDS_OK;
}

const cds_component cds_component_hybrid = {
    .name = "hybrid",
    .kind = CDS_COMPONENT_BOND,
    .help = "hybrid bond between dies, pitch 1 to 9 um (default 9)",
    .estimate = estimate_bond,
    .table = &HYBRID};
const cds_component cds_component_microbump = {
    .name = "microbump",
    .kind = CDS_COMPONENT_BOND,
    .help = "micro-bumps between dies, pitch 25 to 55 um (default 40)",
    .estimate = estimate_bond,
    .table = &MICROBUMP};
const cds_component cds_component_tsv = {
    .name = "tsv",
    .kind = CDS_COMPONENT_BOND,
    .help = "through-silicon vias, pitch 5 to 50 um (default 25)",
    .estimate = estimate_bond,
    .table = &TSV};
