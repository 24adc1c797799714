/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vector unit: lanes that add, multiply, compare and evaluate elementary
 * functions in a floating-point format, the accumulator's.
 *
 *   add, max, convert : one adder operation   mul : one multiplier operation
 *   exp, recip, rsqrt : 4 lane cycles of multiply and add (range reduction
 *                       and a short polynomial, or seed and Newton steps)
 *   erf               : 8 lane cycles of multiply and add
 *
 * The cycle counts are assumptions (functions 1 to 8, erf 2 to 16; a
 * table-driven unit does exp in one); energy follows them. One lane's area is a
 * multiplier, an adder and half as much again for tables, comparison and
 * conversion: assumption, x0.7 to x2. Integer formats are refused: exp and erf
 * do not exist in them.
 */
#include "tech/internal.h"

/* Lane cycles, the least and the most; assumptions. */
static const double SIMPLE_CYCLES[3] = {1.0, 1.0, 1.0};
static const double FUNCTION_CYCLES[3] = {4.0, 1.0, 8.0};
static const double ERF_CYCLES[3] = {8.0, 2.0, 16.0};
static const double LANE_OVERHEAD = 1.5; /* area over multiplier and adder;
                                          * assumption, 1.2 to 2 */
static const cds_tech_range AREA_AROUND = {0.7, 2.0};
static const double LANES_RANGE[2] = {1.0, 65536.0};

static const char ENERGY_SOURCE[] =
    "lane cycles x (multiply + add): Horowitz, ISSCC 2014 and Jouppi et al., "
    "ISCA 2021; operations x0.42 to x2 as published elsewhere (Cai et al., "
    "HPCA "
    "2024), times the range of the cycle counts, which are assumed";
static const char CYCLES_SOURCE[] =
    "assumption: add, mul, max, convert 1; exp, recip, rsqrt 4; erf 8 lane "
    "cycles; functions 1 to 8, erf 2 to 16";
static const char LEAKAGE_SOURCE[] =
    "logic leakage per area at 85 degC, bounded by TPUv4i's idle power (Jouppi "
    "et al., ISCA 2021); range x0.3 to x3";
static const char AREA_SOURCE[] =
    "1.5 x (multiplier + adder): Dally, NIPS 2015 tutorial (45 nm synthesis), "
    "Stillmaker & Baas 2017 area ratios; range x0.7 to x2";
static const char CLOCK_SOURCE[] =
    "clock of pipelined logic of the process: assumption";

/* Of one primitive: its cycles, and the energy of its operations a cycle. */
static void set_primitive(cds_tech_estimate *out, unsigned primitive,
                          const double cycles[3], double pj,
                          const cds_tech_range *range) {
  out->primitive_cycles[primitive] = cycles[0];
  out->primitive_pj[primitive] = cycles[0] * pj;
  out->cycles_range[primitive] = (cds_tech_range){cycles[1], cycles[2]};
  out->primitive_range[primitive] =
      (cds_tech_range){cycles[1] * range->low, cycles[2] * range->high};
}

static void set_primitives(cds_tech_estimate *out, const cds_tech_point *point,
                           const cds_tech_arithmetic *figures) {
  static const unsigned sums[] = {CDS_TECH_ADD, CDS_TECH_MAX, CDS_TECH_CONVERT};
  static const unsigned functions[] = {CDS_TECH_EXP, CDS_TECH_RECIP,
                                       CDS_TECH_RSQRT, CDS_TECH_ERF};
  const cds_tech_figure *device = &point->flavour->energy;
  const double add =
      cds_tech_op_pj(point, figures->add_pj[0], figures->add_pj[1]);
  const double mul =
      cds_tech_op_pj(point, figures->mul_pj[0], figures->mul_pj[1]);
  const cds_tech_range adds = cds_tech_around(add, figures->add_around.low,
                                              figures->add_around.high, device);
  const cds_tech_range muls = cds_tech_around(mul, figures->mul_around.low,
                                              figures->mul_around.high, device);
  const cds_tech_range both = {adds.low + muls.low, adds.high + muls.high};
  for (unsigned row = 0; row < sizeof sums / sizeof sums[0]; row++) {
    set_primitive(out, sums[row], SIMPLE_CYCLES, add, &adds);
  }
  set_primitive(out, CDS_TECH_MUL, SIMPLE_CYCLES, mul, &muls);
  for (unsigned row = 0; row < sizeof functions / sizeof functions[0]; row++) {
    set_primitive(out, functions[row],
                  functions[row] == CDS_TECH_ERF ? ERF_CYCLES : FUNCTION_CYCLES,
                  add + mul, &both);
  }
  out->energy_projection = device->projection;
}

static cds_status estimate_vector(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  (void)self;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  if (!query->format_is_float) {
    return cds_tech_refuse(why,
                           "class 'vector' in the integer format '%.32s': "
                           "expected a floating-point format",
                           query->format);
  }
  const double lanes = query->lanes == 0 ? 1.0 : (double)query->lanes;
  if (lanes > LANES_RANGE[1]) {
    return cds_tech_refuse_range(why, "lanes of class 'vector'", lanes,
                                 LANES_RANGE, "lanes");
  }
  cds_tech_arithmetic figures;
  CDS_TRY(cds_tech_arithmetic_of(&figures, query->format, query->format_bits,
                                 true, why));
  set_primitives(out, &point, &figures);
  cds_tech_set_area(
      out, &point,
      cds_tech_logic_area(&point, lanes * LANE_OVERHEAD *
                                      (figures.mul_um2 + figures.add_um2)),
      &AREA_AROUND, AREA_SOURCE);
  cds_tech_set_logic_leakage(out, &point, LEAKAGE_SOURCE);
  out->clock_hz = point.supply.clock_hz;
  out->energy_source = ENERGY_SOURCE;
  out->cycles_source = CYCLES_SOURCE;
  out->clock_source = CLOCK_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_vector = {
    .name = "vector",
    .kind = CDS_COMPONENT_VECTOR,
    .help = "vector unit of floating-point lanes: add, mul, max, exp, recip, "
            "rsqrt, erf, convert",
    .estimate = estimate_vector};
