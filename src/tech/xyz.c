/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Template of a component class: copy this file to <name>.c, replace xyz, add
 * the row CDS_COMPONENT(<name>) to components.def in its sorted place, and the
 * contract test (tests/unit/test_tech_components.c) tries the new class at
 * every process and supply. Say here what the class models, with the equation
 * in the terms of the code, and what it leaves out.
 *
 *   energy = bits x pJ per bit        area = um2 per bit x capacity
 *
 * The example is a mask ROM of one transistor a bit. It has no row, so that no
 * architecture file can name it.
 */
#include "tech/internal.h"

/* Each constant says: unit; source, year, table; conditions. */
static const double READ_PJ[2] = {0.01, 0.003}; /* pJ per bit at 45 and 7 nm;
                                                 * assumption, x0.3 to x3 */
static const double CELL_UM2 = 0.1; /* um2 per bit at 45 nm: 50 F^2; assumption,
                                     * x0.5 to x2 */
static const double SIZE_RANGE_BITS[2] = {8.0, 8388608.0}; /* to 1 MiB */
enum { DEFAULT_WIDTH_BITS = 32 };

static cds_status estimate_xyz(const cds_component *self,
                               cds_tech_estimate *out,
                               const cds_tech_query *query,
                               char why[CDS_TECH_WHY]) {
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  /* Refuse what lies outside the model instead of extrapolating. */
  const double size = (double)query->size_bits;
  if (size < SIZE_RANGE_BITS[0] || size > SIZE_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, self->name, size, SIZE_RANGE_BITS, "bit");
  }
  out->width_bits =
      query->width_bits == 0 ? DEFAULT_WIDTH_BITS : query->width_bits;
  /* Only what the class implies: the rest of `out` stays NaN, without source.
   * A ROM is read and nothing else. */
  out->access_pj[CDS_TECH_READ] =
      (double)out->width_bits * cds_tech_op_pj(&point, READ_PJ[0], READ_PJ[1]);
  out->area_um2 = cds_tech_logic_area(&point, CELL_UM2 * size);
  out->leakage_w = cds_tech_logic_leakage(&point, out->area_um2);
  out->clock_hz = point.supply.clock_hz;
  out->energy_source = "0.01 pJ per bit at 45 nm: assumption, range x0.3 to x3";
  out->area_source = "50 F^2 per bit: assumption, range x0.5 to x2";
  out->leakage_source = "logic leakage per area at 85 degC; range x0.3 to x3";
  out->clock_source = "clock of pipelined logic of the process: assumption";
  return CDS_OK;
}

const cds_component cds_component_xyz = {
    .name = "xyz",
    .kind = CDS_COMPONENT_STORAGE,
    .help = "template: what the class models and its valid range",
    .estimate = estimate_xyz};
