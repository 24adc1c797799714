/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Multiply-accumulate unit of one number format: a product in the format and
 * an addition in the accumulator's (fp32 for floats up to 32 bit, int32 for
 * integers up to 16 bit, twice the width above).
 */
#include "tech/internal.h"

static const char ENERGY_SOURCE[] =
    "product in the format + sum in the accumulator: Horowitz, ISSCC 2014 (45 "
    "nm, 0.9 V) and Jouppi et al., ISCA 2021, table 2 (7 nm), geometric "
    "between; operator only; other published operations: x0.42 (Cai et al., "
    "HPCA 2024) to x2, integers x4.3 and their sums x2.2 (Aladdin, ISCA 2014)";
static const char LEAKAGE_SOURCE[] =
    "logic leakage per area at 85 degC, bounded by TPUv4i's idle power (Jouppi "
    "et al., ISCA 2021); range x0.3 to x3";
static const char AREA_SOURCE[] =
    "45 nm synthesis areas (Dally, NIPS 2015 tutorial), Stillmaker & Baas 2017 "
    "area ratios; range x0.7 to x1.5: assumption";
static const char CLOCK_SOURCE[] =
    "clock of pipelined logic of the process: assumption";

/* Width of the integer accumulator: room for 2^16 products. */
static unsigned integer_accumulator_bits(unsigned bits) {
  enum { USUAL_BITS = 32, WIDEST_BITS = 64 };
  if (bits <= USUAL_BITS / 2) {
    return USUAL_BITS;
  }
  return bits <= WIDEST_BITS / 2 ? 2 * bits : WIDEST_BITS;
}

static cds_status estimate_mac(const cds_component *self,
                               cds_tech_estimate *out,
                               const cds_tech_query *query,
                               char why[CDS_TECH_WHY]) {
  (void)self;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  cds_tech_arithmetic product;
  CDS_TRY(cds_tech_arithmetic_of(&product, query->format, query->format_bits,
                                 query->format_is_float, why));
  cds_tech_arithmetic sum;
  CDS_TRY(cds_tech_arithmetic_of(&sum, product.accumulator,
                                 integer_accumulator_bits(query->format_bits),
                                 query->format_is_float, why));
  const double mul_pj =
      cds_tech_op_pj(&point, product.mul_pj[0], product.mul_pj[1]);
  const double add_pj = cds_tech_op_pj(&point, sum.add_pj[0], sum.add_pj[1]);
  const cds_tech_range mul =
      cds_tech_around(mul_pj, product.mul_around.low, product.mul_around.high,
                      &point.flavour->energy);
  const cds_tech_range add = cds_tech_around(
      add_pj, sum.add_around.low, sum.add_around.high, &point.flavour->energy);
  out->mac_pj = mul_pj + add_pj;
  out->mac_range = (cds_tech_range){mul.low + add.low, mul.high + add.high};
  out->energy_projection = point.flavour->energy.projection;
  cds_tech_set_area(out, &point,
                    cds_tech_logic_area(&point, product.mul_um2 + sum.add_um2),
                    &cds_tech_operator_area, AREA_SOURCE);
  cds_tech_set_logic_leakage(out, &point, LEAKAGE_SOURCE);
  out->clock_hz = point.supply.clock_hz;
  out->energy_source = ENERGY_SOURCE;
  out->clock_source = CLOCK_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_mac = {
    .name = "mac",
    .kind = CDS_COMPONENT_MAC,
    .help = "multiply-accumulate unit of one format: fp64 to fp8, integers of "
            "1 to 64 bit; sums in fp32 or int32",
    .estimate = estimate_mac};
