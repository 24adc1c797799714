/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bus over an array of rows x cols elements: repeated wires, one trunk along a
 * side and one branch along the other, driven over their whole length by each
 * bit, whoever listens (multicast costs no more).
 *
 *   energy = 1/2 a c V^2 (rows + cols) pitch       pJ per bit carried once
 *   addition of a spatial reduction: one adder of the accumulator (int32, or
 *   fp32 when the format is a float or not given)
 *
 * Limits: no tags, no arbitration, no wire leakage; wires run over the
 * elements, so that they take no area of their own. Transfers from neighbour to
 * neighbour: hops.c.
 */
#include "base/math.h"
#include "tech/internal.h"

static const double WIRE_PF_PER_UM = 3.0e-4; /* pF per um; wire 0.2 fF/um (flat
                                              * over nodes: Ho, Mai, Horowitz,
                                              * Proc. IEEE 89(4), 2001) and half
                                              * as much again for repeaters */
static const double ACTIVITY = 1.0; /* transitions per bit: 1/2 would be random
                                     * data without reset to idle; assumption,
                                     * 0.5 to 1: 0.12 pJ per bit and mm at 0.9
                                     * V, in the published 0.1 to 0.2 */
/* Over that: random data, and CACTI 7's repeated global wire, 0.52 pJ per mm at
 * 90 nm and 1.2 V, over 0.216 pJ here. */
const cds_tech_range cds_tech_wire_around = {0.5, 2.4};
static const double DEFAULT_ELEMENT_UM2 = 20000.0; /* um2 at 45 nm: a
                                                    * MAC with a 512 B register
                                                    * file (regfile.c, mac.c) */
static const double EXTENT_RANGE[2] = {1.0, 1048576.0};
static const double PITCH_RANGE_UM[2] = {0.5, 20000.0};

static const char ENERGY_SOURCE[] =
    "repeated wires over half the array's perimeter, 0.3 pF/mm (Ho et al., "
    "Proc. IEEE 2001, with repeaters); sums: Horowitz 2014, Jouppi 2021; range "
    "x0.5 (random data) to x2.4 (CACTI 7, 90 nm)";
static const char FREE_SOURCE[] =
    "wires run over the elements: nothing charged, assumption";

double cds_tech_wire_pj(const cds_tech_point *point, double um) {
  const double volts = point->supply.supply_v;
  return 0.5 * ACTIVITY * WIRE_PF_PER_UM * volts * volts * um;
}

cds_status cds_tech_element_pitch(double *out, const cds_tech_point *point,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  double pitch = query->pitch_um;
  if (!(pitch == pitch)) {
    const bool given = query->element_area_um2 == query->element_area_um2;
    const double area = given ? query->element_area_um2
                              : cds_tech_logic_area(point, DEFAULT_ELEMENT_UM2);
    /* An element that has no area of its own still has a wire to reach it. */
    const double least = PITCH_RANGE_UM[0] * PITCH_RANGE_UM[0];
    pitch = cds_pow(area > least ? area : least, 0.5);
  }
  if (!(pitch >= PITCH_RANGE_UM[0] && pitch <= PITCH_RANGE_UM[1])) {
    return cds_tech_refuse_range(why, "pitch of the elements of a bus", pitch,
                                 PITCH_RANGE_UM, "um");
  }
  *out = pitch;
  return CDS_OK;
}

cds_status cds_tech_network_rest(cds_tech_estimate *out,
                                 const cds_tech_point *point,
                                 const cds_tech_query *query,
                                 char why[CDS_TECH_WHY]) {
  const bool integer = query->format_bits != 0 && !query->format_is_float;
  cds_tech_arithmetic sum;
  CDS_TRY(cds_tech_arithmetic_of(&sum, integer ? "int32" : "fp32", 32, !integer,
                                 why));
  out->add_pj = cds_tech_op_pj(point, sum.add_pj[0], sum.add_pj[1]);
  out->add_range =
      cds_tech_around(out->add_pj, sum.add_around.low, sum.add_around.high,
                      &point->flavour->energy);
  out->clock_hz = point->supply.clock_hz;
  out->clock_source = "clock of pipelined logic of the process: assumption";
  return CDS_OK;
}

static cds_status estimate_bus(const cds_component *self,
                               cds_tech_estimate *out,
                               const cds_tech_query *query,
                               char why[CDS_TECH_WHY]) {
  (void)self;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  const double rows = query->rows == 0 ? 1.0 : (double)query->rows;
  const double cols = query->cols == 0 ? 1.0 : (double)query->cols;
  if (rows > EXTENT_RANGE[1] || cols > EXTENT_RANGE[1]) {
    return cds_tech_refuse_range(why, "extent of a bus",
                                 rows > cols ? rows : cols, EXTENT_RANGE,
                                 "elements");
  }
  double pitch = 0.0;
  CDS_TRY(cds_tech_element_pitch(&pitch, &point, query, why));
  CDS_TRY(cds_tech_network_rest(out, &point, query, why));
  const double volts = point.supply.supply_v;
  const double energy =
      0.5 * ACTIVITY * WIRE_PF_PER_UM * volts * volts * (rows + cols) * pitch;
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = energy;
    out->bit_range[action] = (cds_tech_range){
        energy * cds_tech_wire_around.low, energy * cds_tech_wire_around.high};
  }
  out->area_um2 = 0.0;
  out->leakage_w = 0.0;
  out->energy_source = ENERGY_SOURCE;
  out->area_source = FREE_SOURCE;
  out->leakage_source = FREE_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_bus = {
    .name = "bus",
    .kind = CDS_COMPONENT_NETWORK,
    .help = "bus over an array: energy of a bit from the wire length, rows + "
            "cols pitches",
    .estimate = estimate_bus};
